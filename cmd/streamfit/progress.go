package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/streamfit/streamfit/pipeline"
)

// progressTable shows learning as Vowpal Wabbit does: a line at 1, 2, 4, 8, … thousand rows, each with the loss of rows that were predicted before
// they were learned. On a terminal the last line is live; elsewhere only whole lines are written.
type progressTable struct {
	out   io.Writer
	live  bool // out is a terminal
	width int

	mu     sync.Mutex
	began  time.Time
	header bool
	shards map[int]*shardProgress // by partition
}

// shardProgress is where the lines of a shard stand. That of partition 0 speaks for all; the lines of the others begin with their partition.
type shardProgress struct {
	next uint64 // rows at which the next line is due
	rows uint64 // of the last whole line
	mean float64
}

const firstProgressLine = 1000

func newProgressTable(out io.Writer) *progressTable {
	p := &progressTable{out: out, began: time.Now(), shards: map[int]*shardProgress{}, width: 100}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.live = true
		if w, _, err := term.GetSize(int(f.Fd())); err == nil {
			p.width = w
		}
	}
	return p
}

// show an update. It is called by the shards' goroutines.
func (p *progressTable) show(of pipeline.Partition, u *pipeline.Update) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.header {
		p.writeHeader(u)
	}
	shard := p.shard(of)
	switch line := p.line(of, shard, u); {
	case u.Rows.Learned >= shard.next:
		p.write(line + "\n")
		shard.rows, shard.mean = u.Rows.Learned, float64(u.Loss.Mean)
		for shard.next <= u.Rows.Learned {
			shard.next *= 2
		}
	case p.live:
		p.write(line)
	}
}

// shard of a partition.
func (p *progressTable) shard(of pipeline.Partition) *shardProgress {
	shard := p.shards[of.ID]
	if shard == nil {
		shard = &shardProgress{next: firstProgressLine}
		p.shards[of.ID] = shard
	}
	return shard
}

// finish leaves the cursor on a line of its own.
func (p *progressTable) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live && p.header {
		p.write("")
	}
}

// summary of rows learned: the time that they took is of no record.
func (p *progressTable) summary(rows uint64) {
	seconds := time.Since(p.began).Seconds()
	fmt.Fprintf(p.out, "%s in %.2f s, %s rows/s\n", plural(int(rows), "row"), seconds, grouped(uint64(float64(rows)/seconds)))
}

func (p *progressTable) write(line string) {
	if p.live {
		line = "\r\x1b[K" + line
	}
	fmt.Fprint(p.out, line)
}

func (p *progressTable) writeHeader(u *pipeline.Update) {
	p.header = true
	cells := []string{"rows", "mean loss", "since last", "baseline", "outliers", "scale", "intercept"}
	for _, c := range u.Coefficients {
		cells = append(cells, c.Name)
	}
	p.write(p.fit(cells) + "\n")
}

// line of an update: the losses are means per row, a coefficient is followed by its standard error.
func (p *progressTable) line(of pipeline.Partition, shard *shardProgress, u *pipeline.Update) string {
	outliers := math.NaN()
	if u.Rows.Learned > 0 {
		outliers = 100 * float64(u.Rows.Outliers) / float64(u.Rows.Learned)
	}
	rows := grouped(u.Rows.Learned)
	if of.ID != 0 {
		rows = fmt.Sprintf("%d: %s", of.ID, rows)
	}
	cells := []string{
		rows, digits(u.Loss.Mean, 5), digits(shard.since(u), 5), digits(u.Loss.Baseline, 5),
		strconv.FormatFloat(outliers, 'f', 1, 64) + " %", digits(u.Scale, 4), withError(u.Intercept),
	}
	for _, c := range u.Coefficients {
		cells = append(cells, withError(c.Interval))
	}
	return p.fit(cells)
}

// wants an update at the next line's rows.
func (p *progressTable) wants(of pipeline.Partition, learned uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if shard := p.shards[of.ID]; shard != nil {
		return learned >= shard.next
	}
	return learned >= firstProgressLine
}

// since is the mean loss of the rows since the last whole line; none after a merge that lost rows, for want of a peer's checkpoint.
func (s *shardProgress) since(u *pipeline.Update) pipeline.Number {
	n, before := float64(u.Rows.Learned), float64(s.rows)
	if n <= before {
		return pipeline.Number(math.NaN())
	}
	return pipeline.Number((float64(u.Loss.Mean)*n - s.mean*before) / (n - before))
}

// fit right-aligned cells into the width; columns that do not fit are left out and said to be.
func (p *progressTable) fit(cells []string) string {
	var b strings.Builder
	for i, cell := range cells {
		width := 11
		if i >= 6 {
			width = 20
		}
		if b.Len()+width+2 > p.width && p.live {
			b.WriteString(" …")
			break
		}
		fmt.Fprintf(&b, "%*s", width, cell)
	}
	return b.String()
}

// digits writes a number in so many significant digits, a dash for none.
func digits(n pipeline.Number, significant int) string {
	f := float64(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "–"
	}
	return strconv.FormatFloat(f, 'g', significant, 64)
}

// withError writes a coefficient and its standard error, which decides how many digits mean something.
func withError(i pipeline.Interval) string {
	if math.IsNaN(float64(i.SE)) {
		return digits(i.Value, 5)
	}
	return significant(i.Value, i.SE) + " ±" + digits(i.SE, 2)
}

// significant writes a value to the second digit of its standard error.
func significant(value, se pipeline.Number) string {
	v, e := float64(value), float64(se)
	if !(e > 0) || math.Abs(v) >= 1e15 || e < 1e-9 {
		return digits(value, 6)
	}
	decimals := 1 - int(math.Floor(math.Log10(e)))
	return strconv.FormatFloat(v, 'f', min(max(decimals, 0), 12), 64)
}

// grouped writes 1234567 as 1,234,567.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
