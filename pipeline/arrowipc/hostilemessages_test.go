package arrowipc

import (
	"bytes"
	"encoding/binary"
	"slices"

	flatbuffers "github.com/google/flatbuffers/go"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// hostile is a message that must be refused, for a reason, at little cost.
type hostile struct {
	name   string
	bytes  []byte
	reason string
}

// xy wants two numbers and a key, of what hostile messages hold.
var xy = Projection{Numbers: []string{"x"}, Texts: []string{"key"}}

func x() craftedField   { return float64Field("x") }
func key() craftedField { return kindField("key", typeUtf8) }

// message of a schema of x and key and one batch: 2 rows of x, and keys "a" and "bc", changed as asked.
func message(change func(*craftedBatch)) []byte {
	c := craftedBatch{
		rows:    2,
		nodes:   [][2]int64{{2, 0}, {2, 0}},
		buffers: [][2]int64{{0, 0}, {0, 16}, {16, 0}, {16, 12}, {32, 3}},
		body:    slices.Concat(make([]byte, 16), le32(0, 1, 3), make([]byte, 4), []byte("abc\x00\x00\x00\x00\x00")),
	}
	if change != nil {
		change(&c)
	}
	return slices.Concat(schemaMessage(x(), key()), c.message(), endOfStream)
}

func le32(v ...int32) []byte {
	var out []byte
	for _, v := range v {
		out = binary.LittleEndian.AppendUint32(out, uint32(v))
	}
	return out
}

func hostileMessages() []hostile {
	return slices.Concat(hostileFraming(), hostileSchemas(), hostileBatches(), hostileCompression(), hostileDictionaries())
}

func hostileFraming() []hostile {
	valid := message(nil)
	noEnd := valid[:len(valid)-8]
	return []hostile{
		{"empty", nil, reasonFraming},
		{"metadata of 2 GiB", []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F}, reasonFraming},
		{"metadata of less than nothing", []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, reasonFraming},
		{"JSON", []byte(`{"a": 1, "b": [2, 3]}`), reasonFraming},
		{"an Arrow file", []byte("ARROW1\x00\x00\xFF\xFF\xFF\xFF"), reasonFraming},
		{"Confluent's framing", []byte{0, 0, 0, 0, 7, 2, 3, 4, 5}, reasonFraming},
		{"Parquet", []byte("PAR1\x15\x04\x15\x10\x15"), reasonFraming},
		{"framing from before Arrow 0.15", valid[4:], reasonFraming},
		{"the end of the stream first", endOfStream, reasonFraming},
		{"something after the end", append(slices.Clone(valid), 0), reasonFraming},
		{"two streams", slices.Concat(valid, valid), reasonFraming},
		{"two schemas", slices.Concat(schemaMessage(x(), key()), schemaMessage(x(), key())), reasonFraming},
		{"a batch before the schema", noEnd[len(schemaMessage(x(), key())):], reasonFraming},
		{"cut in the body", noEnd[:len(noEnd)-3], reasonFraming},
		{"cut in the metadata", noEnd[:len(schemaMessage(x(), key()))+20], reasonFraming},
		{"cut in the prefix", noEnd[:len(schemaMessage(x(), key()))+5], reasonFraming},
		{"cut in the end mark", valid[:len(valid)-4], reasonFraming},
		{"a body of 1 TiB", message(func(c *craftedBatch) { c.claimed = 1 << 40 }), reasonFraming},
		{"a body of less than nothing", message(func(c *craftedBatch) { c.claimed = -8 }), reasonFraming},
		{"more than the limit", make([]byte, DefaultLimits().MessageBytes+1), reasonLimit},
		{"metadata of zeros", framed(make([]byte, 16), nil), reasonFlatbuffer},
		{"metadata without a header", finish(flatbuffers.NewBuilder(64), kindSchema, 0, 0, nil), reasonSchema},
		{"metadata of ones", framed(bytes.Repeat([]byte{0xFF}, 64), nil), reasonFlatbuffer},
	}
}

