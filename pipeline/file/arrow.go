package file

import (
	"errors"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/streamfit/streamfit/pipeline/arrowipc"
	"github.com/streamfit/streamfit/pipeline/file/internal/table"
)

// batchBytes bounds one record batch of an Arrow file. A message from Kafka is held to less; here the person at the keyboard chose the file.
const batchBytes = 1 << 30

// arrowReader cuts the record batches of an IPC file or stream to BatchRows and picks the columns.
type arrowReader struct {
	in     *arrowipc.StreamReader
	schema *arrow.Schema
	fields []int
	batch  arrow.Record // the rest of the batch from row on
	row    int64
	rows   int64
}

func openArrow(in *input, o Options) (Reader, error) {
	limits := arrowipc.DefaultLimits()
	limits.MessageBytes, limits.DecodedBytes, limits.Rows = batchBytes, batchBytes, batchBytes
	stream, err := arrowipc.NewStreamReader(in.buffered, limits)
	if err != nil {
		return nil, arrowError(err)
	}
	schema := stream.Schema()
	fields, err := table.Select(o.Columns, namesOf(schema), nil)
	if err != nil {
		return nil, err
	}
	return &arrowReader{in: stream, schema: projected(schema, fields), fields: fields, rows: int64(o.batchRows())}, nil
}

func projected(s *arrow.Schema, fields []int) *arrow.Schema {
	list := make([]arrow.Field, len(fields))
	for i, f := range fields {
		list[i] = s.Field(f)
	}
	metadata := s.Metadata()
	return arrow.NewSchema(list, &metadata)
}

func (r *arrowReader) Schema() *arrow.Schema { return r.schema }

func (r *arrowReader) Close() error { return nil }

func (r *arrowReader) Next() (arrow.Record, error) {
	for r.batch == nil || r.row == r.batch.NumRows() {
		batch, err := r.in.Next()
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		if err != nil {
			return nil, arrowError(err)
		}
		r.batch, r.row = r.project(batch), 0
	}
	end := min(r.row+r.rows, r.batch.NumRows())
	rec := r.batch.NewSlice(r.row, end)
	r.row = end
	return rec, nil
}

func (r *arrowReader) project(batch arrow.Record) arrow.Record {
	arrays := make([]arrow.Array, len(r.fields))
	for i, f := range r.fields {
		arrays[i] = batch.Column(f)
	}
	return array.NewRecord(r.schema, arrays, batch.NumRows())
}

// arrowError passes on what the disk says; everything else is damage, but for limits and types, which say themselves what to do.
func arrowError(err error) error {
	var e *arrowipc.Error
	if !errors.As(err, &e) || e.Reason == "limit" || e.Reason == "type" {
		return err
	}
	return damaged("%w", err)
}
