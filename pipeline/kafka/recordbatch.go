package kafka

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/streamfit/streamfit/pipeline"
)

// A record batch, version 2 (Kafka's "Message format"), big-endian:
//
//	 0 baseOffset        8 batchLength   12 partitionLeaderEpoch  16 magic     17 crc          21 attributes
//	23 lastOffsetDelta  27 baseTimestamp 35 maxTimestamp          43 producer  51 epoch        53 baseSequence
//	57 records          61 the records themselves, compressed together
const (
	atLength, atMagic, atCRC, atAttributes, atLastDelta     = 8, 16, 17, 21, 23
	atBaseTime, atMaxTime, atProducer, atCount, batchHeader = 27, 35, 43, 57, 61
	atEpoch, atSequence                                     = 51, 53
	lengthCounts                                            = 12 // batchLength counts from here
)

const (
	compressionBits  = 7
	logAppendTimeBit = 1 << 3
	transactionalBit = 1 << 4
	controlBit       = 1 << 5
	smallestRecord   = 7 // bytes
	supportedMagic   = 2
)

// castagnoli's CRC has an instruction of its own on amd64 and arm64.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// recordReader turns the record batches of responses into messages. Its slices are used again.
type recordReader struct {
	messages []pipeline.Message
	headers  []pipeline.Header
	names    map[string]string // of headers, so that one that comes with every message is allocated once
	aborted  abortedFilter
	inflate  inflater
}

// progress of reading one response.
type progress struct {
	next  int64 // offset past everything that was read, be it a message, a hole, a control record or an aborted record
	bytes int   // of whole batches that were read
	full  bool  // there is more in the response, but enough has been decompressed
}

// inflatedEnough: once so much of a response is decompressed, the rest of it waits for the next fetch, however small it is while it is compressed.
const inflatedEnough = 8 << 20

// read the whole batches of a response from an offset on.
func (r *recordReader) read(response *fetchResponse, from int64) (progress, error) {
	r.messages, r.headers = r.messages[:0], r.headers[:0]
	r.inflate.reset()
	r.aborted.begin(response.aborted)
	p := progress{next: from}
	for rest := response.records; ; {
		batch, err := cutBatch(rest)
		if err != nil {
			return p, fmt.Errorf("after offset %d: %w", p.next, err)
		}
		if batch == nil {
			return p, nil
		}
		if p.full = r.inflate.total >= inflatedEnough; p.full {
			return p, nil
		}
		rest = rest[len(batch):]
		p.bytes += len(batch)
		if lastOf(batch) < from {
			continue
		}
		if err := r.batch(batch, from); err != nil {
			return p, fmt.Errorf("record batch at offset %d: %w", baseOf(batch), err)
		}
		p.next = lastOf(batch) + 1
	}
}

// cutBatch gives the first batch of b, or nil if none is whole: brokers cut the last one off.
func cutBatch(b []byte) ([]byte, error) {
	if len(b) <= atMagic {
		return nil, nil
	}
	if b[atMagic] != supportedMagic {
		return nil, fmt.Errorf("message format %d is not supported, only %d: was it written before Kafka 0.11?", b[atMagic], supportedMagic)
	}
	size := lengthCounts + int64(int32(binary.BigEndian.Uint32(b[atLength:])))
	if size < batchHeader {
		return nil, fmt.Errorf("a record batch of %d bytes: %w", size, kafkago.InvalidMessage)
	}
	if size > int64(len(b)) {
		return nil, nil
	}
	b = b[:size:size]
	if base, last := baseOf(b), lastOf(b); base < 0 || last < base || last == math.MaxInt64 {
		return nil, fmt.Errorf("a record batch from offset %d to %d: %w", base, last, kafkago.InvalidMessage)
	}
	return b, nil
}

// following offset of the whole batches in b, as their headers say before they are verified; plain: none of them is compressed.
func following(b []byte) (next int64, plain bool) {
	for {
		batch, err := cutBatch(b)
		if err != nil || batch == nil {
			return next, err == nil
		}
		if binary.BigEndian.Uint16(batch[atAttributes:])&compressionBits != 0 {
			return next, false
		}
		next, b = lastOf(batch)+1, b[len(batch):]
	}
}

