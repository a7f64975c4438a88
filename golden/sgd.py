"""sgd.json.gz: what scikit-learn's SGDRegressor.partial_fit makes of all rows in one call, without shuffling.

Every combination of loss, learning rate, penalty, intercept and sample weights, on raw and on standardised columns; then
the corners: weights that decay to nothing (scikit-learn folds its wscale below 1e-9, and sets it to 0 when eta * alpha >= 1),
the defaults, and rows at which scikit-learn stops with an error.

A combination is kept only if scikit-learn's own answer is stable: targets moved by one part in 1e15 must not move it by more than
1e-13 of its size. The learning rates below were chosen so that all are, which the script asserts.
"""

import itertools
import warnings

import numpy as np
import sklearn
from sklearn.linear_model import SGDRegressor

import rows
import write

LOSSES = {"huber": 1.5, "squared_error": 0.0, "epsilon_insensitive": 0.3, "squared_epsilon_insensitive": 0.3}
RATES = {  # eta0, power_t, alpha; scikit-learn's default alpha of 1e-4 makes the first step of "optimal" 10, so it has its own
    "constant": (2e-3, 0.25, 1e-2),
    "invscaling": (1e-2, 0.3, 1e-3),
    "optimal": (1e-2, 0.25, 20.0),
}


def data_sets():
    for d in (1, 5, 16):
        j = np.arange(d)
        slopes = np.where(j % 2 == 0, 1.0, -1.0) / (1.0 + j)
        yield f"standardised-{d}", rows.recipe(100 + d, 700, np.zeros(d), np.ones(d), slopes, 2.0, 0.5,
                                               rho=0.5, share=0.1, low=10.0, high=50.0)
        scales = np.array([0.5, 0.02, 1.5, 0.2, 0.1])[j % 5]
        offsets = np.array([0.5, -2.0, 0.0, -0.25, 1.0])[j % 5]
        yield f"raw-{d}", rows.recipe(200 + d, 700, offsets, scales, slopes / scales, 2.0, 0.5,
                                      rho=0.5, share=0.1, low=10.0, high=50.0)


def fit(settings, x, y, w):
    model = SGDRegressor(loss=settings["loss"], epsilon=settings["epsilon"], learning_rate=settings["learning_rate"],
                         eta0=settings["eta0"], power_t=settings["power_t"], alpha=settings["alpha"],
                         penalty=settings["penalty"], fit_intercept=settings["fit_intercept"], shuffle=False)
    model.partial_fit(x, y, sample_weight=w if settings["weighted"] else None)
    return np.append(model.coef_, model.intercept_)


def stable(settings, x, y, w, answer):
    moved = fit(settings, x, y * (1 + 1e-15), w)
    return np.abs(moved - answer).max() <= 1e-13 * np.abs(answer).max()


def grid():
    for loss, rate, penalty, intercept, weighted in itertools.product(
            LOSSES, RATES, ("l2", None), (True, False), (True, False)):
        eta0, power_t, alpha = RATES[rate]
        yield dict(loss=loss, epsilon=LOSSES[loss], learning_rate=rate, eta0=eta0, power_t=power_t, alpha=alpha,
                   penalty=penalty, fit_intercept=intercept, weighted=weighted)


def corners():
    usual = dict(loss="huber", epsilon=1.5, learning_rate="constant", eta0=2e-3, power_t=0.25, alpha=1e-2,
                 penalty="l2", fit_intercept=True, weighted=False)
    yield usual | dict(alpha=20.0)                # wscale falls below 1e-9 every 500 rows or so
    yield usual | dict(alpha=20.0, loss="squared_error", weighted=True)
    yield usual | dict(alpha=400.0)               # ... every 13 rows
    yield usual | dict(alpha=500.0)               # eta * alpha = 1: wscale is 0 at every row
    yield usual | dict(alpha=700.0)               # and would be negative
    yield usual | dict(learning_rate="invscaling", eta0=0.01, alpha=1e-4, epsilon=0.1)                        # the defaults, with huber
    yield usual | dict(learning_rate="invscaling", eta0=0.01, alpha=1e-4, epsilon=0.1, loss="squared_error")  # the defaults
    yield usual | dict(learning_rate="invscaling", power_t=0.5)
    yield usual | dict(learning_rate="invscaling", power_t=1.0)
    yield usual | dict(learning_rate="invscaling", power_t=0.0)
    yield usual | dict(loss="epsilon_insensitive", epsilon=0.0)
    yield usual | dict(epsilon=1e6)


def clipped():
    """Targets so far away that scikit-learn clips the derivative to 1e12."""
    settings = dict(loss="squared_error", epsilon=0.0, learning_rate="constant", eta0=1e-2, power_t=0.25, alpha=1e-4,
                    penalty="l2", fit_intercept=True, weighted=True)
    recipe = rows.recipe(401, 300, [0.0, 1.0], [1.0, 0.1], [1.0, 1.0], 1e15, 1.0)
    yield settings, recipe
    yield settings | dict(loss="squared_epsilon_insensitive", epsilon=0.3, learning_rate="optimal", alpha=20.0), recipe


def refusals():
    """Rows that end scikit-learn with "Floating-point under-/overflow": a prediction of inf - inf."""
    settings = dict(loss="squared_error", epsilon=0.0, learning_rate="constant", eta0=1.0, power_t=0.25, alpha=1e-4,
                    penalty="l2", fit_intercept=True, weighted=False)
    yield settings, rows.recipe(301, 50, [0.0, 0.0], [1e200, 1e200], [1e-200, 1e-200], 0.0, 1.0)
    yield settings | dict(loss="huber", epsilon=1.0), rows.recipe(302, 50, [0.0, 0.0], [5e307, 5e307], [0.0, 0.0], 0.0, 1.0)


def refused(settings, x, y, w):
    try:
        fit(settings, x, y, w)
    except ValueError as e:
        return "overflow" in str(e)
    return False


def main():
    warnings.simplefilter("error")
    sets, fits = [], []

    def add(name, recipe):
        x, y, w = rows.make(recipe)
        sets.append(dict(name=name, recipe=recipe, probe=rows.probe(x, y, w)))
        return x, y, w

    for name, recipe in data_sets():
        x, y, w = add(name, recipe)
        for settings in itertools.chain(grid(), corners()):
            answer = fit(settings, x, y, w)
            assert stable(settings, x, y, w, answer), (name, settings)
            fits.append(settings | dict(data=len(sets) - 1, raises=False, coef=answer[:-1].tolist(), intercept=answer[-1]))
    for settings, recipe in clipped():
        x, y, w = add("far target", recipe)
        answer = fit(settings, x, y, w)
        assert stable(settings, x, y, w, answer), settings
        fits.append(settings | dict(data=len(sets) - 1, raises=False, coef=answer[:-1].tolist(), intercept=answer[-1]))
    for settings, recipe in refusals():
        x, y, w = add("hostile", recipe)
        with np.errstate(all="ignore"):
            assert refused(settings, x, y, w), settings
        fits.append(settings | dict(data=len(sets) - 1, raises=True, coef=[], intercept=0.0))
    print(len(fits), "fits")
    write.gzipped("sgd.json.gz", dict(made_by=dict(sklearn=sklearn.__version__, numpy=np.__version__), data=sets, fits=fits))


main()
