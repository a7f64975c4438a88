package main

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/arrowipc"
)

func updateOf(model string, rows uint64) *pipeline.Update {
	nan := pipeline.Number(math.NaN())
	return &pipeline.Update{
		Model: model, Status: "ok", Rows: pipeline.RowCounts{Learned: rows},
		Intercept:    pipeline.Interval{Value: 3, SE: nan, Low: nan, High: nan},
		Coefficients: pipeline.Coefficients{{Name: "x", Interval: pipeline.Interval{Value: 0.123456, SE: 0.01, Low: 0.1, High: 0.14}}},
		Loss:         pipeline.Losses{Name: "huber", Mean: 61.2, SinceLast: 60.8, Baseline: 62},
	}
}

func TestWithoutATerminalEachUpdateIsALine(t *testing.T) {
	var out strings.Builder
	table := newUpdateTable(&out)
	for _, rows := range []uint64{1000, 1234567} {
		if err := table.show(updateOf("m", rows)); err != nil {
			t.Fatal(err)
		}
	}
	want := "m: 1,000 rows, ok, loss 61.2 (since last 60.8, best constant 62), (intercept) 3, x 0.123 ±0.01\n" +
		"m: 1,234,567 rows, ok, loss 61.2 (since last 60.8, best constant 62), (intercept) 3, x 0.123 ±0.01\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// A screen is a terminal of which only what the table uses is there: text, line feeds, "up n lines and clear".
func screen(t *testing.T, output string) (lines []string) {
	t.Helper()
	for i, part := range strings.Split(output, "\x1b[") {
		if i > 0 {
			up := 0
			for part[0] >= '0' && part[0] <= '9' {
				up, part = up*10+int(part[0]-'0'), part[1:]
			}
			if part = strings.TrimPrefix(part, "A"); up > len(lines) {
				t.Fatalf("%d lines up, but there are %d", up, len(lines))
			} else if up > 0 {
				lines = lines[:len(lines)-up]
			}
			part = strings.TrimPrefix(part, "J")
		}
		for _, line := range strings.SplitAfter(part, "\n") {
			if line != "" {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

func TestOnATerminalTheTableStaysInPlace(t *testing.T) {
	var out strings.Builder
	table := newUpdateTable(&out)
	table.live, table.width = true, 40
	show := func(u *pipeline.Update) []string {
		if err := table.show(u); err != nil {
			t.Fatal(err)
		}
		return screen(t, out.String())
	}
	first := show(updateOf("a", 1000))
	second := show(updateOf("a", 2000))
	if len(first) != len(second) || !strings.Contains(strings.Join(second, ""), "2,000 rows") || strings.Contains(strings.Join(second, ""), "1,000 rows") {
		t.Errorf("the second frame did not replace the first:\n%s", strings.Join(second, ""))
	}
	for _, line := range second {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 40 {
			t.Errorf("a line of %d characters wraps on a terminal of 40: %q", n, line)
		}
	}
	third := show(updateOf("b", 5))
	if len(third) != 2 || !strings.HasPrefix(third[0], "a: 2,000 rows") || !strings.HasPrefix(third[1], "b: 5 rows") {
		t.Errorf("two models: got %q", third)
	}
}

// messageAt is a message whose rows have these times.
func messageAt(t *testing.T, times ...float64) []byte {
	t.Helper()
	m, err := arrowipc.EncodeNumbers(nil, []string{"time"}, [][]float64{times})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPaceByRate(t *testing.T) {
	p := newPacer(200, "", 1)
	for rows, want := range map[int64]time.Duration{0: 0, 100: 500 * time.Millisecond, 1000: 5 * time.Second} {
		p.rows = rows
		if got, err := p.after(nil); err != nil || got != want {
			t.Errorf("after %d rows: got %v, %v, want %v", rows, got, err, want)
		}
	}
}

func TestPaceByTheRowsTime(t *testing.T) {
	p := newPacer(0, "time", 10)
	for _, c := range []struct {
		times []float64
		want  time.Duration
	}{
		{[]float64{1000, 2000}, 0},
		{[]float64{1005}, 500 * time.Millisecond},
		{[]float64{990}, 0}, // earlier than the first: at once
		{[]float64{math.NaN(), 1020}, 2 * time.Second},
		{[]float64{math.NaN()}, 0},
		{[]float64{1e300}, math.MaxInt64},
	} {
		if got, err := p.after(messageAt(t, c.times...)); err != nil || got != c.want {
			t.Errorf("%v: got %v, %v, want %v", c.times, got, err, c.want)
		}
	}
	p = newPacer(0, "clock", 1)
	if _, err := p.after(messageAt(t, 1)); exitCode(err) != exitInput {
		t.Errorf("a column that is not there: got %v", err)
	}
}
