"""Steps of online descent per second in JAX, compiled scan; prints one number per kind of step."""

import time
from functools import partial

import jax
import jax.numpy as jnp
from jax.scipy.special import erf

from online_task import INPUTS, LAYERS, RATE, STEPS, inputs, weights

jax.config.update("jax_enable_x64", True)


@partial(jax.jit, static_argnames=("readout_rate",))
def run(students, teachers, readouts, given, key, readout_rate):
    """All steps in one compiled loop; without given inputs each is drawn in the loop."""
    scale = INPUTS**-0.5

    def step(state, example):
        w, v = state
        x = example if given is not None else jax.random.normal(example, (INPUTS,))
        h, rho = scale * (w @ x), scale * (teachers @ x)
        g = erf(h / jnp.sqrt(2.0))
        error = v @ g - erf(rho / jnp.sqrt(2.0)).sum()
        slopes = jnp.sqrt(2 / jnp.pi) * jnp.exp(-0.5 * h * h)
        w = w - (RATE * scale * error) * jnp.outer(v * slopes, x)
        return (w, v - (readout_rate / INPUTS) * error * g), None

    examples = given if given is not None else jax.random.split(key, STEPS)
    return jax.lax.scan(step, (students, readouts), examples)[0]


drawn_before = jax.device_put(inputs())
for layers, readout_rate in LAYERS.items():
    for kind, given in [("drawn", None), ("given", drawn_before)]:
        arguments = [jax.device_put(a) for a in weights()]
        arguments += [given, jax.random.key(0)]
        jax.block_until_ready(run(*arguments, readout_rate=readout_rate))
        times = []
        for _ in range(10):
            start = time.perf_counter()
            jax.block_until_ready(run(*arguments, readout_rate=readout_rate))
            times.append(time.perf_counter() - start)
        print(f"{kind}/{layers}", STEPS / min(times))