func hostileSchemas() []hostile {
	deep := x()
	for range 20 {
		deep = craftedField{name: "x", kind: typeStruct, children: []craftedField{deep}}
	}
	wide := make([]craftedField, 5000)
	for i := range wide {
		wide[i] = kindField("", typeBool)
	}
	id := func(f craftedField, id int64) craftedField { f.dictionary, f.indexBits = id, 32; return f }
	named := func(f craftedField, name string) craftedField { f.name = name; return f }
	return []hostile{
		{"no columns", schemaMessage(), reasonColumn},
		{"a column is missing", schemaMessage(x()), reasonColumn},
		{"two columns of one name", schemaMessage(x(), key(), x()), reasonColumn},
		{"a number that is text", schemaMessage(named(key(), "x"), key()), reasonType},
		{"a key that is a float", schemaMessage(x(), float64Field("key")), reasonType},
		{"a number that is a list", schemaMessage(craftedField{name: "x", kind: typeList, children: []craftedField{x()}}, key()), reasonType},
		{"nested deeply", schemaMessage(deep), reasonSchema},
		{"5,000 columns", schemaMessage(wide...), reasonLimit},
		{"custom metadata of a million pairs", schemaMessage(craftedField{name: "x", kind: typeBool, metadata: 1 << 20}), reasonLimit},
		{"a type that does not exist", schemaMessage(x(), key(), kindField("other", 99)), reasonSchema},
		{"no type", typelessField(), reasonSchema},
		{"an int of 7 bits", schemaMessage(intField("x", 7), key()), reasonType},
		{"a union of mode 7", schemaMessage(x(), key(), craftedField{name: "u", kind: typeUnion, parameters: func(b *flatbuffers.Builder) { b.PrependInt16Slot(0, 7, 0) }}), reasonSchema},
		{"a union of mode −9", schemaMessage(x(), key(), craftedField{name: "u", kind: typeUnion, parameters: func(b *flatbuffers.Builder) { b.PrependInt16Slot(0, -9, 0) }}), reasonSchema},
		{"indices of 7 bits", schemaMessage(x(), craftedField{name: "key", kind: typeUtf8, dictionary: 1, indexBits: 7}), reasonSchema},
		{"a dictionary of two types", schemaMessage(id(x(), 1), id(key(), 1)), reasonSchema},
		{"big-endian", bigEndian(), reasonSchema},
		{"2³¹ − 1 columns", longVector(), reasonFlatbuffer},
		{"children that contain themselves", cycle(), reasonFlatbuffer},
		{"4,096 columns that share one long name", sharedName(), reasonFlatbuffer},
	}
}

func bigEndian() []byte {
	b := flatbuffers.NewBuilder(64)
	vector := writeFields(b, []craftedField{x(), key()})
	b.StartObject(4)
	b.PrependInt16Slot(slotEndianness, 1, 0)
	b.PrependUOffsetTSlot(slotFields, vector, 0)
	return finish(b, kindSchema, b.EndObject(), 0, nil)
}

// typelessField has one field that says nothing of itself.
func typelessField() []byte {
	b := flatbuffers.NewBuilder(64)
	b.StartObject(7)
	field := b.EndObject()
	b.StartVector(4, 1, 4)
	b.PrependUOffsetT(field)
	vector := b.EndVector(1)
	b.StartObject(4)
	b.PrependUOffsetTSlot(slotFields, vector, 0)
	return finish(b, kindSchema, b.EndObject(), 0, nil)
}

// longVector is a schema whose vector of columns claims 2³¹ − 1 of them.
func longVector() []byte {
	b := flatbuffers.NewBuilder(64)
	vector := writeFields(b, []craftedField{x(), key()})
	at := len(b.Bytes) - int(vector)
	binary.LittleEndian.PutUint32(b.Bytes[at:], 1<<31-1)
	b.StartObject(4)
	b.PrependUOffsetTSlot(slotFields, vector, 0)
	return finish(b, kindSchema, b.EndObject(), 0, nil)
}

// cycle is a schema with a struct whose vector of children holds the struct itself: an offset that wraps around 2³².
func cycle() []byte {
	b := flatbuffers.NewBuilder(64)
	b.StartVector(4, 1, 4)
	b.PrependUint32(0)
	children := b.EndVector(1)
	b.StartObject(7)
	b.PrependByteSlot(slotTypeKind, typeStruct, 0)
	b.PrependUOffsetTSlot(slotChildren, children, 0)
	field := b.EndObject()
	b.StartVector(4, 1, 4)
	b.PrependUOffsetT(field)
	fields := b.EndVector(1)
	b.StartObject(4)
	b.PrependUOffsetTSlot(slotFields, fields, 0)
	schema := b.EndObject()
	element := len(b.Bytes) - int(children) + 4
	binary.LittleEndian.PutUint32(b.Bytes[element:], uint32(int(children)-4)-uint32(field)) // back to the field, which stands before
	return finish(b, kindSchema, schema, 0, nil)
}

