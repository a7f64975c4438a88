package settings

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Layers of values over a struct of defaults.
type Layers struct {
	leaves  []leaf
	byPath  map[string]leaf
	origins map[string]string
}

// Over makes the first layer of what target, a pointer to a struct, holds. Each later layer writes to target.
func Over(target any) *Layers {
	l := &Layers{leaves: leavesOf(reflect.ValueOf(target).Elem(), ""), byPath: map[string]leaf{}, origins: map[string]string{}}
	for _, f := range l.leaves {
		l.byPath[f.path] = f
	}
	return l
}

// A Fault is one thing wrong with the settings: where it was said, of which setting, and what is wrong with it. Origin and Path may be empty.
type Fault struct {
	Origin string // "streamfit.yaml:3:10", "STREAMFIT_MODEL_DELTA", "--delta"; empty: a default
	Path   string
	Err    error
}

func (f *Fault) Error() string {
	var b strings.Builder
	for _, part := range []string{f.Origin, f.Path} {
		if part != "" {
			b.WriteString(part + ": ")
		}
	}
	return b.String() + f.Err.Error()
}

// Unwrap gives what is wrong.
func (f *Fault) Unwrap() error { return f.Err }

// ErrSecret is a secret written where others can read it.
var ErrSecret = errors.New("a secret stands here in the clear")

// Set the setting at path to what text says; origin is where that was said. Every error is a *Fault.
func (l *Layers) Set(path, text, origin string) error {
	f, ok := l.byPath[path]
	if !ok {
		return &Fault{Origin: origin, Err: l.unknown(path)}
	}
	if err := parse(f.value, text); err != nil {
		return &Fault{Origin: origin, Path: path, Err: err}
	}
	l.origins[path] = origin
	return nil
}

// Flag is Set for the command line, which other users of the machine can read: secrets are refused.
func (l *Layers) Flag(path, text, flag string) error {
	if l.byPath[path].secret {
		return &Fault{Origin: flag, Path: path, Err: fmt.Errorf("%w: the command line is seen by every user of the machine and kept in shell histories; "+
			"use an environment variable or a file", ErrSecret)}
	}
	return l.Set(path, text, flag)
}

// Assign is Flag for a text of the form path=value.
func (l *Layers) Assign(assignment, flag string) error {
	path, value, ok := strings.Cut(assignment, "=")
	if !ok {
		return &Fault{Origin: flag, Err: errors.New("want path=value, as model.delta=1.5")}
	}
	return l.Flag(path, value, flag)
}

// Origin of the value at path; empty for a default.
func (l *Layers) Origin(path string) string { return l.origins[path] }

// Text of the value at path, as Set would read it; "redacted" for a secret that is set.
func (l *Layers) Text(path string) string {
	f, ok := l.byPath[path]
	switch {
	case !ok:
		return ""
	case f.secret && !f.value.IsZero():
		return redacted
	default:
		return format(f.value)
	}
}

const redacted = "redacted"

// Paths of all settings, in the order of the struct.
func (l *Layers) Paths() []string {
	paths := make([]string, len(l.leaves))
	for i, f := range l.leaves {
		paths[i] = f.path
	}
	return paths
}

// unknown says what could have been meant by a path that is no setting.
func (l *Layers) unknown(path string) error {
	if below := l.below(path); len(below) > 0 {
		return fmt.Errorf("%s is a section, not a setting; its settings are %s", path, strings.Join(below, ", "))
	}
	return fmt.Errorf("%q is no setting%s", path, didYouMean(path, l.Paths()))
}

// below lists the settings of a section.
func (l *Layers) below(section string) (paths []string) {
	for _, f := range l.leaves {
		if strings.HasPrefix(f.path, section+".") {
			paths = append(paths, f.path)
		}
	}
	return paths
}

// Has tells whether path is a setting.
func (l *Layers) Has(path string) bool {
	_, ok := l.byPath[path]
	return ok
}

// Secret tells whether the setting at path is one.
func (l *Layers) Secret(path string) bool { return l.byPath[path].secret }
