"""replay.json: scikit-learn's SGDRegressor on a file, beside the command line that must say the same; and what docs/coming-from.md shows of scikit-learn.

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
from sklearn.linear_model import HuberRegressor, SGDRegressor

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
    yield dict(loss="huber", epsilon=0.75, learning_rate="constant", eta0=0.02, power_t=0.25, penalty="elasticnet", alpha=0.1, l1_ratio=0.3,
               average=True, fit_intercept=True), 1  # of the page


def arguments(s, passes):
    loss, parameter = LOSSES[s["loss"]]
    yield from ("--loss", loss)
    if parameter:
        yield from (parameter, str(s["epsilon"]))
    for name in ("learning_rate", "eta0", "power_t", "penalty", "alpha", "l1_ratio", "average", "fit_intercept"):
        value = {None: "none", True: "true", False: "false"}.get(s[name], s[name]) if name != "average" else int(s[name])
        yield from ("--set", f"sgd.{name}={value}")
    yield from ("--passes", str(passes))


def read(file, features, target):
    with (pathlib.Path(__file__).parent.parent / file).open() as lines:
        table = list(csv.DictReader(lines))
    return np.array([[float(row[name]) for name in features] for row in table]), np.array([float(row[target]) for row in table])


def silently_wrong():
    """HuberRegressor on columns whose scales are 1e-3 to 1e4: the slope of strain is 10,000. A warning would end this script."""
    x, y = read("docs/data/force.csv", ("strain", "tilt", "pressure", "speed"), "force")
    slopes = HuberRegressor().fit(x, y).coef_
    assert abs(slopes[0]) < 1
    return slopes.tolist()


def main():
    warnings.simplefilter("error")
    x, y = read(FILE, ("market",), "stock")
    fits = []
    for s, passes in settings():
        model = SGDRegressor(shuffle=False, **s)
        for _ in range(passes):
            model.partial_fit(x, y)
        fits.append(dict(arguments=" ".join(arguments(s, passes)), slope=model.coef_[0], intercept=float(model.intercept_[0]),
                         peer="scikit-learn", tolerance=1e-12))
    value = dict(made_by=dict(sklearn=sklearn.__version__, numpy=np.__version__), file=FILE, target="stock", features="market", fits=fits,
                 huber_regressor=silently_wrong())
    (pathlib.Path(__file__).parent / "replay.json").write_text(json.dumps(value, indent=0, allow_nan=False) + "\n")
    print(len(fits), "fits")


main()
