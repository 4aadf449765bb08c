"""Seconds of neural-tangents for the ensemble that `cargo bench --bench wide_dynamics` times.

    python3.11 -m venv nt && nt/bin/pip install -r benches/peers/requirements_nt.txt
    nt/bin/python benches/peers/wide_dynamics_nt.py [calls]

One core, float64; mean and covariance on 200 test points at 100 times, 1000 examples. Kernels are
computed once and handed over, as in our benchmark. Printed are the first call (with compilation and
eigendecomposition), and of the later ones the best in wall and in processor time: with the
eigendecomposition done before, and with it.
"""

import os
import sys
import time
import types
import warnings
from collections import namedtuple

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
warnings.filterwarnings("ignore")
# Needs TensorFlow, and is not needed here.
sys.modules["neural_tangents.experimental"] = types.ModuleType("neural_tangents.experimental")

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)

import numpy as np  # noqa: E402
from neural_tangents import predict, stax  # noqa: E402

N, M, TIMES, DIMENSION = 1000, 200, 100, 64
Kernels = namedtuple("Kernels", ["nngp", "ntk"])


def kernels():
    """Inputs, targets, and a kernel function that only looks up what it gives."""
    rng = np.random.RandomState(0)
    x, z = rng.randn(N, DIMENSION), rng.randn(M, DIMENSION)
    layers = [stax.Dense(1, 2**0.5, 0.1), stax.Relu()] * 3 + [stax.Dense(1, 1.0, None)]
    function = stax.serial(*layers)[2]
    found = {
        (N, None): function(x, None, ("nngp", "ntk")),
        (M, N): function(z, x, ("nngp", "ntk")),
        (M, None): function(z, None, ("nngp", "ntk")),
    }

    def lookup(x1, x2, get, **_):
        pair = found[len(x1), None if x2 is None else len(x2)]
        return getattr(pair, get) if isinstance(get, str) else Kernels(pair.nngp, pair.ntk)

    return x, z, rng.randn(N, 1), lookup


def timed(call):
    """Wall and processor time."""
    wall, cpu = time.perf_counter(), time.process_time()
    jax.block_until_ready(call())
    return time.perf_counter() - wall, time.process_time() - cpu


def best(measured):
    """Least of each column."""
    wall, cpu = (min(column) for column in zip(*measured, strict=True))
    return f"{wall:.3f} s wall, {cpu:.3f} s of cpu"


def main():
    """Measures and prints."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    x, z, y, kernel = kernels()
    times = 10 ** np.linspace(0, 6, TIMES)

    def ensemble():
        return predict.gradient_descent_mse_ensemble(kernel, x, y)

    for covariance in (False, True):
        what = "means and covariances" if covariance else "means"
        function = ensemble()
        first = timed(lambda: function(times, z, "ntk", covariance))
        print(f"{what}: first call {first[0]:.3f} s wall, {first[1]:.3f} s of cpu")
        warm = [timed(lambda: function(times, z, "ntk", covariance)) for _ in range(calls)]
        print(f"{what}: {best(warm)}")
        fresh = [timed(lambda: ensemble()(times, z, "ntk", covariance)) for _ in range(calls)]
        print(f"{what}, with eigendecomposition: {best(fresh)}")


if __name__ == "__main__":
    main()
