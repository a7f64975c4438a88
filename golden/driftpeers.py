"""River's drift detectors on the residuals of streamfit's models: delays at equal rates of false alarms.

    go run ./internal/driftstudy -dump DIR -repeats 100 && python golden/driftpeers.py DIR

river 0.26.1. Each detector's threshold is tuned for each noise by itself, on a tenth of the rows that streamfit is tried on without a change: the most
sensitive at which it raises at most 2 alarms per million rows, once over the level and once over the spread: who wants both runs two detectors. streamfit, which looks
at both at once, may raise 4; its thresholds are tuned likewise, all by one factor, by TestDetectorBesideItsPeers in estimator/. What is fed: the residual in units of its
standard deviation, or for a change of variance its absolute value. A detector that has raised an alarm begins anew.
The rows without a change are cut into streams as long as those with one, each with a fresh detector.
"""

import sys
from pathlib import Path

import numpy as np
from river.drift import ADWIN, PageHinkley

noises = {0: "normal", 1: "20 % spikes", 2: "autocorrelated, φ = 0.6"}
changes = ["jump 0.5 σ", "jump 1 σ", "jump 3 σ", "ramp 1 σ in 200 rows", "ramp 1 σ in 1,000 rows", "variance × 2"]
before, patience, allowed = 5000 - 1024, 3000, 2e-6

detectors = {
    "ADWIN": (lambda v: ADWIN(delta=v), [2e-2 / 10 ** (k / 16) for k in range(320)]),
    "PageHinkley, δ = 0.005": (lambda v: PageHinkley(min_instances=30, delta=0.005, threshold=v), [20 * 1.02**k for k in range(220)]),
    "PageHinkley, δ = 0.25": (lambda v: PageHinkley(min_instances=30, delta=0.25, threshold=v), [8 * 1.02**k for k in range(260)]),
    "PageHinkley, δ = 0.5": (lambda v: PageHinkley(min_instances=30, delta=0.5, threshold=v), [5 * 1.02**k for k in range(280)]),
}


def alarms(make, values, most):
    n = 0
    for i, v in enumerate(values):
        if i % (before + patience) == 0:
            detector = make()
        detector.update(v)
        if detector.drift_detected:
            detector, n = make(), n + 1
            if n > most:
                break
    return n


def tuned(build, thresholds, quiet):
    """The first threshold, from the most sensitive on, with few enough alarms: by bisection."""
    most = int(allowed * len(quiet))
    low, high = 0, len(thresholds)
    while low < high:
        middle = (low + high) // 2
        if alarms(lambda: build(thresholds[middle]), quiet, most) <= most:
            high = middle
        else:
            low = middle + 1
    return thresholds[min(low, len(thresholds) - 1)]


def delay(detector, values):
    """Rows from the change to the first alarm after it; an alarm before it begins anew."""
    fresh = detector()
    for i, v in enumerate(values):
        fresh.update(v)
        if fresh.drift_detected:
            if i >= before:
                return i - before + 1
            fresh = detector()
    return patience


def main(directory):
    for noise, noise_name in noises.items():
        quiet = np.fromfile(directory / f"quiet-{noise}.f64")
        print(f"\n| {noise_name} | threshold | " + " | ".join(changes[:5]) + " | threshold | variance × 2 |")
        print("|---|---|" + "---|" * 7)
        for name, (build, thresholds) in detectors.items():
            row = [name]
            for absolute in (False, True):
                prepare = (lambda r: np.abs(r)) if absolute else (lambda r: r)
                v = tuned(build, thresholds, prepare(quiet).tolist())
                row.append(f"{v:.3g}")
                for j, change in enumerate(changes):
                    if (change == "variance × 2") != absolute:
                        continue
                    files = sorted(directory.glob(f"change-{noise}-{j}-*.f64"))
                    row.append("%.1f" % np.mean([delay(lambda: build(v), prepare(np.fromfile(f)).tolist()) for f in files]))
            print("| " + " | ".join(row) + " |", flush=True)


main(Path(sys.argv[1]))
