package kafka

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// topicIDVersion of the Metadata API is the first that asks for topics by name and tells their ids (KIP-516, Kafka 2.8).
const topicIDVersion = 10

// TopicID tells a topic from another one of the same name, made after it was deleted. Empty: the broker is too old to know.
func (c *Cluster) TopicID(ctx context.Context, topic string) (id string, err error) {
	doing := "ask for the id of topic " + topic
	err = c.mend(ctx, "Metadata", doing, startUp, func() error {
		known, err := c.knowsTopicIDs(ctx)
		if err == nil && known {
			id, err = c.topicID(ctx, topic)
		}
		return err
	})
	return id, failed(err, "%s", doing)
}

// knowsTopicIDs is asked first, since a broker hangs up on versions that it does not know.
func (c *Cluster) knowsTopicIDs(ctx context.Context) (bool, error) {
	answer, err := c.asker.ApiVersions(ctx, &kafkago.ApiVersionsRequest{})
	if err == nil {
		err = answer.Error
	}
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(answer.ApiKeys, func(k kafkago.ApiVersionsResponseApiKey) bool {
		return k.ApiKey == int(kmsg.Metadata) && k.MaxVersion >= topicIDVersion
	}), nil
}

// topicID asked once, of the first broker that answers.
func (c *Cluster) topicID(ctx context.Context, topic string) (string, error) {
	var faults []error
	for _, address := range c.cfg.Brokers {
		answer, err := c.describe(ctx, address, topic)
		switch {
		case err == nil:
			return idIn(answer, topic)
		case ctx.Err() != nil:
			return "", ctx.Err()
		}
		faults = append(faults, err)
	}
	return "", &unreachable{faults}
}

func idIn(answer *kmsg.MetadataResponse, topic string) (string, error) {
	for _, t := range answer.Topics {
		if t.Topic == nil || *t.Topic != topic {
			continue
		}
		if t.ErrorCode != 0 {
			return "", kafkago.Error(t.ErrorCode)
		}
		if t.TopicID == [16]byte{} {
			return "", nil
		}
		return hex.EncodeToString(t.TopicID[:]), nil
	}
	return "", kafkago.UnknownTopicOrPartition
}

// describe a topic as one broker knows it.
func (c *Cluster) describe(ctx context.Context, address, topic string) (*kmsg.MetadataResponse, error) {
	conn, err := c.connect(ctx, address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	question, asked := kmsg.NewPtrMetadataRequest(), kmsg.NewMetadataRequestTopic()
	asked.Topic = kmsg.StringPtr(topic)
	question.Version, question.Topics = topicIDVersion, []kmsg.MetadataRequestTopic{asked}
	answer, err := conn.roundTrip(ctx, question)
	if err != nil {
		return nil, err
	}
	return answer.(*kmsg.MetadataResponse), nil
}

// parseTopicID reads what TopicID gives.
func parseTopicID(id string) (out [16]byte, err error) {
	b, err := hex.DecodeString(id)
	if err != nil || copy(out[:], b) != len(b) || len(b) != len(out) {
		return out, fmt.Errorf("kafka: %q is no topic's id", id)
	}
	return out, nil
}
