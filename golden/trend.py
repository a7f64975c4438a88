"""trend.json: what statsmodels makes of the trend and the season of CO2 at Mauna Loa and of Seattle's temperatures, with the arguments of
`streamfit replay` that must say the same.

The design is level, slope per unit, and cosine and sine pairs of the phase since 1970, about the newest reading. Half the squared error with a
half-life is WLS with weights 2^(−age/half-life), where the rows of the warm-up are all as old as its last one; the Huber loss without a half-life
is RLM(HuberT(1.345)). Beside them STL's season of the last years, as the textbook has it: how far from lowest to highest, and in which month.
"""

import json
import pathlib

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm
from statsmodels.tsa.seasonal import STL

DATA = pathlib.Path(__file__).parent.parent / "examples" / "data"
YEAR = 8766 * 3600.0


def design(seconds, unit, periods, harmonics=2):
    columns = [np.ones_like(seconds), (seconds - seconds.max()) / unit]
    for period in periods:
        for k in range(1, harmonics + 1):
            angle = 2 * np.pi * k * (np.mod(seconds, period) / period)
            columns += [np.cos(angle), np.sin(angle)]
    return np.column_stack(columns)


def answers(params, se):
    return dict(coefficients=params.tolist(), se=se.tolist())


def discounted(x, y, half_life, warm_up):
    age = np.minimum(len(y) - 1 - np.arange(len(y)), len(y) - warm_up)
    result = sm.WLS(y, x, weights=2.0 ** (-age / half_life)).fit()
    return answers(result.params, result.bse)


def robust(x, y):
    result = sm.RLM(y, x, M=sm.robust.norms.HuberT(1.345)).fit(maxiter=2000, tol=1e-14, conv="coefs")
    return answers(result.params, result.bse)


def seconds_of(times):
    return ((pd.to_datetime(times) - pd.Timestamp("1970-01-01")) / pd.Timedelta(seconds=1)).to_numpy(float)


def main():
    co2 = pd.read_csv(DATA / "co2-concentration.csv")
    t, y = seconds_of(co2["Date"]), co2["CO2"].to_numpy(float)
    x = design(t, YEAR, [YEAR])
    co2_arguments = "--target CO2 --trend Date --unit 8766h --season 8766h "
    weather = pd.read_csv(DATA / "seattle-weather-hourly-normals.csv")
    tw, yw = seconds_of(weather["date"]), weather["temperature"].to_numpy(float)
    xw = design(tw, 86400.0, [86400.0, 8760 * 3600.0])

    monthly = co2.set_index(pd.to_datetime(co2["Date"]))["CO2"].asfreq("MS").interpolate()
    stl = STL(monthly, period=12, robust=True).fit()
    season, trend = stl.seasonal["2010":"2019"], stl.trend
    by_month = season.groupby(season.index.month).mean()
    value = dict(
        made_by=dict(statsmodels=statsmodels.__version__),
        fits=[
            dict(file="co2-concentration.csv", arguments=co2_arguments + "--half-life 24 --loss half-squared --leverage off --set model.warm_up=32",
                 call="WLS", within=1e-3, **discounted(x, y, 24, 32)),
            dict(file="co2-concentration.csv", arguments=co2_arguments, call="RLM", within=0.01, **robust(x, y)),
            dict(file="seattle-weather-hourly-normals.csv", call="WLS", within=2e-3,
                 arguments="--target temperature --trend date --unit 24h --season 24h,8760h --loss half-squared --leverage off",
                 **discounted(xw, yw, np.inf, 1024)),
        ],
        stl=dict(amplitude=(by_month.max() - by_month.min()) / 2, highest=int(by_month.idxmax()),
                 growth=float((trend["2020-03-01"] - trend["2016-03-01"]) / 4)),
    )
    path = pathlib.Path(__file__).with_name("trend.json")
    path.write_text(json.dumps(value, indent=0, allow_nan=False) + "\n")
    print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
