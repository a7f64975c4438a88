package kafka

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"github.com/streamfit/streamfit/pipeline"
)

var codecs = []kafkago.Compression{0, kafkago.Gzip, kafkago.Snappy, kafkago.Lz4, kafkago.Zstd}

func TestReadGivesWhatWasWritten(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codecName(codec), func(t *testing.T) {
			b := batch{base: 40, last: 49, codec: codec, records: []record{
				{offset: 40, key: []byte("k"), value: []byte("v")},
				{offset: 41, value: []byte{}},
				{offset: 45, key: []byte{}, headers: []kmsg.Header{{Key: "content-type", Value: []byte("x")}, {Key: "empty"}}},
				{offset: 46, value: []byte("last but offset 49, which compaction took")},
			}}
			var r recordReader
			p, err := r.read(&fetchResponse{records: joined(t, b)}, 41)
			if err != nil {
				t.Fatal(err)
			}
			want := []pipeline.Message{
				{Offset: 41, Time: 1001, Value: []byte{}},
				{Offset: 45, Time: 1005, Key: []byte{}, Headers: []pipeline.Header{{Key: "content-type", Value: []byte("x")}, {Key: "empty"}}},
				{Offset: 46, Time: 1006, Value: []byte("last but offset 49, which compaction took")},
			}
			if diff := cmp.Diff(want, r.messages); diff != "" || p.next != 50 {
				t.Errorf("next %d, want 50; messages (-want +got):\n%s", p.next, diff)
			}
		})
	}
}

func TestReadTakesTheBrokersTimeWhereTheTopicSaysSo(t *testing.T) {
	var r recordReader
	b := batch{attributes: logAppendTimeBit, records: []record{{value: []byte("v")}}}
	if _, err := r.read(&fetchResponse{records: joined(t, b)}, 0); err != nil || r.messages[0].Time != 2000 {
		t.Errorf("messages %v, error %v; want the batch's largest time, 2000", r.messages, err)
	}
}

// TestReadCommitted has transactions that overlap, one producer that aborts, commits and aborts again, and a list of aborts in the order of their ends.
func TestReadCommitted(t *testing.T) {
	data := func(offset, producer int64) batch {
		return batch{base: offset, last: offset, producer: producer, attributes: transactionalBit, records: []record{{offset: offset, value: fmt.Append(nil, offset)}}}
	}
	records := joined(t,
		data(10, 1), data(11, 2), marker(12, 2, abort), data(13, 1), data(14, 2), marker(15, 2, commit),
		batch{base: 16, last: 16, producer: -1, records: []record{{offset: 16, value: []byte("16")}}},
		data(17, 2), marker(18, 1, abort), data(19, 1), marker(20, 2, abort), marker(21, 1, commit))
	log := drawnLog{aborted: []abortedTransaction{{producer: 2, first: 11}, {producer: 1, first: 10}, {producer: 2, first: 17}}, ends: []int64{12, 18, 20}}
	for from := int64(10); from <= 22; from++ {
		var r recordReader
		p, err := r.read(&fetchResponse{records: records, aborted: log.abortedFrom(from)}, from)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, m := range r.messages {
			got = append(got, m.Offset)
		}
		want := slices.DeleteFunc([]int64{14, 16, 19}, func(o int64) bool { return o < from })
		if !slices.Equal(got, want) || p.next != 22 && from < 22 {
			t.Errorf("from %d: offsets %v to %d, want %v to 22", from, got, p.next, want)
		}
	}
}

func TestReadStopsAtTheBatchThatIsCutOff(t *testing.T) {
	whole := joined(t, batch{base: 0, last: 1, records: []record{{offset: 0}, {offset: 1}}})
	both := append(slices.Clone(whole), joined(t, batch{base: 2, last: 2, records: []record{{offset: 2}}})...)
	for n := range len(both) {
		var r recordReader
		p, err := r.read(&fetchResponse{records: both[:n]}, 0)
		messages, next, read := 0, int64(0), 0
		if n >= len(whole) {
			messages, next, read = 2, 2, len(whole)
		}
		if err != nil || len(r.messages) != messages || p.next != next || p.bytes != read {
			t.Fatalf("%d of %d bytes: %d messages, progress %+v, error %v", n, len(both), len(r.messages), p, err)
		}
	}
}

