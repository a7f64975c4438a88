package kafka

import (
	"context"
	"errors"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/streamfit/streamfit/pipeline"
)

// The requests of a transaction, one try of each, in the order in which they are made. kafka-go finds the coordinator anew for each.

func (t *Transactor) addPartitions(ctx context.Context, writes map[place][]pipeline.Record) error {
	topics := map[string][]kafkago.AddPartitionToTxn{}
	for to := range writes {
		topics[to.topic] = append(topics[to.topic], kafkago.AddPartitionToTxn{Partition: to.partition})
	}
	answer, err := t.cluster.asker.AddPartitionsToTxn(ctx, &kafkago.AddPartitionsToTxnRequest{
		TransactionalID: t.cfg.ID, ProducerID: t.producer.id, ProducerEpoch: t.producer.epoch, Topics: topics,
	})
	if err != nil {
		return err
	}
	var attempted error
	for _, partitions := range answer.Topics {
		for _, p := range partitions {
			if p.Error != nil && !errors.Is(p.Error, kafkago.Error(operationNotAttempted)) {
				return p.Error
			}
			attempted = errors.Join(attempted, p.Error) // because of another one's error, which says why
		}
	}
	return attempted
}

// operationNotAttempted is a code that kafka-go has no name for.
const operationNotAttempted = 55

func (t *Transactor) addOffsets(ctx context.Context) error {
	answer, err := t.cluster.asker.AddOffsetsToTxn(ctx, &kafkago.AddOffsetsToTxnRequest{
		TransactionalID: t.cfg.ID, ProducerID: t.producer.id, ProducerEpoch: t.producer.epoch, GroupID: t.group(),
	})
	if err != nil {
		return err
	}
	return answer.Error
}

func (t *Transactor) commitOffset(ctx context.Context, position int64) error {
	member := t.cfg.Member
	answer, err := t.cluster.asker.TxnOffsetCommit(ctx, &kafkago.TxnOffsetCommitRequest{
		TransactionalID: t.cfg.ID, GroupID: t.group(), ProducerID: t.producer.id, ProducerEpoch: t.producer.epoch,
		GenerationID: int(member.generation.ID), MemberID: member.generation.MemberID,
		Topics: map[string][]kafkago.TxnOffsetCommit{member.topic: {{Partition: t.cfg.Partition, Offset: position}}},
	})
	if err != nil {
		return err
	}
	for _, p := range answer.Topics[member.topic] {
		if p.Error != nil {
			return p.Error
		}
	}
	return nil
}

// end the transaction. Asking again for the end that it has had already is answered as if it were the first time.
func (t *Transactor) end(ctx context.Context, commit bool) error {
	answer, err := t.cluster.asker.EndTxn(ctx, &kafkago.EndTxnRequest{
		TransactionalID: t.cfg.ID, ProducerID: t.producer.id, ProducerEpoch: t.producer.epoch, Committed: commit,
	})
	if err != nil {
		return err
	}
	return answer.Error
}
