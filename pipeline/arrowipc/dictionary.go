package arrowipc

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

// dictionaryBatch is decoded if a wanted column uses it; others are passed over, their bodies unread.
func (d *Decoder) dictionaryBatch(p *plan, f *frame) *Error {
	id, err := f.header.int64(slotDictionaryID)
	if err != nil {
		return err
	}
	column := p.encodings[id]
	if column == nil {
		return nil
	}
	data, err := f.header.child(slotData)
	if err != nil {
		return err
	}
	if data.m == nil {
		return fault(reasonDictionary, f.begin, "dictionary %d without data", id)
	}
	delta, err := f.header.uint8(slotIsDelta, 0)
	if err != nil {
		return err
	}
	entries := *column
	entries.encoded = false
	var b recordBatch
	if err := b.read(f, data, entries.shape(f.version)); err != nil {
		return err
	}
	if b.rows > d.limits.Rows {
		return fault(reasonLimit, f.begin, "a dictionary of %d entries; the limit is %d", b.rows, d.limits.Rows)
	}
	made, err := d.makeDictionary(p, &b, &entries)
	if err != nil {
		return named(err, column)
	}
	if before := d.dictionary[id]; delta != 0 && before != nil {
		if made, err = d.join(before, made, f); err != nil {
			return named(err, column)
		}
	}
	d.dictionary[id] = made
	return nil
}

func (d *Decoder) makeDictionary(p *plan, b *recordBatch, entries *field) (made *dictionary, err *Error) {
	made = &dictionary{length: int(b.rows)}
	if convertible(entries) {
		if made.numbers, err = d.numberColumn(b, source{field: entries}); err != nil {
			return nil, err
		}
	}
	if textProblem(entries) == "" {
		made.text = true
		made.texts, err = d.textColumn(b, source{field: entries})
	}
	return made, err
}

// join a dictionary with what is added to it. Deltas are seldom: the entries are copied.
func (d *Decoder) join(before, more *dictionary, f *frame) (*dictionary, *Error) {
	out := &dictionary{length: before.length + more.length, text: before.text}
	if int64(out.length) > d.limits.Rows {
		return nil, fault(reasonLimit, f.begin, "a dictionary of %d entries; the limit is %d", out.length, d.limits.Rows)
	}
	if err := d.spend(int64(out.length)*24, f.begin); err != nil {
		return nil, err
	}
	bitmap := d.bytes.take((out.length + 7) / 8)
	clear(bitmap)
	values := make([]float64, 0, out.length)
	for _, part := range []*dictionary{before, more} {
		values = append(values, part.numbers.Values...)
	}
	texts := TextColumn{kind: typeLargeUtf8, valid: bitmap}
	for i := range out.length {
		part, k := before, i
		if i >= before.length {
			part, k = more, i-before.length
		}
		valid := part.numbers.Valid == nil || part.numbers.Valid[k/8]>>(k%8)&1 == 1
		if out.text {
			var text []byte
			text, valid = part.texts.At(k)
			if err := d.spend(int64(len(text)), f.begin); err != nil {
				return nil, err
			}
			texts.append(text)
		}
		if valid {
			bitmap[i/8] |= 1 << (i % 8)
		}
	}
	texts.end()
	out.numbers = Column{Values: values, Valid: bitmap}
	out.texts = texts
	return out, nil
}

// indices of a column into its dictionary, each checked where it is not null.
func (d *Decoder) indices(b *recordBatch, s source) (valid, indices []byte, entries *dictionary, err *Error) {
	f := s.field
	entries = d.dictionary[f.id]
	if valid, err = d.validity(b, s); err != nil {
		return nil, nil, nil, err
	}
	if indices, err = d.buffer(b, b.bufferIndex(s, 1), bytesFor(b.rows, int64(f.indexBits))); err != nil {
		return nil, nil, nil, err
	}
	if entries == nil {
		if valid == nil && b.rows > 0 || valid != nil && anySet(valid, b.rows) {
			return nil, nil, nil, fault(reasonDictionary, b.frame.begin, "dictionary %d has not been sent", f.id)
		}
		entries = &dictionary{text: true}
	}
	for i := range int(b.rows) {
		if valid != nil && valid[i/8]>>(i%8)&1 == 0 {
			continue
		}
		if k := integerAt(indices, i, f.indexBits, f.indexSign); k < 0 || k >= int64(entries.length) {
			return nil, nil, nil, fault(reasonDictionary, b.frame.begin, "row %d: index %d into a dictionary of %d entries", i, k, entries.length)
		}
	}
	return valid, indices, entries, nil
}

func anySet(bitmap []byte, n int64) bool {
	for i := range n {
		if bitmap[i/8]>>(i%8)&1 == 1 {
			return true
		}
	}
	return false
}

// encodedNumbers looks every index up. A null entry makes the row null.
func (d *Decoder) encodedNumbers(b *recordBatch, s source) (c Column, err *Error) {
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
		if valid != nil && valid[i/8]>>(i%8)&1 == 0 {
			continue
		}
		k := integerAt(indices, i, s.field.indexBits, s.field.indexSign)
		if entries.numbers.Valid != nil && entries.numbers.Valid[k/8]>>(k%8)&1 == 0 {
			continue
		}
		c.Values[i] = entries.numbers.Values[k]
		bitmap[i/8] |= 1 << (i % 8)
	}
	if !allSet(bitmap, b.rows) {
		c.Valid = bitmap
	}
	return c, nil
}

func (d *Decoder) encodedTexts(b *recordBatch, s source) (c TextColumn, err *Error) {
	valid, indices, entries, err := d.indices(b, s)
	if err != nil {
		return c, err
	}
	return TextColumn{valid: valid, indices: indices, index: *s.field, entries: &entries.texts}, nil
}
