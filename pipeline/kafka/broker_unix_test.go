//go:build unix

package kafka

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/streamfit/streamfit/internal/kafkatest"
)

func init() {
	runTests = kafkatest.Main
	realBroker = func(t testing.TB) []string { return kafkatest.Shared(t).Brokers() }
}

// TestEverythingSurvivesABrokerThatIsKilled and started again: fetching, writing and the group go on where they were.
func TestEverythingSurvivesABrokerThatIsKilled(t *testing.T) {
	broker := kafkatest.Run(t)
	c := open(t, broker.Brokers())
	name := topic(t, c, Topic{})
	sink, s, m := c.OpenSink(name), source(t, c, SourceConfig{Topic: name}), newMembers()
	join(t, c, GroupConfig{Group: "g", Topic: name}, m.work("member"))
	m.await(t, "joined", owned(1, "member"))
	written(t, sink, "before")
	broker.Kill()
	ended := make(chan error)
	go func() { ended <- sink.Write(t.Context(), valued("meanwhile")...) }()
	if err := broker.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	m.await(t, "joined again", func(owners map[int][]string) bool { return owned(1, "member")(owners) && m.begun >= 2 })
	written(t, sink, "after")
	if got, _ := take(t, s, 3, 3); !slices.Equal(valuesOf(got), []string{"before", "meanwhile", "after"}) {
		t.Error(got)
	}
}

// TestFetchFromACompressedTopicThatTheBrokerCompacted: batches keep the offsets they spanned, though their last records are gone. kafka-go's Reader reads
// such a batch forever. No embedded broker leaves one behind.
func TestFetchFromACompressedTopicThatTheBrokerCompacted(t *testing.T) {
	broker := kafkatest.Shared(t)
	c := open(t, broker.Brokers())
	name := topic(t, c, Topic{Compacted: true, Settings: map[string]string{"segment.ms": "1", "min.cleanable.dirty.ratio": "0.01", "max.compaction.lag.ms": "1"}})
	producer := franz(t, broker.Brokers(), kgo.ProducerBatchCompression(kgo.Lz4Compression()))
	const batches, each = 5, 4
	for b := range batches {
		var records []*kgo.Record
		for i := range each { // the first of each batch stays, the others give way to the next batch's
			key := fmt.Sprint("key ", i)
			if i == 0 {
				key = fmt.Sprint("kept of ", b)
			}
			records = append(records, &kgo.Record{Topic: name, Key: []byte(key), Value: fmt.Appendf(nil, "%d of %d, padded to be worth a codec: %050d", i, b, 0)})
		}
		if err := producer.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	const kept = batches + 2*(each-1) // the segment that is written to, with the last batch, is never cleaned, nor does it clean others
	got, err := backoff.Retry(t.Context(), func() ([]message, error) {
		got, _ := take(t, source(t, c, SourceConfig{Topic: name}), 0, batches*each)
		if len(got) > kept {
			return nil, errors.New("it is not compacted yet")
		}
		return got, nil
	}, backoff.WithBackOff(backoff.NewConstantBackOff(250*time.Millisecond)), backoff.WithMaxElapsedTime(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != kept || got[1].Offset != each || got[1].Key != "kept of 1" {
		t.Errorf("%v", got)
	}
	for from := range int64(batches * each) {
		if _, next := take(t, source(t, c, SourceConfig{Topic: name, Offset: from}), 1, batches*each); next != batches*each {
			t.Errorf("from %d: next %d", from, next)
		}
	}
}