func baseOf(b []byte) int64 { return int64(binary.BigEndian.Uint64(b)) }

func lastOf(b []byte) int64 {
	return baseOf(b) + int64(int32(binary.BigEndian.Uint32(b[atLastDelta:])))
}

func (r *recordReader) batch(b []byte, from int64) error {
	if crc32.Checksum(b[atAttributes:], castagnoli) != binary.BigEndian.Uint32(b[atCRC:]) {
		return fmt.Errorf("the CRC does not fit: %w", kafkago.InvalidMessage)
	}
	r.aborted.reach(lastOf(b))
	attributes := binary.BigEndian.Uint16(b[atAttributes:])
	if attributes&controlBit != 0 {
		r.aborted.control(b)
		return nil
	}
	if r.aborted.void(b) {
		return nil
	}
	before := len(r.messages)
	if err := r.unpack(b, kafkago.Compression(attributes&compressionBits), from); err != nil {
		r.messages = append(r.messages[:before], unreadable(b, err))
	}
	return nil
}

func (r *recordReader) unpack(b []byte, codec kafkago.Compression, from int64) (err error) {
	records := b[batchHeader:]
	if codec != 0 {
		if records, err = r.inflate.inflate(codec, records); err != nil {
			return err
		}
	}
	return r.records(b, records, from)
}

// HeaderBatch marks a message whose value is a whole record batch that arrived as it was written, but cannot be taken apart: it decompresses to too much,
// or to nonsense. It has the batch's last offset. As no Arrow stream looks like it, it becomes a dead letter, and the partition is not held up.
const HeaderBatch = "streamfit.unreadable_batch"

func unreadable(b []byte, err error) pipeline.Message {
	return pipeline.Message{
		Offset: lastOf(b), Time: int64(binary.BigEndian.Uint64(b[atMaxTime:])), Value: b,
		Headers: []pipeline.Header{{Key: HeaderBatch, Value: []byte(err.Error())}},
	}
}

// records of a batch, from an offset on.
func (r *recordReader) records(b, records []byte, from int64) error {
	count := int64(int32(binary.BigEndian.Uint32(b[atCount:])))
	if count < 0 || count > int64(len(records)/smallestRecord) {
		return fmt.Errorf("%d records in %d bytes", count, len(records))
	}
	base, last := baseOf(b), lastOf(b)
	first := int64(binary.BigEndian.Uint64(b[atBaseTime:]))
	appended := binary.BigEndian.Uint16(b[atAttributes:])&logAppendTimeBit != 0
	c, before := cursor{b: records}, base-1
	for i := range count {
		record := cursor{b: c.varbytes()}
		record.skip(1)
		m := pipeline.Message{Time: first + record.varint()}
		m.Offset = base + record.varint()
		if appended {
			m.Time = int64(binary.BigEndian.Uint64(b[atMaxTime:]))
		}
		m.Key, m.Value = record.varbytes(), record.varbytes()
		m.Headers = r.readHeaders(&record)
		if c.short || record.short {
			return fmt.Errorf("record %d of %d is cut off", i, count)
		}
		if m.Offset <= before || m.Offset > last {
			return fmt.Errorf("record %d of %d has offset %d, after %d, in a batch that ends at %d", i, count, m.Offset, before, last)
		}
		before = m.Offset
		if m.Offset >= from {
			r.messages = append(r.messages, m)
		}
	}
	return nil
}

func (r *recordReader) readHeaders(c *cursor) []pipeline.Header {
	n := c.varint()
	if n <= 0 || n > int64(len(c.b)) {
		c.short = c.short || n != 0
		return nil
	}
	begin := len(r.headers)
	for range n {
		name := r.name(c.varbytes())
		r.headers = append(r.headers, pipeline.Header{Key: name, Value: c.varbytes()})
		if c.short {
			return nil
		}
	}
	return r.headers[begin:len(r.headers):len(r.headers)]
}

const keptNames, longestName = 256, 256

func (r *recordReader) name(b []byte) string {
	if name, ok := r.names[string(b)]; ok {
		return name
	}
	if r.names == nil {
		r.names = map[string]string{}
	}
	name := string(b)
	if len(name) <= longestName && len(r.names) < keptNames {
		r.names[name] = name
	}
	return name
}