func sharedName() []byte {
	b := flatbuffers.NewBuilder(1 << 20)
	name := b.CreateString(string(make([]byte, 1<<20)))
	b.StartObject(1)
	parameters := b.EndObject()
	fields := make([]flatbuffers.UOffsetT, 4096)
	for i := range fields {
		b.StartObject(7)
		b.PrependUOffsetTSlot(slotName, name, 0)
		b.PrependByteSlot(slotTypeKind, typeBool, 0)
		b.PrependUOffsetTSlot(slotType, parameters, 0)
		fields[i] = b.EndObject()
	}
	b.StartVector(4, len(fields), 4)
	for _, f := range fields {
		b.PrependUOffsetT(f)
	}
	vector := b.EndVector(len(fields))
	b.StartObject(4)
	b.PrependUOffsetTSlot(slotFields, vector, 0)
	return finish(b, kindSchema, b.EndObject(), 0, nil)
}

func hostileBatches() []hostile {
	change := func(name, reason string, f func(*craftedBatch)) hostile { return hostile{name, message(f), reason} }
	empty := craftedBatch{nodes: make([][2]int64, 2), buffers: make([][2]int64, 5)}
	many := slices.Concat(schemaMessage(x(), key()), bytes.Repeat(empty.message(), 1025))
	bits := craftedBatch{rows: 1 << 30, nodes: [][2]int64{{1 << 30, 0}, {1 << 30, 0}}, buffers: [][2]int64{{0, 0}, {0, 8}, {0, 0}, {0, 8}, {0, 8}}, body: make([]byte, 8)}
	return []hostile{
		change("a buffer of 1 TiB", reasonBody, func(c *craftedBatch) { c.buffers[1][1] = 1 << 40 }),
		change("a buffer beyond the body", reasonBody, func(c *craftedBatch) { c.buffers[1][0] = 1 << 62 }),
		change("a buffer before the body", reasonBody, func(c *craftedBatch) { c.buffers[1][0] = -8 }),
		change("a buffer of less than nothing", reasonBody, func(c *craftedBatch) { c.buffers[1][1] = -16 }),
		change("a buffer that stands unaligned", reasonBody, func(c *craftedBatch) { c.buffers[1][0] = 4 }),
		change("fewer rows than values", reasonBody, func(c *craftedBatch) { c.nodes[0][0] = 1000 }),
		change("more rows than values", reasonBody, func(c *craftedBatch) { c.rows = 3 }),
		change("rows below zero", reasonBody, func(c *craftedBatch) { c.rows = -1 }),
		change("2⁶² rows", reasonBody, func(c *craftedBatch) { c.rows = 1 << 62 }),
		change("2³⁹ rows", reasonLimit, func(c *craftedBatch) { c.rows = 1 << 39 }),
		change("values too short for the rows", reasonBody, func(c *craftedBatch) { c.buffers[1][1] = 15 }),
		change("nulls below zero", reasonBody, func(c *craftedBatch) { c.nodes[0][1] = -1 }),
		change("more nulls than rows", reasonBody, func(c *craftedBatch) { c.nodes[0][1] = 3 }),
		change("nulls, but no bitmap", reasonBody, func(c *craftedBatch) { c.nodes[0][1] = 1 }),
		change("a bitmap too short", reasonBody, func(c *craftedBatch) {
			c.rows, c.nodes, c.body = 9, [][2]int64{{9, 1}, {9, 0}}, make([]byte, 128)
			c.buffers = [][2]int64{{0, 1}, {0, 72}, {0, 0}, {0, 40}, {0, 0}}
		}),
		change("a node too few", reasonBody, func(c *craftedBatch) { c.nodes = c.nodes[:1] }),
		change("a buffer too few", reasonBody, func(c *craftedBatch) { c.buffers = c.buffers[:4] }),
		change("a buffer too many", reasonBody, func(c *craftedBatch) { c.buffers = append(c.buffers, [2]int64{}) }),
		change("views where there are none", reasonBody, func(c *craftedBatch) { c.variadics = []int64{0} }),
		change("views below zero", reasonBody, func(c *craftedBatch) { c.variadics = []int64{-1} }),
		change("2⁶² views", reasonBody, func(c *craftedBatch) { c.variadics = []int64{1 << 62, 1 << 62, 1 << 62, 1 << 62} }),
		change("offsets that go back", reasonBody, func(c *craftedBatch) { copy(c.body[16:], le32(2, 1, 3)) }),
		change("offsets below zero", reasonBody, func(c *craftedBatch) { copy(c.body[16:], le32(-1, 1, 3)) }),
		change("offsets beyond the data", reasonBody, func(c *craftedBatch) { copy(c.body[16:], le32(0, 1, 4)) }),
		change("an offset beyond the last", reasonBody, func(c *craftedBatch) { copy(c.body[16:], le32(0, 4, 3)) }),
		{"2³⁰ rows of 8 bytes", slices.Concat(schemaMessage(kindField("x", typeBool), key()), bits.message()), reasonLimit},
		{"1,025 batches", many, reasonLimit},
		{"20,000 views of one KiB", sharedViews(), reasonLimit},
		{"a view outside its buffer", badView(40, 0, 0), reasonBody},
		{"a view into no buffer", badView(13, 1, 0), reasonBody},
		{"a view beyond 2³²", badView(0xFFFFFFFF, 0, 0xFFFFFFFF), reasonBody},
	}
}

