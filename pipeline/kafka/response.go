package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// The versions of the Fetch API that are spoken.
const (
	namedVersion      = 11 // names the topic; all brokers since 2.3 know it, 4.x too
	identifiedVersion = 13 // gives its id instead (KIP-516, Kafka 3.1)
)

// fetchResponse is the answer for the one partition that was asked for.
type fetchResponse struct {
	throttle                            time.Duration // for which the broker asks not to be asked again
	highWatermark, lastStable, logStart int64
	aborted                             []abortedTransaction
	records                             []byte // record batches, the last of which may be cut off
}

var errMalformed = errors.New("a response that is no answer to Fetch")

// parseFetch reads the body of a response. Its records refer to b.
func parseFetch(b []byte, version int16, r *fetchResponse) error {
	p := cursor{b: b, flexible: version == identifiedVersion}
	p.tags() // of the head
	*r = fetchResponse{aborted: r.aborted[:0], highWatermark: -1}
	r.throttle = time.Duration(p.int32()) * time.Millisecond
	if code := p.int16(); code != 0 {
		return refusal(code)
	}
	p.skip(4) // session
	topics := p.count()
	if topics == 0 && !p.short {
		return nil // the quota is exceeded: nothing is sent (KIP-219)
	}
	if topics != 1 {
		return errMalformed
	}
	if p.flexible {
		p.skip(16) // the topic's id
	} else {
		p.skip(int(p.int16())) // the topic
	}
	if p.count() != 1 {
		return errMalformed
	}
	p.skip(4) // partition
	code := p.int16()
	r.highWatermark, r.lastStable, r.logStart = p.int64(), p.int64(), p.int64()
	for range p.count() {
		if p.short {
			return errMalformed
		}
		r.aborted = append(r.aborted, abortedTransaction{producer: p.int64(), first: p.int64()})
		p.tags()
	}
	p.skip(4) // preferred replica
	r.records = p.bytes(p.count())
	for range 3 { // of the partition, the topic and the response
		p.tags()
	}
	if code != 0 {
		return refusal(code)
	}
	if p.short {
		return errMalformed
	}
	return nil
}

// refusal with a code of Kafka's, in words where kafka-go has none for it.
func refusal(code int16) error {
	err := kafkago.Error(code)
	if err == unknownTopicID || err == inconsistentTopicID {
		return fmt.Errorf("the broker has no topic of this id: %w", err)
	}
	return err
}

// cursor over big-endian fields. Beyond the end everything is zero and short is set.
type cursor struct {
	b        []byte
	flexible bool // the encoding of KIP-482, with varints for counts, and tags
	short    bool
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

// count of what follows: elements of an array, or bytes; 0 for those that are null.
func (c *cursor) count() int {
	if !c.flexible {
		return int(max(0, c.int32()))
	}
	return int(min(max(1, c.uvarint()), math.MaxInt32)) - 1 // null is 0, none is 1
}

// tags of the flexible encoding, none of which matter here.
func (c *cursor) tags() {
	if !c.flexible {
		return
	}
	for n := c.uvarint(); n > 0 && !c.short; n-- {
		c.uvarint()
		c.skip(int(min(c.uvarint(), math.MaxInt32)))
	}
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.short = true
		c.b = nil
		return 0
	}
	c.b = c.b[n:]
	return v
}

// varint in zigzag form.
func (c *cursor) varint() int64 {
	v := c.uvarint()
	return int64(v>>1) ^ -int64(v&1)
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
