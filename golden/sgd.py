"""sgd.json.gz: what scikit-learn's SGDRegressor.partial_fit makes of all rows in one call, without shuffling.

Every combination of loss, learning rate, penalty, averaging, intercept and sample weights, on raw and on standardised columns;
several calls over the same rows; then the corners: weights that decay to nothing (scikit-learn folds its wscale below 1e-9, and
sets it to 0 when eta * alpha >= 1), averages that begin with the last row or never, rows of zeros, the defaults, targets so far
away that the derivative is clipped, and rows at which scikit-learn stops with an error.

Each fit is compared with to 1e-12 of its largest coefficient. Where scikit-learn's own answer moves by more than that when its
inputs move by an ulp, the fit has a tolerance of its own: what it has moved by, four times. golden/README.md names these fits,
and those left out because they are chaotic: they move by so much that there is nothing to compare with.
"""

import itertools
import warnings

import numpy as np
import sklearn
from sklearn.linear_model import SGDRegressor

import rows
import write

TOLERANCE = 1e-12
CHAOS = 1e-6
MOVES = 6  # times that the inputs are moved
ROWS = 700
LOSSES = {"huber": 1.5, "squared_error": 0.0, "epsilon_insensitive": 0.3, "squared_epsilon_insensitive": 0.3}
RATES = {  # eta0, power_t, alpha of l2, of l1 and elasticnet; the default alpha of 1e-4 makes the first step of "optimal" 10
    "constant": (2e-3, 0.25, 1e-2, 0.2),
    "invscaling": (1e-2, 0.3, 1e-3, 0.2),
    "optimal": (1e-2, 0.25, 20.0, 4.0),
    "adaptive": (2e-3, 0.25, 1e-2, 0.2),
    "pa1": (2e-2, 0.25, 1e-2, 0.02),
    "pa2": (2e-2, 0.25, 1e-2, 0.02),
}


def data_sets():
    for d in (1, 5, 16):
        j = np.arange(d)
        slopes = np.where(j % 2 == 0, 1.0, -1.0) / (1.0 + j)
        yield f"standardised-{d}", rows.recipe(100 + d, ROWS, np.zeros(d), np.ones(d), slopes, 2.0, 0.5,
                                               rho=0.5, share=0.1, low=10.0, high=50.0)
        scales = np.array([0.5, 0.02, 1.5, 0.2, 0.1])[j % 5]
        offsets = np.array([0.5, -2.0, 0.0, -0.25, 1.0])[j % 5]
        yield f"raw-{d}", rows.recipe(200 + d, ROWS, offsets, scales, slopes / scales, 2.0, 0.5,
                                      rho=0.5, share=0.1, low=10.0, high=50.0)


def settings_of(loss, rate, penalty, average=0, intercept=True, weighted=False, passes=1, **others):
    eta0, power_t, l2, l1 = RATES[rate]
    return dict(loss=loss, epsilon=LOSSES[loss], learning_rate=rate, eta0=eta0, power_t=power_t,
                alpha=l1 if penalty in ("l1", "elasticnet") else l2, penalty=penalty, l1_ratio=0.4, average=average,
                fit_intercept=intercept, weighted=weighted, passes=passes) | others


def fit(settings, x, y, w):
    s = settings
    model = SGDRegressor(loss=s["loss"], epsilon=s["epsilon"], learning_rate=s["learning_rate"], eta0=s["eta0"],
                         power_t=s["power_t"], alpha=s["alpha"], penalty=s["penalty"], l1_ratio=s["l1_ratio"],
                         average=s["average"] or False, fit_intercept=s["fit_intercept"], shuffle=False)
    for _ in range(s["passes"]):
        model.partial_fit(x, y, sample_weight=w if s["weighted"] else None)
    return np.append(model.coef_, model.intercept_)


def by_an_ulp(random, values):
    """Each value as it is, or the next number above or below."""
    step = random.integers(-1, 2, values.shape)
    return np.where(step == 0, values, np.nextafter(values, np.where(step > 0, np.inf, -np.inf)))


