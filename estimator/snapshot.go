package estimator

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

// Errors of Restore.
var (
	ErrSnapshot        = errors.New("estimator: not a snapshot of a model, or a damaged one")
	ErrSnapshotVersion = errors.New("estimator: a snapshot of another version")
)

const (
	snapshotMagic   = "sfit"
	snapshotVersion = 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendBinary appends the snapshot: magic, version, configuration, state, CRC-32C. Everything is exact: a restored model goes on bit for bit.
func (m *Linear) AppendBinary(dst []byte) ([]byte, error) {
	start := len(dst)
	e := &encoder{append(append(dst, snapshotMagic...), snapshotVersion)}
	cfg, err := json.Marshal(newWireConfig(m.cfg))
	if err != nil {
		return dst, fmt.Errorf("estimator: snapshot: %w", err)
	}
	e.bytes(cfg)
	e.model(m)
	return binary.LittleEndian.AppendUint32(e.out, crc32.Checksum(e.out[start:], castagnoli)), nil
}

// Restore makes the model of a snapshot. Damaged bytes are ErrSnapshot, a snapshot of another version is ErrSnapshotVersion.
func Restore(snapshot []byte) (*Linear, error) {
	const head, crc = len(snapshotMagic) + 1, 4
	if len(snapshot) < head+crc || string(snapshot[:len(snapshotMagic)]) != snapshotMagic {
		return nil, ErrSnapshot
	}
	if v := snapshot[len(snapshotMagic)]; v != snapshotVersion {
		return nil, fmt.Errorf("%w: %d, this program reads %d", ErrSnapshotVersion, v, snapshotVersion)
	}
	body := snapshot[:len(snapshot)-crc]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(snapshot[len(body):]) {
		return nil, fmt.Errorf("%w: the checksum does not fit", ErrSnapshot)
	}
	return restore(&decoder{in: body[head:]})
}

func restore(d *decoder) (*Linear, error) {
	var wire wireConfig
	if err := json.Unmarshal(d.bytes(), &wire); err != nil || d.err != nil {
		return nil, fmt.Errorf("%w: its configuration: %w", ErrSnapshot, errors.Join(err, d.err))
	}
	m, err := New(wire.config())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return m, d.model(m)
}

// wireConfig is a Config with infinity in words, and without what is not set: zero is no knee and no cap that could be read back.
type wireConfig struct {
	Config
	HalfLife Knee // auto: never forgets
	// HalfLifeTime in seconds: the text of a Span may round it.
	HalfLifeTime float64
	Delta        *Knee
	Leverage     *Leverage
}

func newWireConfig(c Config) wireConfig {
	return wireConfig{
		Config:       c,
		HalfLifeTime: float64(c.HalfLifeTime),
		HalfLife:     Knee{Auto: math.IsInf(c.HalfLife, 1), Value: c.HalfLife},
		Delta:        given(c.Delta),
		Leverage:     given(c.Leverage),
	}
}

func (w wireConfig) config() Config {
	c := w.Config
	c.HalfLife, c.HalfLifeTime = w.HalfLife.Value, Span(w.HalfLifeTime)
	if w.HalfLife.Auto {
		c.HalfLife = math.Inf(1)
	}
	c.Delta, c.Leverage = valueOf(w.Delta), valueOf(w.Leverage)
	return c
}

// given is nil for the zero value.
func given[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func valueOf[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// model's state, all of it.
func (e *encoder) model(m *Linear) {
	e.counts(m.rows)
	e.word(m.passes)
	e.progressive(&m.metrics)
	if m.drift != nil {
		m.drift.appendState(e)
		m.appendSuccession(e)
	}
	m.solver.appendState(e)
}

// model takes up the state, to the last byte.
func (d *decoder) model(m *Linear) error {
	m.rows = d.counts()
	m.passes = d.word()
	d.progressive(&m.metrics)
	if m.drift != nil {
		m.drift.restoreState(d, m.cfg.columns())
		m.restoreSuccession(d)
	}
	m.solver.restoreState(d)
	if d.err == nil && len(d.in) > 0 {
		d.fail("%d bytes too many", len(d.in))
	}
	return d.err
}

// encoder of a state: little-endian words.
type encoder struct{ out []byte }

func (e *encoder) word(v uint64)   { e.out = binary.LittleEndian.AppendUint64(e.out, v) }
func (e *encoder) float(v float64) { e.word(math.Float64bits(v)) }
func (e *encoder) bytes(b []byte)  { e.word(uint64(len(b))); e.out = append(e.out, b...) }

func (e *encoder) floats(values ...float64) {
	for _, v := range values {
		e.float(v)
	}
}

func (e *encoder) counts(r Rows) {
	for _, n := range append([]uint64{r.Learned, r.Outliers, r.Guarded}, r.Skipped[:]...) {
		e.word(n)
	}
}

func (e *encoder) progressive(p *progressive) {
	e.word(p.rows)
	e.word(p.mark.rows)
	e.word(p.last.rows)
	for _, lanes := range p.allLanes() {
		e.floats(lanes[:]...)
	}
	e.floats(p.sums.Constant, p.sums.Gain, p.mark.loss, p.last.loss)
}

// decoder of a state. The first fault sticks, and everything after it reads as zero.
type decoder struct {
	in  []byte
	err error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrSnapshot, fmt.Sprintf(format, args...))
	}
}

func (d *decoder) word() uint64 {
	if d.err != nil || len(d.in) < 8 {
		d.fail("it is cut off")
		return 0
	}
	v := binary.LittleEndian.Uint64(d.in)
	d.in = d.in[8:]
	return v
}

// float is finite: no state holds anything else.
func (d *decoder) float() float64 {
	v := math.Float64frombits(d.word())
	if !isFinite(v) {
		d.fail("a number that is not finite")
		return 0
	}
	return v
}

func (d *decoder) floats(dst []float64) {
	for i := range dst {
		dst[i] = d.float()
	}
}

func (d *decoder) bytes() []byte {
	n := d.word()
	if n > uint64(len(d.in)) {
		d.fail("it is cut off")
		return nil
	}
	b := d.in[:n]
	d.in = d.in[n:]
	return b
}

func (d *decoder) counts() (r Rows) {
	r.Learned, r.Outliers, r.Guarded = d.word(), d.word(), d.word()
	for i := range r.Skipped {
		r.Skipped[i] = d.word()
	}
	return r
}

func (d *decoder) progressive(p *progressive) {
	p.rows, p.mark.rows, p.last.rows = d.word(), d.word(), d.word()
	for _, lanes := range p.allLanes() {
		d.floats(lanes[:])
	}
	p.sums.Constant, p.sums.Gain, p.mark.loss, p.last.loss = d.float(), d.float(), d.float(), d.float()
	if p.sums.Rows = p.rows; !(p.sums.Gain >= 0 && p.sums.Gain <= 1) {
		d.fail("gain %v", p.sums.Gain)
	}
	for _, rows := range p.sums.Inside {
		if !(rows >= 0) {
			d.fail("%v rows near the constant", rows)
		}
	}
}

// allLanes of the state, in the order in which snapshots hold them.
func (p *progressive) allLanes() []*[kernel.Lanes]float64 {
	sums := p.lanes()
	return append(sums[:], &p.sums.Inside, &p.sums.Pull)
}
