package arrowipc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/apache/arrow/go/v17/arrow/ipc"
)

// cuts of 8 rows to three batches.
var cuts = [][2]int64{{0, 5}, {5, 5}, {5, 8}}

// streamOf three batches, without an end. ends are where its frames end: the schema and each batch.
func streamOf(t *testing.T) (stream []byte, ends []int) {
	var out bytes.Buffer
	one := numbersRecord(2, 8)
	w := ipc.NewWriter(&out, ipc.WithSchema(one.Schema()))
	for _, cut := range cuts {
		if err := w.Write(one.NewSlice(cut[0], cut[1])); err != nil {
			t.Fatal(err)
		}
		if ends == nil {
			ends = append(ends, bytes.Index(out.Bytes()[8:], []byte{0xFF, 0xFF, 0xFF, 0xFF})+8)
		}
		ends = append(ends, out.Len())
	}
	return out.Bytes(), ends
}

// fileOf the same.
func fileOf(t *testing.T) []byte {
	out, err := os.Create(filepath.Join(t.TempDir(), "file.arrow"))
	if err != nil {
		t.Fatal(err)
	}
	one := numbersRecord(2, 8)
	w, err := ipc.NewFileWriter(out, ipc.WithSchema(one.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	for _, cut := range cuts {
		if err := w.Write(one.NewSlice(cut[0], cut[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), out.Close()); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Wherever a stream is cut, it is an error that says where, unless a frame ends there: a stream need not mark its end.
func TestStreamCut(t *testing.T) {
	stream, ends := streamOf(t)
	stream = append(stream, endOfStream...)
	ends = append(ends, len(stream))
	for n := range len(stream) + 1 {
		rows, err := readStream(t, stream[:n])
		if whole := slices.Contains(ends, n); whole != (errors.Is(err, io.EOF)) {
			t.Errorf("cut at byte %d of %d: %d rows, %v", n, len(stream), rows, err)
		}
		d := NewDecoder(wanted(2), DefaultLimits())
		if _, err := d.Decode(stream[:n]); slices.Contains(ends, n) != (err == nil) {
			t.Errorf("decoding, cut at byte %d of %d: %v", n, len(stream), err)
		}
	}
}

// A file that is cut is an error anywhere: it has a footer.
func TestFileCut(t *testing.T) {
	file := fileOf(t)
	if rows, err := readStream(t, file); rows != 8 || !errors.Is(err, io.EOF) {
		t.Fatalf("%d rows, %v", rows, err)
	}
	for n := range file {
		_, err := readStream(t, file[:n])
		var e *Error
		if !errors.As(err, &e) || e.Reason != reasonFraming || e.Byte > int64(n) {
			t.Errorf("cut at byte %d of %d: %v", n, len(file), err)
		}
	}
}

func TestStreamAfterItsEnd(t *testing.T) {
	stream, _ := streamOf(t)
	stream = append(stream, endOfStream...)
	if _, err := readStream(t, stream); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	for _, more := range [][]byte{{0}, stream} {
		var e *Error
		if _, err := readStream(t, append(slices.Clone(stream), more...)); !errors.As(err, &e) || e.Byte != int64(len(stream)) {
			t.Errorf("%d bytes after the end at %d: %v", len(more), len(stream), err)
		}
	}
}

// The place of an error is one of the stream, not of the frame.
func TestStreamErrorSaysWhere(t *testing.T) {
	stream, ends := streamOf(t)
	broken := slices.Clone(stream)
	copy(broken[ends[2]:], "garbage")
	var e *Error
	if _, err := readStream(t, broken); !errors.As(err, &e) || e.Byte != int64(ends[2]) {
		t.Errorf("garbage at byte %d: %v", ends[2], err)
	}
	message := message(func(c *craftedBatch) { copy(c.body[16:], le32(2, 1, 3)) })
	_, inMessage := Records(message, DefaultLimits())
	_, inStream := readStream(t, message)
	if inMessage == nil || inStream == nil || inMessage.Error() != inStream.Error() || !strings.Contains(inStream.Error(), `column "key"`) {
		t.Errorf("%v and %v are not the same", inMessage, inStream)
	}
}

// Lengths are claims: nothing is allocated before the bytes are there.
func TestStreamThatLies(t *testing.T) {
	limits := Limits{MessageBytes: 1 << 30, DecodedBytes: 1 << 30, Rows: 1 << 30, Fields: 100, Batches: 100}
	body := message(func(c *craftedBatch) { c.claimed = 1<<30 - 4096 })
	for name, stream := range map[string][]byte{
		"metadata of a GiB": {0xFF, 0xFF, 0xFF, 0xFF, 0xF8, 0xFF, 0xFF, 0x3F, 1},
		"a body of a GiB":   body,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := NewStreamReader(bytes.NewReader(stream), limits)
		if err == nil {
			_, err = r.Next()
		}
		runtime.ReadMemStats(&after)
		var e *Error
		if allocated := after.TotalAlloc - before.TotalAlloc; !errors.As(err, &e) || allocated > 8<<20 {
			t.Errorf("%s: %d bytes allocated, %v", name, allocated, err)
		}
	}
	limits.MessageBytes = 1 << 20
	r, err := NewStreamReader(bytes.NewReader(body), limits)
	if err == nil {
		_, err = r.Next()
	}
	var e *Error
	if !errors.As(err, &e) || e.Reason != reasonLimit {
		t.Errorf("a body of a GiB where a MiB is allowed: %v", err)
	}
}

// Bytes may come one by one, and reading may fail.
func TestStreamOfSlowBytes(t *testing.T) {
	stream := fileOf(t)
	r, err := NewStreamReader(iotest.OneByteReader(bytes.NewReader(stream)), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{5, 0, 3} {
		if rec, err := r.Next(); err != nil || rec.NumRows() != want {
			t.Fatal(rec, err)
		}
	}
	for range 2 {
		if rec, err := r.Next(); rec != nil || !errors.Is(err, io.EOF) {
			t.Error(rec, err)
		}
	}
	broken := errors.New("the disk is gone")
	r, err = NewStreamReader(io.MultiReader(bytes.NewReader(stream[:len(stream)*3/4]), iotest.ErrReader(broken)), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = r.Next()
	}
	if _, again := r.Next(); !errors.Is(err, broken) || !errors.Is(again, broken) {
		t.Errorf("%v and %v, want %v", err, again, broken)
	}
}

// What the footer says of its length must hold.
func TestFileWithAnotherFooter(t *testing.T) {
	file, err := os.ReadFile("testdata/kinds.arrow")
	if err != nil {
		t.Fatal(err)
	}
	trailer := file[len(file)-10:]
	binary.LittleEndian.PutUint32(trailer, binary.LittleEndian.Uint32(trailer)+1)
	if _, err := readStream(t, file); errors.Is(err, io.EOF) {
		t.Error("accepted")
	}
}
