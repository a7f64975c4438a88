//go:build unix

package kafkatest_test

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"

	"github.com/streamfit/streamfit/internal/kafkatest"
)

func TestMain(m *testing.M) { os.Exit(kafkatest.Main(m)) }

func produce(t *testing.T, b *kafkatest.Broker, topic string, values ...string) {
	t.Helper()
	records := make([]kafka.Record, len(values))
	for i, v := range values {
		records[i].Value = kafka.NewBytes([]byte(v))
	}
	res, err := b.Client(t).Produce(t.Context(), &kafka.ProduceRequest{Topic: topic, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(records...)})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		t.Fatal(err)
	}
}

// fetch reads one answer's worth of partition 0 from the offset on.
func fetch(t *testing.T, b *kafkatest.Broker, topic string, offset int64) []string {
	t.Helper()
	res, err := b.Client(t).Fetch(t.Context(), &kafka.FetchRequest{Topic: topic, Offset: offset, MinBytes: 1, MaxBytes: 1 << 20})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for r, err := res.Records.ReadRecord(); err == nil; r, err = res.Records.ReadRecord() {
		if r.Offset >= offset { // the answer begins with a whole batch
			v, _ := kafka.ReadAll(r.Value)
			got = append(got, string(v))
		}
	}
	return got
}

func TestWhatIsProducedIsFetched(t *testing.T) {
	b := kafkatest.Shared(t)
	topic := kafkatest.TopicName(t, "flights")
	b.CreateTopic(t, topic, 1, nil)
	produce(t, b, topic, "a", "b")
	produce(t, b, topic, "c")
	if diff := cmp.Diff([]string{"b", "c"}, fetch(t, b, topic, 1)); diff != "" {
		t.Error(diff)
	}
}

func TestTopicSettingsArePassedOn(t *testing.T) {
	b := kafkatest.Shared(t)
	topic := kafkatest.TopicName(t, "state")
	b.CreateTopic(t, topic, 3, map[string]string{"cleanup.policy": "compact"})
	res, err := b.Client(t).DescribeConfigs(t.Context(), &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{
		{ResourceType: kafka.ResourceTypeTopic, ResourceName: topic, ConfigNames: []string{"cleanup.policy"}},
	}})
	if err != nil || len(res.Resources) != 1 || len(res.Resources[0].ConfigEntries) != 1 || res.Resources[0].ConfigEntries[0].ConfigValue != "compact" {
		t.Errorf("got %+v, %v, want cleanup.policy=compact", res, err)
	}
}

func TestSharedIsOneBroker(t *testing.T) {
	if a, b := kafkatest.Shared(t), kafkatest.Shared(t); a != b {
		t.Errorf("got two brokers, %s and %s", a.Addr(), b.Addr())
	}
}

func TestItsDataAndAddressOutliveTheProcess(t *testing.T) {
	b := kafkatest.Run(t)
	b.CreateTopic(t, "flights", 1, nil)
	produce(t, b, "flights", "a", "b", "c")
	addr := b.Addr()

	b.Kill()
	if c, err := net.Dial("tcp", addr); err == nil {
		c.Close()
		t.Fatal("the killed broker still accepts connections")
	}
	restart(t, b)
	if b.Addr() != addr {
		t.Errorf("started again on %s, not on %s", b.Addr(), addr)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, fetch(t, b, "flights", 0)); diff != "" {
		t.Errorf("after a kill: %s", diff)
	}
	if err := b.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "running already") {
		t.Errorf("a second Start: got %v, want an error", err)
	}

	produce(t, b, "flights", "d")
	b.Stop()
	b.Stop()
	restart(t, b)
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, fetch(t, b, "flights", 0)); diff != "" {
		t.Errorf("after a stop: %s", diff)
	}
}

func restart(t *testing.T, b *kafkatest.Broker) {
	t.Helper()
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}