// TestReadRefusesDamage: what the CRC does not vouch for is never handed out.
func TestReadRefusesDamage(t *testing.T) {
	good := joined(t, batch{base: 7, last: 8, records: []record{{offset: 7, value: []byte("a")}, {offset: 8, value: []byte("b")}}})
	for i := atCRC; i < len(good); i++ {
		for _, bit := range []byte{1, 128} {
			bad := slices.Clone(good)
			bad[i] ^= bit
			var r recordReader
			p, err := r.read(&fetchResponse{records: bad}, 7)
			if !errors.Is(err, kafkago.InvalidMessage) || len(r.messages) != 0 || p.next != 7 {
				t.Fatalf("byte %d: %d messages, next %d, error %v", i, len(r.messages), p.next, err)
			}
		}
	}
	if _, err := new(recordReader).read(&fetchResponse{records: good}, 7); err != nil {
		t.Fatal(err)
	}
}

func TestReadRefusesImpossibleBatches(t *testing.T) {
	valid := func() []byte { return joined(t, batch{base: 7, last: 7, records: []record{{offset: 7}}}) }
	for name, c := range map[string]struct {
		make func() []byte
		want string
	}{
		"old format":          {func() []byte { b := valid(); b[atMagic] = 1; return b }, "message format 1 is not supported"},
		"length below header": {func() []byte { b := valid(); copy(b[atLength:], []byte{0, 0, 0, 10}); return b }, "a record batch of 22 bytes"},
		"negative length":     {func() []byte { b := valid(); copy(b[atLength:], []byte{255, 0, 0, 10}); return b }, "a record batch of -"},
		"negative delta":      {func() []byte { return joined(t, batch{base: 7, last: 6, records: []record{{offset: 7}}}) }, "from offset 7 to 6"},
		"negative offset":     {func() []byte { return joined(t, batch{base: -7, last: -7, records: []record{{offset: -7}}}) }, "from offset -7"},
		"offsets that wrap": {func() []byte {
			return joined(t, batch{base: math.MaxInt64, last: math.MaxInt64, records: []record{{offset: math.MaxInt64}}})
		}, "from offset 9223372036854775807"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := new(recordReader).read(&fetchResponse{records: c.make()}, 0)
			if err == nil || !strings.Contains(err.Error(), c.want) || p.next != 0 {
				t.Errorf("next %d, error %v; want one that says %q", p.next, err, c.want)
			}
		})
	}
}

