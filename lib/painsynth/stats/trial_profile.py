"""Maximise the likelihood of every trial over a parameter of its own: an intercept, or an effect."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

WIDTH = 1e-3
STEPS = 60
SETTLED = 1e-6  # the last step; Newton's method leaves about its square


def profile(value: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Newton's method for many concave functions of one variable at once.

    Parameters
    ----------
    value : callable
        Values x (B, k) to log-likelihoods (B, k), each entry depending on its own x alone.
    x : ndarray (B, k)
        Where to start.

    Returns
    -------
    x, value : ndarray (B, k)

    Examples
    --------
    >>> x, top = profile(lambda x: 1 - np.logaddexp(0, x) + 0.25 * x, np.zeros((1, 1)))
    >>> x.round(6)
    array([[-1.098612]])
    """
    for _ in range(STEPS):
        middle, up, down = value(x), value(x + WIDTH), value(x - WIDTH)
        slope, bend = (up - down) / (2 * WIDTH), (2 * middle - up - down) / WIDTH**2
        step = slope / np.maximum(bend, 1e-7)
        size = np.abs(step)
        damped = np.where(size > 1e-3, np.log1p(size) / np.maximum(size, 1e-300), 1.0)
        x = x + np.where(np.isfinite(step), damped * step, 0.0)
        if np.nanmax(size, initial=0.0) < SETTLED:
            break
    return x, value(x)
