"""Makes loss.json: what PyTorch, Keras, scikit-learn and SciPy themselves compute for the losses, next to the exact values.

    python -m venv .venv && .venv/bin/pip install -r loss-requirements.txt
    .venv/bin/python loss.py > loss.json

Everything is float64. Keras' losses must be told so (dtype), and must run on TensorFlow: on PyTorch Keras 3.15 averages in float32.

Both a library and the Go code subtract target from prediction first, so "exact" means: the real function of that rounded residual, computed with
50 digits and rounded once. Where a library itself is more than 1e-15 (relative) away from it, or takes another subgradient at a corner, the point
goes to "left_out" with both numbers, and the Go code is held to the exact one.
"""

import json
import math
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import keras
import mpmath
import numpy
import scipy
import scipy.special
import sklearn
import tensorflow
import torch
from sklearn._loss import _loss as sklearn_loss
from sklearn.linear_model import _sgd_fast

keras.config.set_floatx("float64")
mpmath.mp.dps = 50
mp = mpmath.mpf
TOLERANCE = 1e-15


def sign(r):
    return mp(int(r > 0) - int(r < 0))


def clamp(r, limit):
    return max(-limit, min(limit, r))


# name -> (value, derivative) of the residual and the parameter, in 50 digits.
EXACT = {
    "mae": (lambda r, _: abs(r), lambda r, _: sign(r)),
    "mse": (lambda r, _: r**2, lambda r, _: 2 * r),
    "half-squared": (lambda r, _: r**2 / 2, lambda r, _: r),
    "smooth-l1": (
        lambda r, b: r**2 / (2 * b) if abs(r) < b else abs(r) - b / 2,
        lambda r, b: r / b if abs(r) < b else sign(r),
    ),
    "huber": (
        lambda r, d: r**2 / 2 if abs(r) <= d else d * (abs(r) - d / 2),
        lambda r, d: clamp(r, d),
    ),
    # The differences below cancel up to 600 digits for tiny residuals, hence the other forms.
    "pseudo-huber": (
        lambda r, d: r**2 / (1 + mpmath.sqrt(1 + (r / d) ** 2)),
        lambda r, d: r / mpmath.sqrt(1 + (r / d) ** 2),
    ),
    "log-cosh": (
        lambda r, _: abs(r) + mpmath.log1p(mpmath.exp(-2 * abs(r))) - mpmath.log(2)
        if abs(r) > 1
        else mpmath.log1p(mpmath.sinh(r) ** 2) / 2,
        lambda r, _: mpmath.tanh(r),
    ),
    "quantile": (
        lambda r, t: max(-t * r, (1 - t) * r),
        lambda r, t: 1 - t if r > 0 else (-t if r < 0 else mp(0)),
    ),
    "epsilon-insensitive": (
        lambda r, e: max(abs(r) - e, mp(0)),
        lambda r, e: sign(r) if abs(r) > e else mp(0),
    ),
    "squared-epsilon-insensitive": (
        lambda r, e: max(abs(r) - e, mp(0)) ** 2,
        lambda r, e: 2 * (r - clamp(r, e)),
    ),
}


def with_torch(function):
    """Values and derivatives of a torch function of (prediction, target), by its own autograd."""

    def compute(prediction, target):
        p = torch.tensor(prediction, dtype=torch.float64, requires_grad=True)
        values = function(p, torch.tensor(target, dtype=torch.float64))
        values.sum().backward()
        return values.tolist(), p.grad.tolist()

    return compute


def with_keras(loss):
    """Keras averages over the last axis, so each row is given an axis of its own."""

    def compute(prediction, target):
        p = tensorflow.Variable(numpy.reshape(prediction, (-1, 1)), dtype=tensorflow.float64)
        with tensorflow.GradientTape() as tape:
            values = loss(numpy.reshape(target, (-1, 1)), p)
            total = tensorflow.reduce_sum(values)
        return values.numpy().tolist(), tape.gradient(total, p).numpy().ravel().tolist()

    return compute


def with_sgd(loss):
    return lambda prediction, target: (
        [loss.py_loss(p, t) for p, t in zip(prediction, target)],
        [loss.py_dloss(p, t) for p, t in zip(prediction, target)],
    )


def with_sklearn(loss):
    def compute(prediction, target):
        y, p = numpy.array(target), numpy.array(prediction)
        values, gradient = numpy.empty_like(y), numpy.empty_like(y)
        loss.loss_gradient(y_true=y, raw_prediction=p, sample_weight=None, loss_out=values, gradient_out=gradient, n_threads=1)
        return values.tolist(), gradient.tolist()

    return compute


def with_scipy(function):
    return lambda prediction, target: (function(numpy.subtract(prediction, target)).tolist(), None)


