"""The task of benches/online.rs: four erf students of four erf teachers, 500 inputs, one example a step."""

import numpy as np

UNITS, INPUTS, STEPS = 4, 500, 2000
RATE = 0.1
LAYERS = {"first": 0.0, "both": 0.1}  # learning rate of the readouts


def weights():
    """Students with squared length ½ and overlap ½ with their teachers, readouts one."""
    rng = np.random.default_rng(0)
    frame = np.linalg.qr(rng.standard_normal((INPUTS, 2 * UNITS)))[0].T * np.sqrt(INPUTS)
    teachers = frame[:UNITS]
    students = 0.5 * teachers + 0.5 * frame[UNITS:]
    return students.copy(), teachers.copy(), np.ones(UNITS)


def inputs():
    """Inputs drawn before training."""
    return np.random.default_rng(1).standard_normal((STEPS, INPUTS))
