package arrowipc

import "github.com/apache/arrow/go/v17/arrow"

// NumericColumns lists the columns of a message's schema that hold numbers by type: integers, floats, decimals, booleans and dictionaries of those.
// Dates, times and durations decode to numbers too, but only by name: a model is seldom meant to take them as features.
func NumericColumns(message []byte, limits Limits) ([]string, error) {
	schema, err := Schema(message, limits)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range schema.Fields() {
		if Numeric(f.Type) {
			names = append(names, f.Name)
		}
	}
	return names, nil
}

// Numeric tells whether NumericColumns lists a column of this type.
func Numeric(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.BOOL, arrow.FLOAT16, arrow.FLOAT32, arrow.FLOAT64, arrow.DECIMAL128, arrow.DECIMAL256:
		return true
	case arrow.DICTIONARY:
		return Numeric(t.(*arrow.DictionaryType).ValueType)
	default:
		return arrow.IsInteger(t.ID())
	}
}
