"""replay.json: scikit-learn's SGDRegressor on a file, beside the command line that must say the same.

One call of partial_fit a pass, without shuffling. Losses, learning rates, penalties, averages, intercept and passes take turns so that every value of
each is there, and every pair of loss and learning rate with every penalty.
"""

import csv
import itertools
import json
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn.linear_model import SGDRegressor

FILE = "docs/data/returns.csv"
LOSSES = {  # scikit-learn's name: ours, and the flags of its parameter
    "huber": ("huber", "--delta"),
    "squared_error": ("half-squared", None),
    "epsilon_insensitive": ("epsilon-insensitive", "--epsilon"),
    "squared_epsilon_insensitive": ("squared-epsilon-insensitive", "--epsilon"),
}


def combinations():
    for loss, rate in itertools.product(LOSSES, ("constant", "optimal", "invscaling", "adaptive", "pa1", "pa2")):
        if loss == "epsilon_insensitive" or not rate.startswith("pa"):
            yield loss, rate


def settings():
    pairs = itertools.product(combinations(), (None, "l2", "l1", "elasticnet"))
    others = itertools.product((1, 3), (False, 1, 150, 450), (True, True, False))
    for ((loss, rate), penalty), (passes, average, intercept) in zip(pairs, itertools.cycle(others)):
        yield dict(loss=loss, epsilon=0.75, learning_rate=rate, eta0=0.02, power_t=0.4, penalty=penalty, alpha=0.5, l1_ratio=0.3,
                   average=average, fit_intercept=intercept), passes


def arguments(s, passes):
    loss, parameter = LOSSES[s["loss"]]
    yield from ("--loss", loss)
    if parameter:
        yield from (parameter, str(s["epsilon"]))
    for name in ("learning_rate", "eta0", "power_t", "penalty", "alpha", "l1_ratio", "average", "fit_intercept"):
        value = {None: "none", True: "true", False: "false"}.get(s[name], s[name]) if name != "average" else int(s[name])
        yield from ("--set", f"sgd.{name}={value}")
    yield from ("--passes", str(passes))


def main():
    warnings.simplefilter("error")
    root = pathlib.Path(__file__).parent
    with (root.parent / FILE).open() as file:
        table = list(csv.DictReader(file))
    x = np.array([[float(row["market"])] for row in table])
    y = np.array([float(row["stock"]) for row in table])
    fits = []
    for s, passes in settings():
        model = SGDRegressor(shuffle=False, **s)
        for _ in range(passes):
            model.partial_fit(x, y)
        fits.append(dict(arguments=" ".join(arguments(s, passes)), slope=model.coef_[0], intercept=float(model.intercept_[0]),
                         peer="scikit-learn", tolerance=1e-12))
    value = dict(made_by=dict(sklearn=sklearn.__version__, numpy=np.__version__), file=FILE, target="stock", features="market", fits=fits)
    (root / "replay.json").write_text(json.dumps(value, indent=0, allow_nan=False) + "\n")
    print(len(fits), "fits")


main()
