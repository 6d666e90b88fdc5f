"""Highest point of a smooth log-likelihood of a few parameters, from several starts at once.

Newton's method with derivatives from central differences; all points of all stencils are one call, so that a
likelihood which is evaluated for many parameter values at once costs little more than for one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

WIDTH = 1e-3  # of the differences: errors of about WIDTH**2 relative to the next derivatives
SETTLED = 1e-11  # half the Newton decrement: what is still to be gained
LONGEST = 2.0  # a step in any parameter
FRACTIONS = 0.5 ** np.arange(12)
STEPS = 80
SAME = 1e-7  # heights that are equal


class Summit(NamedTuple):
    """Parameters (p,), log-likelihood, second derivatives (p, p), and whether it is a settled maximum."""

    x: np.ndarray
    value: float
    hessian: np.ndarray
    converged: bool


def climb(f: Callable[[np.ndarray], np.ndarray], starts: np.ndarray, *, keep: int = 2) -> Summit:
    """Maximise f from the best of several starts.

    Parameters
    ----------
    f : callable
        Parameter values (B, p) to log-likelihoods (B,).
    starts : ndarray (s, p)
    keep : int
        How many of the starts, the highest, are climbed from.

    Examples
    --------
    >>> top = climb(lambda x: -((x[:, 0] - 3) ** 2) - np.cosh(x[:, 1]), np.array([[0.0, 1.0], [9.0, 0.5]]))
    >>> bool(np.allclose(top.x, [3, 0], atol=1e-6)), top.converged
    (True, True)
    """
    starts = np.unique(np.atleast_2d(np.asarray(starts, float)), axis=0)
    heights = np.nan_to_num(f(starts), nan=-np.inf)
    tops = [_one(f, starts[i]) for i in np.argsort(-heights, kind="stable")[:keep]]
    return max(tops, key=lambda top: (top.converged, top.value) if np.isfinite(top.value) else (False, -np.inf))


def _one(f, x: np.ndarray) -> Summit:
    converged = False
    for _ in range(STEPS):
        value, gradient, hessian = derivatives(f, x)
        if not np.isfinite(gradient).all() or not np.isfinite(hessian).all():
            break
        curve, axes = np.linalg.eigh(-hessian)
        step = axes @ ((axes.T @ gradient) / np.maximum(np.abs(curve), 1e-8))
        gain = 0.5 * float(gradient @ step)
        if gain < SETTLED * (1 + abs(value) * 1e-4):
            converged = bool(curve.min() > -1e-4)
            break
        step /= max(1.0, np.abs(step).max() / LONGEST)
        points = x + FRACTIONS[:, None] * step
        heights = np.nan_to_num(f(points), nan=-np.inf)
        best = int(np.argmax(heights))
        if heights[best] <= value:
            converged = gain < SAME
            break
        x = points[best]
    return Summit(x, float(value), hessian, converged)


def derivatives(f, x: np.ndarray, width: float = WIDTH) -> tuple[float, np.ndarray, np.ndarray]:
    """Value, gradient (p,) and second derivatives (p, p) by central differences, in one call of f."""
    p = len(x)
    unit = width * np.eye(p)
    pairs = [(i, j) for i in range(p) for j in range(i)]
    corners = [s * unit[i] + t * unit[j] for i, j in pairs for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
    points = np.concatenate([np.zeros((1, p)), unit, -unit, np.reshape(corners, (-1, p))])
    values = f(x + points)
    value, up, down = values[0], values[1 : p + 1], values[p + 1 : 2 * p + 1]
    gradient = (up - down) / (2 * width)
    hessian = np.diag((up - 2 * value + down) / width**2)
    for at, (i, j) in enumerate(pairs):
        a, b, c, d = values[2 * p + 1 + 4 * at : 2 * p + 5 + 4 * at]
        hessian[i, j] = hessian[j, i] = (a - b - c + d) / (4 * width**2)
    return float(value), gradient, hessian
