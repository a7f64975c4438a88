//go:build unix

package kafkatest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/segmentio/kafka-go"
)

// Client of the broker, with connections of its own that are closed at the test's end.
func (b *Broker) Client(t testing.TB) *kafka.Client {
	transport := &kafka.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &kafka.Client{Addr: kafka.TCP(b.Brokers()...), Transport: transport}
}

// CreateTopic makes a topic with settings such as {"cleanup.policy": "compact"} and returns when its partitions have a leader.
func (b *Broker) CreateTopic(t testing.TB, name string, partitions int, settings map[string]string) {
	t.Helper()
	topic := kafka.TopicConfig{Topic: name, NumPartitions: partitions, ReplicationFactor: 1}
	for key, value := range settings {
		topic.ConfigEntries = append(topic.ConfigEntries, kafka.ConfigEntry{ConfigName: key, ConfigValue: value})
	}
	client := b.Client(t)
	res, err := client.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{topic}})
	if err == nil {
		err = res.Errors[name]
	}
	if err == nil {
		err = awaitLeaders(t, client, name, partitions)
	}
	if err != nil {
		t.Fatalf("topic %q: %v", name, err)
	}
}

func awaitLeaders(t testing.TB, client *kafka.Client, name string, partitions int) error {
	_, err := backoff.Retry(t.Context(), func() (struct{}, error) {
		meta, err := client.Metadata(t.Context(), &kafka.MetadataRequest{Topics: []string{name}})
		if err == nil && !allLed(meta, name, partitions) {
			err = errors.New("its partitions have no leader yet")
		}
		return struct{}{}, err
	}, backoff.WithBackOff(backoff.NewConstantBackOff(20*time.Millisecond)), backoff.WithMaxElapsedTime(startTimeout))
	return err
}

func allLed(meta *kafka.MetadataResponse, name string, partitions int) bool {
	i := slices.IndexFunc(meta.Topics, func(t kafka.Topic) bool { return t.Name == name })
	if i < 0 || meta.Topics[i].Error != nil || len(meta.Topics[i].Partitions) != partitions {
		return false
	}
	return !slices.ContainsFunc(meta.Topics[i].Partitions, func(p kafka.Partition) bool { return p.Error != nil || p.Leader.Port == 0 })
}

// End is the offset that the partition's next record will have.
func (b *Broker) End(t testing.TB, topic string, partition int) int64 {
	t.Helper()
	res, err := b.Client(t).ListOffsets(t.Context(), &kafka.ListOffsetsRequest{
		Topics: map[string][]kafka.OffsetRequest{topic: {kafka.LastOffsetOf(partition)}},
	})
	if err == nil {
		err = res.Topics[topic][0].Error
	}
	if err != nil {
		t.Fatalf("end of %s-%d: %v", topic, partition, err)
	}
	return res.Topics[topic][0].LastOffset
}

var topicsNamed atomic.Int64

// TopicName is a name for the test's own topic on a shared broker: the test's name, where Kafka allows its characters, what the topic is for, and
// a number, so that a test that is run twice gets two.
func TopicName(t testing.TB, what string) string {
	return fmt.Sprintf("%s-%s-%d", illegal.ReplaceAllString(t.Name(), "-"), what, topicsNamed.Add(1))
}

var illegal = regexp.MustCompile(`[^a-zA-Z0-9_-]`)
