package settings

import (
	"fmt"
	"regexp"
	"strings"
)

// references are ${NAME} and ${NAME:default}; $${ is a ${ that is none.
var (
	references = regexp.MustCompile(`\$\$\{|\$\{[^}\n]*\}|\$\{`)
	braces     = regexp.MustCompile(`\$\{[^}\n]*\}`)
	hidden     = regexp.MustCompile(`\$\x{E07B}[^\x{E07D}]*\x{E07D}`) // braces after hide
	variable   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// interpolate replaces the references in a scalar. Values are not read again, so a value cannot add structure to the file.
func interpolate(text string, lookup func(string) (string, bool)) (string, error) {
	var fault error
	out := references.ReplaceAllStringFunc(text, func(ref string) string {
		if ref == "$${" {
			return "${"
		}
		value, err := resolve(ref, lookup)
		if err != nil && fault == nil {
			fault = err
		}
		return value
	})
	return out, fault
}

func resolve(ref string, lookup func(string) (string, bool)) (string, error) {
	if ref == "${" {
		return "", fmt.Errorf("${ without a closing }; write $${ for the characters themselves")
	}
	name, fallback, hasFallback := strings.Cut(ref[2:len(ref)-1], ":")
	if !variable.MatchString(name) {
		return "", fmt.Errorf("${%s} does not name an environment variable; write $${ for the characters themselves", name)
	}
	if value, ok := lookup(name); ok {
		return value, nil
	}
	if !hasFallback {
		return "", fmt.Errorf("the environment variable %s is not set; set it, or give a default as ${%s:default}", name, name)
	}
	return fallback, nil
}

// References stand in plain scalars, where the characters { } [ ] , : # and blank may mean something to YAML. So before the parser sees them they
// change places with private-use characters, and afterwards back; columns stay what they were.
const (
	structural = "{}[],:# "
	private    = '\uE000'
)

func hide(source string) string {
	return braces.ReplaceAllStringFunc(source, func(ref string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune(structural, r) {
				return private + r
			}
			return r
		}, ref)
	})
}

func unhide(text string) string {
	return hidden.ReplaceAllStringFunc(text, func(ref string) string {
		return strings.Map(func(r rune) rune {
			if plain := r - private; plain > 0 && plain < 128 && strings.ContainsRune(structural, plain) {
				return plain
			}
			return r
		}, ref)
	})
}
