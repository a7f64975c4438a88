package arrowipc

import (
	"encoding/binary"

	flatbuffers "github.com/google/flatbuffers/go"
)

// What follows writes IPC messages by hand, so that they can say what no writer would.

// craftedField of a schema.
type craftedField struct {
	name       string
	kind       uint8
	zone       string                       // of timestamps: the type's slot 1
	parameters func(b *flatbuffers.Builder) // of the type: fills a table of 4 slots
	children   []craftedField
	dictionary int64 // id; 0: none
	indexBits  int32
	metadata   int // pairs
}

func float64Field(name string) craftedField {
	return craftedField{name: name, kind: typeFloat, parameters: func(b *flatbuffers.Builder) { b.PrependInt16Slot(0, 2, 0) }}
}

func intField(name string, bits int32) craftedField {
	return craftedField{name: name, kind: typeInt, parameters: func(b *flatbuffers.Builder) {
		b.PrependInt32Slot(0, bits, 0)
		b.PrependBoolSlot(1, true, false)
	}}
}

func timestampField(name, zone string) craftedField {
	return craftedField{name: name, kind: typeTimestamp, zone: zone}
}

func kindField(name string, kind uint8) craftedField { return craftedField{name: name, kind: kind} }

func (f craftedField) write(b *flatbuffers.Builder) flatbuffers.UOffsetT {
	name := b.CreateString(f.name)
	children := writeFields(b, f.children)
	zone := b.CreateString(f.zone)
	b.StartObject(4)
	if f.zone != "" {
		b.PrependUOffsetTSlot(1, zone, 0)
	}
	if f.parameters != nil {
		f.parameters(b)
	}
	parameters := b.EndObject()
	var dictionary, metadata flatbuffers.UOffsetT
	if f.dictionary != 0 {
		b.StartObject(2)
		b.PrependInt32Slot(0, f.indexBits, 0)
		b.PrependBoolSlot(1, true, false)
		index := b.EndObject()
		b.StartObject(4)
		b.PrependInt64Slot(slotID, f.dictionary, 0)
		b.PrependUOffsetTSlot(slotIndexType, index, 0)
		dictionary = b.EndObject()
	}
	if f.metadata > 0 {
		b.StartObject(2)
		pair := b.EndObject()
		b.StartVector(4, f.metadata, 4)
		for range f.metadata {
			b.PrependUOffsetT(pair)
		}
		metadata = b.EndVector(f.metadata)
	}
	b.StartObject(7)
	b.PrependUOffsetTSlot(slotName, name, 0)
	b.PrependBoolSlot(slotNullable, true, false)
	b.PrependByteSlot(slotTypeKind, f.kind, 0)
	b.PrependUOffsetTSlot(slotType, parameters, 0)
	b.PrependUOffsetTSlot(slotDictionary, dictionary, 0)
	b.PrependUOffsetTSlot(slotChildren, children, 0)
	b.PrependUOffsetTSlot(slotCustom, metadata, 0)
	return b.EndObject()
}

func writeFields(b *flatbuffers.Builder, fields []craftedField) flatbuffers.UOffsetT {
	offsets := make([]flatbuffers.UOffsetT, len(fields))
	for i, f := range fields {
		offsets[i] = f.write(b)
	}
	b.StartVector(4, len(offsets), 4)
	for i := len(offsets) - 1; i >= 0; i-- {
		b.PrependUOffsetT(offsets[i])
	}
	return b.EndVector(len(offsets))
}

// finish the Message table around a header, and frame it.
func finish(b *flatbuffers.Builder, kind uint8, header flatbuffers.UOffsetT, bodyLength int64, body []byte) []byte {
	b.StartObject(5)
	b.PrependInt64Slot(slotBodyLength, bodyLength, 0)
	b.PrependUOffsetTSlot(slotHeader, header, 0)
	b.PrependInt16Slot(slotVersion, versionV5, 0)
	b.PrependByteSlot(slotHeaderType, kind, 0)
	b.Finish(b.EndObject())
	return framed(b.FinishedBytes(), body)
}

func framed(metadata, body []byte) []byte {
	for len(metadata)%8 != 0 {
		metadata = append(metadata, 0)
	}
	out := binary.LittleEndian.AppendUint32(nil, continuation)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(metadata)))
	return append(append(out, metadata...), body...)
}

func schemaMessage(fields ...craftedField) []byte {
	b := flatbuffers.NewBuilder(1024)
	vector := writeFields(b, fields)
	b.StartObject(4)
	b.PrependUOffsetTSlot(slotFields, vector, 0)
	return finish(b, kindSchema, b.EndObject(), 0, nil)
}

// craftedBatch is a record batch that may lie about everything.
type craftedBatch struct {
	rows       int64
	nodes      [][2]int64 // length, nulls
	buffers    [][2]int64 // offset, length
	variadics  []int64
	compressed bool
	codec      uint8
	body       []byte
	claimed    int64 // body length; 0: the true one
	dictionary int64 // id: a dictionary batch; 0: a record batch
	delta      bool
}

func (c craftedBatch) message() []byte {
	b := flatbuffers.NewBuilder(1024)
	nodes, buffers := writePairs(b, c.nodes), writePairs(b, c.buffers)
	b.StartVector(8, len(c.variadics), 8)
	for i := len(c.variadics) - 1; i >= 0; i-- {
		b.PrependInt64(c.variadics[i])
	}
	variadics := b.EndVector(len(c.variadics))
	var compression flatbuffers.UOffsetT
	if c.compressed {
		b.StartObject(2)
		b.PrependByteSlot(slotCodec, c.codec, codecLZ4)
		compression = b.EndObject()
	}
	b.StartObject(5)
	b.PrependInt64Slot(slotLength, c.rows, 0)
	b.PrependUOffsetTSlot(slotNodes, nodes, 0)
	b.PrependUOffsetTSlot(slotBuffers, buffers, 0)
	b.PrependUOffsetTSlot(slotCompression, compression, 0)
	b.PrependUOffsetTSlot(slotVariadics, variadics, 0)
	header, kind := b.EndObject(), uint8(kindBatch)
	if c.dictionary != 0 {
		b.StartObject(3)
		b.PrependInt64Slot(slotDictionaryID, c.dictionary, 0)
		b.PrependUOffsetTSlot(slotData, header, 0)
		b.PrependBoolSlot(slotIsDelta, c.delta, false)
		header, kind = b.EndObject(), kindDictionary
	}
	claimed := c.claimed
	if claimed == 0 {
		claimed = int64(len(c.body))
	}
	return finish(b, kind, header, claimed, c.body)
}

func writePairs(b *flatbuffers.Builder, pairs [][2]int64) flatbuffers.UOffsetT {
	b.StartVector(16, len(pairs), 8)
	for i := len(pairs) - 1; i >= 0; i-- {
		b.Prep(8, 16)
		b.PrependInt64(pairs[i][1])
		b.PrependInt64(pairs[i][0])
	}
	return b.EndVector(len(pairs))
}

var endOfStream = []byte{0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0}
