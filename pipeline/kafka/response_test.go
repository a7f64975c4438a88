package kafka

import (
	"errors"
	"slices"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// FuzzFetchResponse: whatever a broker answers, it is an error or refers to no more than there is.
func FuzzFetchResponse(f *testing.F) {
	for _, r := range []kmsg.FetchResponse{answer("flights", 0, nil), answer("", 6, []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 1, FirstOffset: 2}}), {Version: fetchVersion}} {
		f.Add(r.AppendTo(nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var r fetchResponse
		if err := parseFetch(data, &r); err == nil && (len(r.records) > len(data) || len(r.aborted) > len(data)/16) {
			t.Fatalf("%d bytes of records and %d aborted transactions in %d bytes", len(r.records), len(r.aborted), len(data))
		}
	})
}

func answer(topic string, code int16, aborted []kmsg.FetchResponseTopicPartitionAbortedTransaction) kmsg.FetchResponse {
	return kmsg.FetchResponse{Version: fetchVersion, ThrottleMillis: 20, Topics: []kmsg.FetchResponseTopic{{Topic: topic, Partitions: []kmsg.FetchResponseTopicPartition{{
		ErrorCode: code, HighWatermark: 9, LastStableOffset: 8, LogStartOffset: 3, AbortedTransactions: aborted, RecordBatches: []byte("records"),
	}}}}}
}

func TestParseFetch(t *testing.T) {
	ok := answer("flights", 0, []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 1, FirstOffset: 2}, {ProducerID: 3, FirstOffset: 4}})
	body := ok.AppendTo(nil)
	var r fetchResponse
	if err := parseFetch(body, &r); err != nil || string(r.records) != "records" || r.highWatermark != 9 || r.lastStable != 8 || r.logStart != 3 ||
		r.throttle.Milliseconds() != 20 || !slices.Equal(r.aborted, []abortedTransaction{{1, 2}, {3, 4}}) {
		t.Errorf("%+v, error %v", r, err)
	}
	for n := range len(body) {
		if err := parseFetch(body[:n], &r); !errors.Is(err, errMalformed) {
			t.Fatalf("%d of %d bytes: error %v", n, len(body), err)
		}
	}
	moved := answer("flights", 6, nil)
	if err := parseFetch(moved.AppendTo(nil), &r); !errors.Is(err, kafkago.NotLeaderForPartition) {
		t.Errorf("error %v, want that of the partition", err)
	}
	refused := kmsg.FetchResponse{Version: fetchVersion, ErrorCode: 29}
	if err := parseFetch(refused.AppendTo(nil), &r); !errors.Is(err, kafkago.TopicAuthorizationFailed) {
		t.Errorf("error %v, want that of the response", err)
	}
	throttled := kmsg.FetchResponse{Version: fetchVersion, ThrottleMillis: 70}
	if err := parseFetch(throttled.AppendTo(nil), &r); err != nil || r.throttle.Milliseconds() != 70 || len(r.records) != 0 {
		t.Errorf("%+v, error %v; want an empty answer that asks for a pause", r, err)
	}
}
