"""Descent steps per second: this crate, NumPy and JAX in turn, on one core.

    python3 -m venv peers && peers/bin/pip install -r benches/peers/requirements.txt
    peers/bin/python benches/peers/run.py [rounds]

Every round measures all programs at all sizes, one after another, each many times for a few
milliseconds. Printed is the best of each, which other work on the machine disturbs least, and the
ratios of those.
"""

import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SIZES = [8, 16, 32, 64, 128]
ONE_THREAD = os.environ | {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


def output(*command):
    """What a command prints when it is bound to one core."""
    core = str(min(os.sched_getaffinity(0)))
    command = ["taskset", "-c", core, *map(str, command)]
    done = subprocess.run(
        command, cwd=ROOT, env=ONE_THREAD, check=True, capture_output=True, text=True
    )
    return done.stdout


def build(bench):
    """A benchmark's program, compiled as cargo does by default."""
    command = ["cargo", "bench", "--bench", bench, "--no-run", "--message-format=json"]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    messages = [json.loads(line) for line in lines.splitlines() if line.startswith("{")]
    programs = [m["executable"] for m in messages if m.get("target", {}).get("name") == bench]
    return programs[-1]


def ours(program):
    """Best of criterion's samples; one number of steps per second per size."""
    output(program, "--bench", "^descent/")
    found = {}
    for size in SIZES:
        folder = ROOT / "target" / "criterion" / "descent" / str(size) / "new"
        sample = json.loads((folder / "sample.json").read_text())
        best = min(t / n for t, n in zip(sample["times"], sample["iters"]))
        steps = json.loads((folder / "benchmark.json").read_text())["throughput"]["Elements"]
        found[size] = steps / (best * 1e-9)
    return found


def peer(script):
    """Steps per second as printed by a script."""
    lines = output(sys.executable, HERE / script, *SIZES).splitlines()
    return {int(size): float(rate) for size, rate in map(str.split, lines)}


def main():
    """Measures and prints."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    program = build("descent")
    programs = {
        "solvable": lambda: ours(program),
        "numpy": lambda: peer("descent_numpy.py"),
        "jax": lambda: peer("descent_jax.py"),
    }
    found = {name: {size: [] for size in SIZES} for name in programs}
    for _ in range(rounds):
        for name, measure in programs.items():
            for size, rate in measure().items():
                found[name][size].append(rate)
    print("| n | solvable | numpy | jax | solvable / numpy | solvable / jax |")
    print("|---|---|---|---|---|---|")
    for size in SIZES:
        rates = {name: max(found[name][size]) for name in programs}
        cells = [f"{rate:,.0f}" for rate in rates.values()]
        ratios = [f"{rates['solvable'] / rates[name]:.1f}" for name in ("numpy", "jax")]
        print("|", " | ".join([str(size), *cells, *ratios]), "|")


if __name__ == "__main__":
    main()
