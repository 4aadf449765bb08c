"""Gradient descent steps per second in JAX, compiled scan; prints one number per size given."""

import sys
import time
from functools import partial

import jax

from task import RATE, task

jax.config.update("jax_enable_x64", True)


@partial(jax.jit, static_argnames="steps")
def run(sigma_x, sigma_yx, w1, w2, steps):
    """All steps in one compiled loop; gradients by hand, which is faster than jax.grad."""
    sigma_x, sigma_yx = RATE * sigma_x, RATE * sigma_yx

    def step(weights, _):
        w1, w2 = weights
        error = sigma_yx - (w2 @ w1) @ sigma_x
        return (w1 + w2.T @ error, w2 + error @ w1.T), None

    return jax.lax.scan(step, (w1, w2), None, length=steps)[0]


for size in map(int, sys.argv[1:]):
    *arrays, steps = task(size)
    arguments = [jax.device_put(a) for a in arrays]
    jax.block_until_ready(run(*arguments, steps))
    times = []
    for _ in range(30):
        start = time.perf_counter()
        jax.block_until_ready(run(*arguments, steps))
        times.append(time.perf_counter() - start)
    print(size, steps / min(times))
