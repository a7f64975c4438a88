"""Writes the *.arrows and *.arrow files of this directory, and expected.json, with pyarrow.

    python -m venv venv && venv/bin/pip install pyarrow==26.0.1 numpy && venv/bin/python write.py

expected.json: for each file its columns: "numbers" as the decoder must give them (null: a null; "nan", "inf" and "-inf" as words), and "texts".
"""

import datetime as dt
import decimal
import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.ipc

HERE = os.path.dirname(os.path.abspath(__file__))
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
expected = {}


def number(value):
    if value is None:
        return None
    if isinstance(value, bool):
        return float(value)
    value = float(value)
    if value != value:
        return "nan"
    if value in (float("inf"), float("-inf")):
        return str(value)
    return value


def write(name, batches, options=None, numbers=None, texts=None, file=False):
    """One stream or file of these batches, which have one schema."""
    opener = pa.ipc.new_file if file else pa.ipc.new_stream
    with opener(os.path.join(HERE, name), batches[0].schema, options=options or pa.ipc.IpcWriteOptions()) as sink:
        for batch in batches:
            sink.write_batch(batch)
    expected[name] = {
        "rows": [b.num_rows for b in batches],
        "numbers": {k: [number(v) for v in values] for k, values in (numbers or {}).items()},
        "texts": texts or {},
    }


def seconds(values, units):
    """Integers over units to the nearest double: int / int is correctly rounded in Python."""
    return [None if v is None else v / units for v in values]


def kinds():
    """A column of every type that decodes, among columns that do not."""
    columns, numbers, texts = {}, {}, {}

    def add(name, array, values):
        columns[name] = array
        numbers[name] = values

    for bits in (8, 16, 32, 64):
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        values = [0, 1, -1, low, high, None, 7]
        add(f"int{bits}", pa.array(values, getattr(pa, f"int{bits}")()), values)
        values = [0, 1, 2**bits - 1, 2 ** (bits - 1), 3, None, 7]
        add(f"uint{bits}", pa.array(values, getattr(pa, f"uint{bits}")()), values)
    floats = [0.0, -0.0, 1.5, float("nan"), float("inf"), None, -65504.0]
    columns["nested_list"] = pa.array([[1, 2], [], None, [3], [4], [5], [6]], pa.list_(pa.int32()))
    add("float16", pa.array([None if v is None else np.float16(v) for v in floats], pa.float16()), floats)
    add("float32", pa.array(floats, pa.float32()), floats)
    add("float64", pa.array(floats, pa.float64()), floats)
    columns["nested_struct"] = pa.array([{"a": 1, "b": "x"}] * 7, pa.struct([("a", pa.int8()), ("b", pa.string())]))
    columns["view"] = pa.array(["short", "a string that does not fit inline", None, "", "x", "y", "another one that is long"], pa.string_view())
    texts["view"] = columns["view"].to_pylist()
    values = [True, False, None, True, True, False, True]
    add("bool", pa.array(values, pa.bool_()), values)
    columns["map"] = pa.array([[("k", 1)]] * 7, pa.map_(pa.string(), pa.int64()))
    columns["dense_union"] = pa.UnionArray.from_dense(pa.array([0, 1, 0, 1, 0, 1, 0], pa.int8()), pa.array([0, 0, 1, 1, 2, 2, 3], pa.int32()),
                                                      [pa.array([1, 2, 3, 4]), pa.array(["a", "b", "c"])])
    columns["sparse_union"] = pa.UnionArray.from_sparse(pa.array([0, 1, 0, 1, 0, 1, 0], pa.int8()), [pa.array(range(7)), pa.array([1.0] * 7)])
    columns["run_end"] = pa.RunEndEncodedArray.from_arrays(pa.array([3, 7], pa.int32()), pa.array([1.0, 2.0]))
    columns["list_view"] = pa.array([[1, 2], [], None, [3], [4], [5], [6]], pa.list_view(pa.int32()))
    columns["fixed_list"] = pa.array([[1, 2]] * 7, pa.list_(pa.int16(), 2))
    columns["fixed_binary"] = pa.array([b"abc"] * 7, pa.binary(3))
    columns["interval"] = pa.array([pa.MonthDayNano([1, 2, 3])] * 7, pa.month_day_nano_interval())
    columns["views_in_list"] = pa.array([["long enough to need a buffer", "b"]] * 7, pa.list_(pa.string_view()))
    for name, kind, digits in (("decimal32", pa.decimal32(9, 2), 9), ("decimal64", pa.decimal64(18, 4), 18), ("decimal128", pa.decimal128(38, 10), 38),
                               ("decimal256", pa.decimal256(76, 20), 76), ("decimal_up", pa.decimal128(10, -3), 10)):
        unit = decimal.Decimal(1).scaleb(-kind.scale)
        with decimal.localcontext() as context:
            context.prec = 100
            values = [decimal.Decimal(0), unit, -unit, (10**digits - 1) * unit, -(10**digits - 1) * unit, None, decimal.Decimal(12345) * unit]
            values = [None if v is None else v.quantize(unit) for v in values]
        add(name, pa.array(values, kind), values)
    ticks = [0, 1, -1, 1700000000123456789, -1700000000123456789, None, 1001]
    columns["nulls"] = pa.nulls(7)
    numbers["nulls"] = [None] * 7
    for unit, units in (("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)):
        small = [None if v is None else v // (10**9 // units) for v in ticks]
        exact = [v for v in small]
        add(f"timestamp_{unit}", pa.array(exact, pa.int64()).cast(pa.timestamp(unit, "UTC")), seconds(exact, units))
        add(f"duration_{unit}", pa.array(exact, pa.int64()).cast(pa.duration(unit)), seconds(exact, units))
    days = [0, 1, -1, 19000, -19000, None, 12]
    add("date32", pa.array(days, pa.int32()).cast(pa.date32()), [None if v is None else v * 86400 for v in days])
    millis = [None if v is None else v * 86400000 for v in days]
    add("date64", pa.array(millis, pa.int64()).cast(pa.date64()), [None if v is None else v * 86400 for v in days])
    clock = [0, 1, 86399, 3600, 7, None, 12]
    add("time32_s", pa.array(clock, pa.int32()).cast(pa.time32("s")), clock)
    add("time32_ms", pa.array(clock, pa.int32()).cast(pa.time32("ms")), seconds(clock, 10**3))
    add("time64_us", pa.array(clock, pa.int64()).cast(pa.time64("us")), seconds(clock, 10**6))
    add("time64_ns", pa.array(clock, pa.int64()).cast(pa.time64("ns")), seconds(clock, 10**9))
    add("encoded_float", pa.array([1.5, 2.5, None, 1.5, 3.5, 2.5, 1.5]).dictionary_encode(), [1.5, 2.5, None, 1.5, 3.5, 2.5, 1.5])
    values = [10, -20, None, 10, 30, 30, 10]
    add("encoded_int", pa.array(values, pa.int16()).dictionary_encode(), values)
    texts["encoded_int"] = [None if v is None else str(v) for v in values]
    strings = ["a", "", None, "läng", "a", "\u00e9\U0001f600", "zz"]
    for name, kind in (("string", pa.string()), ("large_string", pa.large_string())):
        columns[name] = pa.array(strings, kind)
        texts[name] = strings
    columns["binary"] = pa.array([None if s is None else s.encode() for s in strings], pa.binary())
    texts["binary"] = strings
    columns["encoded_string"] = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 2, 0, 1, 2], pa.uint8()), pa.array(["x", "y", None]))
    texts["encoded_string"] = ["x", "y", None, None, "x", "y", None]
    texts["int64"] = ["0", "1", "-1", str(-(2**63)), str(2**63 - 1), None, "7"]
    texts["uint64"] = ["0", "1", str(2**64 - 1), str(2**63), "3", None, "7"]
    names = list(columns)
    fields = [pa.field(n, columns[n].type, metadata={"unit": "m"} if n == "float64" else None) for n in names]
    schema = pa.schema(fields, metadata={"made": "pyarrow"})
    return pa.RecordBatch.from_arrays([columns[n] for n in names], schema=schema), numbers, texts


