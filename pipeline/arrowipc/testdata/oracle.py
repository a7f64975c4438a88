"""Reads messages (8 bytes of length, little-endian, then so many bytes) from stdin and says of each, in a line of JSON, what pyarrow makes of it.

{"ok": false, "error": "..."} or {"ok": true, "columns": {name: [value or null, ...]}} with the columns of integers, floats and booleans, as floats in
hexadecimal. A message is ok if pyarrow reads it to its end and validates it in full.
"""

import json
import sys

import pyarrow as pa
import pyarrow.ipc


def numeric(t):
    return pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_boolean(t)


def judge(message):
    reader = pa.ipc.open_stream(pa.BufferReader(message))
    table = reader.read_all()
    table.validate(full=True)
    columns = {}
    for name, column in zip(table.column_names, table.columns):
        if numeric(column.type) and table.column_names.count(name) == 1:
            columns[name] = [None if v is None else float(v).hex() for v in column.to_pylist()]
    return columns


while head := sys.stdin.buffer.read(8):
    message = sys.stdin.buffer.read(int.from_bytes(head, "little"))
    try:
        answer = {"ok": True, "columns": judge(message)}
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError, UnicodeDecodeError, KeyError) as e:
        answer = {"ok": False, "error": f"{type(e).__name__}: {str(e)[:200]}"}
    print(json.dumps(answer), flush=True)