// TestReadHandsOutWhatItCannotTakeApart as one message, to become a dead letter, and goes on behind it.
func TestReadHandsOutWhatItCannotTakeApart(t *testing.T) {
	ok := record{offset: 5, value: []byte("fine")}
	for name, c := range map[string]struct {
		batch batch
		want  string
	}{
		"more records than bytes": {batch{payload: []byte{1, 2, 3}, count: 1 << 30}, "1073741824 records in 3 bytes"},
		"negative count":          {batch{payload: []byte{}, count: -1}, "-1 records"},
		"record cut off":          {batch{payload: appendRecord(nil, 0, record{value: make([]byte, 50)})[:40], count: 1}, "record 0 of 1 is cut off"},
		"offset beyond the batch": {batch{last: 2, records: []record{{offset: 0}, {offset: 3}}}, "has offset 3"},
		"offset twice":            {batch{last: 2, records: []record{{offset: 1}, {offset: 1}}}, "has offset 1, after 1"},
		"offset before the batch": {batch{last: 2, records: []record{{offset: -1}}}, "has offset -1"},
		"not gzip":                {batch{codec: kafkago.Gzip, payload: []byte("nonsense, really"), count: 1}, "decompress gzip"},
		"not snappy":              {batch{codec: kafkago.Snappy, payload: []byte("nonsense, really"), count: 1}, "decompress snappy"},
		"not lz4":                 {batch{codec: kafkago.Lz4, payload: []byte("nonsense, really"), count: 1}, "decompress lz4"},
		"not zstd":                {batch{codec: kafkago.Zstd, payload: []byte("nonsense, really"), count: 1}, "decompress zstd"},
		"unknown codec":           {batch{codec: 7, payload: []byte("nonsense, really"), count: 1}, "decompress codec 7"},
	} {
		t.Run(name, func(t *testing.T) {
			var r recordReader
			raw := c.batch.bytes(t)
			p, err := r.read(&fetchResponse{records: append(slices.Clone(raw), joined(t, batch{base: 5, last: 5, records: []record{ok}})...)}, 0)
			if err != nil || p.next != 6 || len(r.messages) != 2 {
				t.Fatalf("%d messages, next %d, error %v", len(r.messages), p.next, err)
			}
			m := r.messages[0]
			if m.Offset != c.batch.last || !slices.Equal(m.Value, raw) || m.Headers[0].Key != HeaderBatch || !strings.Contains(string(m.Headers[0].Value), c.want) {
				t.Errorf("message %+v; want the batch, because of %q", m, c.want)
			}
		})
	}
}

// TestReadAgreesWithAnOracle on any mixture of batches: codecs, holes, control records, aborted transactions.
func TestReadAgreesWithAnOracle(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var r recordReader
		for range 2 { // the second time its buffers are used again
			log := drawLog(rt)
			from := rapid.Int64Range(0, log.end).Draw(rt, "from")
			records := joined(t, log.batches...)
			p, err := r.read(&fetchResponse{records: records, aborted: log.abortedFrom(from)}, from)
			if err != nil {
				rt.Fatal(err)
			}
			compressed := slices.ContainsFunc(log.batches, func(b batch) bool { return b.codec != 0 })
			if next, plain := following(records); plain == compressed || plain && next != log.end {
				rt.Fatalf("following says %d, plain: %v; want %d", next, plain, log.end)
			}
			var want []string
			for _, o := range log.committed {
				if o >= from {
					want = append(want, fmt.Sprint(o, " v", o))
				}
			}
			var got []string
			for _, m := range r.messages {
				got = append(got, fmt.Sprint(m.Offset, " ", string(m.Value)))
			}
			if diff := cmp.Diff(want, got); diff != "" || p.next != log.end {
				rt.Fatalf("from %d: next %d, want %d; offsets (-want +got):\n%s", from, p.next, log.end, diff)
			}
		}
	})
}

// drawnLog of a partition, and what is committed of it.
type drawnLog struct {
	batches   []batch
	aborted   []abortedTransaction
	ends      []int64 // of the aborted
	committed []int64
	end       int64
}

// abortedFrom is what brokers list: the transactions that end at or after the offset that is asked for.
func (l *drawnLog) abortedFrom(from int64) (out []abortedTransaction) {
	for i, a := range l.aborted {
		if l.ends[i] >= from {
			out = append(out, a)
		}
	}
	return out
}

