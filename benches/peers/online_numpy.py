"""Steps of online descent per second in NumPy, in place; prints one number per kind of step."""

import math
import time

import numpy as np

from online_task import INPUTS, LAYERS, RATE, STEPS, UNITS, inputs, weights

ROOT_2, SLOPE = math.sqrt(2.0), math.sqrt(2.0 / math.pi)


def run(students, teachers, readouts, readout_rate, given):
    """All steps, every product written into memory that exists already."""
    rng = np.random.default_rng(2)
    scale, rate, readout_rate = 1 / math.sqrt(INPUTS), RATE / math.sqrt(INPUTS), readout_rate / INPUTS
    units = np.concatenate([students, teachers])
    learning = units[:UNITS]
    fields, moves = np.empty(2 * UNITS), np.empty((UNITS, 1))
    change, x = np.empty((UNITS, INPUTS)), np.empty(INPUTS)
    v = readouts.tolist()
    for step in range(STEPS):
        if given is None:
            rng.standard_normal(out=x)
        else:
            x = given[step]
        np.dot(units, x, out=fields)
        h = [scale * field for field in fields.tolist()]
        g = [math.erf(field / ROOT_2) for field in h]
        error = sum(v[k] * g[k] for k in range(UNITS)) - sum(g[UNITS:])
        for k in range(UNITS):
            moves[k, 0] = -rate * v[k] * error * SLOPE * math.exp(-0.5 * h[k] * h[k])
        np.multiply(moves, x, out=change)
        learning += change
        if readout_rate:
            for k in range(UNITS):
                v[k] -= readout_rate * error * g[k]
    return learning, v


drawn_before = inputs()
for layers, readout_rate in LAYERS.items():
    for kind, given in [("drawn", None), ("given", drawn_before)]:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            run(*weights(), readout_rate, given)
            times.append(time.perf_counter() - start)
        print(f"{kind}/{layers}", STEPS / min(times))
