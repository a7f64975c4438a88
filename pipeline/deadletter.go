package pipeline

import (
	"errors"
	"strconv"

	"github.com/streamfit/streamfit/pipeline/arrowipc"
)

// Headers of a dead letter. The first five carry Kafka Connect's names and forms (numbers as decimal strings), so that tools made for its dead letters
// read ours; the message's own key, value, headers and time are kept as they were.
const (
	HeaderTopic     = "__connect.errors.topic"
	HeaderPartition = "__connect.errors.partition"
	HeaderOffset    = "__connect.errors.offset"
	HeaderStage     = "__connect.errors.stage"
	HeaderMessage   = "__connect.errors.exception.message"
	HeaderModel     = "streamfit.model"
	HeaderReason    = "streamfit.reason" // a word: arrowipc.Error's Reason, or a row's reason
)

// deadLetter copies a message with its coordinates and the reason. It copies the bytes: the message is valid until the next Fetch only.
func deadLetter(p Partition, model, stage, reason string, m *Message, cause error) Record {
	r := Record{Key: clone(m.Key), Value: clone(m.Value), Time: m.Time}
	for _, h := range m.Headers {
		r.Headers = append(r.Headers, Header{Key: h.Key, Value: clone(h.Value)})
	}
	for _, h := range [...][2]string{
		{HeaderTopic, p.Topic}, {HeaderPartition, strconv.Itoa(p.ID)}, {HeaderOffset, strconv.FormatInt(m.Offset, 10)},
		{HeaderStage, stage}, {HeaderMessage, cause.Error()}, {HeaderModel, model}, {HeaderReason, reason},
	} {
		r.Headers = append(r.Headers, Header{Key: h[0], Value: []byte(h[1])})
	}
	return r
}

// clone keeps nil apart from empty: in Kafka a null value is a tombstone and an empty one is not.
func clone(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append([]byte{}, b...)
}

// reason of a decode error as a word for headers and metrics.
func reason(err error) string {
	var e *arrowipc.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return reasonOther
}

const reasonOther = "other"
