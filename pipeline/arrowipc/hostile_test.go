package arrowipc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// aboutColumns tells what is wrong for those who want these columns only: as records such messages may be right.
func aboutColumns(h hostile) bool {
	return h.reason == reasonColumn || h.reason == reasonType || strings.HasSuffix(h.name, "of one KiB") || strings.HasSuffix(h.name, "of 64 KiB")
}

// hostileCap bounds what refusing any of these may allocate. (The cap for what is accepted is DecodedBytes and the like.)
const hostileCap = 24 << 20

func TestHostileMessages(t *testing.T) {
	for _, h := range hostileMessages() {
		t.Run(h.name, func(t *testing.T) {
			d := NewDecoder(xy, DefaultLimits())
			_, allocated, err := decodeMeasured(d, h.bytes)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("the error is %v, want an *Error", err)
			}
			if e.Reason != h.reason {
				t.Errorf("the reason is %q, want %q: %v", e.Reason, h.reason, err)
			}
			if e.Byte < -1 || e.Byte > int64(len(h.bytes)) {
				t.Errorf("byte %d of %d", e.Byte, len(h.bytes))
			}
			if allocated > hostileCap {
				t.Errorf("%d bytes allocated", allocated)
			}
			if batches, err := d.Decode(message(nil)); err != nil || len(batches) != 1 || batches[0].Rows != 2 {
				t.Errorf("a good message afterwards: %v", err)
			}
			if _, err := Records(h.bytes, DefaultLimits()); err == nil && !aboutColumns(h) {
				t.Error("accepted as records")
			}
		})
	}
}

// 2,000 columns that all refer to the same MiB, and have to be converted, do not become 4 GiB.
func TestColumnsOfOneBuffer(t *testing.T) {
	const rows, columns = 1 << 18, 2000
	var fields []craftedField
	var p Projection
	c := craftedBatch{rows: rows, body: make([]byte, 4*rows)}
	for i := range columns {
		p.Numbers = append(p.Numbers, fmt.Sprintf("x%d", i))
		fields = append(fields, intField(p.Numbers[i], 32))
		c.nodes = append(c.nodes, [2]int64{rows, 0})
		c.buffers = append(c.buffers, [2]int64{0, 0}, [2]int64{0, 4 * rows})
	}
	_, allocated, err := decodeMeasured(NewDecoder(p, DefaultLimits()), slices.Concat(schemaMessage(fields...), c.message()))
	var e *Error
	if !errors.As(err, &e) || e.Reason != reasonLimit || allocated > hostileCap {
		t.Errorf("%v, and %d bytes allocated", err, allocated)
	}
}

func decodeMeasured(d *Decoder, message []byte) (batches []Batch, allocated uint64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	batches, err = d.Decode(message)
	runtime.ReadMemStats(&after)
	return batches, after.TotalAlloc - before.TotalAlloc, err
}

// Messages that are unusual, and right.
func TestUnusualMessages(t *testing.T) {
	view := badView(13, 0, 0)
	allNull := encodedBatch(9, 9)
	allNull.nodes[1] = [2]int64{2, 2}
	allNull.buffers[2] = [2]int64{16, 1}
	allNull.body = make([]byte, 32)
	unhonest := message(func(c *craftedBatch) {
		c.nodes[0][1] = 2
		c.buffers[0] = [2]int64{16, 1}
		c.body[16] = 0xFF
		copy(c.body[16:], le32(3, 3, 3))
	})
	for name, c := range map[string]struct {
		bytes []byte
		rows  []int
	}{
		"no batches":                  {schemaMessage(x(), key()), nil},
		"no batches, and an end":      {slices.Concat(schemaMessage(x(), key()), endOfStream), nil},
		"no end":                      {message(nil)[:len(message(nil))-8], []int{2}},
		"nulls claimed, but all set":  {unhonest, []int{2}},
		"a view":                      {view, []int{1}},
		"nulls before the dictionary": {slices.Concat(encodedKeys(), allNull.message(), entries().message(), encodedBatch(1).message()), []int{2, 1}},
		"a delta of nothing":          {slices.Concat(encodedKeys(), func() []byte { e := entries(); e.delta = true; return e.message() }(), encodedBatch(1).message()), []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			batches, err := NewDecoder(xy, DefaultLimits()).Decode(c.bytes)
			if err != nil || len(batches) != len(c.rows) {
				t.Fatalf("%d batches, %v", len(batches), err)
			}
			for i, b := range batches {
				if b.Rows != c.rows[i] {
					t.Errorf("batch %d has %d rows, want %d", i, b.Rows, c.rows[i])
				}
				readAll(b)
			}
		})
	}
}

