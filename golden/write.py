"""Writes golden values: JSON with every float in its shortest exact form, gzipped so that the bytes depend on nothing but the values."""

import gzip
import json
import pathlib


def gzipped(name, value):
    path = pathlib.Path(__file__).with_name(name)
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(path.name, path.stat().st_size, "bytes")
