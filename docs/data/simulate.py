"""Makes the small tables of docs/losses.md and docs/coming-from.md. They are simulated, so that the truth is known: python3 docs/data/simulate.py"""

import os
import random

HERE = os.path.dirname(os.path.abspath(__file__))


def write(name, header, rows):
    with open(os.path.join(HERE, name), "w") as file:
        file.write(header + "\n")
        file.writelines(",".join(format(x, ".6g") for x in row) + "\n" for row in rows)


def trajectory(rng):
    """A robot at 0.5 m/s, seen ten times a second by a range sensor of 2 cm noise; after 20 s one echo in four takes a detour by a wall."""
    for i in range(400):
        t = i / 10
        echo = rng.uniform(3, 6) if t > 20 and rng.random() < 0.25 else 0
        yield t, 1 + 0.5 * t + rng.gauss(0, 0.02) + echo


def returns(rng):
    """Daily returns in percent of a stock of beta 1.2 and of the market; on twelve bad days of the market the stock has good news of its own."""
    for i in range(500):
        market = rng.gauss(0.03, 1)
        news = 0
        if i % 40 == 39:
            market, news = -abs(market) - 1, rng.uniform(8, 15)
        yield market, 1.2 * market + rng.gauss(0, 0.8) + news


def patients(rng):
    """Systolic blood pressure in mmHg rises by 0.6 a year of age; above 60, one value in ten is kilopascals (1 kPa = 7.5 mmHg)."""
    for _ in range(400):
        age = rng.randint(20, 85)
        pressure = 95 + 0.6 * age + rng.gauss(0, 9)
        yield age, pressure / 7.50062 if age > 60 and rng.random() < 0.1 else pressure


def force(rng):
    """Force in newtons on a rig: 10,000 a unit of strain, 1 a degree of tilt, 0.1 a hectopascal, 0.001 a revolution; one reading in five is disturbed."""
    for _ in range(500):
        strain, tilt, pressure, speed = rng.gauss(0, 1e-3), rng.gauss(0, 1), rng.gauss(0, 100), rng.gauss(0, 1e4)
        disturbance = rng.choice((-1, 1)) * rng.uniform(10, 50) if rng.random() < 0.2 else 0
        yield strain, tilt, pressure, speed, 10000 * strain + tilt + 0.1 * pressure + 0.001 * speed + rng.gauss(0, 1) + disturbance


write("trajectory.csv", "t,x", trajectory(random.Random(1)))
write("returns.csv", "market,stock", returns(random.Random(2)))
write("patients.csv", "age,pressure", patients(random.Random(3)))
write("force.csv", "strain,tilt,pressure,speed,force", force(random.Random(4)))
