package text

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// fieldKind is what JSON says of a value.
type fieldKind uint8

const (
	nullField fieldKind = iota
	numberField
	booleanField
	stringField
	nestedField
)

// jsonField is one field of an object.
type jsonField struct {
	name string
	kind fieldKind
	text string // of a string what it says, of a number or boolean the literal
	at   int    // byte of the line at which the value begins, from 0
}

// fieldError is an error at one byte of a line.
type fieldError struct {
	at  int
	err error
}

func (e fieldError) Error() string { return e.err.Error() }

func (f jsonField) kindOf() kind {
	switch f.kind {
	case numberField:
		return joined(integer, kindOf(f.text))
	case booleanField:
		return boolean
	case stringField:
		return stringKind(f.text)
	case nestedField:
		return text
	default:
		return undecided
	}
}

// stringKind knows numbers that JSON can only write as strings, and times.
func stringKind(s string) kind {
	switch {
	case isNonFinite(s):
		return number
	case isInstant(s):
		return instant
	default:
		return text
	}
}

func isNonFinite(s string) bool {
	switch s {
	case "NaN", "Infinity", "-Infinity", "Inf", "-Inf", "inf", "-inf", "nan":
		return true
	}
	return false
}

// appendJSON adds a value. A string is no number, even if it looks like one: "007" is a key.
func (c *column) appendJSON(f jsonField) error {
	if f.kind == nullField {
		c.build.AppendNull()
		return nil
	}
	if f.kind == nestedField {
		return fmt.Errorf("an object or array, where column %q held %s before; flatten it", c.name, strings.TrimPrefix(kindNames[c.kind], "a "))
	}
	if c.kind == undecided {
		c.become(f.kindOf())
	}
	if c.kind == text {
		return c.appendText(f.text)
	}
	if f.kind == stringField && (c.kind == integer || c.kind == number) && !isNonFinite(f.text) || !c.appendValue(f.text) {
		return c.misfit(f.text)
	}
	return nil
}

var errNoObject = errors.New("not a JSON object; each line must be one object, {\"name\": value, …}")

// eachField calls visit for the fields of the object in line, of its top level. encoding/json says whether the line is JSON; then finding the fields
// takes no more than finding the ends of strings, numbers and brackets.
func eachField(data []byte, visit func(jsonField) error) error {
	if !json.Valid(data) {
		var raw json.RawMessage
		return json.Unmarshal(data, &raw) // which says what is wrong, and where
	}
	line := string(data)
	i := space(line, 0)
	if line[i] != '{' {
		return fieldError{i, errNoObject}
	}
	for i = space(line, i+1); line[i] != '}'; {
		end := stringEnd(line, i)
		f := jsonField{name: unquoted(line[i:end])}
		f.at = space(line, space(line, end)+1)
		end = valueEnd(line, f.at)
		f.kind, f.text = value(line[f.at:end])
		if err := visit(f); err != nil {
			return err
		}
		if i = space(line, end); line[i] == ',' {
			i = space(line, i+1)
		}
	}
	return nil
}

// space is the next place that is not white.
func space(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\r' || s[i] == '\n') {
		i++
	}
	return i
}

// stringEnd is the place after the string that begins at i.
func stringEnd(s string, i int) int {
	for i++; s[i] != '"'; i++ {
		if s[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// valueEnd is the place after the value that begins at i.
func valueEnd(s string, i int) int {
	switch s[i] {
	case '"':
		return stringEnd(s, i)
	case '{', '[':
		return bracketEnd(s, i)
	}
	for !strings.ContainsRune(",}] \t\r\n", rune(s[i])) {
		i++
	}
	return i
}

// bracketEnd is the place after the object or array that begins at i.
func bracketEnd(s string, i int) int {
	for depth := 0; ; {
		switch s[i] {
		case '"':
			i = stringEnd(s, i)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		i++
		if depth == 0 {
			return i
		}
	}
}

func value(literal string) (fieldKind, string) {
	switch literal[0] {
	case '"':
		return stringField, unquoted(literal)
	case '{', '[':
		return nestedField, literal
	case 'n':
		return nullField, ""
	case 't', 'f':
		return booleanField, literal
	default:
		return numberField, literal
	}
}

// unquoted is what a valid JSON string says.
func unquoted(literal string) string {
	if strings.IndexByte(literal, '\\') < 0 {
		return literal[1 : len(literal)-1]
	}
	var s string
	if err := json.Unmarshal([]byte(literal), &s); err != nil {
		return literal
	}
	return s
}
