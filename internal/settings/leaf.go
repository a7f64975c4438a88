package settings

import (
	"encoding"
	"reflect"
	"strings"
	"time"
)

// leaf is one setting: a field of the struct that holds a value, not a section.
type leaf struct {
	path   string
	value  reflect.Value
	secret bool
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
	listType     = reflect.TypeFor[[]string]()
)

// leavesOf a struct, in the order of its fields.
func leavesOf(v reflect.Value, prefix string) (leaves []leaf) {
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		field, path := v.Field(i), join(prefix, name)
		if field.Kind() == reflect.Struct && !field.Addr().Type().Implements(textType) {
			leaves = append(leaves, leavesOf(field, path)...)
			continue
		}
		leaves = append(leaves, leaf{path: path, value: field, secret: v.Type().Field(i).Tag.Get("secret") == "true"})
	}
	return leaves
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}
