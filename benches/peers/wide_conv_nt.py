"""Seconds and memory of neural-tangents for the kernels that `cargo bench --bench wide_conv` times.

    python3.11 -m venv nt && nt/bin/pip install -r benches/peers/requirements_nt.txt
    nt/bin/python benches/peers/wide_conv_nt.py [gap|flatten|pooling] [calls]

One core, float64. Printed are the first call (with compilation), the best of the warm ones in wall
and in processor time, and by how much the process grew at its largest. The call with global average
pooling takes about a minute.
"""

import os
import resource
import sys
import time
import types
import warnings

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
warnings.filterwarnings("ignore")
# Needs TensorFlow, and is not needed here.
sys.modules["neural_tangents.experimental"] = types.ModuleType("neural_tangents.experimental")

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)

import numpy as np  # noqa: E402
from neural_tangents import stax  # noqa: E402


def network(name):
    """The layers of the benchmark."""
    conv = [stax.Conv(1, (3, 3), (1, 1), "SAME", 2**0.5, 0.1), stax.Relu()]
    if name == "pooling":
        layers = 3 * [*conv, stax.AvgPool((2, 2), (2, 2), "VALID")]
    else:
        layers = 5 * conv
    merge = stax.Flatten() if name == "flatten" else stax.GlobalAvgPool()
    return stax.serial(*layers, merge, stax.Dense(1, 2**0.5, 0.1))[2]


def peak():
    """Largest resident size so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    """Measures and prints."""
    name = sys.argv[1] if len(sys.argv) > 1 else "gap"
    calls = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    kernel = network(name)
    compiled = jax.jit(lambda x: (lambda k: (k.nngp, k.ntk))(kernel(x, None, ("nngp", "ntk"))))
    images = np.random.RandomState(0).randn(20, 16, 16, 3)
    before, seconds = peak(), []
    for _ in range(calls + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        jax.block_until_ready(compiled(images))
        seconds.append((time.perf_counter() - wall, time.process_time() - cpu))
    warm = [min(column) for column in zip(*seconds[1:], strict=True)]
    print(f"{name}: first call {seconds[0][0]:.2f} s, warm {warm[0]:.4f} s ({warm[1]:.4f} s of cpu),")
    print(f"grew by {peak() - before:.0f} MB")


if __name__ == "__main__":
    main()
