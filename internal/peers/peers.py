"""Learns the same kind of rows with scikit-learn, River and streamfit, in turns, and writes a page of Markdown: `make bench-peers` puts it into docs/measured/peers.md.

The one argument is the program internal/peers/learn, built. All are on one core, and times are processor time, which other programs disturb less than the clock. A
ratio is taken within a round, of times that were measured one after another.
"""

import datetime
import itertools
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

# Some machines set these for older BLAS libraries than ours.
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import river  # noqa: E402
import sklearn  # noqa: E402
from river import linear_model, optim  # noqa: E402
from sklearn.linear_model import SGDRegressor  # noqa: E402

ROUNDS = 7
BATCH = 10_000
SLICE = 0.1  # seconds
FEATURES = (4, 16, 64, 256)
NEWTON = 64  # features, at most


def rows(features):
    """The rows of learn/main.go, from another generator: normal features, a tenth of the targets outliers."""
    random = np.random.default_rng(1)
    x = random.standard_normal((BATCH, features))
    y = x @ (1 / np.arange(1, features + 1)) + random.standard_normal(BATCH)
    y[::10] += 50
    return x, y


def per_row(learn, count):
    """Nanoseconds of processor time a row, of calls that learn so many rows."""
    learn()
    began, learned = time.process_time(), 0
    while time.process_time() - began < SLICE:
        learn()
        learned += count
    return (time.process_time() - began) / learned * 1e9


def scikit_learn(x, y):
    model = SGDRegressor(loss="huber", epsilon=1.35, shuffle=False)
    return per_row(lambda: model.partial_fit(x, y), len(y))


def river_model():
    return linear_model.LinearRegression(optim.SGD(optim.schedulers.InverseScaling(0.01)), loss=optim.losses.Huber(1.35), l2=1e-4)


def river_many(x, y):
    model, frame, target = river_model(), pd.DataFrame(x, columns=[f"x{j}" for j in range(x.shape[1])]), pd.Series(y, name="y")
    return per_row(lambda: model.learn_many(frame, target), len(y))


def river_one(x, y):
    model, names = river_model(), [f"x{j}" for j in range(x.shape[1])]
    table = [(dict(zip(names, map(float, row))), float(target)) for row, target in zip(x[:200], y)]

    def learn():
        for row, target in table:
            model.learn_one(row, target)

    return per_row(learn, len(table))


def streamfit(program, solver, features, drift="ignore"):
    return float(subprocess.run([program, "-solver", solver, "-features", str(features), "-drift", drift], check=True, capture_output=True, text=True).stdout)


def measure(program, features):
    """Times of each in every round."""
    x, y = rows(features)
    learners = {
        "scikit-learn": lambda: scikit_learn(x, y),
        "sgd": lambda: streamfit(program, "sgd", features),
        "asgd": lambda: streamfit(program, "asgd", features),
        "asgd, watched": lambda: streamfit(program, "asgd", features, "alarm"),
        "River, 10,000 rows a call": lambda: river_many(x, y),
        "River, row by row": lambda: river_one(x, y),
    }
    if features <= NEWTON:
        learners["newton"] = lambda: streamfit(program, "newton", features)
        learners["newton, watched"] = lambda: streamfit(program, "newton", features, "alarm")
    times = {name: [] for name in learners}
    for _, (name, learn) in itertools.product(range(ROUNDS), learners.items()):
        times[name].append(learn())
    return times


def ratio(times, of, to):
    """How many times faster: the median over the rounds, and the lowest and the highest."""
    if of not in times:
        return "–"
    ratios = [b / a for a, b in zip(times[of], times[to])]
    return f"**{statistics.median(ratios):.1f}** ({min(ratios):.1f} … {max(ratios):.1f})"


def machine():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return f"{os.cpu_count()} cores of an {line.split(':')[1].strip()}"
    return platform.processor()


def page(measured):
    def table(head, lines):
        return "\n".join(["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *("| " + " | ".join(line) + " |" for line in lines)])

    ours = ("sgd", "asgd", "asgd, watched", "newton", "newton, watched")
    names = ["scikit-learn", "River, 10,000 rows a call", "River, row by row", *ours]
    faster = [[str(d), *(ratio(times, name, "scikit-learn") for name in ours), ratio(times, "sgd", "River, row by row")] for d, times in measured.items()]
    times = [[str(d), *(f"{min(times[name]):,.1f}" if name in times else "–" for name in names)] for d, times in measured.items()]
    return f"""# Beside scikit-learn and River

How long a row takes to be learned from columns in memory, on one core. scikit-learn {sklearn.__version__}: `SGDRegressor(loss="huber", shuffle=False).partial_fit`, batches of
10,000 rows. River {river.__version__}: `LinearRegression` with the same loss, penalty and schedule. Solver `sgd` makes scikit-learn's very steps, to the last digits; `asgd` and
`newton` find centre, scale, knee and step sizes by themselves and measure intervals. Ours also keep the metrics of progressive validation.
*Watched* is with the drift detector, as they are by default; without it is `on_drift: ignore`. The rows of both lie in large pages, which NumPy asks the kernel for.

Made by `make bench-peers` on {datetime.date.today()}, on {machine()}.

How many times as fast as scikit-learn (last column: as River): the median of {ROUNDS} rounds in which all took turns, and the lowest and the highest.

{table(["features", *ours, "sgd beside River, row by row"], faster)}

The shortest times, in nanoseconds a row:

{table(["features", *names], times)}
"""


if __name__ == "__main__":
    results = {}
    for count in FEATURES:
        print(f"{count} features …", file=sys.stderr)
        results[count] = measure(sys.argv[1], count)
    print(page(results))
