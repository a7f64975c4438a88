package text

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// column collects the values of one column of a text format.
type column struct {
	name   string
	kind   kind
	layout int // of the last time
	build  array.Builder
}

func newColumn(name string, k kind) *column {
	return &column{name: name, kind: k, build: array.NewBuilder(memory.DefaultAllocator, kindTypes[k])}
}

// decided is the kind of a column, after what the options say of it.
func decided(name string, sampled kind, o Options) kind {
	switch {
	case slices.Contains(o.Texts, name):
		return text
	case sampled == text && slices.Contains(o.Numbers, name):
		return number
	default:
		return sampled
	}
}

// append adds a CSV field.
func (c *column) append(field string) error {
	if c.kind == text {
		if field == "" {
			c.build.AppendNull()
			return nil
		}
		return c.appendText(field)
	}
	s := strings.TrimSpace(field)
	if s == "" || c.kind == undecided && isNull(s) {
		c.build.AppendNull()
		return nil
	}
	if c.kind == undecided {
		c.become(kindOf(s))
		return c.append(field)
	}
	if c.appendValue(s) {
		return nil
	}
	if isNull(s) {
		c.build.AppendNull()
		return nil
	}
	return c.misfit(field)
}

func (c *column) appendText(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%q in column %q is not UTF-8; convert the file, for example with iconv -f LATIN1 -t UTF-8", s, c.name)
	}
	c.build.(*array.StringBuilder).Append(s)
	return nil
}

// appendValue adds what is not null to a column that is not text, if it fits.
func (c *column) appendValue(s string) (ok bool) {
	switch c.kind {
	case integer:
		return c.appendInteger(s)
	case number:
		var v float64
		if v, ok = parseNumber(s); ok {
			c.build.(*array.Float64Builder).Append(v)
		}
	case boolean:
		var v bool
		if v, ok = parseBoolean(s); ok {
			c.build.(*array.BooleanBuilder).Append(v)
		}
	case instant:
		var v arrow.Timestamp
		if v, c.layout, ok = parseInstant(s, c.layout); ok {
			c.build.(*array.TimestampBuilder).Append(v)
		}
	}
	return ok
}

// appendInteger turns the column to float64 at its first fraction. Whole numbers beyond 2⁵³ that the batch holds already are rounded then, as they
// would have been on their way to the model.
func (c *column) appendInteger(s string) bool {
	if v, ok := parseInteger(s); ok {
		c.build.(*array.Int64Builder).Append(v)
		return true
	}
	v, ok := parseNumber(s)
	if ok {
		c.become(number)
		c.build.(*array.Float64Builder).Append(v)
	}
	return ok
}

// become changes the kind of a column that is undecided or of whole numbers, with what it holds.
func (c *column) become(k kind) {
	old := c.build.NewArray()
	defer old.Release()
	c.kind = k
	c.build = array.NewBuilder(memory.DefaultAllocator, kindTypes[k])
	ints, _ := old.(*array.Int64)
	for i := range old.Len() {
		if old.IsNull(i) {
			c.build.AppendNull()
		} else {
			c.build.(*array.Float64Builder).Append(float64(ints.Value(i)))
		}
	}
}

func (c *column) misfit(value string) error {
	if len(value) > 64 {
		value = value[:64] + "…"
	}
	return fmt.Errorf("%q is not %s, which column %q holds; a missing value is written as an empty field, NA or null", value, kindNames[c.kind], c.name)
}

// columns make records of the values that were appended to them.
type columns struct {
	list   []*column
	schema *arrow.Schema
}

func newColumns(list []*column) *columns {
	c := &columns{list: list}
	c.describe()
	return c
}

// describe brings the schema up to date after a column has changed its kind.
func (c *columns) describe() {
	if c.schema != nil && c.current() {
		return
	}
	fields := make([]arrow.Field, len(c.list))
	for i, col := range c.list {
		fields[i] = arrow.Field{Name: col.name, Type: kindTypes[col.kind], Nullable: true}
	}
	c.schema = arrow.NewSchema(fields, nil)
}

func (c *columns) current() bool {
	for i, col := range c.list {
		if c.schema.Field(i).Type != kindTypes[col.kind] {
			return false
		}
	}
	return true
}

// record takes the values out of the builders.
func (c *columns) record(rows int) arrow.Record {
	c.describe()
	arrays := make([]arrow.Array, len(c.list))
	for i, col := range c.list {
		arrays[i] = col.build.NewArray()
		defer arrays[i].Release()
	}
	return array.NewRecord(c.schema, arrays, int64(rows))
}
