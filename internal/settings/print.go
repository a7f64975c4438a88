package settings

import (
	"io"
	"math"
	"strings"

	"github.com/goccy/go-yaml"
)

// WriteYAML writes all settings as a file that File would read to the same values, but for secrets, which are redacted.
func (l *Layers) WriteYAML(w io.Writer) error {
	var tree yaml.MapSlice
	for _, f := range l.leaves {
		tree = graft(tree, strings.Split(f.path, "."), l.printed(f))
	}
	text, err := yaml.Marshal(tree)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// graft adds a value to the tree. The leaves come in the struct's order, so a section is always the newest entry.
func graft(tree yaml.MapSlice, path []string, value any) yaml.MapSlice {
	if len(path) == 1 {
		return append(tree, yaml.MapItem{Key: path[0], Value: value})
	}
	last := len(tree) - 1
	if last < 0 || tree[last].Key != path[0] {
		tree, last = append(tree, yaml.MapItem{Key: path[0], Value: yaml.MapSlice{}}), last+1
	}
	tree[last].Value = graft(tree[last].Value.(yaml.MapSlice), path[1:], value)
	return tree
}

// printed is a leaf's value in YAML's own types, so that numbers are not quoted.
func (l *Layers) printed(f leaf) any {
	switch v := f.value.Interface().(type) {
	case bool, int, int64, float64:
		return v
	case string:
		return escape(l.Text(f.path))
	case []string:
		list := make([]string, len(v))
		for i, s := range v {
			list[i] = escape(s)
		}
		return list
	}
	text := format(f.value)
	if n, err := parseFloat(text); err == nil && !math.IsInf(n, 0) {
		return n
	}
	return escape(text)
}

// escape keeps a ${ from being read as a reference.
func escape(text string) string { return strings.ReplaceAll(text, "${", "$${") }
