package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"
	kafkago "github.com/segmentio/kafka-go"
)

// TestInflateBombs: a batch that decompresses to more than the limit is not decompressed to the end.
func TestInflateBombs(t *testing.T) {
	plain := make([]byte, largestInflated+1)
	for _, codec := range codecs[1:] {
		t.Run(codecName(codec), func(t *testing.T) {
			var f inflater
			bomb := compressed(t, codec, plain)
			if out, err := f.inflate(codec, bomb); err == nil {
				t.Errorf("%d bytes became %d", len(bomb), len(out))
			}
			largest := compressed(t, codec, plain[:largestInflated])
			if out, err := f.inflate(codec, largest); err != nil || len(out) != largestInflated {
				t.Errorf("%d bytes, error %v; want the limit itself to be allowed", len(out), err)
			}
		})
	}
}

// TestInflateBelievesNoHeader that says how much there is to come: it allocates for what is there.
func TestInflateBelievesNoHeader(t *testing.T) {
	for name, c := range map[string]struct {
		codec  kafkago.Compression
		packed []byte
	}{
		"snappy of 4 GiB":             {kafkago.Snappy, append(binary.AppendUvarint(nil, 1<<32-1), 0)},
		"snappy of 30 MiB":            {kafkago.Snappy, append(binary.AppendUvarint(nil, 30<<20), 0)},
		"xerial with a block of 2 GB": {kafkago.Snappy, append(append(slices.Clone(xerial), 0, 0, 0, 1, 0, 0, 0, 1), 0x7f, 255, 255, 255, 1)},
		// Magic number, a descriptor without single segment, and a window of 2^41 bytes.
		"zstd with a window of 2 TiB": {kafkago.Zstd, []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 31 << 3, 1, 0, 0}},
		// A single segment whose content size is 8 bytes long: 1 TiB.
		"zstd of 1 TiB": {kafkago.Zstd, []byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			var f inflater
			if _, err := f.inflate(c.codec, c.packed); err == nil {
				t.Error("no error")
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _ = f.inflate(c.codec, c.packed)
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
				t.Errorf("%d bytes were allocated", n)
			}
		})
	}
}

func TestInflateXerial(t *testing.T) {
	framed := append(slices.Clone(xerial), 0, 0, 0, 1, 0, 0, 0, 1)
	for _, part := range []string{"one block, ", "and another"} {
		block := s2.EncodeSnappy(nil, []byte(part))
		framed = append(binary.BigEndian.AppendUint32(framed, uint32(len(block))), block...)
	}
	out, err := new(inflater).inflate(kafkago.Snappy, framed)
	if err != nil || string(out) != "one block, and another" {
		t.Errorf("%q, error %v", out, err)
	}
	for n := xerialHeader + 1; n < len(framed); n++ {
		out, err := new(inflater).inflate(kafkago.Snappy, framed[:n])
		if err == nil && string(out) != "one block, " {
			t.Errorf("%d of %d bytes became %q", n, len(framed), out)
		}
	}
}

// TestReadStopsOnceEnoughIsInflated: a response of many small bombs is taken apart over several fetches, each of bounded size.
func TestReadStopsOnceEnoughIsInflated(t *testing.T) {
	const each, batches = 3 << 20, 10
	var all []byte
	for i := range int64(batches) {
		all = append(all, joined(t, batch{base: i, last: i, codec: kafkago.Zstd, records: []record{{offset: i, value: make([]byte, each)}}})...)
	}
	var r recordReader
	var offsets []int64
	for from := int64(0); from < batches; {
		p, err := r.read(&fetchResponse{records: all}, from)
		if err != nil || p.next == from || r.inflate.total > inflatedEnough+each+1024 {
			t.Fatalf("from %d: progress %+v, %d bytes decompressed, error %v", from, p, r.inflate.total, err)
		}
		for _, m := range r.messages {
			offsets = append(offsets, m.Offset)
		}
		if p.full != (p.next < batches) {
			t.Errorf("from %d: progress %+v", from, p)
		}
		from = p.next
	}
	if !slices.Equal(offsets, []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Errorf("offsets %v", offsets)
	}
}

func TestInflateKeepsBuffersApart(t *testing.T) {
	var f inflater
	for range 2 {
		f.reset()
		var outs [][]byte
		for i := range byte(5) {
			out, err := f.inflate(kafkago.Lz4, compressed(t, kafkago.Lz4, bytes.Repeat([]byte{i}, 1000)))
			if err != nil {
				t.Fatal(err)
			}
			outs = append(outs, out)
		}
		for i, out := range outs {
			if !bytes.Equal(out, bytes.Repeat([]byte{byte(i)}, 1000)) {
				t.Errorf("buffer %d was overwritten", i)
			}
		}
	}
}

func TestInflateNamesTheCodec(t *testing.T) {
	_, err := new(inflater).inflate(kafkago.Gzip, nil)
	if err == nil || !strings.Contains(err.Error(), "decompress gzip") || errors.Is(err, kafkago.InvalidMessage) {
		t.Errorf("error %v", err)
	}
}