// sharedViews are 20,000 keys that are all the same KiB of the body.
func sharedViews() []byte {
	const rows = 20000
	c := craftedBatch{rows: rows, nodes: [][2]int64{{rows, 0}, {rows, 0}}, variadics: []int64{1}}
	c.buffers = [][2]int64{{0, 0}, {0, 8 * rows}, {0, 0}, {8 * rows, 16 * rows}, {24 * rows, 1024}}
	c.body = slices.Concat(make([]byte, 8*rows), bytes.Repeat(le32(1024, 0, 0, 0), rows), make([]byte, 1024))
	return slices.Concat(schemaMessage(x(), kindField("key", typeUtf8View)), c.message())
}

// sharedEntry is the same with a dictionary of one entry.
func sharedEntry() []byte {
	const long = 64 << 10
	one := craftedBatch{rows: 1, nodes: [][2]int64{{1, 0}}, buffers: [][2]int64{{0, 0}, {0, 8}, {8, long}}, dictionary: 5}
	one.body = append(le32(0, long), make([]byte, long)...)
	return slices.Concat(encodedKeys(), one.message(), encodedBatch(make([]byte, 2000)...).message())
}

func badView(length, buffer, offset uint32) []byte {
	c := craftedBatch{rows: 1, nodes: [][2]int64{{1, 0}, {1, 0}}, variadics: []int64{1}}
	c.buffers = [][2]int64{{0, 0}, {0, 8}, {8, 0}, {8, 16}, {24, 16}}
	c.body = slices.Concat(make([]byte, 8), le32(int32(length), 0, int32(buffer), int32(offset)), make([]byte, 16))
	return slices.Concat(schemaMessage(x(), kindField("key", typeUtf8View)), c.message())
}

func hostileCompression() []hostile {
	zeros := make([]byte, 64<<20)
	return []hostile{
		{"a zstd bomb that says so", compressedX(codecZSTD, int64(len(zeros)), zstdOf(zeros)), reasonCompression},
		{"a zstd bomb that lies", compressedX(codecZSTD, 16, zstdOf(zeros)), reasonCompression},
		{"a zstd bomb of many rows", bombOfRows(), reasonLimit},
		{"an lz4 bomb that says so", compressedX(codecLZ4, int64(len(zeros)), lz4Of(zeros)), reasonCompression},
		{"an lz4 bomb that lies", compressedX(codecLZ4, 16, lz4Of(zeros)), reasonCompression},
		{"less than it says", compressedX(codecZSTD, 16, zstdOf(zeros[:15])), reasonCompression},
		{"less than it says, in lz4", compressedX(codecLZ4, 16, lz4Of(zeros[:15])), reasonCompression},
		{"garbage", compressedX(codecZSTD, 16, []byte("garbage and more")), reasonCompression},
		{"garbage in lz4", compressedX(codecLZ4, 16, []byte("garbage and more")), reasonCompression},
		{"nothing to decompress", compressedX(codecZSTD, 16, nil), reasonCompression},
		{"a length below zero", compressedX(codecZSTD, -2, zstdOf(zeros[:16])), reasonCompression},
		{"raw, but too short", compressedX(codecZSTD, -1, zeros[:15]), reasonBody},
		{"an unknown codec", compressedX(7, 16, zeros[:16]), reasonCompression},
		{"shorter than a length", message(func(c *craftedBatch) { c.compressed, c.buffers[1][1] = true, 7 }), reasonCompression},
	}
}

