"""Reads the updates that streamfit publishes and prints one line each: how many rows, the loss, and every coefficient with its standard error.

    python read.py --topic flights-model                      # what is there
    python read.py --topic flights-model --follow             # and what is to come
    python read.py --topic flights-model --until-rows 20000 --json   # wait for so many rows, then print the last update as it came
"""

import argparse
import json
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition


def updates(brokers, topic, follow, deadline):
    """Every update of the topic, in order; ends at the topic's end unless it is followed, and at the deadline in any case."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "read.py", "enable.auto.commit": False, "enable.partition.eof": True})
    try:
        metadata = consumer.list_topics(topic, timeout=10).topics[topic]
        if metadata.error:
            raise KafkaException(metadata.error)
        open_partitions = set(metadata.partitions)
        consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in open_partitions])
        while (follow or open_partitions) and time.monotonic() < deadline:
            message = consumer.poll(0.5)
            if message is None:
                continue
            if message.error() and message.error().code() == KafkaError._PARTITION_EOF:
                open_partitions.discard(message.partition())
            elif message.error():
                raise KafkaException(message.error())
            else:
                yield json.loads(message.value())
    finally:
        consumer.close()


def cell(value, form=".4g"):
    return "-" if value is None else format(value, form)


def line(update):
    """One row of the table. What is not known yet (no interval before the first fit, say) is null in the update."""
    coefficients = {"intercept": update["intercept"], **update["coefficients"]}
    shown = "  ".join(f"{name} {cell(c['value'])} ± {cell(c['se'], '.2g')}" for name, c in coefficients.items())
    return f"{update['model']:<12}{update['status']:<11}{update['rows']['learned']:>10,}{cell(update['loss']['mean']):>10}  {shown}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", default="localhost:9092")
    parser.add_argument("--topic", default="flights-model")
    parser.add_argument("--follow", action="store_true", help="wait for more at the end")
    parser.add_argument("--until-rows", type=int, help="wait until an update says that so many rows were learned")
    parser.add_argument("--timeout", type=float, default=60, help="seconds to wait for --until-rows (default 60)")
    parser.add_argument("--json", action="store_true", help="print the last update alone, as JSON")
    args = parser.parse_args()

    deadline = time.monotonic() + args.timeout if args.until_rows else float("inf")
    if not args.json:
        print(f"{'model':<12}{'status':<11}{'rows':>10}{'loss':>10}  coefficients")
    last = None
    for last in updates(args.brokers, args.topic, args.follow or args.until_rows is not None, deadline):
        if not args.json:
            print(line(last), flush=True)
        if args.until_rows and last["rows"]["learned"] >= args.until_rows:
            break
    if args.until_rows and (last is None or last["rows"]["learned"] < args.until_rows):
        sys.exit(f"no update of {args.until_rows} rows within {args.timeout:g} s; the last one: {last and last['rows']['learned']}")
    if args.json and last:
        print(json.dumps(last))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
