package file

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// Format of a file.
type Format string

// The formats that can be read.
const (
	Arrow     Format = "arrow" // IPC file or stream
	Parquet   Format = "parquet"
	CSV       Format = "csv"
	JSONLines Format = "jsonl"
)

const formatList = "arrow, parquet, csv, jsonl"

func (f Format) known() bool {
	switch f {
	case Arrow, Parquet, CSV, JSONLines:
		return true
	}
	return false
}

// codec is the compression around a whole file.
type codec uint8

const (
	plain codec = iota
	gzipped
	zstandard
)

// codecOf reads a compression's magic number.
func codecOf(head []byte) codec {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b, 0x08}):
		return gzipped
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return zstandard
	default:
		return plain
	}
}

// foreign formats are named, as people are more likely to bring them than noise.
var foreign = []struct{ magic, say string }{
	{"PK\x03\x04", "a zip archive or a spreadsheet; unpack it, or save it as CSV"},
	{"Obj\x01", "an Avro file; convert it to Parquet"},
	{"ORC", "an ORC file; convert it to Parquet"},
	{"FEA1", "a Feather file of version 1; write it anew as version 2, which is an Arrow file"},
	{"\x89HDF", "an HDF5 file; convert it to Parquet"},
	{"PARE", "an encrypted Parquet file; decrypt it"},
	{"SQLite format 3", "an SQLite database; export the table as CSV"},
	{"BZh", "compressed with bzip2; unpack it, or use gzip or zstd"},
	{"\xfd7zXZ", "compressed with xz; unpack it, or use gzip or zstd"},
	{"\xff\xfe", "UTF-16 text; convert it with iconv -f UTF-16 -t UTF-8"},
	{"\xfe\xff", "UTF-16 text; convert it with iconv -f UTF-16 -t UTF-8"},
}

var byteOrderMark = []byte{0xef, 0xbb, 0xbf}

// formatOf tells the format of a file from its first bytes and its name.
func formatOf(name string, head []byte) (Format, error) {
	if len(head) == 0 {
		return "", fmt.Errorf("%w: nothing to read", ErrEmpty)
	}
	byEnding := ending(name)
	switch byMagic, err := magic(head); {
	case err != nil:
		return "", err
	case byMagic != "":
		return byMagic, nil
	case byEnding == Arrow || byEnding == Parquet:
		return "", damaged("its name ends as %s files do, its first bytes %q are not of that format", byEnding, first(head))
	case bytes.IndexByte(head, 0) >= 0:
		return "", fmt.Errorf("%w: it begins with the bytes %q, which is none of %s", ErrFormat, first(head), formatList)
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, byteOrderMark), " \t\r\n")
	switch {
	case bytes.HasPrefix(text, []byte("{")):
		return JSONLines, nil
	case bytes.HasPrefix(text, []byte("[")) && byEnding != CSV:
		return "", fmt.Errorf("%w: a JSON array; write one object a line, for example with jq -c '.[]'", ErrFormat)
	case byEnding != "":
		return byEnding, nil
	default:
		return CSV, nil
	}
}

func magic(head []byte) (Format, error) {
	switch {
	case bytes.HasPrefix(head, []byte("ARROW1")), bytes.HasPrefix(head, []byte{0xff, 0xff, 0xff, 0xff}):
		return Arrow, nil
	case bytes.HasPrefix(head, []byte("PAR1")):
		return Parquet, nil
	}
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return "", fmt.Errorf("%w: this is %s", ErrFormat, f.say)
		}
	}
	return "", nil
}

// ending reads the format off a file's name, past .gz and .zst.
func ending(name string) Format {
	name = strings.ToLower(name)
	for _, compressed := range []string{".gz", ".zst", ".zstd"} {
		name = strings.TrimSuffix(name, compressed)
	}
	switch filepath.Ext(name) {
	case ".arrow", ".arrows", ".feather", ".ipc":
		return Arrow
	case ".parquet", ".parq", ".pq":
		return Parquet
	case ".csv", ".tsv", ".tab":
		return CSV
	case ".jsonl", ".ndjson", ".json":
		return JSONLines
	}
	return ""
}

func first(head []byte) []byte { return head[:min(len(head), 8)] }

// notReadable turns what the system says of a path into a sentence.
func notReadable(path string, err error) error {
	var reason error
	switch {
	case errors.Is(err, errDirectory):
		reason = fmt.Errorf("%w; name the files in it, for example %s", err, filepath.Join(path, "*.parquet"))
	default:
		reason = fmt.Errorf("cannot be opened: %w", pathReason(err))
	}
	return &Error{File: path, Err: reason}
}
