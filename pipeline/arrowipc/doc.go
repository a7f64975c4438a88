// Package arrowipc is the only door between streamfit and Arrow bytes: a verified, zero-copy decoder of Arrow IPC streams, and their encoder.
//
// # Messages
//
// A message is one self-contained stream: a schema, dictionaries, any number of record batches (none is fine), and an end mark that may be missing. It is
// decoded whole or not at all. [Decoder.Decode] finds columns by name and hands them out as float64 or as texts:
//
//	(u)int8 … (u)int64, float16, float32   the number; an integer beyond 2⁵³ rounds to the nearest float64
//	float64                                the message's own bytes, not copied
//	bool                                   0 or 1
//	decimal32 … decimal256                 the nearest float64; beyond its range ±Inf
//	timestamp, date32, date64              seconds since 1970-01-01 UTC
//	time32, time64, duration               seconds
//	null                                   nothing but nulls
//	utf8, binary, their large and view types, integers   texts
//
// and dictionaries of all of those, with deltas and replacements. Bodies may be compressed with LZ4_FRAME or ZSTD. All other types may be there too: they
// are passed over. Big-endian data and the framing from before Arrow 0.15 are refused.
//
// # What is verified
//
// All that is looked at, before the first value is handed out:
//
//   - the framing: every length lies within the message, nothing comes after the end;
//   - the metadata: every flatbuffer table, vector and string lies within its bytes; offsets lead forward only, nesting, the number of fields and the
//     length of all names together are bounded, so that nothing refers to itself or to one thing many times;
//   - the record batches: as many nodes and buffers as the schema asks for; each wanted buffer aligned, within the body, and long enough for its rows;
//     nulls by the bitmap, not by the count that is claimed; indices within their dictionary, string offsets and views within their data;
//   - what is decompressed, converted or referred to many times: counted against [Limits] before memory is taken.
//
// So no message, whatever it holds, panics, or makes the decoder take more memory than its limits allow. Arrow's own readers for Go do not stand up to
// that: a message of 440 bytes ends the process, with arrow-go v17 and v18. The format's security notes ask of applications to validate what they receive
// from elsewhere (https://arrow.apache.org/docs/format/Security.html). The format has no checksum: a flipped bit in a value is another value.
//
// # Costs
//
// The schemas of recent messages are kept by their bytes, at most 16 and 4 MiB of them, so a message costs a comparison and a few checks for each wanted
// column, whatever its rows, as long as they are float64. `go test -bench Decode` sets it beside arrow-go's reader. Nothing is allocated once a decoder
// has seen a message of the kind, but for string views, decimals that need more than a division of two exact numbers, and LZ4's pooled blocks. What needs conversion or decompression is written to buffers that the next message uses again; of those a decoder keeps
// 4 MiB for numbers and 4 MiB for bytes. A column of float64 pins the message it is a view of, until the next Decode.
package arrowipc