// A column of nothing but nulls needs no dictionary, of whatever type its values are.
func TestRecordsWithoutDictionary(t *testing.T) {
	var fields []craftedField
	for _, f := range []craftedField{x(), key(), kindField("view", typeUtf8View), kindField("bool", typeBool), kindField("null", typeNull), kindField("bytes", typeLargeBinary)} {
		f.dictionary, f.indexBits = int64(len(fields)+1), 8
		fields = append(fields, f)
	}
	c := craftedBatch{rows: 2, body: make([]byte, 16)}
	for range fields {
		c.nodes = append(c.nodes, [2]int64{2, 2})
		c.buffers = append(c.buffers, [2]int64{0, 1}, [2]int64{8, 2})
	}
	stream := slices.Concat(schemaMessage(fields...), c.message())
	records, err := Records(stream, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for i, column := range records[0].Columns() {
		if column.NullN() != 2 {
			t.Errorf("column %s has %d nulls of 2", fields[i].name, column.NullN())
		}
	}
	if rows, err := readStream(t, stream); rows != 2 || !errors.Is(err, io.EOF) {
		t.Errorf("%d rows, %v", rows, err)
	}
}

// Where there is a bitmap it decides, not the count of nulls; and a bitmap without nulls is not handed out.
func TestBitmapDecides(t *testing.T) {
	for _, c := range []struct {
		nulls  int64
		bitmap byte
		want   []byte
	}{{0, 3, nil}, {1, 3, nil}, {2, 0xFF, nil}, {0, 2, []byte{2}}, {2, 2, []byte{2}}, {1, 0, []byte{0}}} {
		m := message(func(b *craftedBatch) {
			b.nodes[0][1] = c.nulls
			b.buffers[0] = [2]int64{40, 1}
			b.body = append(b.body, c.bitmap, 0, 0, 0, 0, 0, 0, 0)
		})
		batches, err := NewDecoder(xy, DefaultLimits()).Decode(m)
		if err != nil {
			t.Fatal(err)
		}
		if got := batches[0].Numbers[0].Valid; !slices.Equal(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%d nulls claimed, bitmap %b: %b, want %b", c.nulls, c.bitmap, got, c.want)
		}
	}
}

// readAll values, so that one that is not there is found out.
func readAll(b Batch) (sum float64) {
	for _, c := range b.Numbers {
		for i, v := range c.Values[:b.Rows] {
			if isSet(c.Valid, i) {
				sum += v
			}
		}
	}
	for k := range b.Texts {
		for i := range b.Rows {
			text, _ := b.Texts[k].At(i)
			for _, c := range text {
				sum += float64(c)
			}
		}
	}
	return sum
}

// interesting numbers to find where a length, a count or an offset should be.
var interesting = []uint64{0, 1, 7, 8, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF8, 1 << 20, 1 << 40, 1 << 62, 1 << 63, 1<<64 - 1}

// mutate a message: bits, bytes and words of it, what is missing, what is too much.
func mutate(r *rand.Rand, valid []byte) []byte {
	m := slices.Clone(valid)
	for range 1 + r.IntN(3) {
		at := r.IntN(len(m) - 16)
		switch r.IntN(10) {
		case 0, 1:
			m[at] ^= 1 << r.IntN(8)
		case 2, 3, 4:
			m[at] = byte(r.Uint32())
		case 5, 6:
			binary.LittleEndian.PutUint32(m[at&^3:], uint32(interesting[r.IntN(len(interesting))]))
		case 7, 8:
			binary.LittleEndian.PutUint64(m[at&^7:], interesting[r.IntN(len(interesting))])
		default:
			n := 1 + r.IntN(16)
			m = slices.Concat(m[:at], m[min(at+n, len(m)):], make([]byte, r.IntN(2)*n))
		}
	}
	return m
}

// No mutation of a valid message makes the decoder or the reader of streams panic, or allocate beyond the cap; and what is accepted can be read.
func TestMutatedMessages(t *testing.T) {
	var valid [][]byte
	for _, name := range []string{"kinds.arrows", "kinds_zstd.arrows", "kinds_lz4.arrows", "kinds_v4.arrows", "deltas.arrows", "kinds.arrow"} {
		raw, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		valid = append(valid, raw)
	}
	valid = append(valid, message(nil), slices.Concat(encodedKeys(), entries().message(), encodedBatch(0, 1).message()))
	decoders, good := victims(t), message(nil)
	r := rand.New(rand.NewPCG(1, 2))
	accepted := 0
	for i := range 4000 {
		m := mutate(r, valid[i%len(valid)])
		for _, d := range decoders {
			attack(t, d, m, good)
		}
		if _, err := readStream(t, m); errors.Is(err, io.EOF) {
			accepted++
		}
		if t.Failed() {
			t.Fatalf("mutation %d", i)
		}
	}
	if accepted == 0 || accepted == 4000 {
		t.Errorf("%d of 4,000 mutations were accepted", accepted)
	}
}

// A compressed message of more than the budget is refused before anything of it is decompressed.
func TestABombIsRefusedBeforeItIsDecompressed(t *testing.T) {
	bomb := bombOfRows()
	d := NewDecoder(Projection{Numbers: []string{"x"}}, DefaultLimits())
	d.limits.DecodedBytes = 1 << 10
	_, err := d.Decode(bomb)
	var e *Error
	if !errors.As(err, &e) || e.Reason != reasonLimit || d.zstd != nil || d.lz4.frames != nil || d.decoded != 0 {
		t.Errorf("%v; %d bytes were decoded", err, d.decoded)
	}
}
