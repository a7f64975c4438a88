package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/streamfit/streamfit/pipeline"
)

// TransactorConfig says what a shard writes in its transactions, and for which partition of the input.
type TransactorConfig struct {
	ID                  string // transactional id: one owner at a time can use it, the last that began
	Output, DeadLetters *Sink  // nil: nothing is written there
	State               *StateLog
	Member              Member
	Partition           int
}

// Transactor writes shipments in Kafka transactions: updates, dead letters, state and the group's offset, all of them or none. A consumer that reads committed
// records sees each once. kafka-go has the requests of transactions, but its producers cannot write into one: its batches are encoded here (producer.go).
//
// A transaction is begun only when all that belongs to it is there, so none is open while a shard waits for its input.
type Transactor struct {
	cluster  *Cluster
	cfg      TransactorConfig
	producer *producer // nil: before Begin, and after a commit that failed
}

var _ pipeline.Transactor = (*Transactor)(nil)

// OpenTransactor asks nothing of the brokers yet.
func (c *Cluster) OpenTransactor(cfg TransactorConfig) *Transactor {
	return &Transactor{cluster: c, cfg: cfg}
}

// transactionTimeout is how long a transaction that its owner has left open may hold back the readers of its partitions, if nobody else begins.
const transactionTimeout = time.Minute

// Begin takes the transactional id: the broker aborts what an earlier owner has left open, and refuses what it tries from then on.
func (t *Transactor) Begin(ctx context.Context) error {
	doing := "begin transactions of " + t.cfg.ID
	return t.try(ctx, "InitProducerId", doing, func() error {
		answer, err := t.cluster.asker.InitProducerID(ctx, &kafkago.InitProducerIDRequest{
			TransactionalID: t.cfg.ID, TransactionTimeoutMs: int(transactionTimeout.Milliseconds()),
			ProducerID: -1, ProducerEpoch: -1, // a new owner; the zero values would be a producer of their own
		})
		if err == nil {
			err = answer.Error
		}
		if err != nil {
			return err
		}
		t.producer = &producer{cluster: t.cluster, transaction: t.cfg.ID, id: answer.Producer.ProducerID, epoch: answer.Producer.ProducerEpoch, next: map[place]int32{}}
		return nil
	})
}

// Commit a shipment.
func (t *Transactor) Commit(ctx context.Context, s pipeline.Shipment) error {
	if t.producer == nil {
		return errors.New("kafka: transactions must begin first")
	}
	writes, err := t.sort(ctx, s)
	if err != nil {
		return err
	}
	if err := t.write(ctx, writes, s.Position); err != nil {
		t.abort(ctx)
		return err
	}
	return t.try(ctx, "EndTxn", "commit a transaction of "+t.cfg.ID, func() error { return t.end(ctx, true) })
}

// sort the records of a shipment by where they go.
func (t *Transactor) sort(ctx context.Context, s pipeline.Shipment) (map[place][]pipeline.Record, error) {
	writes := map[place][]pipeline.Record{}
	for _, to := range []struct {
		sink    *Sink
		records []pipeline.Record
	}{{t.cfg.DeadLetters, s.DeadLetters}, {t.cfg.Output, s.Updates}} {
		if len(to.records) == 0 {
			continue
		}
		byPartition, err := to.sink.distribute(ctx, to.records)
		if err != nil {
			return nil, err
		}
		for partition, records := range byPartition {
			writes[place{to.sink.topic, partition}] = records
		}
	}
	if len(s.State) > 0 {
		writes[place{t.cfg.State.topic, t.cfg.State.partition}] = s.State
	}
	return writes, nil
}

// write the records and the group's offset into a new transaction.
func (t *Transactor) write(ctx context.Context, writes map[place][]pipeline.Record, position int64) error {
	if err := t.try(ctx, "AddPartitionsToTxn", "add partitions to a transaction of "+t.cfg.ID, func() error { return t.addPartitions(ctx, writes) }); err != nil {
		return err
	}
	for to, records := range writes {
		if err := fenced(t.producer.write(ctx, to, records)); err != nil {
			return err
		}
	}
	if err := t.try(ctx, "AddOffsetsToTxn", "add the offsets of group "+t.group()+" to a transaction of "+t.cfg.ID, func() error { return t.addOffsets(ctx) }); err != nil {
		return err
	}
	return t.try(ctx, "TxnOffsetCommit", fmt.Sprintf("commit offset %d of group %s in a transaction", position, t.group()), func() error { return t.commitOffset(ctx, position) })
}

func (t *Transactor) group() string { return t.cfg.Member.generation.GroupID }

// abort what was begun, as well as may be, so that readers need not wait for the time-out. The producer is of no more use: it is not known what it has written.
func (t *Transactor) abort(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, leaveWithin)
	defer cancel()
	err := t.try(ctx, "EndTxn", "abort a transaction of "+t.cfg.ID, func() error { return t.end(ctx, false) })
	t.producer = nil
	t.cluster.log.Debug().Err(err).Str("transaction", t.cfg.ID).Msg("kafka: aborted a transaction")
}

// try until it works, until ctx ends, or until it is known that it never will.
func (t *Transactor) try(ctx context.Context, api, doing string, do func() error) error {
	return fenced(failed(t.cluster.mend(ctx, api, doing, 0, do), "%s", doing))
}

// fenced marks the errors after which the shard must begin again from what is committed: somebody else has the transactional id or the partition, or the
// broker has given the transaction up, which it tells in the same words.
func fenced(err error) error {
	if patienceWith(err) != anew {
		return err
	}
	return fmt.Errorf("%w: %w", pipeline.ErrFenced, err)
}
