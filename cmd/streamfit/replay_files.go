package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/file"
)

// replayFiles are the table of a replay, which may be read several times: to count its rows, in each pass, and for the rows held out.
type replayFiles struct {
	paths   []string
	options file.Options
	first   file.Reader           // what was opened to see whether all is there; nil: it has been handed out
	learned int64                 // rows to learn, the first ones; 0: all
	ends    func(row int64) int64 // where messages must end; may be nil
}

// openFiles as one table, and say at once which of the columns they do not have.
func (r *replayCmd) openFiles(ctx context.Context, c *console, m pipeline.Model) (*replayFiles, error) {
	h, err := parseHoldout(r.Holdout)
	if err = errors.Join(err, r.checkPasses(), r.checkAgain()); err != nil {
		return nil, err
	}
	wanted := columnsOf(m)
	f := &replayFiles{paths: r.Files, options: file.Options{
		Format: file.Format(r.InputFormat), BatchRows: r.BatchRows, Stdin: c.In, Numbers: wanted,
	}}
	if m.Scope == "key" {
		f.options.Texts = []string{m.Key} // in a text format 007 is not 7
	}
	if !slices.Contains(m.Features, "*") {
		f.options.Columns = append(slices.Clone(wanted), f.options.Texts...)
	}
	if f.first, err = file.OpenAll(f.paths, f.options); err != nil || !h.given() {
		return f, err
	}
	if f.learned, err = f.learnable(ctx, h, m.Target); err != nil {
		return nil, errors.Join(err, f.first.Close())
	}
	return f, nil
}

// columnsOf a model: what it reads of a table.
func columnsOf(m pipeline.Model) []string {
	columns := append(slices.Clone(m.Features), m.Target, m.Weight, m.EventTime())
	columns = slices.DeleteFunc(columns, func(name string) bool { return name == "" || name == "*" })
	slices.Sort(columns)
	return slices.Compact(columns)
}

func (r *replayCmd) checkPasses() error {
	if r.Passes < 1 {
		return &usageError{fmt.Errorf("--passes: %d; want 1 or more", r.Passes)}
	}
	return nil
}

// checkAgain refuses to read again what can be read only once.
func (r *replayCmd) checkAgain() error {
	var why string
	switch {
	case r.Holdout != "":
		why = "--holdout counts the rows before it learns"
	case r.Passes > 1:
		why = fmt.Sprintf("--passes %d reads its rows %d times", r.Passes, r.Passes)
	default:
		return nil
	}
	for _, path := range r.Files {
		if path == "-" {
			return &usageError{fmt.Errorf("%s, and stdin can be read only once: save it to a file and name that", why)}
		}
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
			return &usageError{fmt.Errorf("%s, and %s is a pipe or a device: save it to a file and name that", why, path)}
		}
	}
	return nil
}

// holdout says how many of the last rows are not learned.
type holdout struct {
	share float64 // of all rows
	rows  int64
}

func (h holdout) given() bool { return h != holdout{} }

// parseHoldout of 0.2 or 5000.
func parseHoldout(text string) (h holdout, err error) {
	if text == "" {
		return h, nil
	}
	if rows, err := strconv.ParseInt(text, 10, 64); err == nil && rows > 0 {
		return holdout{rows: rows}, nil
	}
	if share, err := strconv.ParseFloat(text, 64); err == nil && share > 0 && share < 1 {
		return holdout{share: share}, nil
	}
	return h, &usageError{fmt.Errorf("--holdout: %q; want a share of the rows between 0 and 1, as 0.2, or a number of rows, as 5000", text)}
}

// learnable rows are those before the holdout.
func (f *replayFiles) learnable(ctx context.Context, h holdout, target string) (int64, error) {
	options := f.options
	options.Columns = []string{target}
	table, err := file.OpenAll(f.paths, options)
	if err != nil {
		return 0, err
	}
	rows, err := file.CountRows(ctx, table)
	if err != nil {
		return 0, err
	}
	held := h.rows
	if h.share > 0 {
		held = max(1, int64(math.Round(h.share*float64(rows))))
	}
	if held >= rows {
		return 0, &usageError{fmt.Errorf("--holdout: %s held out of %s in %s leave none to learn",
			plural(int(held), "row"), grouped(uint64(rows)), strings.Join(f.paths, ", "))}
	}
	return rows - held, nil
}

// toLearn is the rows of a pass.
func (f *replayFiles) toLearn() (file.Reader, error) {
	table := f.first
	if f.first = nil; table == nil {
		var err error
		if table, err = file.OpenAll(f.paths, f.options); err != nil {
			return nil, err
		}
	}
	return file.Window{To: f.learned, Ends: f.ends}.Of(table), nil
}

// heldOut is the rows after those that are learned.
func (f *replayFiles) heldOut() (file.Reader, error) {
	table, err := file.OpenAll(f.paths, f.options)
	if err != nil {
		return nil, err
	}
	return file.Window{From: f.learned}.Of(table), nil
}
