package arrowipc

import "encoding/binary"

// dictionary of one id: its entries as the columns that use it want them.
type dictionary struct {
	length  int
	numbers Column
	texts   TextColumn
	text    bool
}

// The slots of DictionaryBatch.
const (
	slotDictionaryID, slotData, slotIsDelta = 0, 1, 2
)

// dictionaryBatch is what such a frame holds: entries for a dictionary, new ones or more.
type dictionaryBatch struct {
	id       int64
	encoding *encoding // nil: no wanted column has it, and nothing else is looked at
	delta    bool
}

// readDictionary of a frame, a record batch of one column, to d.record.
func (d *Decoder) readDictionary(p *plan, f *frame) (b dictionaryBatch, err *Error) {
	if b.id, err = f.header.int64(slotDictionaryID); err != nil {
		return b, err
	}
	if b.encoding = p.encodings[b.id]; b.encoding == nil {
		return b, nil
	}
	delta, err := f.header.uint8(slotIsDelta, 0)
	if err != nil {
		return b, err
	}
	b.delta = delta != 0
	data, err := f.header.child(slotData)
	if err != nil {
		return b, err
	}
	if data.m == nil {
		return b, fault(reasonDictionary, f.begin, "dictionary %d without data", b.id)
	}
	if err := d.record.read(f, data, b.encoding.entries.field.shape(f.version)); err != nil {
		return b, err
	}
	if rows := d.record.rows; rows > d.limits.Rows {
		return b, fault(reasonLimit, f.begin, "a dictionary of %d entries; the limit is %d", rows, d.limits.Rows)
	}
	return b, nil
}

// dictionary of a frame takes the place of the one before, or adds to it.
func (d *Decoder) dictionary(p *plan, f *frame) *Error {
	b, err := d.readDictionary(p, f)
	if err != nil || b.encoding == nil {
		return err
	}
	made, err := d.makeDictionary(&d.record, &b.encoding.entries)
	if err != nil {
		return named(err, b.encoding.column)
	}
	if before := d.dictionaries[b.id]; b.delta && before != nil {
		if made, err = d.join(before, made, f); err != nil {
			return named(err, b.encoding.column)
		}
	}
	d.dictionaries[b.id] = made
	return nil
}

// newDictionary, empty: perhaps one that a message before has left.
func (d *Decoder) newDictionary() *dictionary {
	if d.inUse == len(d.made) {
		d.made = append(d.made, new(dictionary))
	}
	d.inUse++
	return d.made[d.inUse-1]
}

func (d *Decoder) makeDictionary(b *recordBatch, s *source) (made *dictionary, err *Error) {
	made = d.newDictionary()
	made.length = int(b.rows)
	if convertible(s.field) {
		if made.numbers, err = d.numberColumn(b, s); err != nil {
			return nil, err
		}
	}
	if textual(s.field) {
		made.text = true
		made.texts, err = d.textColumn(b, s)
	}
	return made, err
}

// join a dictionary with what is added to it. Batches before may refer to the old entries, so all are copied.
func (d *Decoder) join(before, more *dictionary, f *frame) (*dictionary, *Error) {
	n := before.length + more.length
	if int64(n) > d.limits.Rows {
		return nil, fault(reasonLimit, f.begin, "a dictionary of %d entries; the limit is %d", n, d.limits.Rows)
	}
	out := d.newDictionary()
	out.length, out.text = n, before.text
	if err := d.spend(int64(n)*8+int64(n+7)/8, f.begin); err != nil {
		return nil, err
	}
	valid := d.bytes.take((n + 7) / 8)
	clear(valid)
	if len(before.numbers.Values)+len(more.numbers.Values) == n {
		out.numbers.Values = d.numbers.take(n)
		copy(out.numbers.Values, before.numbers.Values)
		copy(out.numbers.Values[before.length:], more.numbers.Values)
	}
	for i := range n {
		part, k := before, i
		if i >= before.length {
			part, k = more, i-before.length
		}
		if isSet(part.validity(), k) {
			valid[i/8] |= 1 << (i % 8)
		}
	}
	out.numbers.Valid = valid
	if !out.text {
		return out, nil
	}
	return out, d.joinTexts(&out.texts, before, more, valid, f)
}

