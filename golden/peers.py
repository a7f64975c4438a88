"""peers.json: River and Vowpal Wabbit on a file, row by row, beside the command line that must say the same.

Only what is the same model in both: docs/coming-from.md says what is not, and why. Vowpal Wabbit computes with 32 bits.
"""

import csv
import json
import pathlib

import river
import vowpalwabbit
from river import linear_model, optim

FILE = "docs/data/returns.csv"
CONSTANT = "--set sgd.learning_rate=constant --set sgd.eta0=0.02 "
NONE = "--set sgd.penalty=none"
CONSTANT_BIAS = 11650396  # the hash of VW's intercept


def rows():
    with (pathlib.Path(__file__).parent.parent / FILE).open() as file:
        return [(float(row["market"]), float(row["stock"])) for row in csv.DictReader(file)]


def with_river(table, model):
    for x, y in table:
        model.learn_one({"market": x}, y)
    return float(model.weights["market"]), float(model.intercept)


def with_vw(table, arguments):
    vw = vowpalwabbit.Workspace(arguments + " --quiet")
    for x, y in table:
        vw.learn(f"{y} | market:{x}")
    return vw.get_weight_from_name("market"), vw.get_weight(CONSTANT_BIAS)


def river_models():
    def model(loss, rate=0.02, **penalty):
        return linear_model.LinearRegression(optimizer=optim.SGD(rate), intercept_lr=rate, loss=loss, **penalty)

    huber, falling = optim.losses.Huber(0.75), optim.schedulers.InverseScaling(0.02, 0.4)
    yield "Huber(0.75)", model(huber), "--loss huber --delta 0.75 " + CONSTANT + NONE
    yield "Huber(0.75), l2=0.5", model(huber, l2=0.5), "--loss huber --delta 0.75 " + CONSTANT + "--set sgd.penalty=l2 --set sgd.alpha=0.5"
    yield "Huber(0.75), l1=0.15", model(huber, l1=0.15), "--loss huber --delta 0.75 " + CONSTANT + "--set sgd.penalty=l1 --set sgd.alpha=0.15"
    yield "Huber(0.75), InverseScaling(0.02, 0.4)", model(huber, falling), "--loss huber --delta 0.75 --set sgd.eta0=0.02 --set sgd.power_t=0.4 " + NONE
    yield ("Huber(0.75), Optimal(alpha=0.5), l2=0.5", model(huber, optim.schedulers.Optimal(huber, 0.5), l2=0.5),
           "--loss huber --delta 0.75 --set sgd.learning_rate=optimal --set sgd.alpha=0.5")
    yield "Squared()", model(optim.losses.Squared()), "--loss mse " + CONSTANT + NONE
    yield "Absolute()", model(optim.losses.Absolute()), "--loss mae " + CONSTANT + NONE
    yield "Quantile(0.25)", model(optim.losses.Quantile(0.25)), "--loss quantile --tau 0.25 " + CONSTANT + NONE
    # Its Averager leaves LinearRegression's weights as they are.
    averager = linear_model.LinearRegression(optimizer=optim.Averager(optim.SGD(0.02)), intercept_lr=0.02, loss=huber)
    yield "Averager(SGD(0.02)), Huber(0.75)", averager, "--loss huber --delta 0.75 " + CONSTANT + NONE


def vw_arguments():
    sgd = "--sgd -l 0.02 --power_t 0 --loss_function "
    yield sgd + "classic", "--loss mse " + CONSTANT + NONE
    yield sgd + "squared", "--loss mse " + CONSTANT + NONE
    yield sgd + "classic --noconstant", "--loss mse --set sgd.fit_intercept=false " + CONSTANT + NONE
    yield sgd + "quantile --quantile_tau 0.25", "--loss quantile --tau 0.25 " + CONSTANT + NONE


def main():
    table, fits = rows(), []
    for name, model, arguments in river_models():
        slope, intercept = with_river(table, model)
        fits.append(dict(peer="River", call=name, arguments=arguments, slope=slope, intercept=intercept, tolerance=1e-12))
    for theirs, arguments in vw_arguments():
        slope, intercept = with_vw(table, theirs)
        fits.append(dict(peer="Vowpal Wabbit", call=theirs, arguments=arguments, slope=slope, intercept=intercept, tolerance=2e-6))
    made_by = dict(river=river.__version__, vowpalwabbit=vowpalwabbit.__version__)
    value = dict(made_by=made_by, file=FILE, target="stock", features="market", fits=fits)
    (pathlib.Path(__file__).parent / "peers.json").write_text(json.dumps(value, indent=0, allow_nan=False) + "\n")
    print(len(fits), "fits")


main()