func drawLog(rt *rapid.T) (log drawnLog) {
	open := map[int64][]int64{} // offsets of the transaction of a producer
	first := map[int64]int64{}
	ends := func(producer int64, kind int16) {
		log.batches = append(log.batches, marker(log.end, producer, kind))
		if kind == commit {
			log.committed = append(log.committed, open[producer]...)
		} else {
			log.aborted = append(log.aborted, abortedTransaction{producer: producer, first: first[producer]})
			log.ends = append(log.ends, log.end)
		}
		log.end++
		delete(open, producer)
		delete(first, producer)
	}
	for range rapid.IntRange(0, 12).Draw(rt, "batches") {
		producer := rapid.Int64Range(-1, 2).Draw(rt, "producer")
		if _, began := first[producer]; began && rapid.Bool().Draw(rt, "ends") {
			ends(producer, int16(rapid.IntRange(abort, commit).Draw(rt, "kind")))
			continue
		}
		b := batch{base: log.end, producer: producer, codec: rapid.SampledFrom(codecs).Draw(rt, "codec")}
		b.last = b.base + rapid.Int64Range(0, 5).Draw(rt, "span")
		for o := b.base; o <= b.last; o++ {
			if rapid.IntRange(0, 3).Draw(rt, "kept") > 0 {
				b.records = append(b.records, record{offset: o, value: fmt.Append(nil, "v", o)})
			}
		}
		if producer < 0 {
			for _, r := range b.records {
				log.committed = append(log.committed, r.offset)
			}
		} else {
			b.attributes = transactionalBit
			if _, began := first[producer]; !began {
				first[producer] = b.base
			}
			for _, r := range b.records {
				open[producer] = append(open[producer], r.offset)
			}
		}
		log.batches, log.end = append(log.batches, b), b.last+1
	}
	for producer := range int64(3) {
		if _, began := first[producer]; began {
			ends(producer, int16(rapid.IntRange(abort, commit).Draw(rt, "kind")))
		}
	}
	slices.Sort(log.committed)
	return log
}

// FuzzRecordBatches: whatever bytes a broker sends, they are an error or messages in order, and only so much memory.
func FuzzRecordBatches(f *testing.F) {
	records := []record{{offset: 3, key: []byte("k"), value: []byte("v"), headers: []kmsg.Header{{Key: "h", Value: []byte("w")}}}, {offset: 5}}
	for _, codec := range codecs {
		f.Add(joined(f, batch{base: 3, last: 6, codec: codec, records: records}), int64(4), true)
	}
	f.Add(joined(f, marker(0, 1, abort), batch{base: 3, last: 6, producer: 1, attributes: transactionalBit, records: records}), int64(0), false)
	f.Fuzz(func(t *testing.T, data []byte, from int64, seal bool) {
		if from < 0 {
			return
		}
		if seal && len(data) >= batchHeader {
			data = sealed(slices.Clone(data)) // so that what is behind the CRC is reached
		}
		var r recordReader
		p, err := r.read(&fetchResponse{records: data, aborted: []abortedTransaction{{producer: 1}}}, from)
		if p.next < from || p.bytes > len(data) || r.inflate.total > inflatedEnough+largestInflated {
			t.Fatalf("progress %+v, %d bytes decompressed", p, r.inflate.total)
		}
		if err != nil {
			return
		}
		for i, m := range r.messages {
			if m.Offset < from || m.Offset >= p.next || i > 0 && m.Offset <= r.messages[i-1].Offset {
				t.Fatalf("message %d has offset %d, from %d to %d", i, m.Offset, from, p.next)
			}
		}
	})
}

func TestReadAllocatesNothingOnceWarm(t *testing.T) {
	for _, codec := range []kafkago.Compression{0, kafkago.Snappy, kafkago.Lz4, kafkago.Zstd, kafkago.Gzip} {
		var records []record
		for i := range int64(500) {
			records = append(records, record{offset: i, key: []byte("key"), value: make([]byte, 100), headers: []kmsg.Header{{Key: "content-type", Value: []byte("arrow")}}})
		}
		response := fetchResponse{records: joined(t, batch{last: 499, codec: codec, records: records})}
		var r recordReader
		if n := testing.AllocsPerRun(20, func() {
			if _, err := r.read(&response, 0); err != nil || len(r.messages) != 500 {
				t.Fatal(err)
			}
		}); n > 10 { // the decompressors take a few for a whole batch, more of them under the race detector
			t.Errorf("%s: %v allocations for 500 records", codecName(codec), n)
		}
	}
}
