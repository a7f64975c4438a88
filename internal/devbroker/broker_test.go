package devbroker_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"github.com/streamfit/streamfit/internal/devbroker"
)

func start(t *testing.T, o devbroker.Options) (*devbroker.Broker, *kafka.Client) {
	t.Helper()
	b, err := devbroker.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	transport := &kafka.Transport{}
	t.Cleanup(func() { transport.CloseIdleConnections(); b.Close() })
	return b, &kafka.Client{Addr: kafka.TCP(b.Brokers()...), Transport: transport}
}

func produce(t *testing.T, c *kafka.Client, topic string, records ...kafka.Record) {
	t.Helper()
	res, err := c.Produce(t.Context(), &kafka.ProduceRequest{Topic: topic, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(records...)})
	if err = errors.Join(err, fault(res)); err != nil {
		t.Fatal(err)
	}
}

func fault(res *kafka.ProduceResponse) error {
	if res == nil {
		return nil
	}
	return res.Error
}

// keyed makes n records of one key, whose values are 0, 1, … padded to size bytes.
func keyed(key string, n, size int) []kafka.Record {
	records := make([]kafka.Record, n)
	for i := range records {
		value := fmt.Sprintf("%0*d", size, i)
		records[i] = kafka.Record{Key: kafka.NewBytes([]byte(key)), Value: kafka.NewBytes([]byte(value))}
	}
	return records
}

// values reads partition 0 from its beginning to its end.
func values(t *testing.T, c *kafka.Client, topic string) []string {
	t.Helper()
	var got []string
	offset, end := offsets(t, c, topic)
	for offset < end {
		res, err := c.Fetch(t.Context(), &kafka.FetchRequest{Topic: topic, Offset: offset, MinBytes: 1, MaxBytes: 1 << 20})
		if err = errors.Join(err, fetchFault(res)); err != nil {
			t.Fatal(err)
		}
		for r, err := res.Records.ReadRecord(); err == nil; r, err = res.Records.ReadRecord() {
			v, _ := kafka.ReadAll(r.Value)
			got, offset = append(got, string(v)), r.Offset+1
		}
	}
	return got
}

func fetchFault(res *kafka.FetchResponse) error {
	if res == nil {
		return nil
	}
	return res.Error
}

func offsets(t *testing.T, c *kafka.Client, topic string) (first, end int64) {
	t.Helper()
	res, err := c.ListOffsets(t.Context(), &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: {kafka.FirstOffsetOf(0), kafka.LastOffsetOf(0)}}})
	if err != nil {
		t.Fatal(err)
	}
	p := res.Topics[topic][0]
	return p.FirstOffset, p.LastOffset
}

func TestRecordsComeBackInMemory(t *testing.T) {
	_, client := start(t, devbroker.Options{Topics: []devbroker.Topic{{Name: "flights"}}})
	produce(t, client, "flights", keyed("k", 3, 1)...)
	if diff := cmp.Diff([]string{"0", "1", "2"}, values(t, client, "flights")); diff != "" {
		t.Error(diff)
	}
}

