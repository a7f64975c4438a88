package kafka

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

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
	lengthCounts                                            = 12 // batchLength counts from here
)

const (
	compressionBits  = 7
	logAppendTimeBit = 1 << 3
	transactionalBit = 1 << 4
	controlBit       = 1 << 5
	smallestRecord   = 7 // bytes
	controlAbort     = 0
	supportedMagic   = 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// recordReader turns the record batches of responses into messages. Its slices are used again.
type recordReader struct {
	messages []pipeline.Message
	headers  []pipeline.Header
	voids    map[int64]bool // producers in an aborted transaction
	inflate  inflater
}

// read the whole batches of a response from an offset on. It returns the next offset, past everything that is no message: holes, control records, aborted
// records. complete is false if not even one batch was whole: then more bytes must be asked for.
func (r *recordReader) read(response *fetchResponse, from int64) (next int64, complete bool, err error) {
	r.messages, r.headers = r.messages[:0], r.headers[:0]
	r.inflate.reset()
	clear(r.voids)
	aborted, rest, next := response.aborted, response.records, from
	for len(rest) > lengthCounts {
		size := int64(lengthCounts) + int64(int32(binary.BigEndian.Uint32(rest[atLength:])))
		if size < batchHeader {
			return next, true, fmt.Errorf("a record batch of %d bytes: %w", size, kafkago.InvalidMessage)
		}
		if size > int64(len(rest)) {
			break // cut off by the broker: it comes whole with the next fetch
		}
		batch := rest[:size:size]
		rest, complete = rest[size:], true
		last := int64(binary.BigEndian.Uint64(batch)) + int64(int32(binary.BigEndian.Uint32(batch[atLastDelta:])))
		if last < from {
			continue
		}
		for len(aborted) > 0 && aborted[0].first <= last {
			r.void(aborted[0].producer)
			aborted = aborted[1:]
		}
		if err := r.batch(batch, from); err != nil {
			return next, true, fmt.Errorf("record batch at offset %d: %w", int64(binary.BigEndian.Uint64(batch)), err)
		}
		next = last + 1
	}
	return next, complete || len(response.records) == 0, nil
}

func (r *recordReader) void(producer int64) {
	if r.voids == nil {
		r.voids = map[int64]bool{}
	}
	r.voids[producer] = true
}

func (r *recordReader) batch(b []byte, from int64) error {
	if b[atMagic] != supportedMagic {
		return fmt.Errorf("message format %d is not supported, only %d: was it written before Kafka 0.11?", b[atMagic], supportedMagic)
	}
	if crc32.Checksum(b[atAttributes:], castagnoli) != binary.BigEndian.Uint32(b[atCRC:]) {
		return fmt.Errorf("the CRC does not fit: %w", kafkago.InvalidMessage)
	}
	attributes, producer := binary.BigEndian.Uint16(b[atAttributes:]), int64(binary.BigEndian.Uint64(b[atProducer:]))
	if attributes&controlBit != 0 {
		r.control(b, producer)
		return nil
	}
	if attributes&transactionalBit != 0 && r.voids[producer] {
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
	last := int64(binary.BigEndian.Uint64(b)) + int64(int32(binary.BigEndian.Uint32(b[atLastDelta:])))
	return pipeline.Message{
		Offset: last, Time: int64(binary.BigEndian.Uint64(b[atMaxTime:])), Value: b,
		Headers: []pipeline.Header{{Key: HeaderBatch, Value: []byte(err.Error())}},
	}
}

// control records end a producer's transaction. Only an abort matters: it ends what makes records void.
func (r *recordReader) control(b []byte, producer int64) {
	c := cursor{b: b[batchHeader:]}
	c.varint() // length
	c.skip(1)  // attributes
	c.varint() // time
	c.varint() // offset
	key := cursor{b: c.varbytes()}
	key.skip(2) // version
	if kind := key.int16(); !c.short && !key.short && kind == controlAbort {
		delete(r.voids, producer)
	}
}

// records of a batch, from an offset on.
func (r *recordReader) records(b, records []byte, from int64) error {
	count := int64(int32(binary.BigEndian.Uint32(b[atCount:])))
	if count < 0 || count > int64(len(records)/smallestRecord)+1 {
		return fmt.Errorf("%d records in %d bytes: %w", count, len(records), kafkago.InvalidMessage)
	}
	base, first := int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[atBaseTime:]))
	appended := binary.BigEndian.Uint16(b[atAttributes:])&logAppendTimeBit != 0
	c := cursor{b: records}
	for range count {
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
			return fmt.Errorf("a record that is cut off: %w", kafkago.InvalidMessage)
		}
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
		key := c.varbytes()
		r.headers = append(r.headers, pipeline.Header{Key: string(key), Value: c.varbytes()})
	}
	return r.headers[begin:len(r.headers):len(r.headers)]
}
