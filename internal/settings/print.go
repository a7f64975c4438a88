package settings

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strings"
)

// WriteYAML writes all settings as a file that File would read to the same values, but for secrets, which are redacted.
func (l *Layers) WriteYAML(w io.Writer) error {
	var out bytes.Buffer
	var open []string // sections that the line before stands in
	for _, f := range l.leaves {
		names := strings.Split(f.path, ".")
		sections, name := names[:len(names)-1], names[len(names)-1]
		for depth, section := range sections {
			if depth >= len(open) || open[depth] != section {
				open = append(open[:min(depth, len(open)):min(depth, len(open))], section)
				out.WriteString(strings.Repeat("  ", depth) + section + ":\n")
			}
		}
		open = open[:len(sections)]
		out.WriteString(strings.Repeat("  ", len(sections)) + name + ": " + l.yamlOf(f) + "\n")
	}
	_, err := w.Write(out.Bytes())
	return err
}

func (l *Layers) yamlOf(f leaf) string {
	values, isList := f.value.Interface().([]string)
	if !isList {
		return scalarYAML(l.Text(f.path))
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = scalarYAML(v)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// plain is what stands for itself in YAML, in a flow list too.
var (
	plain    = regexp.MustCompile(`^[+-]?[A-Za-z0-9._/]([A-Za-z0-9._/:+-]*[A-Za-z0-9._/])?$`)
	reserved = regexp.MustCompile(`^(?i:null|true|false|yes|no|on)$`)
)

// scalarYAML quotes what is not plain, and keeps a ${ from being read as a reference.
func scalarYAML(text string) string {
	if plain.MatchString(text) && (!reserved.MatchString(text) || text == "true" || text == "false") {
		return text
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out) // a JSON string is a YAML string
	e.SetEscapeHTML(false)
	if err := e.Encode(strings.ReplaceAll(text, "${", "$${")); err != nil {
		return err.Error()
	}
	return strings.TrimSuffix(out.String(), "\n")
}
