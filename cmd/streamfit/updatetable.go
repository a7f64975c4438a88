package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/streamfit/streamfit/pipeline"
)

// updateTable shows the newest update of each model: in place on a terminal, a line for each update elsewhere.
type updateTable struct {
	out    io.Writer
	live   bool
	width  int
	latest map[string]*pipeline.Update
	order  []string // of latest, by their last update
	height int      // lines on the screen
}

func newUpdateTable(out io.Writer) *updateTable {
	t := &updateTable{out: out, live: isTerminal(out), latest: map[string]*pipeline.Update{}}
	if f, ok := out.(*os.File); ok && t.live {
		t.width, _, _ = term.GetSize(int(f.Fd())) // 0: lines are not cut
	}
	return t
}

func (t *updateTable) show(u *pipeline.Update) error {
	if !t.live {
		_, err := fmt.Fprintln(t.out, updateLine(u))
		return err
	}
	t.keep(u)
	frame, err := t.frame()
	if err != nil {
		return err
	}
	back := ""
	if t.height > 0 {
		back = fmt.Sprintf("\x1b[%dA\x1b[J", t.height) // up to the frame's first line, and clear from there
	}
	t.height = strings.Count(frame, "\n")
	_, err = io.WriteString(t.out, back+frame)
	return err
}

// keep an update as its model's newest. Of more models than a screen holds, those that have moved last are kept.
func (t *updateTable) keep(u *pipeline.Update) {
	name := nameOf(u)
	t.latest[name] = u
	t.order = append(slices.DeleteFunc(t.order, func(n string) bool { return n == name }), name)
	if len(t.order) > screenful {
		delete(t.latest, t.order[0])
		t.order = t.order[1:]
	}
}

// nameOf a model, with its key if it is of one.
func nameOf(u *pipeline.Update) string {
	if u.Key == nil {
		return u.Model
	}
	return u.Model + "/" + *u.Key
}

// frame is the table of the only model, or a line for each of several.
func (t *updateTable) frame() (string, error) {
	names := make([]string, 0, len(t.latest))
	for name := range t.latest {
		names = append(names, name)
	}
	slices.Sort(names)
	var b bytes.Buffer
	for _, name := range names {
		if len(names) > 1 {
			fmt.Fprintln(&b, updateLine(t.latest[name]))
		} else if err := writeModel(&b, t.latest[name]); err != nil {
			return "", err
		}
	}
	lines := strings.SplitAfter(b.String(), "\n")
	for i, line := range lines {
		lines[i] = cutTo(line, t.width)
	}
	return strings.Join(lines, ""), nil
}

// cutTo the width of the terminal: a line that wrapped would take two lines, and the frame would not be found again.
func cutTo(line string, width int) string {
	runes := []rune(strings.TrimSuffix(line, "\n"))
	if width < 2 || len(runes) <= width {
		return line
	}
	return string(runes[:width-1]) + "…\n"
}

// updateLine is an update in one line: what was learned, how well, and the coefficients with their standard errors.
func updateLine(u *pipeline.Update) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s rows, %s, loss %s (since last %s, best constant %s), (intercept) %s", nameOf(u), grouped(u.Rows.Learned), u.Status,
		digits(u.Loss.Mean, 5), digits(u.Loss.SinceLast, 5), digits(u.Loss.Baseline, 5), withError(u.Intercept))
	for _, c := range u.Coefficients {
		fmt.Fprintf(&b, ", %s %s", c.Name, withError(c.Interval))
	}
	return b.String()
}
