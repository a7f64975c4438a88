// Package arrowipc is the only door between streamfit and Arrow bytes: a verified, zero-copy decoder of Arrow IPC streams, and their encoder.
//
// A message is one self-contained stream: a schema, dictionaries, record batches, and an end mark that may be missing. [Decoder.Decode] verifies all of it
// before it hands out the first value:
//
//   - the framing: every length within the message, nothing after the end;
//   - the metadata: every flatbuffer table, vector and string within its bytes, nesting and number of fields bounded;
//   - the record batches: as many nodes and buffers as the schema asks for, each wanted buffer within the body and long enough for its rows, dictionary
//     indices within their dictionary, string offsets within their data;
//   - compressed buffers: what they claim is held against a budget before memory is taken.
//
// No message, whatever it holds, panics, or makes the decoder take more memory than [Limits] allow. Arrow's own readers for Go do not stand up to that: a
// message of 440 bytes ends the process, and the format's security notes ask applications to validate what comes from elsewhere
// (https://arrow.apache.org/docs/format/Security.html).
//
// Columns are found by name. Columns of float64 are views of the message's bytes; other numbers are converted to float64 in buffers that are used again.
// The schemas of recent messages are kept by their bytes, so that a message costs a comparison, and a few checks for each wanted column.
package arrowipc