def moved(settings, x, y, w, answer):
    """How far the answer moves when the inputs move by an ulp, relative to its largest number."""
    furthest = 0.0
    for seed in range(MOVES):
        random = np.random.default_rng(seed)
        again = fit(settings, by_an_ulp(random, x), by_an_ulp(random, y), by_an_ulp(random, w))
        furthest = max(furthest, np.abs(again - answer).max())
    size = np.abs(answer).max()
    return float(furthest / size) if size > 0 else 0.0


def combinations():
    """Loss and learning rate: pa1 and pa2 are defined for epsilon_insensitive alone."""
    for loss, rate in itertools.product(LOSSES, RATES):
        if loss == "epsilon_insensitive" or not rate.startswith("pa"):
            yield loss, rate


def grid():
    for (loss, rate), penalty, average, intercept, weighted in itertools.product(
            combinations(), (None, "l2", "l1", "elasticnet"), (0, 1, 300), (True, False), (True, False)):
        yield settings_of(loss, rate, penalty, average, intercept, weighted)


def passes():
    for (loss, rate), penalty, average in itertools.product(combinations(), (None, "l2", "l1", "elasticnet"), (0, 1, 300, ROWS + 300)):
        yield settings_of(loss, rate, penalty, average, passes=3)


def corners():
    usual = settings_of("huber", "constant", "l2")
    yield usual | dict(alpha=20.0)                # wscale falls below 1e-9 every 500 rows or so
    yield usual | dict(alpha=20.0, loss="squared_error", weighted=True)
    yield usual | dict(alpha=400.0)               # ... every 13 rows
    yield usual | dict(alpha=500.0)               # eta * alpha = 1: wscale is 0 at every row
    yield usual | dict(alpha=700.0)               # and would be negative
    for average in (1, 300, ROWS, ROWS + 1, 10 * ROWS):
        yield usual | dict(average=average)
        yield usual | dict(average=average, alpha=20.0)
        yield usual | dict(average=average, alpha=400.0)
        yield usual | dict(average=average, alpha=20.0, penalty="elasticnet", l1_ratio=0.01)
    yield usual | dict(average=1, alpha=500.0)
    yield usual | dict(average=1, alpha=700.0)
    yield usual | dict(average=1, alpha=700.0, penalty="elasticnet", l1_ratio=0.01)
    yield usual | dict(penalty="elasticnet", l1_ratio=0.0)    # is l2
    yield usual | dict(penalty="elasticnet", l1_ratio=1.0)    # is l1
    yield usual | dict(penalty="l1", alpha=100.0)             # all weights are 0
    yield usual | dict(penalty="l1", alpha=0.0)
    yield usual | dict(learning_rate="invscaling", eta0=0.01, alpha=1e-4, epsilon=0.1)                        # the defaults, with huber
    yield usual | dict(learning_rate="invscaling", eta0=0.01, alpha=1e-4, epsilon=0.1, loss="squared_error")  # the defaults
    yield usual | dict(learning_rate="invscaling", power_t=0.5)
    yield usual | dict(learning_rate="invscaling", power_t=1.0)
    yield usual | dict(learning_rate="invscaling", power_t=0.0)
    yield usual | dict(learning_rate="invscaling", power_t=-0.1)
    yield usual | dict(loss="epsilon_insensitive", epsilon=0.0)
    yield usual | dict(epsilon=1e6)
    yield settings_of("epsilon_insensitive", "pa1", None, eta0=1.0)  # as PassiveAggressiveRegressor has it
    yield settings_of("epsilon_insensitive", "pa2", None, eta0=1.0)


def clipped():
    """Targets so far away that scikit-learn clips the derivative to 1e12."""
    settings = settings_of("squared_error", "constant", "l2", eta0=1e-2, alpha=1e-4, weighted=True)
    recipe = rows.recipe(401, 300, [0.0, 1.0], [1.0, 0.1], [1.0, 1.0], 1e15, 1.0)
    yield settings, recipe
    yield settings | dict(loss="squared_epsilon_insensitive", epsilon=0.3, learning_rate="optimal", alpha=20.0), recipe


