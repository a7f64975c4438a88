package text

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
)

// kind is what a column of a text format holds.
type kind uint8

const (
	undecided kind = iota // nothing but nulls so far
	integer
	number
	boolean
	instant
	text
)

var kindTypes = [...]arrow.DataType{
	undecided: arrow.PrimitiveTypes.Float64,
	integer:   arrow.PrimitiveTypes.Int64,
	number:    arrow.PrimitiveTypes.Float64,
	boolean:   arrow.FixedWidthTypes.Boolean,
	instant:   arrow.FixedWidthTypes.Timestamp_us,
	text:      arrow.BinaryTypes.String,
}

// kindNames complete the sentence "is not …".
var kindNames = [...]string{undecided: "a value", integer: "a number", number: "a number", boolean: "true or false", instant: "a time", text: "text"}

// kindOf is the narrowest kind that a CSV field fits.
func kindOf(field string) kind {
	s := strings.TrimSpace(field)
	switch {
	case isNull(s):
		return undecided
	case isInteger(s):
		return integer
	case isNumber(s):
		return number
	case isBoolean(s):
		return boolean
	case isInstant(s):
		return instant
	default:
		return text
	}
}

// joined is the narrowest kind that holds what both hold.
func joined(a, b kind) kind {
	switch {
	case a == b || b == undecided:
		return a
	case a == undecided:
		return b
	case (a == integer || a == number) && (b == integer || b == number):
		return number
	default:
		return text
	}
}

// isNull knows the spellings of a missing value. NaN is not among them: it is a value, and rows that hold it are counted as not finite.
func isNull(s string) bool {
	switch s {
	case "", "NA", "N/A", "null", "NULL", "Null", "None":
		return true
	}
	return false
}

// isInteger excludes −0, which only a float keeps.
func isInteger(s string) bool {
	_, ok := parseInteger(s)
	return ok
}

func parseInteger(s string) (int64, bool) {
	v, err := strconv.ParseInt(s, 10, 64)
	return v, err == nil && (v != 0 || s[0] != '-')
}

func isNumber(s string) bool {
	_, ok := parseNumber(s)
	return ok
}

// parseNumber takes what is too large for a float64 as infinite, as the row is then counted as not finite instead of ending the run.
func parseNumber(s string) (float64, bool) {
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil || errors.Is(err, strconv.ErrRange)
}

func isBoolean(s string) bool {
	_, ok := parseBoolean(s)
	return ok
}

func parseBoolean(s string) (value, ok bool) {
	switch s {
	case "true", "True", "TRUE":
		return true, true
	case "false", "False", "FALSE":
		return false, true
	}
	return false, false
}

// instantLayouts are RFC 3339 and what databases and spreadsheets write. Fractions of a second are accepted in each that has seconds.
var instantLayouts = []string{
	time.RFC3339, "2006-01-02 15:04:05", "2006-01-02", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 MST",
	"2006-01-02 15:04", "2006-01-02T15:04", "2006/01/02 15:04:05", "2006/01/02",
}

func isInstant(s string) bool {
	_, _, ok := parseInstant(s, 0)
	return ok
}

// parseInstant tries the layout first that fitted last.
func parseInstant(s string, layout int) (arrow.Timestamp, int, bool) {
	if len(s) < len("2006-01-02") || s[0] < '0' || s[0] > '9' {
		return 0, layout, false
	}
	for i := range instantLayouts {
		l := (layout + i) % len(instantLayouts)
		if t, err := time.Parse(instantLayouts[l], s); err == nil && zoneKnown(t) {
			return arrow.Timestamp(t.UnixMicro()), l, true
		}
	}
	return 0, layout, false
}

// zoneKnown is false for a zone that was written as letters other than UTC or GMT: which offset they stand for depends on the machine.
func zoneKnown(t time.Time) bool {
	name, offset := t.Zone()
	return name == "" || name == "UTC" || name == "GMT" || offset != 0
}
