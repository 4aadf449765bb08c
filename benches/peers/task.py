"""The task of benches/descent.rs: a network n-n-n, inputs with a general covariance."""

import numpy as np

RATE = 1e-3


def task(n):
    """Correlations, initial weights and number of steps, all float64."""
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((4 * n, n))
    targets = inputs @ rng.standard_normal((n, n)) / np.sqrt(n)
    sigma_x = inputs.T @ inputs / (4 * n)
    sigma_yx = targets.T @ inputs / (4 * n)
    w1, w2 = 0.3 / np.sqrt(n) * rng.standard_normal((2, n, n))
    return sigma_x, sigma_yx, w1, w2, 2_000_000 // (n * n)