def zeros():
    """Rows of zeros, which pa1 passes over without counting them."""
    recipe = rows.recipe(402, 60, [0.0, 1.0], [1.0, 0.5], [1.0, -1.0], 3.0, 1.0)
    for rate, penalty, average, weighted in itertools.product(RATES, (None, "l2", "l1", "elasticnet"), (0, 1, 20), (True, False)):
        yield settings_of("epsilon_insensitive", rate, penalty, average, weighted=weighted), recipe


def refusals():
    """Rows that end scikit-learn with "Floating-point under-/overflow": a prediction of inf - inf."""
    settings = settings_of("squared_error", "constant", "l2", eta0=1e200, alpha=1e-4)
    yield settings, rows.recipe(301, 50, [0.0, 0.0], [1e59, 1e59], [1e-59, 1e-59], 0.0, 1.0)
    yield settings | dict(loss="huber", epsilon=1.0, eta0=1e249), rows.recipe(302, 50, [0.0, 0.0], [1e59, 1e59], [0.0, 0.0], 0.0, 1.0)


def refused(settings, x, y, w):
    try:
        fit(settings, x, y, w)
    except ValueError as e:
        return "overflow" in str(e)
    return False


class Collection:
    """The sets of rows, and the fits of them."""

    def __init__(self):
        self.sets, self.fits, self.chaotic = [], [], []

    def rows(self, name, recipe, zero=False):
        """The rows of a recipe; if zero, the features of rows 3, 10, 17, ... are 0."""
        x, y, w = rows.make(recipe)
        if zero:
            x[3::7] = 0.0
        self.sets.append(dict(name=name, recipe=recipe, zero=zero, probe=rows.probe(x, y, w)))
        return x, y, w

    def fit(self, settings, x, y, w):
        answer = fit(settings, x, y, w)
        fitted = settings | dict(data=len(self.sets) - 1, raises=False, coef=answer[:-1].tolist(), intercept=answer[-1])
        if (far := moved(settings, x, y, w, answer)) > TOLERANCE:
            fitted["tolerance"] = float(f"{4 * far:.1e}")
        (self.chaotic if far > CHAOS else self.fits).append(fitted)

    def refusal(self, settings, x, y, w):
        with np.errstate(all="ignore"):
            assert refused(settings, x, y, w), settings
        self.fits.append(settings | dict(data=len(self.sets) - 1, raises=True, coef=[], intercept=0.0))

    def show(self):
        print(len(self.fits), "fits,", sum(f["passes"] > 1 for f in self.fits), "of them of several passes,",
              sum(0.0 in f["coef"] for f in self.fits), "with weights of 0")
        for f in self.chaotic + [f for f in self.fits if "tolerance" in f]:
            print("chaotic  " if f in self.chaotic else "tolerance", f["tolerance"], self.sets[f["data"]]["name"],
                  *(f[s] for s in ("loss", "learning_rate", "eta0", "penalty", "alpha", "l1_ratio", "average", "passes")))


def main():
    warnings.simplefilter("error")
    c = Collection()
    for name, recipe in data_sets():
        x, y, w = c.rows(name, recipe)
        for settings in itertools.chain(grid(), corners(), passes() if len(x[0]) == 5 else ()):
            c.fit(settings, x, y, w)
    for name, cases in ("far target", clipped()), ("rows of zeros", zeros()):
        for i, (settings, recipe) in enumerate(cases):
            if i == 0:
                x, y, w = c.rows(name, recipe, zero=name == "rows of zeros")
            c.fit(settings, x, y, w)
    for settings, recipe in refusals():
        c.refusal(settings, *c.rows("hostile", recipe))
    c.show()
    write.gzipped("sgd.json.gz", dict(made_by=dict(sklearn=sklearn.__version__, numpy=np.__version__), data=c.sets, fits=c.fits))


main()
