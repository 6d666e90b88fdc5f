"""The highest point of a likelihood within bounds: several starts, quasi-Newton, then Newton to the last digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

STEP = 3e-5  # of the central differences of an exact gradient: error about STEP**2
SETTLED = 1e-8  # last Newton step, in working coordinates (logarithms, correlations, angles, scaled SDs)
FLAT = 1e-9  # gradient below which a point is stationary even where the curvature says nothing
NEWTON_STEPS = 25
HALVINGS = 12
LONGEST = 3.0  # step in working coordinates, where the surface is nearly flat
APART = 1e-2  # ascents that end further apart than this in a coordinate, and
NEARLY = 1e-4  # by more than this in height, have found different points
SAME = 1e-3  # ascents that end this near to a finished peak need not be finished
CLIMB_STEPS = 300
STALLED, STALLS = 1e-7, 4  # so many steps in a row that gain less than this hand over as well
LEVEL = 1e-5  # gradient at which the quasi-Newton ascent hands over


class Peak(NamedTuple):
    """Coordinates (q,), log-likelihood, whether it is settled, whether there are other peaks."""

    x: np.ndarray
    value: float
    converged: bool
    multimodal: bool


Value = Callable[[np.ndarray], tuple[float, np.ndarray]]


def highest(value: Value, starts: list[np.ndarray], lower: np.ndarray, upper: np.ndarray) -> Peak:
    """Climb from every start and keep the highest peak.

    Parameters
    ----------
    value : callable
        Coordinates (q,) to (log-likelihood, gradient (q,)).
    starts : list of ndarray (q,)
    lower, upper : ndarray (q,)
        Bounds; equal bounds hold a coordinate fixed.

    Examples
    --------
    >>> hill = lambda x: (-((x[0] - 2) ** 2), -2 * (x - 2))
    >>> highest(hill, [np.zeros(1)], np.zeros(1), np.ones(1)).x
    array([1.])
    """
    if np.all(upper <= lower):
        return Peak(lower.copy(), value(lower)[0], True, False)
    found = [_climb(value, np.clip(start, lower, upper), lower, upper) for start in starts]
    found.sort(key=lambda one: -one[1])
    peaks: list[Peak] = []
    for x, height in found:
        if found[0][1] - height < NEARLY and not any(np.abs(x - peak.x).max() < SAME for peak in peaks):
            peaks.append(polish(value, x, lower, upper))
    best = max(peaks, key=lambda peak: peak.value)
    others = any(np.abs(x - best.x).max() > APART and best.value - height > NEARLY for x, height in found)
    return best._replace(multimodal=others and _other_peak(value, found, best, lower, upper))


def _other_peak(value: Value, found: list, best: Peak, lower: np.ndarray, upper: np.ndarray) -> bool:
    """Whether an ascent that ended lower ended on a peak of its own."""
    for x, height in found:
        if best.value - height > NEARLY:
            peak = polish(value, x, lower, upper)
            if peak.converged and best.value - peak.value > NEARLY:
                return True
    return False


def _climb(value: Value, x: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, float]:
    """Quasi-Newton ascent (BFGS) on the coordinates that no bound holds: a point near a peak, and its height."""
    height, slope = value(x)
    curve = np.eye(len(x))
    fresh, stalls = True, 0
    for _ in range(CLIMB_STEPS):
        free = ((x > lower) | (slope > 0)) & ((x < upper) | (slope < 0)) & (upper > lower)
        g = np.where(free, slope, 0.0)
        if np.abs(g).max() < LEVEL or stalls >= STALLS:
            break
        step = np.where(free, np.where(np.outer(free, free), curve, 0.0) @ g, 0.0)
        if step @ g <= 1e-10 * np.linalg.norm(step) * np.linalg.norm(g):
            step, curve, fresh = g, np.eye(len(x)), True
        step = step * min(1.0, LONGEST / np.abs(step).max())
        new, higher, gradient = _search(value, x, (height, g), step, (lower, upper))
        if new is None:
            if fresh:
                break
            curve, fresh = np.eye(len(x)), True
            continue
        curve, fresh = _updated(curve, new - x, slope - gradient, fresh), False
        stalls = stalls + 1 if higher - height < STALLED else 0
        x, height, slope = new, higher, gradient
    return x, height


def _search(value: Value, x: np.ndarray, here: tuple, step: np.ndarray, bounds: tuple):
    """Shorten the step until the height gains what its slope promises; (None, ...) when nothing does."""
    height, g = here
    for _ in range(HALVINGS):
        new = np.clip(x + step, *bounds)
        higher, slope = value(new)
        if np.isfinite(higher) and higher >= height + 1e-4 * g @ (new - x) and not np.array_equal(new, x):
            return new, higher, slope
        step = step / 4
    return None, height, g


def _updated(curve: np.ndarray, step: np.ndarray, fall: np.ndarray, fresh: bool) -> np.ndarray:
    """BFGS update of the inverse curvature; left as it is where the surface curves upward."""
    bend = step @ fall
    if bend <= 1e-10 * np.linalg.norm(step) * np.linalg.norm(fall):
        return curve
    if fresh:
        curve = np.eye(len(step)) * bend / (fall @ fall)
    part = np.eye(len(step)) - np.outer(step, fall) / bend
    return part @ curve @ part.T + np.outer(step, step) / bend


def polish(value: Value, x: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> Peak:
    """Newton's method on the coordinates that no bound holds; a step that does not climb is halved."""
    height, slope = value(x)
    for _ in range(NEWTON_STEPS):
        free = np.flatnonzero(((x > lower) | (slope > 0)) & ((x < upper) | (slope < 0)) & (upper > lower))
        if not free.size:
            return Peak(x, height, True, False)
        curve = _curvature(value, x, free, lower, upper)
        roots, axes = np.linalg.eigh(0.5 * (curve + curve.T))
        steep = np.maximum(np.abs(roots), 1e-12 * max(1.0, np.abs(roots).max()))
        step = np.zeros_like(x)
        step[free] = axes @ ((axes.T @ slope[free]) / steep)
        step *= min(1.0, LONGEST / max(np.abs(step).max(), LONGEST))
        new, higher, gradient = _advance(value, x, height, step, lower, upper)
        moved = np.abs(new - x).max()
        settled = np.abs(np.clip(x + step, lower, upper) - x).max() < SETTLED
        if higher >= height:
            x, height, slope = new, higher, gradient
        if settled or np.abs(slope[free]).max() < FLAT:
            return Peak(x, height, True, False)
        if moved == 0:
            break
    return Peak(x, height, False, False)


def _advance(value: Value, x, height, step, lower, upper):
    """Go the step, or as much of it as still climbs; rounding of the height is forgiven."""
    slack = 1e-12 * (1 + abs(height))
    for _ in range(HALVINGS):
        new = np.clip(x + step, lower, upper)
        higher, slope = value(new)
        if np.isfinite(higher) and higher >= height - slack:
            return new, max(higher, height), slope
        step = step / 4
    return x, height, value(x)[1]


def _curvature(value: Value, x, free, lower, upper) -> np.ndarray:
    """Second derivatives over the free coordinates, by differences of the gradient inside the bounds."""
    out = np.empty((free.size, free.size))
    for row, j in enumerate(free):
        ends = []
        for sign in (-1, 1):
            point = x.copy()
            point[j] = np.clip(x[j] + sign * STEP, lower[j], upper[j])
            ends.append((point[j], value(point)[1][free]))
        out[row] = (ends[1][1] - ends[0][1]) / (ends[1][0] - ends[0][0])
    return out
