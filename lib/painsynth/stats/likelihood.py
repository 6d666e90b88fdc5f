"""tau2 by maximum likelihood (ML) and restricted maximum likelihood (REML), for many analyses at once.

Write P = W - W11'W/S0 with W = diag(1/(v + t)), f(t) = y'PPy = S w^2 (y - m)^2, and g(t) = tr P (REML) or S0 (ML).
Twice the score is f - g (Harville 1977, J Am Stat Assoc 72:320; Viechtbauer 2005, J Educ Behav Stat 30:261). With equal
variances g/f is linear in t, so Newton's method on g/f = 1, which uses the same observed information as Newton on the
score, needs three steps where Fisher scoring needs ten, and cannot overshoot far. A bracket and bisection guard it.

The likelihood may have several maxima. Every stationary point lies below
t_max = (s + sqrt(s^2 + 4 d)) s/2 - v_min, with s^2 = S(y - mean)^2/(k - 1) (k for ML) and d = v_max - v_min, because
f <= w_max^2 S(y - mean)^2 and g >= (k - 1) w_min. On [0, t_max] f/g is read on a grid which is even in log(t + v_min);
where it does not fall fast enough a grid eight times as fine is laid and the likelihoods of all maxima and of t = 0 are
compared.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from painsynth.stats.blocks import Block
from painsynth.stats.moments import dot, spread, trace

GRID_RATIO = 3.0  # neighbouring grid points differ by this factor in t + v_min
GRID_MIN = 4  # cells, where variances and effects differ little
GRID_MAX = 48  # so that 10 orders of magnitude and more are covered, whatever the data
FINER = 8
FLAT = 0.2  # f/g falls like (t + v)^-1 with equal variances; flatter than (t + v_min)^-0.2 may hide a bump
NEAR = (0.7, 1.4)  # ... that reaches across 1, when f/g is as near to 1 as this
TILE = 512  # columns that keep one call of numpy busy
STEP_TOL = 1e-7  # relative to t + v_min; a Newton step of this size leaves an error of about its square
MAX_STEPS = 120
MARGIN = 1.01  # the bound is attained with equal variances: step over it


class Root(NamedTuple):
    """tau2 (n,), whether it is converged (n,), whether the likelihood has several maxima (n,)."""

    tau2: np.ndarray
    converged: np.ndarray
    multimodal: np.ndarray


class Parts(NamedTuple):
    """f, g, and what their slopes need: cubic = y'PPPy (f' = -2 cubic) and square (g' = -square), each (n,)."""

    f: np.ndarray
    g: np.ndarray
    cubic: np.ndarray | None
    square: np.ndarray | None


def parts(block: Block, t: np.ndarray, restricted: bool, slopes: bool = True) -> Parts:
    """Evaluate the score's two sides at t (n,), from residuals or, where effects are shared, from power sums."""
    w = block.v + t
    np.divide(1.0, w, out=w)
    if block.powers is not None:
        return _from_powers(block.powers, w, restricted, slopes)
    s0 = w.sum(0)
    r = block.y - dot(w, block.y) / s0
    e = w * r
    f = dot(e, e)
    a0 = dot(w, w)
    over = block.over
    g = trace(w, s0, True) if restricted and block.wide else s0 - a0 / s0 if restricted else s0
    if not slopes:
        return Parts(over(f), over(g), None, None)
    cubic = dot(w * e, e) - dot(w, e) ** 2 / s0
    square = a0 - 2 * dot(w * w, w) / s0 + (a0 / s0) ** 2 if restricted else a0
    return Parts(over(f), over(g), over(cubic), over(square))


def _from_powers(powers: np.ndarray, w: np.ndarray, restricted: bool, slopes: bool) -> Parts:
    s0, s1 = powers[:2] @ w
    w2 = w * w
    a0, a1, a2 = powers @ w2
    mean, ratio = s1 / s0, a0 / s0
    f = a2 - mean * (2 * a1 - mean * a0)
    g = s0 - ratio if restricted else s0
    if not slopes:
        return Parts(f, g, None, None)
    w2 *= w
    b0, b1, b2 = powers @ w2
    cubic = b2 - mean * (2 * b1 - mean * b0) - (a1 - mean * a0) ** 2 / s0
    square = a0 - 2 * b0 / s0 + ratio * ratio if restricted else a0
    return Parts(f, g, cubic, square)


def log_likelihood(block: Block, t: np.ndarray, restricted: bool) -> np.ndarray:
    """Log-likelihood at t (n,) up to a constant: -1/2 [S log(v + t) + Q(t) (+ log S0 if restricted)]."""
    used = np.isfinite(block.v)
    total = np.where(used, block.v + t, 1.0)
    s0, _, q = spread(block.y, np.where(used, 1.0 / total, 0.0))
    value = np.log(total).sum(0) + q
    return -0.5 * block.over(value + np.log(s0) if restricted else value)


def maximise(block: Block, restricted: bool) -> Root:
    """Return the global maximum of the (restricted) likelihood over tau2 >= 0 for every column."""
    low, top = _range(block, restricted)
    ratio = float(np.max(top / low, initial=1.0))
    cells = int(np.clip(np.ceil(np.log(max(ratio, 1.0)) / np.log(GRID_RATIO)) + 1, GRID_MIN, GRID_MAX))
    grid, h = _profile(block, low, top, cells, restricted)
    n = h.shape[1]
    smooth = _single_peaked(h, (top / low) ** (-FLAT / cells))
    tau2, converged, multimodal = np.zeros(n), np.ones(n, bool), np.zeros(n, bool)
    inside = np.flatnonzero(smooth & (h[0] > 1))
    if inside.size:
        cell = (h[:, inside] > 1).sum(0) - 1
        tau2[inside], converged[inside] = _solve(_take(block, inside), grid, h, inside, cell, restricted)
    rugged = np.flatnonzero(~smooth & (block.over(block.k - 1) > 0))
    if rugged.size:
        part = _take(block, rugged)
        found = _compare(part, _pick(low, rugged), _pick(top, rugged), cells * FINER, restricted)
        tau2[rugged], converged[rugged], multimodal[rugged] = found
    return Root(tau2, converged, multimodal)


def _take(block: Block, columns: np.ndarray) -> Block:
    return block if block.folded or columns.size == block.v.shape[1] else block.take(columns)


def _single_peaked(h: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """Whether f/g crosses 1 at most once, downwards, and no nearly flat stretch near 1 could hide two crossings."""
    above = h > 1
    turns = (above[1:] != above[:-1]).sum(0)
    doubt = (h[1:] > h[:-1] * flat) & (np.maximum(h[1:], h[:-1]) > NEAR[0]) & (np.minimum(h[1:], h[:-1]) < NEAR[1])
    return (turns == above[0]) & ~doubt.any(0)


def _pick(x: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return x if x.size == 1 else x[columns]


def _range(block: Block, restricted: bool) -> tuple[np.ndarray, np.ndarray]:
    """Smallest variance, and t + that variance at the bound of all stationary points; (n,) or (1,)."""
    low, high = block.limits
    if block.powers is not None:
        present = np.isfinite(block.v).astype(float)
        s0, s1, s2 = block.powers @ present
        ss = s2 - s1 * s1 / s0
    else:
        ss = spread(block.y, np.isfinite(block.v).astype(float))[2]
    s2 = np.where(block.k > 1, ss / np.maximum(block.k - restricted, 1), 0.0)
    root = np.sqrt(np.maximum(s2, 0))
    top = 0.5 * root * (root + np.sqrt(s2 + 4 * (high - low)))
    if block.folded or block.powers is not None:
        low, top = low.min(keepdims=True), top.max(keepdims=True)
    top = np.maximum(top, low)
    return np.where(np.isfinite(low), low, 1.0), MARGIN * np.where(np.isfinite(top), top, 1.0)


def _profile(
    block: Block, low: np.ndarray, top: np.ndarray, cells: int, restricted: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Grid (cells + 1, n or 1) from t = 0 to the bound, and f/g on it (cells + 1, n)."""
    steps = np.linspace(0, 1, cells + 1)[:, None]
    grid = low * ((top / low) ** steps - 1)
    grid[0] = 0.0
    if block.powers is not None and low.size == 1:
        return grid, _shared_profile(block, grid, restricted)
    n = block.v.shape[1]
    many = 1 if block.folded else min(max(1, TILE // n), cells + 1)  # few columns: several grid points in one call
    tiled = block if many == 1 else block.take(np.tile(np.arange(n), many))
    rows = []
    for start in range(0, cells + 1, many):
        t = grid[start : start + many]
        part = tiled if len(t) == many else block.take(np.tile(np.arange(n), len(t)))
        p = parts(part, t.ravel(), restricted, slopes=False)
        rows.append((p.f / p.g).reshape(len(t), -1))
    return grid, _clean(np.concatenate(rows))


def _shared_profile(block: Block, grid: np.ndarray, restricted: bool) -> np.ndarray:
    """f/g of all subsets at all grid points by one matrix product: (6 x points, k) @ (k, n)."""
    present = np.isfinite(block.v)
    first = np.argmax(present, axis=1)
    v = np.where(present.any(1), block.v[np.arange(len(first)), first], np.inf)
    w = 1.0 / (v + grid)
    w2 = w * w
    _, y, yy = block.powers
    stack = np.concatenate([w, w * y, w2, w2 * y, w2 * yy])
    s0, s1, a0, a1, a2 = (stack @ present.astype(float)).reshape(5, len(grid), -1)
    mean = s1 / s0
    f = a2 - mean * (2 * a1 - mean * a0)
    return _clean(f / (s0 - a0 / s0 if restricted else s0))


def _clean(h: np.ndarray) -> np.ndarray:
    """One study: f = g = 0, nothing to estimate; no heterogeneity at all is written as 0."""
    return np.where(np.isfinite(h), np.maximum(h, 0.0), 0.0)


def _solve(
    block: Block, grid: np.ndarray, h: np.ndarray, columns: np.ndarray, cell: np.ndarray, restricted: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Root of f = g in one grid cell per column: secant start (g/f is nearly linear), then Newton inside a bracket."""
    if grid.shape[1] == 1:
        low, high = grid[cell, 0], grid[cell + 1, 0]
    else:
        low, high = grid[cell, columns], grid[cell + 1, columns]
    with np.errstate(divide="ignore"):
        below, above = 1 / h[cell, columns] - 1, 1 / h[cell + 1, columns] - 1
    t = np.where(np.isfinite(above), low - (high - low) * below / (above - below), 0.5 * (low + high))
    return newton(block, t, low, high, restricted)


def newton(
    block: Block, t: np.ndarray, low: np.ndarray, high: np.ndarray, restricted: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Newton on g/f = 1 from t within [low, high]; converged columns leave the computation."""
    answer, done = t.copy(), np.zeros(t.size, bool)
    active = np.arange(t.size)
    unit = np.broadcast_to(block.limits[0].min(keepdims=True) if block.folded else block.limits[0], t.shape)
    for _ in range(MAX_STEPS):
        t, low, high, small = _step(block, t, low, high, unit, restricted)
        answer[active], done[active] = t, small
        left = np.flatnonzero(~small)
        if not left.size:
            break
        if left.size < t.size:
            block, active, unit = _take(block, left), active[left], unit[left]
            t, low, high = t[left], low[left], high[left]
    return answer, done


def _step(block, t, low, high, unit, restricted):
    """One safeguarded step: new t, new bracket, and which columns have settled."""
    p = parts(block, t, restricted)
    more = p.f > p.g
    low, high = np.where(more, t, low), np.where(more, high, t)
    slope = 2 * p.g * p.cubic - p.f * p.square
    new = t + (p.f - p.g) * p.f / slope
    fair = (slope > 0) & (new >= low) & (new <= high)
    if not fair.all():
        middle = np.sqrt((low + unit) * (high + unit)) - unit
        new = np.where(fair, new, np.clip(middle, low, high))
    settled = np.abs(new - t) <= STEP_TOL * (new + unit)
    return new, low, high, settled & (fair | (high - low <= STEP_TOL * STEP_TOL * (high + unit)))


def _compare(block: Block, low: np.ndarray, top: np.ndarray, cells: int, restricted: bool) -> Root:
    """Find every maximum on a fine grid and keep the highest, t = 0 among them."""
    grid, h = _profile(block, low, top, cells, restricted)
    n = h.shape[1]
    crossing = (h[:-1] > 1) & (h[1:] <= 1)
    count = crossing.sum(0)
    best, value = np.zeros(n), np.where(h[0] <= 1, log_likelihood(block, np.zeros(n), restricted), -np.inf)
    converged = np.ones(n, bool)
    rank = np.cumsum(crossing, axis=0)
    for nth in range(1, int(count.max(initial=0)) + 1):
        columns = np.flatnonzero(count >= nth)
        part = _take(block, columns)
        cell = np.argmax(rank[:, columns] >= nth, axis=0)
        t, settled = _solve(part, grid, h, columns, cell, restricted)
        height = log_likelihood(part, t, restricted)
        better = columns[height > value[columns]]
        chosen = np.isin(columns, better)
        best[better], value[better], converged[better] = t[chosen], height[chosen], settled[chosen]
    return Root(best, converged, count + (h[0] <= 1) > 1)
