package kafka

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var versions = []int16{namedVersion, identifiedVersion}

// FuzzFetchResponse: whatever a broker answers, it is an error or refers to no more than there is.
func FuzzFetchResponse(f *testing.F) {
	for _, version := range versions {
		for _, r := range []kmsg.FetchResponse{answer(version, 0, nil), answer(version, 6, []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 1, FirstOffset: 2}}), {Version: version}} {
			f.Add(version == identifiedVersion, body(r))
		}
	}
	f.Fuzz(func(t *testing.T, identified bool, data []byte) {
		version := int16(namedVersion)
		if identified {
			version = identifiedVersion
		}
		var r fetchResponse
		if err := parseFetch(data, version, &r); err == nil && (len(r.records) > len(data) || len(r.aborted) > len(data)/16) {
			t.Fatalf("%d bytes of records and %d aborted transactions in %d bytes", len(r.records), len(r.aborted), len(data))
		}
	})
}

func answer(version, code int16, aborted []kmsg.FetchResponseTopicPartitionAbortedTransaction) kmsg.FetchResponse {
	return kmsg.FetchResponse{Version: version, ThrottleMillis: 20, Topics: []kmsg.FetchResponseTopic{{Topic: "flights", Partitions: []kmsg.FetchResponseTopicPartition{{
		ErrorCode: code, HighWatermark: 9, LastStableOffset: 8, LogStartOffset: 3, AbortedTransactions: aborted, RecordBatches: []byte("records"),
		DivergingEpoch: kmsg.FetchResponseTopicPartitionDivergingEpoch{Epoch: 3, EndOffset: 7}, // a tag
	}}}}}
}

// body of a response, with the tags of its head.
func body(r kmsg.FetchResponse) []byte {
	if r.IsFlexible() {
		return r.AppendTo([]byte{0})
	}
	return r.AppendTo(nil)
}

func TestParseFetch(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			whole := body(answer(version, 0, []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 1, FirstOffset: 2}, {ProducerID: 3, FirstOffset: 4}}))
			var r fetchResponse
			if err := parseFetch(whole, version, &r); err != nil || string(r.records) != "records" || r.highWatermark != 9 || r.lastStable != 8 || r.logStart != 3 ||
				r.throttle.Milliseconds() != 20 || !slices.Equal(r.aborted, []abortedTransaction{{1, 2}, {3, 4}}) {
				t.Errorf("%+v, error %v", r, err)
			}
			for n := range len(whole) {
				if err := parseFetch(whole[:n], version, &r); !errors.Is(err, errMalformed) {
					t.Fatalf("%d of %d bytes: error %v", n, len(whole), err)
				}
			}
			if err := parseFetch(body(answer(version, 6, nil)), version, &r); !errors.Is(err, kafkago.NotLeaderForPartition) {
				t.Errorf("error %v, want that of the partition", err)
			}
			if err := parseFetch(body(kmsg.FetchResponse{Version: version, ErrorCode: 29}), version, &r); !errors.Is(err, kafkago.TopicAuthorizationFailed) {
				t.Errorf("error %v, want that of the response", err)
			}
			if err := parseFetch(body(kmsg.FetchResponse{Version: version, ThrottleMillis: 70}), version, &r); err != nil || r.throttle.Milliseconds() != 70 || len(r.records) != 0 {
				t.Errorf("%+v, error %v; want an empty answer that asks for a pause", r, err)
			}
		})
	}
}
