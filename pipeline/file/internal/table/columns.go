// Package table finds columns by name.
package table

import (
	"errors"
	"fmt"
	"strings"
)

// ErrEmpty says that there is no table.
var ErrEmpty = errors.New("the file is empty")

// UnknownColumnError names a column that the file does not have.
type UnknownColumnError struct {
	Column  string
	Columns []string // those there are
	Why     string   // why it is not among them although the file mentions it; "": it does not
}

// Error lists the columns there are.
func (e *UnknownColumnError) Error() string {
	why := e.Why
	if why == "" {
		why = "there is no such column"
	}
	if len(e.Columns) == 0 {
		return fmt.Sprintf("column %q: %s, and none that can be read", e.Column, why)
	}
	return fmt.Sprintf("column %q: %s; the columns are %s", e.Column, why, strings.Join(e.Columns, ", "))
}

// Select finds the wanted columns among those there are and returns their places. refused says of columns that cannot be read why.
func Select(wanted, have []string, refused map[string]string) ([]int, error) {
	if wanted == nil {
		places := make([]int, len(have))
		for i := range have {
			places[i] = i
		}
		return places, nil
	}
	index := make(map[string]int, len(have))
	twice := map[string]bool{}
	for i, name := range have {
		_, known := index[name]
		twice[name] = known
		index[name] = i
	}
	places := make([]int, len(wanted))
	for i, name := range wanted {
		place, ok := index[name]
		if !ok {
			return nil, &UnknownColumnError{Column: name, Columns: have, Why: refused[name]}
		}
		if twice[name] {
			return nil, fmt.Errorf("column %q: several columns have this name; rename them", name)
		}
		places[i] = place
	}
	return places, nil
}
