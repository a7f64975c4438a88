package kafka

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// record of a batch that a test makes. A batch may lack some of the offsets it spans, as after compaction.
type record struct {
	offset     int64
	key, value []byte
	headers    []kmsg.Header
}

// batch is written by franz-go's encoder, which knows nothing of the reader under test.
type batch struct {
	base, last int64
	codec      kafkago.Compression
	attributes int16 // beside the codec's
	producer   int64
	records    []record
	payload    []byte // instead of records, as it is
	count      int32  // of payload
}

func (b batch) bytes(t testing.TB) []byte {
	payload, count := b.payload, b.count
	if payload == nil {
		count = int32(len(b.records))
		var plain []byte
		for _, r := range b.records {
			plain = appendRecord(plain, b.base, r)
		}
		payload = compressed(t, b.codec, plain)
	}
	out := kmsg.RecordBatch{
		FirstOffset: b.base, Magic: 2, Attributes: b.attributes | int16(b.codec), LastOffsetDelta: int32(b.last - b.base),
		FirstTimestamp: 1000, MaxTimestamp: 2000, ProducerID: b.producer, NumRecords: count, Records: payload,
	}
	return sealed(out.AppendTo(nil))
}

// sealed with the length and the CRC that its bytes have.
func sealed(b []byte) []byte {
	binary.BigEndian.PutUint32(b[atLength:], uint32(len(b)-lengthCounts))
	binary.BigEndian.PutUint32(b[atCRC:], crc32.Checksum(b[atAttributes:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

func appendRecord(dst []byte, base int64, r record) []byte {
	m := kmsg.Record{TimestampDelta64: r.offset - base, OffsetDelta: int32(r.offset - base), Key: r.key, Value: r.value, Headers: r.headers}
	body := m.AppendTo(nil)[1:] // the length, 0, takes one byte
	return append(binary.AppendVarint(dst, int64(len(body))), body...)
}

func compressed(t testing.TB, codec kafkago.Compression, plain []byte) []byte {
	var out bytes.Buffer
	var w io.WriteCloser
	switch codec {
	case 0:
		return plain
	case kafkago.Gzip:
		w = gzip.NewWriter(&out)
	case kafkago.Snappy:
		return s2.EncodeSnappy(nil, plain)
	case kafkago.Lz4:
		w = lz4.NewWriter(&out)
	case kafkago.Zstd:
		z, err := zstd.NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		w = z
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func joined(t testing.TB, batches ...batch) []byte {
	var out []byte
	for _, b := range batches {
		out = append(out, b.bytes(t)...)
	}
	return out
}

// marker ends a producer's transaction.
func marker(offset, producer int64, commit int16) batch {
	key := binary.BigEndian.AppendUint16([]byte{0, 0}, uint16(commit))
	return batch{base: offset, last: offset, producer: producer, attributes: transactionalBit | controlBit, records: []record{{offset: offset, key: key, value: make([]byte, 6)}}}
}

const abort, commit = 0, 1
