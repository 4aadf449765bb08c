"""Gradient descent steps per second in NumPy, in place; prints one number per size given."""

import sys
import time

import numpy as np

from task import RATE, task


def run(sigma_x, sigma_yx, w1, w2, steps):
    """The step with every product written into memory that exists already."""
    n = len(w1)
    product, error, g1, g2 = (np.empty((n, n)) for _ in range(4))
    sigma_x, sigma_yx = RATE * sigma_x, RATE * sigma_yx
    for _ in range(steps):
        np.matmul(w2, w1, out=product)
        np.matmul(product, sigma_x, out=error)
        np.subtract(sigma_yx, error, out=error)
        np.matmul(w2.T, error, out=g1)
        np.matmul(error, w1.T, out=g2)
        w1 += g1
        w2 += g2
    return w1, w2


for size in map(int, sys.argv[1:]):
    *arrays, steps = task(size)
    times = []
    for _ in range(15):
        arguments = [a.copy() for a in arrays]
        start = time.perf_counter()
        run(*arguments, steps)
        times.append(time.perf_counter() - start)
    print(size, steps / min(times))
