package settings

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// File lays a YAML file over the layers before. ${NAME} and ${NAME:default} in its values stand for what lookup knows. All faults are reported, each
// with line and column; a setting that is null keeps the value it had.
func (l *Layers) File(name string, source []byte, lookup func(string) (string, bool)) error {
	f := &file{layers: l, name: name, lookup: lookup}
	tree, err := parser.ParseBytes([]byte(hide(string(source))), 0)
	if err != nil {
		return f.syntax(err)
	}
	for i, doc := range tree.Docs {
		if i > 0 && doc.Body != nil {
			f.fault(doc.Body, "", errors.New("a second document begins here; a configuration is one document"))
			break
		}
		if doc.Body != nil {
			f.section(doc.Body, "")
		}
	}
	return errors.Join(f.faults...)
}

// file is one walk over a parsed file.
type file struct {
	layers *Layers
	name   string
	lookup func(string) (string, bool)
	faults []error
}

func (f *file) fault(n ast.Node, path string, err error) {
	f.faults = append(f.faults, &Fault{Origin: f.at(n.GetToken()), Path: path, Err: err})
}

func (f *file) at(t *token.Token) string {
	if t == nil || t.Position == nil {
		return f.name
	}
	return fmt.Sprintf("%s:%d:%d", f.name, t.Position.Line, max(t.Position.Column, 1))
}

// syntax leaves out the excerpt of the file that the parser's own message shows: it may hold what nobody should see.
func (f *file) syntax(err error) error {
	var s *yaml.SyntaxError
	if !errors.As(err, &s) {
		return &Fault{Origin: f.name, Err: errors.New("not a YAML file")}
	}
	return &Fault{Origin: f.at(s.Token), Err: errors.New(unhide(s.Message))}
}

// section walks a map whose keys are settings or sections.
func (f *file) section(n ast.Node, path string) {
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, entry := range n.Values {
			f.entry(entry, path)
		}
	case *ast.MappingValueNode:
		f.entry(n, path)
	case *ast.NullNode:
	default:
		f.fault(n, path, fmt.Errorf("want a map of settings, got %s", kind(n)))
	}
}

func (f *file) entry(e *ast.MappingValueNode, prefix string) {
	name, ok := keyText(e.Key)
	if !ok {
		f.fault(e, prefix, errors.New("want the name of a setting before the colon"))
		return
	}
	path := join(prefix, name)
	if _, ok := f.layers.byPath[path]; ok {
		f.setting(e.Value, path)
	} else if len(f.layers.below(path)) > 0 {
		f.section(e.Value, path)
	} else {
		f.fault(e.Key, "", f.layers.unknown(path))
	}
}

// keyText is the name before a colon. A name may be a word that YAML takes for a value, as null in input.bad_rows.
func keyText(n ast.Node) (string, bool) {
	if n.Type() == ast.NullType {
		return n.GetToken().Value, true
	}
	return scalarText(n)
}

// setting gives a value, or a list of values, to the setting at path.
func (f *file) setting(n ast.Node, path string) {
	if n.Type() == ast.NullType {
		return
	}
	before := len(f.faults)
	text, written := f.value(n, path)
	if len(f.faults) > before {
		return
	}
	err := f.layers.Set(path, text, f.at(n.GetToken()))
	if err != nil && text != written {
		f.fault(n, path, unreadableReference(written, err))
	} else if err != nil {
		f.faults = append(f.faults, err)
	}
}

// value reads a scalar or a list of them: what it stands for, and as it is written. What is wrong with it becomes a fault.
func (f *file) value(n ast.Node, path string) (text, written string) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return f.scalar(n, path)
	}
	if f.layers.byPath[path].value.Type() != listType {
		f.fault(n, path, errors.New("want one value, got a list"))
		return "", ""
	}
	texts, writtens := make([]string, len(list.Values)), make([]string, len(list.Values))
	for i, v := range list.Values {
		texts[i], writtens[i] = f.scalar(v, path)
	}
	return formatList(texts), formatList(writtens)
}

func (f *file) scalar(n ast.Node, path string) (text, written string) {
	written, ok := scalarText(n)
	if !ok {
		f.fault(n, path, fmt.Errorf("want one value, got %s", kind(n)))
		return "", ""
	}
	text, err := interpolate(written, f.lookup)
	if err == nil && f.layers.Secret(path) && text != "" && !onlyReference(written) {
		err = fmt.Errorf("%w: configuration files are shared and kept; write ${VARIABLE} and set the environment variable", ErrSecret)
	}
	if err != nil {
		f.fault(n, path, err)
	}
	return text, written
}

// onlyReference tells whether a scalar is one reference without a default, which would be as readable as the value itself.
func onlyReference(written string) bool {
	at := references.FindStringIndex(written)
	return at != nil && at[0] == 0 && at[1] == len(written) && len(written) > 3 && variable.MatchString(written[2:len(written)-1])
}

// scalarText is what a scalar says, before interpolation.
func scalarText(n ast.Node) (text string, ok bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return unhide(n.Value), true
	case *ast.LiteralNode:
		return unhide(n.Value.Value), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	default:
		return "", false
	}
}

// kind of a node, in words.
func kind(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a map"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	case *ast.AnchorNode, *ast.AliasNode:
		return "an anchor or alias, which a configuration cannot have"
	case *ast.TagNode:
		return "a tag, which a configuration cannot have"
	default:
		return "a value"
	}
}
