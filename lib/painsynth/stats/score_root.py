"""tau2 by ML or REML in models with moderators, for anything that can say both sides of its score.

Write P = W - WX(X'WX)^-1 X'W with W = diag(1/(v + t)), f(t) = y'PPy, and g(t) = tr P (REML) or S 1/(v + t) (ML). Twice
the score is f - g (Viechtbauer 2005, J Educ Behav Stat 30:261, equations 14 and 18, with moderators). As in
`likelihood`, Newton's method is applied to g/f = 1, inside a bracket, and every maximum is looked for: all stationary
points lie below t_max = (s + sqrt(s^2 + 4 d)) s/2 - v_min with s^2 = y'(I - H)y/(k - p) (over k for ML) and
d = v_max - v_min, because f <= w_max^2 y'(I - H)y and g >= (k - p) w_min.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from painsynth.stats.likelihood import (
    FINER,
    FLAT,
    GRID_MAX,
    GRID_MIN,
    GRID_RATIO,
    MARGIN,
    MAX_STEPS,
    STEP_TOL,
    TILE,
    Parts,
    Root,
    _clean,
    _single_peaked,
)


class Residuals(Protocol):
    """Models side by side, one per column, seen through their residuals.

    Attributes
    ----------
    size : int
        Columns n.
    k, p : int
        Studies and coefficients.
    limits : tuple of ndarray (n,)
        Smallest and largest sampling variance.
    """

    size: int
    k: int
    p: int
    limits: tuple[np.ndarray, np.ndarray]

    def sides(self, t: np.ndarray, restricted: bool, slopes: bool = True) -> Parts:
        """Both sides of the score at t (n,), with what their slopes need."""

    def log_likelihood(self, t: np.ndarray, restricted: bool) -> np.ndarray:
        """Log-likelihood at t (n,) up to a constant."""

    def unweighted(self) -> tuple[np.ndarray, np.ndarray]:
        """y'(I - H)y and tr (I - H)V, (n,) each."""

    def take(self, columns: np.ndarray) -> Residuals:
        """Keep some columns."""


def bounds(model: Residuals, restricted: bool) -> tuple[np.ndarray, np.ndarray]:
    """v_min, and t + v_min at the bound of all stationary points; (n,) each."""
    low, high = model.limits
    rss = model.unweighted()[0]
    s2 = np.maximum(rss, 0) / (model.k - model.p if restricted else model.k)
    top = 0.5 * np.sqrt(s2) * (np.sqrt(s2) + np.sqrt(s2 + 4 * (high - low)))
    return low, MARGIN * np.maximum(top, low)


def maximise(model: Residuals, restricted: bool) -> Root:
    """Return the global maximum of the (restricted) likelihood over tau2 >= 0 for every column."""
    low, top = bounds(model, restricted)
    cells = int(np.clip(np.ceil(np.log(np.max(top / low, initial=1.0)) / np.log(GRID_RATIO)) + 1, GRID_MIN, GRID_MAX))
    grid, h = _profile(model, low, top, cells, restricted)
    n = model.size
    smooth = _single_peaked(h, (top / low) ** (-FLAT / cells))
    tau2, converged, multimodal = np.zeros(n), np.ones(n, bool), np.zeros(n, bool)
    inside = np.flatnonzero(smooth & (h[0] > 1))
    if inside.size:
        cell = (h[:, inside] > 1).sum(0) - 1
        tau2[inside], converged[inside] = _solve(_take(model, inside), grid[:, inside], h[:, inside], cell, restricted)
    rugged = np.flatnonzero(~smooth)
    if rugged.size:
        found = _compare(_take(model, rugged), low[rugged], top[rugged], cells * FINER, restricted)
        tau2[rugged], converged[rugged], multimodal[rugged] = found
    return Root(tau2, converged, multimodal)


def _take(model: Residuals, columns: np.ndarray) -> Residuals:
    return model if columns.size == model.size else model.take(columns)


def _profile(model: Residuals, low: np.ndarray, top: np.ndarray, cells: int, restricted: bool):
    """Grid (cells + 1, n) from t = 0 to the bound, even in log(t + v_min), and f/g on it."""
    steps = np.linspace(0, 1, cells + 1)[:, None]
    grid = low * ((top / low) ** steps - 1)
    grid[0] = 0.0
    n = model.size
    many = min(max(1, TILE // n), cells + 1)  # few columns: several grid points in one call
    rows = []
    for start in range(0, cells + 1, many):
        t = grid[start : start + many]
        tiled = model if len(t) == 1 else model.take(np.tile(np.arange(n), len(t)))
        sides = tiled.sides(t.ravel(), restricted, slopes=False)
        rows.append((sides.f / sides.g).reshape(len(t), n))
    return grid, _clean(np.concatenate(rows))


def _solve(model: Residuals, grid: np.ndarray, h: np.ndarray, cell: np.ndarray, restricted: bool):
    """Root of f = g in one grid cell per column: secant start (g/f is nearly linear), then Newton inside a bracket."""
    columns = np.arange(model.size)
    low, high = grid[cell, columns], grid[cell + 1, columns]
    with np.errstate(divide="ignore", invalid="ignore"):
        below, above = 1 / h[cell, columns] - 1, 1 / h[cell + 1, columns] - 1
        t = np.where(np.isfinite(above), low - (high - low) * below / (above - below), 0.5 * (low + high))
    answer, done, active = t.copy(), np.zeros(t.size, bool), columns
    for _ in range(MAX_STEPS):
        t, low, high, small = _step(model, t, low, high, restricted)
        answer[active], done[active] = t, small
        left = np.flatnonzero(~small)
        if not left.size:
            break
        if left.size < t.size:
            model, active, t, low, high = model.take(left), active[left], t[left], low[left], high[left]
    return answer, done


def _step(model: Residuals, t, low, high, restricted: bool):
    """One safeguarded step: new t, new bracket, and which columns have settled."""
    unit = model.limits[0]
    with np.errstate(all="ignore"):
        p = model.sides(t, restricted)
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


def _compare(model: Residuals, low: np.ndarray, top: np.ndarray, cells: int, restricted: bool) -> Root:
    """Find every maximum on a fine grid and keep the highest, t = 0 among them."""
    grid, h = _profile(model, low, top, cells, restricted)
    n = model.size
    crossing = (h[:-1] > 1) & (h[1:] <= 1)
    count, rank = crossing.sum(0), np.cumsum(crossing, axis=0)
    best, converged = np.zeros(n), np.ones(n, bool)
    value = np.where(h[0] <= 1, model.log_likelihood(np.zeros(n), restricted), -np.inf)
    for nth in range(1, int(count.max(initial=0)) + 1):
        columns = np.flatnonzero(count >= nth)
        part = _take(model, columns)
        cell = np.argmax(rank[:, columns] >= nth, axis=0)
        t, settled = _solve(part, grid[:, columns], h[:, columns], cell, restricted)
        height = part.log_likelihood(t, restricted)
        chosen = height > value[columns]
        better = columns[chosen]
        best[better], value[better], converged[better] = t[chosen], height[chosen], settled[chosen]
    return Root(best, converged, count + (h[0] <= 1) > 1)