func TestTopicsAreMadeAsAsked(t *testing.T) {
	b, _ := start(t, devbroker.Options{Topics: []devbroker.Topic{
		{Name: "flights", Partitions: 3},
		{Name: "state", Compacted: true},
		{Name: "model", RetentionBytes: 1 << 20},
	}})
	got := map[string]string{}
	for _, name := range []string{"flights", "state", "model"} {
		info := b.Cluster().TopicInfo(name)
		got[name] = fmt.Sprint(len(b.Cluster().PartitionInfos(name)))
		for _, key := range []string{"cleanup.policy", "retention.bytes", "segment.bytes"} {
			if v := info.Configs[key]; v != nil {
				got[name] += " " + key + "=" + *v
			}
		}
	}
	want := map[string]string{"flights": "3", "state": "1 cleanup.policy=compact", "model": "1 retention.bytes=1048576 segment.bytes=131072"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRecordsTopicsAndGroupOffsetsSurviveARestart(t *testing.T) {
	o := devbroker.Options{DataDir: t.TempDir(), Topics: []devbroker.Topic{{Name: "flights"}, {Name: "state", Compacted: true}}}
	first, client := start(t, o)
	produce(t, client, "flights", keyed("k", 5, 1)...)
	commit(t, client, "flights", 4)
	first.Close()

	o.Addr = first.Brokers()[0] // the same port: clients find it again
	second, client := start(t, o)
	if diff := cmp.Diff([]string{"0", "1", "2", "3", "4"}, values(t, client, "flights")); diff != "" {
		t.Errorf("records: %s", diff)
	}
	res, err := client.OffsetFetch(t.Context(), &kafka.OffsetFetchRequest{GroupID: "g", Topics: map[string][]int{"flights": {0}}})
	if err != nil || res.Topics["flights"][0].CommittedOffset != 4 {
		t.Errorf("committed offset: got %+v, %v, want 4", res, err)
	}
	if policy := second.Cluster().TopicInfo("state").Configs["cleanup.policy"]; policy == nil || *policy != "compact" {
		t.Errorf("state topic: cleanup.policy %v, want compact", policy)
	}
}

func commit(t *testing.T, c *kafka.Client, topic string, offset int64) {
	t.Helper()
	res, err := c.OffsetCommit(t.Context(), &kafka.OffsetCommitRequest{
		GroupID: "g", GenerationID: -1, Topics: map[string][]kafka.OffsetCommit{topic: {{Partition: 0, Offset: offset}}},
	})
	if err != nil || res.Topics[topic][0].Error != nil {
		t.Fatal(err, res)
	}
}

func TestRetentionBoundsATopic(t *testing.T) {
	const bound = 1 << 20
	b, client := start(t, devbroker.Options{Topics: []devbroker.Topic{{Name: "flights", RetentionBytes: bound}}})
	for range 40 { // 4 MB in all
		produce(t, client, "flights", keyed("k", 100, 1000)...)
	}
	b.Cluster().ApplyRetention()
	if held := b.Cluster().PartitionInfo("flights", 0).NumBytes; held > bound || held < bound/2 {
		t.Errorf("the topic holds %d bytes, want between half of %d and all of it", held, bound)
	}
	if first, end := offsets(t, client, "flights"); first == 0 || end != 4000 {
		t.Errorf("offsets from %d to %d, want the first moved on and the end at 4000", first, end)
	}
}

func TestCompactionKeepsTheNewestOfEachKey(t *testing.T) {
	b, client := start(t, devbroker.Options{Topics: []devbroker.Topic{{Name: "state", Compacted: true}}})
	for range 2 {
		for _, key := range []string{"a", "b"} {
			produce(t, client, "state", keyed(key, 3, 1)...)
		}
	}
	b.Cluster().Compact()
	// The newest batch is left alone, and does not count yet, as in Kafka's active segment: before it, the newest of "b" and of "a".
	if diff := cmp.Diff([]string{"2", "2", "0", "1", "2"}, values(t, client, "state")); diff != "" {
		t.Error(diff)
	}
}

func TestOldTimestampsAreKept(t *testing.T) {
	b, client := start(t, devbroker.Options{Topics: []devbroker.Topic{{Name: "flights"}, {Name: "other", RetentionBytes: 1 << 20}}})
	old := keyed("k", 1, 1)
	old[0].Time = time.Date(2001, 3, 31, 0, 0, 0, 0, time.UTC)
	produce(t, client, "flights", old...)
	b.Cluster().ApplyRetention()
	if diff := cmp.Diff([]string{"0"}, values(t, client, "flights")); diff != "" {
		t.Error(diff)
	}
}

func TestAutoCreate(t *testing.T) {
	for _, auto := range []bool{false, true} {
		b, _ := start(t, devbroker.Options{AutoCreate: auto})
		w := &kafka.Writer{Addr: kafka.TCP(b.Brokers()...), Topic: "new", AllowAutoTopicCreation: true, MaxAttempts: 3, BatchSize: 1, Transport: &kafka.Transport{}}
		err := w.WriteMessages(t.Context(), kafka.Message{Value: []byte("v")})
		w.Transport.(*kafka.Transport).CloseIdleConnections()
		_ = w.Close()
		if made := len(b.Cluster().PartitionInfos("new")) == 1; made != auto {
			t.Errorf("AutoCreate %v: topic made: %v (%v)", auto, made, err)
		}
	}
}

func TestFaultsReachTheClient(t *testing.T) {
	b, client := start(t, devbroker.Options{Topics: []devbroker.Topic{{Name: "flights"}}})
	h := b.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "flights", Err: kerr.NotEnoughReplicas, Count: 1})
	res, err := client.Produce(t.Context(), &kafka.ProduceRequest{Topic: "flights", RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(keyed("k", 1, 1)...)})
	if err != nil || !errors.Is(res.Error, kafka.NotEnoughReplicas) {
		t.Errorf("got %+v, %v, want NotEnoughReplicas", res, err)
	}
	if h.Hits() != 1 {
		t.Errorf("the fault was hit %d times, want once", h.Hits())
	}
	produce(t, client, "flights", keyed("k", 1, 1)...)
}

func TestFaultyOptions(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	b, _ := start(t, devbroker.Options{DataDir: dir, Topics: []devbroker.Topic{{Name: "flights", Partitions: 2}}})
	b.Close()
	for name, c := range map[string]struct {
		options devbroker.Options
		want    string
	}{
		"no port":          {devbroker.Options{Addr: "localhost"}, "want host:port"},
		"every interface":  {devbroker.Options{Addr: "0.0.0.0:9092"}, "names no host"},
		"no host":          {devbroker.Options{Addr: ":9092"}, "names no host"},
		"port taken":       {devbroker.Options{Addr: taken.Addr().String()}, "cannot listen on " + taken.Addr().String()},
		"other partitions": {devbroker.Options{DataDir: dir, Topics: []devbroker.Topic{{Name: "flights", Partitions: 3}}}, `"flights" exists with 2 partitions, not 3`},
		"nameless topic":   {devbroker.Options{Topics: []devbroker.Topic{{}}}, "no name"},
		"no directory":     {devbroker.Options{DataDir: "/dev/null/x"}, "/dev/null/x"},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := devbroker.Start(c.options)
			if err == nil {
				b.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error that says %q", err, c.want)
			}
		})
	}
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	b, err := devbroker.Start(devbroker.Options{DataDir: t.TempDir(), Topics: []devbroker.Topic{{Name: "flights"}}})
	if err != nil {
		t.Fatal(err)
	}
	transport := &kafka.Transport{}
	produce(t, &kafka.Client{Addr: kafka.TCP(b.Brokers()...), Transport: transport}, "flights", keyed("k", 1, 1)...)
	transport.CloseIdleConnections()
	b.Close()
	b.Close()
	if c, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", b.Brokers()[0]); err == nil {
		c.Close()
		t.Error("the closed broker still accepts connections")
	}
}