def main():
    batch, numbers, texts = kinds()
    options = pa.ipc.IpcWriteOptions
    for name, option in (("kinds", options()), ("kinds_lz4", options(compression="lz4")), ("kinds_zstd", options(compression="zstd"))):
        write(name + ".arrows", [batch], option, numbers, texts)
    write("kinds.arrow", [batch], options(), numbers, texts, file=True)

    v4 = batch.select([n for n in batch.schema.names if n not in ("run_end", "list_view", "views_in_list", "view")])
    v4_texts = {k: v for k, v in texts.items() if k != "view"}
    write("kinds_v4.arrows", [v4], options(metadata_version=pa.ipc.MetadataVersion.V4), numbers, v4_texts)

    slices = [batch.slice(0, 3), batch.slice(3, 0), batch.slice(3, 4)]
    write("slices.arrows", slices, options(emit_dictionary_deltas=True), numbers, texts)
    write("slices_lz4.arrows", slices, options(compression="lz4"), numbers, texts)

    def encoded(entries, indices):
        return pa.RecordBatch.from_arrays([pa.DictionaryArray.from_arrays(pa.array(indices, pa.int8()), pa.array(entries)),
                                           pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array([float(len(e)) for e in entries]))], ["key", "x"])

    growing = [encoded(["a", "bb"], [0, 1]), encoded(["a", "bb", "ccc"], [2, 0]), encoded(["a", "bb", "ccc", "dddd"], [3, None])]
    write("deltas.arrows", growing, options(emit_dictionary_deltas=True), {"x": [1, 2, 3, 1, 4, None]}, {"key": ["a", "bb", "ccc", "a", "dddd", None]})
    changing = [encoded(["a", "bb"], [0, 1]), encoded(["ccc"], [0, 0])]
    write("replacements.arrows", changing, options(), {"x": [1, 2, 3, 3]}, {"key": ["a", "bb", "ccc", "ccc"]})

    rng = np.random.default_rng(1)
    big = rng.integers(0, 1000, 5000) / 4
    write("large_zstd.arrows", [pa.RecordBatch.from_arrays([pa.array(big), pa.array(range(5000), pa.int32())], ["x", "n"])], options(compression="zstd"),
          {"x": big.tolist(), "n": list(range(5000))})
    random = rng.integers(0, 2**63, 200).view(np.float64)
    write("raw_lz4.arrows", [pa.RecordBatch.from_arrays([pa.array(random)], ["x"])], options(compression="lz4"), {"x": random.tolist()})

    with open(os.path.join(HERE, "expected.json"), "w", encoding="utf-8") as out:
        json.dump({"pyarrow": pa.__version__, "files": expected}, out, ensure_ascii=False, indent=0, separators=(",", ":"))
        out.write("\n")


main()
