"""Seconds for kernels and ensembles of wide networks: this crate and neural-tangents in turn, on one core.

    python3.11 -m venv nt && nt/bin/pip install -r benches/peers/requirements_nt.txt
    nt/bin/python benches/peers/run_wide.py [rounds]

Every round measures both programs, one after another, each many times. Printed is the best of each, which
other work on the machine disturbs least, and their ratio. neural-tangents is called warm: compiled, and for
the ensemble with its eigendecomposition done, as ours is. A round takes about three minutes.
"""

import json
import re
import sys

from run import HERE, ROOT, build, output

# Name, benchmark, its group and function as folders and as a filter, script of the peer, what it prints.
CASES = [
    (
        "kernels of 1,000 inputs, three ReLU layers",
        "wide_kernels",
        "kernels of 1000 examples/relu",
        ["wide_kernels_nt.py"],
        r"relu, clock: least ([\d.]+) ms",
        1e-3,
    ),
    (
        "ensemble, 1,000 examples, 200 test points, 100 times",
        "wide_dynamics",
        "wide dynamics, 1000 examples, 200 test points, 100 times/means and covariances",
        ["wide_dynamics_nt.py", "3"],
        r"means and covariances: ([\d.]+) s wall",
        1.0,
    ),
    (
        "five convolutions, flatten, 20 images of 16 × 16",
        "wide_conv",
        "conv kernel/5 layers 3x3 relu flatten, 20 images 16x16",
        ["wide_conv_nt.py", "flatten", "10"],
        r"warm ([\d.]+) s",
        1.0,
    ),
    (
        "the same, global average pooling",
        "wide_conv",
        "conv kernel/5 layers 3x3 relu gap, 20 images 16x16",
        ["wide_conv_nt.py", "gap", "2"],
        r"warm ([\d.]+) s",
        1.0,
    ),
]


def ours(program, name):
    """Best of criterion's samples, in seconds."""
    output(program, "--bench", f"^{re.escape(name)}$")
    folder = ROOT / "target" / "criterion" / name / "new"
    sample = json.loads((folder / "sample.json").read_text())
    return min(t / n for t, n in zip(sample["times"], sample["iters"])) * 1e-9


def peer(script, pattern, unit):
    """Seconds as printed by a script."""
    return float(re.search(pattern, output(sys.executable, HERE / script[0], *script[1:]))[1]) * unit


def main():
    """Measures and prints."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    programs = {bench: build(bench) for bench in {case[1] for case in CASES}}
    best = {case[0]: [float("inf"), float("inf")] for case in CASES}
    for _ in range(rounds):
        for title, bench, name, script, pattern, unit in CASES:
            found = [ours(programs[bench], name), peer(script, pattern, unit)]
            best[title] = [min(pair) for pair in zip(best[title], found)]
    print("| | solvable | neural-tangents | ratio |")
    print("|---|---|---|---|")
    for title, (own, other) in best.items():
        print(f"| {title} | {own * 1e3:,.1f} ms | {other * 1e3:,.0f} ms | {other / own:.1f} |")


if __name__ == "__main__":
    main()
