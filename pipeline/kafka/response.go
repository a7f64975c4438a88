package kafka

import (
	"encoding/binary"
	"errors"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// fetchVersion of the Fetch API that is spoken: with isolation levels, without flexible encoding. All brokers since 2.3 know it, 4.x too.
const fetchVersion = 11

// fetchResponse is the answer for the one partition that was asked for.
type fetchResponse struct {
	throttle                            time.Duration // for which the broker asks not to be asked again
	highWatermark, lastStable, logStart int64
	aborted                             []abortedTransaction
	records                             []byte // record batches, the last of which may be cut off
}

var errMalformed = errors.New("a response that is no answer to Fetch")

// parseFetch reads the body of a response. Its records refer to b.
func parseFetch(b []byte, r *fetchResponse) error {
	p := cursor{b: b}
	*r = fetchResponse{aborted: r.aborted[:0], highWatermark: -1}
	r.throttle = time.Duration(p.int32()) * time.Millisecond
	if code := p.int16(); code != 0 {
		return kafkago.Error(code)
	}
	p.skip(4) // session
	topics := p.int32()
	if topics == 0 && !p.short {
		return nil // the quota is exceeded: nothing is sent (KIP-219)
	}
	if topics != 1 {
		return errMalformed
	}
	p.skip(int(p.int16())) // topic
	if p.int32() != 1 {
		return errMalformed
	}
	p.skip(4) // partition
	code := p.int16()
	r.highWatermark, r.lastStable, r.logStart = p.int64(), p.int64(), p.int64()
	for range max(0, p.int32()) { // −1: none
		if p.short {
			return errMalformed
		}
		r.aborted = append(r.aborted, abortedTransaction{producer: p.int64(), first: p.int64()})
	}
	p.skip(4) // preferred replica
	r.records = p.bytes(int(max(0, p.int32())))
	if code != 0 {
		return kafkago.Error(code)
	}
	if p.short {
		return errMalformed
	}
	return nil
}

// cursor over big-endian fields. Beyond the end everything is zero and short is set.
type cursor struct {
	b     []byte
	short bool
}

func (c *cursor) bytes(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.short = true
		c.b = nil
		return nil
	}
	out := c.b[:n:n]
	c.b = c.b[n:]
	return out
}

func (c *cursor) skip(n int) { c.bytes(n) }

func (c *cursor) int16() int16 {
	if b := c.bytes(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (c *cursor) int32() int32 {
	if b := c.bytes(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (c *cursor) int64() int64 {
	if b := c.bytes(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// varint in zigzag form.
func (c *cursor) varint() int64 {
	v, n := binary.Varint(c.b)
	if n <= 0 {
		c.short = true
		c.b = nil
		return 0
	}
	c.b = c.b[n:]
	return v
}

// varbytes with their length before them; nil for −1.
func (c *cursor) varbytes() []byte {
	n := c.varint()
	if n < 0 {
		return nil
	}
	if n > int64(len(c.b)) {
		c.short = true
		c.b = nil
		return nil
	}
	return c.bytes(int(n))
}
