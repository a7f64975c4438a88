package settings

import (
	"fmt"
	"regexp"
	"strings"
)

// references are ${NAME} and ${NAME:default}; $${ is a ${ that is none.
var (
	references = regexp.MustCompile(`\$\$\{|\$\{[^}\n]*\}|\$\{`)
	braces     = regexp.MustCompile(`\$\{[^}"\n]*\}`) // what a quotation mark cuts off are two strings of a list, "${" and "}"
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
// change places with noncharacters, which Unicode keeps for such use, and afterwards back; columns stay what they were. So do the colons within words,
// as in localhost:9092: they are text to YAML, but in a flow list in a flow map the parser takes them for the colon of a map.
const (
	structural   = "{}[],:# "
	noncharacter = '\uFDD0' // the first of 32
	hiddenColon  = "${1}\uFDD5${2}"
)

var wordColon = regexp.MustCompile(`([\pL\pN._-]):([\pL\pN._/-])`)

func hide(source string) string {
	source = braces.ReplaceAllStringFunc(source, func(ref string) string {
		return strings.Map(func(r rune) rune {
			if i := strings.IndexRune(structural, r); i >= 0 {
				return noncharacter + rune(i)
			}
			return r
		}, ref)
	})
	return wordColon.ReplaceAllString(wordColon.ReplaceAllString(source, hiddenColon), hiddenColon) // twice: the matches in a:b:c overlap
}

func unhide(text string) string {
	return strings.Map(func(r rune) rune {
		if i := r - noncharacter; i >= 0 && int(i) < len(structural) {
			return rune(structural[i])
		}
		return r
	}, text)
}
