"""Rows for the golden values, made so that any language reproduces them bit for bit.

Nothing but IEEE 754 additions, multiplications, divisions and square roots (all correctly rounded) is used, in a
stated order and without fused multiply-add: no logarithm or cosine, whose last bits differ between libraries.
estimator/golden_rows_test.go is the same in Go.

A stream of uniforms comes from SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): u = (next() >> 11) * 2**-53.
A "normal" is the sum of twelve uniforms, added one after the other, minus six (Irwin-Hall: mean 0, variance 1).

Every row takes the same draws in the same order: one normal a feature, one normal for the noise, then five uniforms:
tail, gate, side, size and weight.
    z_0 = e_0,  z_j = rho * z_{j-1} + sqrt(1 - rho * rho) * e_j             (so corr(z_i, z_j) = rho ** |i - j|)
    x_j = offset_j + scale_j * z_j
    y   = ((intercept + slope_0 * x_0) + slope_1 * x_1) + ... + noise * e     (e / sqrt(1 - tail) instead if heavy: tail index 2)
    y  += ±noise * (low + (high - low) * size)                                if gate < share; minus if two_sided and side < 1/2
    weight = 0.5 + 1.5 * weight
"""

import numpy as np

GAMMA = np.uint64(0x9E3779B97F4A7C15)


def uniforms(seed, count):
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * GAMMA
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normals(u):
    """Sums of twelve uniforms along the last axis, in order, minus six."""
    s = u[..., 0].copy()
    for k in range(1, 12):
        s += u[..., k]
    return s - 6.0


def recipe(seed, rows, offsets, scales, slopes, intercept, noise, rho=0.0, heavy=False,
           share=0.0, two_sided=True, low=0.0, high=0.0):
    return dict(seed=seed, rows=rows, offsets=list(map(float, offsets)), scales=list(map(float, scales)),
                slopes=list(map(float, slopes)), intercept=float(intercept), noise=float(noise), rho=float(rho),
                heavy=heavy, share=float(share), two_sided=two_sided, low=float(low), high=float(high))


def make(r):
    """The feature matrix (rows by features), the target and the weights of a recipe."""
    n, d = r["rows"], len(r["slopes"])
    draws = 12 * (d + 1) + 5
    u = uniforms(r["seed"], n * draws).reshape(n, draws)
    e = normals(u[:, : 12 * (d + 1)].reshape(n, d + 1, 12))
    tail, gate, side, size, weight = u[:, 12 * (d + 1):].T

    rest = np.sqrt(1.0 - r["rho"] * r["rho"])
    x = np.empty((n, d))
    z = None
    for j in range(d):
        z = e[:, j] if j == 0 else r["rho"] * z + rest * e[:, j]
        x[:, j] = r["offsets"][j] + r["scales"][j] * z

    y = np.full(n, r["intercept"])
    for j in range(d):
        y = y + r["slopes"][j] * x[:, j]
    noise = e[:, d] / np.sqrt(1.0 - tail) if r["heavy"] else e[:, d]
    y = y + r["noise"] * noise
    outlier = r["noise"] * (r["low"] + (r["high"] - r["low"]) * size)
    if r["two_sided"]:
        outlier = np.where(side < 0.5, -outlier, outlier)
    y = np.where(gate < r["share"], y + outlier, y)
    return x, y, 0.5 + 1.5 * weight


def probe(x, y, w):
    """A few values at which another language sees at once whether its rows are these rows."""
    return dict(first=[*map(float, x[0]), float(y[0]), float(w[0])], last=[*map(float, x[-1]), float(y[-1]), float(w[-1])])
