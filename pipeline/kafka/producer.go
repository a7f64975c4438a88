package kafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/streamfit/streamfit/pipeline"
)

// producer writes numbered batches into a transaction: what is sent twice is stored once. It is not safe for concurrent use.
type producer struct {
	cluster     *Cluster
	transaction string
	id, epoch   int
	next        map[place]int32 // sequence number of the next record
}

// write records to a partition that belongs to the transaction, in order.
func (p *producer) write(ctx context.Context, to place, records []pipeline.Record) error {
	return p.cluster.inRequests(ctx, to, records, func(records []pipeline.Record) error { return p.once(ctx, to, records) })
}

// once is one try. A batch that was refused has taken no sequence numbers; one whose answer was lost is sent again with the same, and stored once.
func (p *producer) once(ctx context.Context, to place, records []pipeline.Record) error {
	set, err := p.encode(records, p.next[to])
	if err != nil {
		return err
	}
	answer, err := p.cluster.client.RawProduce(ctx, &kafkago.RawProduceRequest{
		Topic: to.topic, Partition: to.partition, RequiredAcks: kafkago.RequireAll, TransactionalID: p.transaction,
		RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(set)},
	})
	if err != nil {
		return err
	}
	if answer.Error != nil && !errors.Is(answer.Error, kafkago.DuplicateSequenceNumber) { // that one says that it is there already
		return answer.Error
	}
	p.next[to] = int32((int64(p.next[to]) + int64(len(records))) & math.MaxInt32) // begins again at 0
	return nil
}

const sizePrefix = 4 // before a batch, and counted by none of its offsets. A real broker refuses a batch without it, an embedded one does not mind

// encode the records as kafka-go does, which knows no producers, and then give the batch its producer.
func (p *producer) encode(records []pipeline.Record, sequence int32) ([]byte, error) {
	var out bytes.Buffer
	set := protocol.RecordSet{Version: supportedMagic, Records: kafkago.NewRecordReader(kafkaRecords(records, p.cluster.now())...)}
	if _, err := set.WriteTo(&out); err != nil {
		return nil, err
	}
	b := out.Bytes()[sizePrefix:]
	binary.BigEndian.PutUint16(b[atAttributes:], binary.BigEndian.Uint16(b[atAttributes:])|transactionalBit)
	binary.BigEndian.PutUint64(b[atProducer:], uint64(p.id))
	binary.BigEndian.PutUint16(b[atEpoch:], uint16(p.epoch))
	binary.BigEndian.PutUint32(b[atSequence:], uint32(sequence))
	binary.BigEndian.PutUint32(b[atCRC:], crc32.Checksum(b[atAttributes:], castagnoli))
	return out.Bytes(), nil
}