// validity of the entries, as numbers or as texts.
func (d *dictionary) validity() []byte {
	if d.text {
		return d.texts.valid
	}
	return d.numbers.Valid
}

// joinTexts to strings with offsets of 64 bits, whatever they were.
func (d *Decoder) joinTexts(out *TextColumn, before, more *dictionary, valid []byte, f *frame) *Error {
	n, size := before.length+more.length, int64(0)
	for _, part := range [...]*dictionary{before, more} {
		for k := range part.length {
			text, _ := part.texts.At(k)
			size += int64(len(text))
		}
	}
	if err := d.spend(int64(n+1)*8+size, f.begin); err != nil {
		return err
	}
	*out = TextColumn{kind: typeLargeUtf8, valid: valid}
	out.values, out.data = d.bytes.take(8 * (n + 1))[:0], d.bytes.take(int(size))[:0]
	for _, part := range [...]*dictionary{before, more} {
		for k := range part.length {
			text, _ := part.texts.At(k)
			out.values = binary.LittleEndian.AppendUint64(out.values, uint64(len(out.data)))
			out.data = append(out.data, text...)
		}
	}
	out.values = binary.LittleEndian.AppendUint64(out.values, uint64(len(out.data)))
	return nil
}

// indices of a column into its dictionary, each checked where it is not null.
func (d *Decoder) indices(b *recordBatch, s *source) (valid, indices []byte, entries *dictionary, err *Error) {
	f := s.field
	if valid, err = d.validity(b, s); err != nil {
		return nil, nil, nil, err
	}
	if indices, err = d.fixed(b, b.bufferIndex(s, 1), bytesFor(b.rows, int64(f.indexBits))); err != nil {
		return nil, nil, nil, err
	}
	if entries = d.dictionaries[f.id]; entries == nil { // a column of nothing but nulls may come before its dictionary
		entries = d.newDictionary()
	}
	for i := range int(b.rows) {
		if !isSet(valid, i) {
			continue
		}
		if k := integerAt(indices, i, f.indexBits, f.indexSign); k < 0 || k >= int64(entries.length) {
			return nil, nil, nil, fault(reasonDictionary, b.frame.begin, "row %d: index %d into dictionary %d of %d entries", i, k, f.id, entries.length)
		}
	}
	return valid, indices, entries, nil
}

// encodedNumbers looks every index up. A null entry makes the row null.
func (d *Decoder) encodedNumbers(b *recordBatch, s *source) (c Column, err *Error) {
	valid, indices, entries, err := d.indices(b, s)
	if err != nil {
		return c, err
	}
	if err := d.spend(b.rows*8+(b.rows+7)/8, b.frame.bodyAt); err != nil {
		return c, err
	}
	c.Values = d.numbers.take(int(b.rows))
	bitmap := d.bytes.take(int(b.rows+7) / 8)
	clear(bitmap)
	for i := range c.Values {
		c.Values[i] = 0
		if !isSet(valid, i) {
			continue
		}
		k := int(integerAt(indices, i, s.field.indexBits, s.field.indexSign))
		if isSet(entries.numbers.Valid, k) {
			c.Values[i] = entries.numbers.Values[k]
			bitmap[i/8] |= 1 << (i % 8)
		}
	}
	if !allSet(bitmap, b.rows) {
		c.Valid = bitmap
	}
	return c, nil
}

func (d *Decoder) encodedTexts(b *recordBatch, s *source) (c TextColumn, err *Error) {
	valid, indices, entries, err := d.indices(b, s)
	if err != nil {
		return c, err
	}
	c = TextColumn{valid: valid, values: indices, bits: uint8(s.field.indexBits), signed: s.field.indexSign, entries: &entries.texts}
	if isString(s.field) {
		err = d.spendTexts(&c, b)
	}
	return c, err
}
