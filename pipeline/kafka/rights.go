package kafka

import (
	"context"
	"errors"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// needs says which operation each request needs on the resource that Kafka refuses; without an entry, Kafka's own words must do.
var needs = map[kafkago.Error]struct {
	resource   string
	operations map[string]string // by request
}{
	kafkago.TopicAuthorizationFailed: {"topic", map[string]string{
		"Metadata": "Describe", "ListOffsets": "Describe", "Fetch": "Read", "Produce": "Write", "CreateTopics": "Create", "CreatePartitions": "Alter", "DescribeConfigs": "DescribeConfigs",
		"AddPartitionsToTxn": "Write", "TxnOffsetCommit": "Read", "JoinGroup": "Describe",
	}},
	kafkago.GroupAuthorizationFailed: {"group", map[string]string{
		"JoinGroup": "Read", "OffsetCommit": "Read", "AddOffsetsToTxn": "Read", "TxnOffsetCommit": "Read",
	}},
	kafkago.ClusterAuthorizationFailed: {"cluster", map[string]string{
		"CreateTopics": "Create", "Produce": "IdempotentWrite", "InitProducerId": "IdempotentWrite",
	}},
	kafkago.TransactionalIDAuthorizationFailed: {"transactional id", map[string]string{
		"InitProducerId": "Write", "AddPartitionsToTxn": "Write", "AddOffsetsToTxn": "Write", "Produce": "Write", "TxnOffsetCommit": "Write", "EndTxn": "Write",
	}},
}

// explain a refusal for want of a right: which operation is needed on what. The resource's name is in what was being done.
func explain(api string, err error) error {
	var code kafkago.Error
	if err == nil || !errors.As(err, &code) {
		return err
	}
	need, operation := needs[code], needs[code].operations[api]
	if operation == "" {
		return err
	}
	return fmt.Errorf("not allowed: the user needs the operation %s on this %s, granted with kafka-acls --add --operation %s --%s (docs/security.md lists all): %w",
		operation, need.resource, operation, flagOf(need.resource), err)
}

// routed asks the brokers where kafka-go only says that it knows no topic, partition or leader to write to: it keeps to itself what they have told it, which may
// be that the user has no right to know. If they know better by now, it is tried again.
func (c *Cluster) routed(ctx context.Context, topic string, err error) error {
	if !errors.Is(err, protocol.ErrNoTopic) && !errors.Is(err, protocol.ErrNoPartition) && !errors.Is(err, protocol.ErrNoLeader) {
		return err
	}
	if _, told := c.lookUp(ctx, topic); told != nil {
		return told
	}
	return fmt.Errorf("%w: %w", err, kafkago.LeaderNotAvailable)
}

func flagOf(resource string) string {
	if resource == "transactional id" {
		return "transactional-id"
	}
	return resource
}
