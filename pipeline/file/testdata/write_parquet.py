"""Writes types.parquet: every Parquet type that is read as a number, a time or text, with nulls, as pyarrow 26.0.1 writes it; and legacy.parquet,
with INT96 times, dictionaries and pages of version 1. The expected values are in parquettypes_test.go."""

import datetime as dt
import decimal

import pyarrow as pa
import pyarrow.parquet as pq

D = decimal.Decimal
day = dt.datetime(2024, 2, 29, 12, 30, 15, 250000)
columns = {
    "bool": pa.array([True, None, False]),
    "int8": pa.array([-128, None, 127], pa.int8()),
    "int16": pa.array([-32768, None, 32767], pa.int16()),
    "int32": pa.array([-(2**31), None, 2**31 - 1], pa.int32()),
    "int64": pa.array([-(2**63), None, 2**63 - 1], pa.int64()),
    "uint8": pa.array([0, None, 255], pa.uint8()),
    "uint16": pa.array([0, None, 65535], pa.uint16()),
    "uint32": pa.array([0, None, 2**32 - 1], pa.uint32()),
    "uint64": pa.array([0, None, 2**64 - 1], pa.uint64()),
    "float32": pa.array([0.1, None, float("inf")], pa.float32()),
    "float64": pa.array([0.1, None, -0.0], pa.float64()),
    "date": pa.array([day.date(), None, dt.date(1969, 12, 31)], pa.date32()),
    "time_ms": pa.array([day.time(), None, dt.time(0)], pa.time32("ms")),
    "time_us": pa.array([day.time(), None, dt.time(0)], pa.time64("us")),
    "time_ns": pa.array([day.time(), None, dt.time(0)], pa.time64("ns")),
    "stamp_ms": pa.array([day, None, dt.datetime(1900, 1, 1)], pa.timestamp("ms")),
    "stamp_us": pa.array([day, None, dt.datetime(1900, 1, 1)], pa.timestamp("us", "UTC")),
    "stamp_ns": pa.array([day, None, dt.datetime(1900, 1, 1)], pa.timestamp("ns", "UTC")),
    "decimal9": pa.array([D("-1.25"), None, D("9999999.99")], pa.decimal128(9, 2)),
    "decimal38": pa.array([D("-0.001"), None, D("12345678901234567890123456789012345.678")], pa.decimal128(38, 3)),
    "text": pa.array(["Zürich", None, ""]),
    "dictionary": pa.array(["a", None, "a"]).dictionary_encode(),
    "list": pa.array([[1], None, []]),
    "struct": pa.array([{"x": 1}, None, {"x": 2}]),
}
table = pa.table(columns)
pq.write_table(table, "types.parquet", compression="zstd", data_page_version="2.0", version="2.6")
legacy = table.select(["float64", "stamp_ns", "text", "int64", "decimal9"])
pq.write_table(legacy, "legacy.parquet", use_deprecated_int96_timestamps=True, data_page_version="1.0", compression="snappy", store_decimal_as_integer=True)
