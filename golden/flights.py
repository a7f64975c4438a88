"""flights.csv.gz: 20,000 of the 200,000 flights of an Arrow file, in an order without drift.

    python flights.py FLIGHTS.arrow

The file (flights-200k.arrow of vega-datasets: delay in minutes, distance in miles, time of day in hours; data of the U.S. Bureau of
Transportation Statistics) is sorted by time. The rows are drawn without replacement, by the order of one SplitMix64 uniform a row.
"""

import gzip
import pathlib
import sys

import numpy as np
import pyarrow as pa

import rows

with pa.memory_map(sys.argv[1]) as source:
    table = pa.ipc.open_file(source).read_all()
order = np.argsort(rows.uniforms(7, table.num_rows), kind="stable")[:20_000]
columns = [table[name].to_numpy()[order] for name in ("delay", "distance", "time")]
lines = ["delay,distance,time", *(f"{delay},{distance},{time}" for delay, distance, time in zip(*columns))]
path = pathlib.Path(__file__).with_name("flights.csv.gz")
path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))
print(path.name, path.stat().st_size, "bytes")
