"""NNGP and tangent kernels of dense networks in neural-tangents, beside `cargo bench --bench wide_kernels`.

    pip install -r requirements_nt.txt
    taskset -c 0 python wide_kernels_nt.py

Warm calls of the compiled function on one thread: least and median time of a call, by the clock and of
the processor (which counts less of what else runs on the machine).
"""

import os
import statistics
import sys
import time
import types
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)
# Its part for TensorFlow does not load beside this version of JAX, and is not needed.
sys.modules["neural_tangents.experimental"] = types.ModuleType("neural_tangents.experimental")
warnings.filterwarnings("ignore")

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)

import numpy as np  # noqa: E402
from neural_tangents import stax  # noqa: E402

EXAMPLES, DIMENSION, HIDDEN, REPETITIONS = 1000, 64, 3, 20


def network(activation):
    layers = [stax.Dense(1, 2**0.5, 0.1), activation()] * HIDDEN + [stax.Dense(1, 1.0, None)]
    return stax.serial(*layers)[2]


def main():
    x = np.random.RandomState(0).randn(EXAMPLES, DIMENSION)
    print(f"jax {jax.__version__}, {EXAMPLES} examples of {DIMENSION}, {HIDDEN} hidden layers")
    for name, activation in [("relu", stax.Relu), ("erf", stax.Erf), ("gelu", stax.Gelu)]:
        kernel = network(activation)
        compiled = jax.jit(lambda x: kernel(x, None, ("nngp", "ntk")))

        def call():
            found = compiled(x)
            found.nngp.block_until_ready()
            found.ntk.block_until_ready()

        call()
        clocks = {"clock": time.perf_counter, "processor": time.process_time}
        times = {clock: [] for clock in clocks}
        for _ in range(REPETITIONS):
            start = {clock: read() for clock, read in clocks.items()}
            call()
            for clock, read in clocks.items():
                times[clock].append(1e3 * (read() - start[clock]))
        for clock, all_times in times.items():
            least, median = min(all_times), statistics.median(all_times)
            print(f"{name}, {clock}: least {least:.1f} ms, median {median:.1f} ms")


if __name__ == "__main__":
    main()
