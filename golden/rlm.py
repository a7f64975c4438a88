"""rlm.json.gz: what statsmodels' RLM(HuberT(1.345)) makes of simulated and of real rows.

statsmodels stops on an absolute tolerance, which targets of a large scale never reach, and squares the condition of raw columns. So columns and
target are standardised first, the iteration runs until nothing moves but the last bits, and the answers are carried back to raw units.

Of each fit: slopes and their standard errors; the intercept, in raw units and as the prediction at the mean of the features (far
from 0 the raw one is an extrapolation that has lost digits), with standard errors; the scale.
"""

import pathlib
import warnings

import numpy as np
import statsmodels
import statsmodels.api as sm

import rows
import write

ITERATIONS = 2000
SCENARIOS = {
    "clean": dict(),
    "20% two-sided": dict(share=0.2, low=10.0, high=100.0),
    "40% two-sided": dict(share=0.4, low=10.0, high=100.0),
    "20% one-sided": dict(share=0.2, two_sided=False, low=10.0, high=100.0),
    "heavy tails": dict(heavy=True),
}


def simulation(seed, **kind):
    """20,000 rows of five correlated features on scales from 1e-3 to 1e4, far from 0, and a target around 1,200 with a noise of 7."""
    scales = np.array([1e-3, 0.1, 1.0, 50.0, 1e4])
    offsets = np.array([0.5, -30.0, 1000.0, 2e4, 1e6])
    slopes = np.array([7.0, -14.0, 3.5, 0.0, 21.0]) / scales
    return rows.recipe(seed, 20_000, offsets, scales, slopes, 1200.0 - slopes @ offsets, 7.0, rho=0.5, **kind)


def fit(x, y):
    mean, sd = x.mean(axis=0), x.std(axis=0)
    centre, unit = np.median(y), np.median(np.abs(y - np.median(y)))
    z = sm.add_constant((x - mean) / sd, prepend=True, has_constant="add")
    model = sm.RLM((y - centre) / unit, z, M=sm.robust.norms.HuberT(1.345))
    result = model.fit(maxiter=ITERATIONS, tol=1e-15, conv="coefs")
    path = result.fit_history["params"]
    assert np.abs(path[-1] - path[-2]).max() < 1e-13, np.abs(path[-1] - path[-2]).max()

    to_raw = np.diag(np.append(1.0, 1.0 / sd)) * unit
    to_raw[0, 1:] = -mean / sd * unit
    raw = to_raw @ result.params
    covariance = to_raw @ result.cov_params() @ to_raw.T
    return dict(slopes=raw[1:].tolist(), slopes_se=np.sqrt(np.diag(covariance)[1:]).tolist(),
                intercept=raw[0] + centre, intercept_se=float(np.sqrt(covariance[0, 0])),
                mean=mean.tolist(), at_mean=result.params[0] * unit + centre, at_mean_se=result.bse[0] * unit,
                scale=result.scale * unit, iterations=int(result.fit_history["iteration"]))


def main():
    warnings.simplefilter("error")
    fits = []
    for s, (name, kind) in enumerate(SCENARIOS.items()):
        for seed in range(3):
            recipe = simulation(1000 * (s + 1) + seed, **kind)
            x, y, w = rows.make(recipe)
            fits.append(dict(name=name, recipe=recipe, probe=rows.probe(x, y, w), **fit(x, y)))
    stackloss = sm.datasets.stackloss.load_pandas()
    x, y = stackloss.exog.to_numpy(float), stackloss.endog.to_numpy(float)
    fits.append(dict(name="stackloss", x=x.tolist(), y=y.tolist(), **fit(x, y)))
    flights = np.loadtxt(pathlib.Path(__file__).with_name("flights.csv.gz"), delimiter=",", skiprows=1)
    fits.append(dict(name="flights", **fit(flights[:, 1:], flights[:, 0])))
    for f in fits:
        print(f["name"], f["iterations"], "iterations, scale", f["scale"])
    write.gzipped("rlm.json.gz", dict(made_by=dict(statsmodels=statsmodels.__version__, numpy=np.__version__), fits=fits))


main()