// compressedX is 2 rows of x in these bytes, and no keys.
func compressedX(codec uint8, claim int64, packed []byte) []byte {
	body := append(binary.LittleEndian.AppendUint64(nil, uint64(claim)), packed...)
	c := craftedBatch{rows: 2, nodes: [][2]int64{{2, 0}, {2, 0}}, compressed: true, codec: codec}
	c.buffers = [][2]int64{{0, 0}, {0, int64(len(body))}, {0, 0}, {0, 0}, {0, 0}}
	for len(body)%8 != 0 {
		body = append(body, 0)
	}
	c.body = body
	return slices.Concat(schemaMessage(x(), key()), c.message())
}

// bombOfRows of 256 bits each.
func bombOfRows() []byte {
	const rows = 1 << 20
	x := craftedField{name: "x", kind: typeDecimal, parameters: func(b *flatbuffers.Builder) {
		b.PrependInt32Slot(0, 76, 0)
		b.PrependInt32Slot(2, 256, 0)
	}}
	c := craftedBatch{rows: rows, nodes: [][2]int64{{rows, 0}, {rows, 0}}, compressed: true, codec: codecZSTD}
	c.body = append(binary.LittleEndian.AppendUint64(nil, 32*rows), zstdOf(make([]byte, 32*rows))...)
	c.buffers = [][2]int64{{0, 0}, {0, int64(len(c.body))}, {0, 0}, {0, 0}, {0, 0}}
	return slices.Concat(schemaMessage(x, key()), c.message())
}

func zstdOf(b []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	return w.EncodeAll(b, nil)
}

func lz4Of(b []byte) []byte {
	var out bytes.Buffer
	w := lz4.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

// encodedKeys is a schema of x and of keys in dictionary 5 with 8-bit indices.
func encodedKeys() []byte {
	k := key()
	k.dictionary, k.indexBits = 5, 8
	return schemaMessage(x(), k)
}

func encodedBatch(indices ...byte) craftedBatch {
	n := int64(len(indices))
	return craftedBatch{rows: n, nodes: [][2]int64{{n, 0}, {n, 0}}, buffers: [][2]int64{{0, 0}, {0, 8 * n}, {0, 0}, {8 * n, n}},
		body: slices.Concat(make([]byte, 8*n), indices, make([]byte, 8-n%8))}
}

// entries "a" and "bc" of dictionary 5.
func entries() craftedBatch {
	return craftedBatch{rows: 2, nodes: [][2]int64{{2, 0}}, buffers: [][2]int64{{0, 0}, {0, 12}, {16, 3}}, dictionary: 5,
		body: slices.Concat(le32(0, 1, 3), make([]byte, 4), []byte("abc\x00\x00\x00\x00\x00"))}
}

func hostileDictionaries() []hostile {
	big := entries()
	big.rows = 1 << 39
	bad := entries()
	bad.body = slices.Concat(le32(0, 1, 30), bad.body[12:])
	two := entries()
	two.nodes = append(two.nodes, [2]int64{2, 0})
	delta := entries()
	delta.delta = true
	return []hostile{
		{"an index beyond the dictionary", slices.Concat(encodedKeys(), entries().message(), encodedBatch(0, 2).message()), reasonDictionary},
		{"an index below zero", slices.Concat(encodedKeys(), entries().message(), encodedBatch(0, 0xFF).message()), reasonDictionary},
		{"no dictionary", slices.Concat(encodedKeys(), encodedBatch(0).message()), reasonDictionary},
		{"the dictionary afterwards", slices.Concat(encodedKeys(), encodedBatch(0).message(), entries().message()), reasonDictionary},
		{"a dictionary of 2³⁹ entries", slices.Concat(encodedKeys(), big.message()), reasonLimit},
		{"entries beyond their data", slices.Concat(encodedKeys(), bad.message()), reasonBody},
		{"a dictionary of two columns", slices.Concat(encodedKeys(), two.message()), reasonBody},
		{"2,000 rows of one entry of 64 KiB", sharedEntry(), reasonLimit},
		{"10,000 dictionaries", slices.Concat(encodedKeys(), bytes.Repeat(entries().message(), 10000)), reasonLimit},
		{"2,000 deltas", slices.Concat(encodedKeys(), bytes.Repeat(delta.message(), 2000)), reasonLimit},
	}
}
