package arrowipc

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
)

// verdict of pyarrow on a message; testdata/oracle.py says more.
type verdict struct {
	OK      bool
	Error   string
	Columns map[string][]*string
}

// oracle is a pyarrow that judges messages. Mutated bytes may kill it; then a new one is started.
type oracle struct {
	t      *testing.T
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	deaths int
}

func (o *oracle) start() {
	o.cmd = exec.CommandContext(o.t.Context(), os.Getenv("KAFKATEST_PYTHON"), "testdata/oracle.py")
	var err error
	if o.in, err = o.cmd.StdinPipe(); err != nil {
		o.t.Fatal(err)
	}
	out, err := o.cmd.StdoutPipe()
	if err != nil {
		o.t.Fatal(err)
	}
	o.out = bufio.NewReaderSize(out, 1<<20)
	if err := o.cmd.Start(); err != nil {
		o.t.Fatal(err)
	}
}

func (o *oracle) stop() {
	o.in.Close()
	_ = o.cmd.Wait() // it may have died of what it was given
}

func (o *oracle) judge(message []byte) (v verdict) {
	_, err := o.in.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(message))), message...))
	if err == nil {
		var line []byte
		if line, err = o.out.ReadBytes('\n'); err == nil {
			err = json.Unmarshal(line, &v)
		}
	}
	if err != nil {
		o.stop()
		o.deaths++
		o.start()
		return verdict{Error: "it died"}
	}
	return v
}

// mutated bytes of a message: bits of the metadata or of anything, words set to lengths that matter, cuts.
func mutated(r *rand.Rand, message []byte) []byte {
	out := slices.Clone(message)
	words := []uint32{0, 1, 7, 8, 0x7fffffff, 0xffffffff, uint32(len(out)), 1 << 20}
	for range 1 + r.IntN(3) {
		switch at := r.IntN(len(out)); r.IntN(5) {
		case 0:
			out[at] ^= 1 << r.IntN(8)
		case 1, 2:
			out[r.IntN(min(len(out), 2000))] ^= 1 << r.IntN(8)
		case 3:
			binary.LittleEndian.PutUint32(out[min(at, 2000)&^3%(len(out)-4):], words[r.IntN(len(words))])
		case 4:
			if r.IntN(4) == 0 {
				return out[:max(8, at)]
			}
		}
	}
	return out
}

// What this decoder and pyarrow both accept, they read to the same values. What only pyarrow accepts is a dead letter, as ours is stricter; what only this decoder
// accepts must be few, since it looks at the named columns only.
func TestAgainstPyarrow(t *testing.T) {
	if os.Getenv("KAFKATEST_PYTHON") == "" {
		t.Skip("needs KAFKATEST_PYTHON, a Python with examples/python/requirements.txt installed")
	}
	o := &oracle{t: t}
	o.start()
	defer func() { o.stop() }()
	r := rand.New(rand.NewPCG(1, 1))
	var both, ours, whole, theirs, neither, values int
	files := expectations(t)
	for _, name := range []string{"kinds_lz4.arrows", "kinds_v4.arrows", "replacements.arrows", "slices.arrows"} {
		want := files[name]
		message, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		p := Projection{Numbers: slices.Sorted(maps.Keys(want.Numbers))}
		d := NewDecoder(p, DefaultLimits())
		for i := range 1000 {
			m := message
			if i > 0 {
				m = mutated(r, message)
			}
			v := o.judge(m)
			batches, err := d.Decode(m)
			switch {
			case err == nil && v.OK:
				both++
				values += sameValues(t, name, i, p, batches, v)
			case err == nil:
				ours++
				if _, err := Records(m, DefaultLimits()); err == nil {
					whole++
					t.Logf("%s, mutation %d: all columns accepted, by pyarrow not: %s", name, i, v.Error)
				}
			case v.OK:
				theirs++
			default:
				neither++
			}
		}
	}
	t.Logf("accepted by both: %d, with %d values that are the same; by pyarrow only: %d; by this decoder only: %d, of which it accepts every column: %d; by neither: %d; pyarrow died %d times", both, values, theirs, ours, whole, neither, o.deaths)
	if both < 500 || values < 5000 {
		t.Error("the test shows too little")
	}
	if whole > 40 { // a dictionary that no column has, texts that are no UTF-8, what nothing reads of the metadata
		t.Errorf("%d messages of which every column is accepted are refused by pyarrow", whole)
	}
}

// sameValues of the columns that pyarrow speaks of.
func sameValues(t *testing.T, name string, i int, p Projection, batches []Batch, v verdict) (n int) {
	for k, column := range p.Numbers {
		want, ok := v.Columns[column]
		if !ok {
			continue
		}
		row := 0
		for _, b := range batches {
			for j := range b.Rows {
				if row >= len(want) {
					t.Fatalf("%s, mutation %d, column %s: %d rows and more, pyarrow reads %d", name, i, column, row, len(want))
				}
				// A null here may be a value there: pyarrow does not look at a bitmap whose metadata claim that it has no nulls; this decoder does.
				if isSet(b.Numbers[k].Valid, j) {
					if got := b.Numbers[k].Values[j]; want[row] == nil || !sameNumber(t, got, *want[row]) {
						t.Fatalf("%s, mutation %d, column %s, row %d: %v, pyarrow reads another", name, i, column, row, got)
					}
					n++
				}
				row++
			}
		}
		if row != len(want) {
			t.Fatalf("%s, mutation %d, column %s: %d rows, pyarrow reads %d", name, i, column, row, len(want))
		}
	}
	return n
}

func sameNumber(t *testing.T, got float64, want string) bool {
	t.Helper()
	w, err := strconv.ParseFloat(want, 64)
	if err != nil {
		t.Fatal(err)
	}
	return math.Float64bits(got) == math.Float64bits(w) || math.IsNaN(got) && math.IsNaN(w)
}
