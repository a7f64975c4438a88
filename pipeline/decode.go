package pipeline

import (
	"fmt"
	"math"
	"slices"

	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/pipeline/arrowipc"
)

// decode a message to columns. What cannot be decoded becomes a dead letter and has no rows; without a dead-letter topic it is an error.
func (s *Shard) decode(m *Message) ([]rows, error) {
	if m.Value == nil { // a tombstone
		return nil, nil
	}
	begin := s.sample()
	batches, err := s.tryDecode(m.Value)
	s.metrics.sampled(stageDecode, begin)
	if err == nil {
		return batches, nil
	}
	failed := &DecodeError{Partition: s.partition, Offset: m.Offset, Err: err}
	if s.ports.DeadLetters == nil {
		return nil, failed
	}
	s.deadLetters++
	s.hold(&s.letters, deadLetter(s.partition, s.cfg.Model.Name, stageDecode, reason(err), m, err))
	s.metrics.deadLetter(reason(err))
	if s.deadLetters&(s.deadLetters-1) == 0 { // 1, 2, 4, …: a flood of them must not become a flood of log lines
		s.log.Warn().Str("stage", stageDecode).Int64("offset", m.Offset).Str("reason", reason(err)).Uint64("dead_letters", s.deadLetters).Err(err).Msg("dead letter")
	}
	return nil, nil
}

func (s *Shard) tryDecode(value []byte) ([]rows, error) {
	if s.decoder == nil {
		features, err := allFeatures(s.cfg.Model, value, s.limits)
		if err != nil {
			return nil, err
		}
		if err := s.begin(features); err != nil {
			return nil, fmt.Errorf("features *: %w", err)
		}
	}
	return s.decoder.decode(value)
}

// rows of one record batch, as the model and the event clock want them.
type rows struct {
	estimator.Columns
	keys  arrowipc.TextColumn // no rows: there is no key column
	times arrowipc.Column     // event time in seconds since the epoch; no Values: there is no time column
}

// decoder turns messages into columns. Columns are found by name, so the schema may change from message to message.
type decoder struct {
	model  Model
	limits arrowipc.Limits
	ipc    *arrowipc.Decoder
	width  int         // features
	weight int         // index among the numbers; -1: none
	time   int         // index among the numbers; -1: none
	out    []rows      // reused
	clock  [][]float64 // reused: the time column of a batch that has nulls
	valid  [][]byte    // reused: one combined bitmap a batch
}

func newDecoder(model Model, features []string, limits arrowipc.Limits) *decoder {
	numbers := append(slices.Clone(features), model.Target)
	d := &decoder{model: model, limits: limits, width: len(features), weight: -1, time: -1}
	if model.Weight != "" {
		d.weight = len(numbers)
		numbers = append(numbers, model.Weight)
	}
	if time := model.EventTime(); time != "" {
		d.time = len(numbers)
		numbers = append(numbers, time)
	}
	var texts []string
	if model.columnOfKeys() {
		texts = []string{model.Key}
	}
	d.ipc = arrowipc.NewDecoder(arrowipc.Projection{Numbers: numbers, Texts: texts}, limits)
	return d
}

// decode the whole message, or nothing of it.
func (d *decoder) decode(value []byte) ([]rows, error) {
	batches, err := d.ipc.Decode(value)
	if err != nil {
		return nil, err
	}
	d.out = d.out[:0]
	for i := range batches {
		d.out = append(d.out, d.rows(i, &batches[i]))
	}
	return d.out, nil
}

func (d *decoder) rows(i int, b *arrowipc.Batch) rows {
	r := rows{Columns: estimator.Columns{Rows: b.Rows}}
	for len(d.valid) <= i {
		d.valid = append(d.valid, nil)
	}
	r.Features = d.features(i, b)
	r.Target = b.Numbers[d.width].Values
	required := b.Numbers[:d.width+1]
	if d.weight >= 0 {
		r.Weights = b.Numbers[d.weight].Values
		required = b.Numbers[:d.weight+1]
	}
	if d.time >= 0 {
		r.times = b.Numbers[d.time]
		r.Time = d.times(i, r.times)
	}
	if len(b.Texts) > 0 {
		r.keys = b.Texts[0]
	}
	if d.model.timed() {
		required = b.Numbers // the time is a feature, or an age: a row without one cannot be learned from
	}
	r.Valid, d.valid[i] = combine(d.valid[i], required, b.Rows)
	return r
}

// times of the rows, NaN where there is none.
func (d *decoder) times(i int, c arrowipc.Column) []float64 {
	if c.Valid == nil {
		return c.Values
	}
	for len(d.clock) <= i {
		d.clock = append(d.clock, nil)
	}
	d.clock[i] = append(d.clock[i][:0], c.Values...)
	for row := range d.clock[i] {
		if c.Valid[row/8]>>(row%8)&1 == 0 {
			d.clock[i][row] = math.NaN()
		}
	}
	return d.clock[i]
}

// features as the model wants them: slices of values, reusing the batch's last ones.
func (d *decoder) features(i int, b *arrowipc.Batch) [][]float64 {
	var columns [][]float64
	if i < cap(d.out) {
		columns = d.out[:i+1][i].Features[:0]
	}
	for _, c := range b.Numbers[:d.width] {
		columns = append(columns, c.Values)
	}
	return columns
}

// combine the validity of the columns: a row is valid when it is in all of them. The result is nil when there are no nulls, a column's own bitmap when
// only that column has some, else the conjunction, written to buf.
func combine(buf []byte, columns []arrowipc.Column, n int) (valid, reuse []byte) {
	for _, c := range columns {
		switch {
		case c.Valid == nil:
		case valid == nil:
			valid = c.Valid
		default:
			size := (n + 7) / 8
			buf = slices.Grow(buf[:0], size)[:size]
			for i := range buf {
				buf[i] = valid[i] & c.Valid[i]
			}
			valid = buf
		}
	}
	return valid, buf
}

// allFeatures answers features: ["*"]: every numeric column of the message's schema but the target, the key, the weight and the time column.
func allFeatures(model Model, value []byte, limits arrowipc.Limits) ([]string, error) {
	names, err := arrowipc.NumericColumns(value, limits)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		return name == model.Target || name == model.Key || name == model.Weight || name == model.EventTime()
	})
	if len(names) == 0 {
		return nil, &arrowipc.Error{Reason: "column", Byte: -1, Err: fmt.Errorf("no numeric column beside the target %s: name the features", model.Target)}
	}
	return names, nil
}
