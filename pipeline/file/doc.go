// Package file reads tables from files and hands them out the way an input partition does: as messages, each a self-contained Arrow IPC stream. So
// a fit over a file takes the same path, and ends in the same bits, as one over Kafka.
//
//	file ──▶ Reader: records of at most BatchRows rows ──▶ Source: messages ──▶ decode, fit, publish
//
// Arrow IPC files and streams, Parquet, CSV and JSON lines are told apart by their first bytes, then by the file's ending; gzip and zstd around
// any of them are undone. Files are read from front to back and never loaded whole. What is held in memory is one batch: BatchRows rows of the
// columns asked for, and besides
//
//	arrow     one record batch of the file
//	parquet   one page of each column asked for (and its dictionary)
//	csv       the first 256 KiB or 1,000 lines, which decide the columns' types
//	jsonl     the same
//
// # CSV
//
// RFC 4180 with a header line; the separator is a comma, a semicolon, a tab or a bar, whichever the header line has most of. A byte order mark and
// CRLF are accepted, empty lines are skipped, a header without a name gets one by its place (column1). The first 1,000 lines (256 KiB) decide what
// a column is:
//
//	whole numbers   int64, and float64 from the batch on in which the first fraction comes
//	numbers         float64; NaN and inf are values (rows that hold them are counted as not finite), and so is 1e400, as +Inf
//	booleans        true and false
//	times           RFC 3339, "2006-01-02 15:04:05", "2006-01-02": microseconds, UTC where no zone is given
//	anything else   text
//
// An empty field, NA, N/A, null and None are nulls, in text only the empty field. A column that is null throughout the sample is decided by its first
// value. A later value that does not fit its column is an error with line and column, never a silent null.
//
// # JSON lines
//
// One object a line; numbers, booleans, strings (times are recognised as in CSV), null. A missing field is null; fields that the sample did not show
// are ignored, and so are objects and arrays. "NaN", "Infinity" and "-Infinity" as strings are numbers, as JSON has no other way to write them.
//
// # Caveats
//
// Parquet needs to be read from its end: from a pipe it is first copied to a temporary file. An Arrow file is held one record batch at a time, so
// one that was written as a single large batch takes that much memory, and beyond 1 GiB it is refused.
package file
