"""Writes others.zip: the same table as Arrow IPC streams of writers that are not pyarrow.

    python -m venv venv && venv/bin/pip install arro3-core==0.9.1 arro3-io==0.9.1 polars==2.1.0 nanoarrow==0.9.0 pyarrow==26.0.1 && venv/bin/python write_others.py

arro3 is arrow-rs, the Rust implementation; polars has a writer of its own, in Rust too; nanoarrow's is in C. The table is in the test, others_test.go.
"""

import io
import os
import zipfile

import arro3.core
import arro3.io
import nanoarrow.ipc
import polars
import pyarrow as pa

table = pa.table({
    "float64": pa.array([0.5 * i for i in range(7)], pa.float64()),
    "nulls": pa.array([None if i % 3 == 1 else float(i) for i in range(7)], pa.float64()),
    "int32": pa.array(range(-3, 4), pa.int32()),
    "uint8": pa.array(range(7), pa.uint8()),
    "float32": pa.array([i / 4 for i in range(7)], pa.float32()),
    "bool": pa.array([i % 2 == 0 for i in range(7)], pa.bool_()),
    "text": pa.array(["a", "", "ccc", "a text that does not fit inline", None, "f", "g"], pa.string()),
})


def of_arro3(compression):
    out = io.BytesIO()
    arro3.io.write_ipc_stream(arro3.core.Table.from_arrow(table), out, compression=compression)
    return out.getvalue()


def of_polars(compression):
    out = io.BytesIO()
    polars.from_arrow(table).write_ipc_stream(out, compression=compression)
    return out.getvalue()


def of_nanoarrow():
    out = io.BytesIO()
    with nanoarrow.ipc.StreamWriter.from_writable(out) as writer:
        writer.write_stream(table)
    return out.getvalue()


streams = {
    "arro3": lambda: of_arro3(None), "arro3-lz4": lambda: of_arro3("lz4"), "arro3-zstd": lambda: of_arro3("zstd"),
    "polars": lambda: of_polars("uncompressed"), "polars-lz4": lambda: of_polars("lz4"), "polars-zstd": lambda: of_polars("zstd"),
    "nanoarrow": of_nanoarrow,
}
with zipfile.ZipFile(os.path.join(os.path.dirname(os.path.abspath(__file__)), "others.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
    for name, write in streams.items():
        archive.writestr(zipfile.ZipInfo(name), write())
