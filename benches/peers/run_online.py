"""Steps of online descent per second: this crate, NumPy and JAX in turn, on one core.

    python3 -m venv peers && peers/bin/pip install -r benches/peers/requirements.txt
    peers/bin/python benches/peers/run_online.py [rounds]

Every round measures all programs, one after another, each many times for a few milliseconds. Printed is
the best of each, which other work on the machine disturbs least, and the ratios of those. Inputs are drawn
in the loop or before; the first layer learns, or both do.
"""

import json
import sys

from run import HERE, ROOT, build, output

KINDS = ["drawn/first", "drawn/both", "given/first", "given/both"]


def ours(program):
    """Best of criterion's samples; one number of steps per second per kind."""
    output(program, "--bench", "^online/")
    found = {}
    for kind in KINDS:
        folder = ROOT / "target" / "criterion" / "online" / kind / "new"
        sample = json.loads((folder / "sample.json").read_text())
        best = min(t / n for t, n in zip(sample["times"], sample["iters"]))
        steps = json.loads((folder / "benchmark.json").read_text())["throughput"]["Elements"]
        found[kind] = steps / (best * 1e-9)
    return found


def peer(script):
    """Steps per second as printed by a script."""
    lines = output(sys.executable, HERE / script).splitlines()
    return {kind: float(rate) for kind, rate in map(str.split, lines)}


def main():
    """Measures and prints."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    program = build("online")
    programs = {
        "solvable": lambda: ours(program),
        "numpy": lambda: peer("online_numpy.py"),
        "jax": lambda: peer("online_jax.py"),
    }
    found = {name: {kind: [] for kind in KINDS} for name in programs}
    for _ in range(rounds):
        for name, measure in programs.items():
            for kind, rate in measure().items():
                found[name][kind].append(rate)
    print("| inputs/layers | solvable | numpy | jax | solvable / numpy | solvable / jax |")
    print("|---|---|---|---|---|---|")
    for kind in KINDS:
        rates = {name: max(found[name][kind]) for name in programs}
        cells = [f"{rate:,.0f}" for rate in rates.values()]
        ratios = [f"{rates['solvable'] / rates[name]:.1f}" for name in ("numpy", "jax")]
        print("|", " | ".join([kind, *cells, *ratios]), "|")


if __name__ == "__main__":
    main()
