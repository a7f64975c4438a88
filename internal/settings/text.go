package settings

import (
	"encoding"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// parse sets v to what text says. On an error v is unchanged.
func parse(v reflect.Value, text string) error {
	switch {
	case v.Addr().Type().Implements(textType):
		return parseText(v, text)
	case v.Type() == durationType:
		d, err := time.ParseDuration(text)
		return assign(v, d, err, text, "a duration, as 500ms, 1s or 2m")
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return nil
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		return assign(v, b, err, text, "true or false")
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		return assign(v, n, err, text, "a whole number")
	case reflect.Float64:
		f, err := parseFloat(text)
		return assign(v, f, err, text, "a number, or .inf")
	case reflect.Slice:
		return parseList(v, text)
	default:
		return fmt.Errorf("a setting of type %s cannot be read from text", v.Type())
	}
}

func assign(v reflect.Value, parsed any, err error, text, want string) error {
	if err != nil {
		return &unreadable{text, want}
	}
	v.Set(reflect.ValueOf(parsed).Convert(v.Type()))
	return nil
}

// unreadable is a text that a setting of this type cannot have.
type unreadable struct{ text, want string }

func (e *unreadable) Error() string { return fmt.Sprintf("%q is not %s", e.text, e.want) }

// unreadableReference is the same without the text, which came from a variable: it may be a secret that was put in the wrong place.
func unreadableReference(written string, err error) error {
	want := "a value of this setting"
	if e := (*unreadable)(nil); errors.As(err, &e) {
		want = e.want
	}
	return fmt.Errorf("what %s stands for is not %s", written, want)
}

func parseText(v reflect.Value, text string) error {
	fresh := reflect.New(v.Type())
	if err := fresh.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
		return err
	}
	v.Set(fresh.Elem())
	return nil
}

// parseFloat knows YAML's names of infinity besides Go's. NaN is no value of a setting.
func parseFloat(text string) (float64, error) {
	switch strings.ToLower(text) {
	case ".inf", "+.inf":
		return math.Inf(1), nil
	case "-.inf":
		return math.Inf(-1), nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err == nil && math.IsNaN(f) {
		err = strconv.ErrSyntax
	}
	return f, err
}

// parseList reads one line of comma-separated values; a value that contains a comma stands in double quotes.
func parseList(v reflect.Value, text string) error {
	if text == "" {
		v.Set(reflect.Zero(v.Type()))
		return nil
	}
	r := csv.NewReader(strings.NewReader(text))
	r.TrimLeadingSpace = true
	values, err := r.Read()
	if err != nil || r.InputOffset() != int64(len(text)) {
		return &unreadable{text, "a list of values with commas between them"}
	}
	v.Set(reflect.ValueOf(values).Convert(v.Type()))
	return nil
}

// format is the inverse of parse.
func format(v reflect.Value) string {
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		if err != nil {
			return err.Error()
		}
		return string(text)
	}
	switch x := v.Interface().(type) {
	case []string:
		return formatList(x)
	case float64:
		return formatFloat(x)
	default:
		return fmt.Sprint(x)
	}
}

func formatFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return ".inf"
	case math.IsInf(f, -1):
		return "-.inf"
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

func formatList(values []string) string {
	switch {
	case len(values) == 0:
		return ""
	case len(values) == 1 && values[0] == "":
		return `""`
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	if err := w.Write(values); err != nil {
		return err.Error()
	}
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}
