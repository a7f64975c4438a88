"""Sends rows to Kafka as Arrow record batches, the way streamfit reads them: one message, one self-contained Arrow IPC stream.

    python produce.py --topic flights ../data/flights-200k.arrow      # or .csv, .parquet
    python produce.py --topic flights --rows 20000                    # rows made up here: no file needed

The made-up rows are flights too: delay = 5 + 0.01 * distance + 2 * time + noise, of which one row in five is off by hundreds of minutes.
"""

import argparse
import pathlib
import sys

import numpy as np
import pyarrow as pa
import pyarrow.dataset
from confluent_kafka import KafkaException, Producer

HEADERS = [("content-type", "application/vnd.apache.arrow.stream")]


def batches_of_file(path, batch_rows):
    """Record batches of at most batch_rows rows; the file is never held as a whole."""
    file_format = pathlib.Path(path).suffix.lstrip(".")
    yield from pyarrow.dataset.dataset(path, format=file_format).to_batches(batch_size=batch_rows)


def batches_made_up(rows, batch_rows, seed):
    rng = np.random.default_rng(seed)
    for begin in range(0, rows, batch_rows):
        n = min(batch_rows, rows - begin)
        distance, time = rng.uniform(100, 2500, n), rng.uniform(0, 24, n)
        noise = rng.normal(0, 10, n)
        outlier = rng.random(n) < 0.2
        noise[outlier] += rng.choice([-1, 1], outlier.sum()) * rng.uniform(100, 1000, outlier.sum())
        yield pa.record_batch({"delay": 5 + 0.01 * distance + 2 * time + noise, "distance": distance, "time": time})


def to_stream(batch):
    """The batch as an Arrow IPC stream: schema, record batch, end of stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def send(batches, brokers, topic):
    """Sends every batch and returns the number of rows once the brokers have acknowledged them all."""
    producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True, "linger.ms": 5})
    failed = []
    rows = 0
    for batch in batches:
        while True:
            try:
                producer.produce(topic, to_stream(batch), headers=HEADERS, on_delivery=lambda error, _: error and failed.append(error))
                break
            except BufferError:  # the queue is full: wait until the brokers have taken some
                producer.poll(0.1)
        producer.poll(0)
        if failed:
            break
        rows += batch.num_rows
    producer.flush()
    if failed:
        raise KafkaException(failed[0])
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", help="an .arrow, .parquet or .csv file; without one, rows are made up")
    parser.add_argument("--brokers", default="localhost:9092")
    parser.add_argument("--topic", default="flights")
    parser.add_argument("--batch-rows", type=int, default=1000, help="rows a message (default 1000)")
    parser.add_argument("--rows", type=int, default=20_000, help="rows to make up (default 20000)")
    parser.add_argument("--seed", type=int, default=1, help="of the made-up rows (default 1)")
    args = parser.parse_args()

    if args.file:
        batches = batches_of_file(args.file, args.batch_rows)
    else:
        batches = batches_made_up(args.rows, args.batch_rows, args.seed)
    rows = send(batches, args.brokers, args.topic)
    print(f"{rows} rows sent to {args.topic}", file=sys.stderr)


if __name__ == "__main__":
    main()