def cases():
    """name, parameter, its value, and the libraries that have this loss."""
    yield "mae", None, None, {
        "torch.nn.L1Loss": with_torch(torch.nn.L1Loss(reduction="none")),
        "keras.losses.MeanAbsoluteError": with_keras(keras.losses.MeanAbsoluteError(reduction=None, dtype="float64")),
        "sklearn AbsoluteError": with_sklearn(sklearn_loss.CyAbsoluteError()),
    }
    yield "mse", None, None, {
        "torch.nn.MSELoss": with_torch(torch.nn.MSELoss(reduction="none")),
        "keras.losses.MeanSquaredError": with_keras(keras.losses.MeanSquaredError(reduction=None, dtype="float64")),
    }
    yield "half-squared", None, None, {
        "sklearn HalfSquaredError": with_sklearn(sklearn_loss.CyHalfSquaredError()),
    }
    for beta in (0.0, 1 / 9, 1.0, 2.5, 1000.0):
        yield "smooth-l1", "beta", beta, {
            "torch.nn.SmoothL1Loss": with_torch(torch.nn.SmoothL1Loss(reduction="none", beta=beta)),
        }
    for delta in (0.1, 1.0, 1.345, 37.0, 1e9):
        yield "huber", "delta", delta, {
            "torch.nn.HuberLoss": with_torch(torch.nn.HuberLoss(reduction="none", delta=delta)),
            "keras.losses.Huber": with_keras(keras.losses.Huber(delta=delta, reduction=None, dtype="float64")),
            "sklearn HuberLoss": with_sklearn(sklearn_loss.CyHuberLoss(delta)),
        }
        yield "pseudo-huber", "delta", delta, {
            "scipy.special.pseudo_huber": with_scipy(lambda r, d=delta: scipy.special.pseudo_huber(d, r)),
        }
    yield "log-cosh", None, None, {"keras.losses.LogCosh": with_keras(keras.losses.LogCosh(reduction=None, dtype="float64"))}
    for tau in (0.05, 0.5, 0.9):
        yield "quantile", "tau", tau, {"sklearn PinballLoss": with_sklearn(sklearn_loss.CyPinballLoss(tau))}
    for epsilon in (0.0, 0.1, 2.0):
        yield "epsilon-insensitive", "epsilon", epsilon, {
            "sklearn EpsilonInsensitive": with_sgd(_sgd_fast.EpsilonInsensitive(epsilon)),
        }
        yield "squared-epsilon-insensitive", "epsilon", epsilon, {
            "sklearn SquaredEpsilonInsensitive": with_sgd(_sgd_fast.SquaredEpsilonInsensitive(epsilon)),
        }


def points(parameter):
    """Residuals of every size, at the knee and next to it, against a target of 0; then pairs whose difference must be rounded."""
    knee = parameter or 1.0
    sizes = [knee, math.nextafter(knee, 0), math.nextafter(knee, math.inf), 1e-300, 1e-8, 0.3, 1.0, 3.7, 20.0, 1e3, 1e150]
    residuals = [0.0] + [s * size for size in dict.fromkeys(sizes) for s in (1, -1)]
    random = numpy.random.default_rng(20240607)
    prediction = residuals + (random.standard_normal(24) * knee * 2).tolist()
    target = [0.0] * len(residuals) + (random.standard_normal(24) * knee).tolist()
    return prediction, target


def relative(got, want):
    if got == want:
        return 0.0
    return abs(got - want) / abs(want) if want else math.inf


def compare(got, exact, prediction, target):
    """Splits a library's numbers into those that are right (others null), and those that are left out."""
    kept, left_out = [], []
    for g, e, p, t in zip(got, exact, prediction, target):
        good = relative(g, e) <= TOLERANCE
        kept.append(g if good else None)
        if not good:
            left_out.append({"prediction": p, "target": t, "library": g if math.isfinite(g) else str(g), "exact": e})
    return kept, left_out


def measure(name, parameter, value, libraries):
    prediction, target = points(value)
    residuals = [mp(p - t) for p, t in zip(prediction, target)]
    exact = []
    for function in EXACT[name]:
        exact.append([float(function(r, mp(value or 0))) for r in residuals])
    case = {"loss": name, "prediction": prediction, "target": target, "value": exact[0], "derivative": exact[1], "libraries": {}}
    if parameter:
        case[parameter] = value
    for library, compute in libraries.items():
        numbers, entry = compute(prediction, target), {}
        for what, got, want in zip(("value", "derivative"), numbers, exact):
            if got is not None:
                entry[what], entry[what + "_left_out"] = compare(got, want, prediction, target)
        case["libraries"][library] = entry
    return case


def reductions():
    """Weighted and unweighted reductions of the Huber loss, by the libraries that define the conventions."""
    random = numpy.random.default_rng(7)
    y, p, w = (random.standard_normal(50) * 2).tolist(), (random.standard_normal(50) * 2).tolist(), random.uniform(0, 3, 50).tolist()
    tensor = lambda x: torch.tensor(x, dtype=torch.float64)
    column = lambda x: numpy.reshape(x, (-1, 1))

    def of_keras(reduction, weights=None):
        loss = keras.losses.Huber(reduction=reduction, dtype="float64")
        return loss(column(y), column(p), sample_weight=weights and numpy.array(weights)).numpy().tolist()

    values = torch.nn.HuberLoss(reduction="none")(tensor(p), tensor(y)).tolist()
    return {
        "target": y,
        "prediction": p,
        "weights": w,
        "torch mean": torch.nn.HuberLoss(reduction="mean")(tensor(p), tensor(y)).item(),
        "torch sum": torch.nn.HuberLoss(reduction="sum")(tensor(p), tensor(y)).item(),
        "keras sum_over_batch_size": of_keras("sum_over_batch_size"),
        "keras weighted none": of_keras(None, w),
        "keras weighted sum": of_keras("sum", w),
        "keras weighted sum_over_batch_size": of_keras("sum_over_batch_size", w),
        "keras weighted mean_with_sample_weight": of_keras("mean_with_sample_weight", w),
        "numpy.average": float(numpy.average(values, weights=w)),
    }


def rows(items):
    """JSON with one case a line: small, and a change of one case shows as one line."""
    return "[\n" + ",\n".join("  " + json.dumps(item, separators=(",", ":")) for item in items) + "\n ]"


def main():
    versions = {module.__name__: module.__version__ for module in (torch, keras, tensorflow, sklearn, scipy, numpy, mpmath)}
    out = ['{"versions": ' + json.dumps(versions), '"reductions": ' + json.dumps(reductions(), separators=(",", ":"))]
    out.append('"cases": ' + rows(measure(*case) for case in cases()))
    sys.stdout.write(",\n ".join(out) + "\n}\n")


if __name__ == "__main__":
    main()
