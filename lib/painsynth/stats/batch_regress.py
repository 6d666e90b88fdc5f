"""Many meta-regressions in one call: permutations, bootstrap samples, simulations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from painsynth.errors import EffectsError, NothingToPool
from painsynth.stats.blocks import BLOCK_BYTES, WIDE_RATIO
from painsynth.stats.contrasts import contrasts
from painsynth.stats.design import orthogonal
from painsynth.stats.frozen import Frozen
from painsynth.stats.heterogeneity import ESTIMATORS, FIXED_WEIGHTS
from painsynth.stats.intervals import t_quantile, two_sided_p, z_quantile
from painsynth.stats.mixed_tau2 import solve_mixed
from painsynth.stats.projections import Projections
from painsynth.stats.table import LARGEST, out_of_range, real
from painsynth.stats.words import check_level, choose

METHODS = tuple(name for name in ESTIMATORS if name not in FIXED_WEIGHTS)
TESTS = ("HKSJ", "HKSJ-guarded", "Wald", "t")
RANK_TOL = 1e-10
KEPT = 16 * 2**20  # bytes; untouched, so they cost nothing


@dataclass(frozen=True)
class BatchRegression(Frozen):
    """Results of B meta-regressions with p coefficients.

    Attributes
    ----------
    estimate, se : ndarray (B, p)
    tau2, qm : ndarray (B,)
        Residual between-study variance; omnibus test of all coefficients but the constant (F for t tests).
    converged, multimodal : ndarray of bool (B,)
    k : int
        Studies in each.
    method_tau2, method_ci : str
    level : float
    """

    estimate: np.ndarray
    se: np.ndarray
    tau2: np.ndarray
    qm: np.ndarray
    converged: np.ndarray
    multimodal: np.ndarray
    k: int
    method_tau2: str
    method_ci: str
    level: float

    @property
    def df(self) -> float | None:
        """Degrees of freedom of the t tests; None for normal ones."""
        return None if self.method_ci == "Wald" else float(self.k - self.estimate.shape[1])

    @property
    def statistic(self) -> np.ndarray:
        """estimate/se, (B, p); 0/0 counts as 0."""
        return ratio(self.estimate, self.se)

    @property
    def p(self) -> np.ndarray:
        """Two-sided p-values, (B, p)."""
        return two_sided_p(self.statistic, self.df)

    @property
    def ci(self) -> tuple[np.ndarray, np.ndarray]:
        """Confidence limits, (B, p) each."""
        crit = z_quantile(self.level) if self.df is None else float(t_quantile(np.array(int(self.df)), self.level))
        return self.estimate - crit * self.se, self.estimate + crit * self.se

    def __len__(self) -> int:
        return self.tau2.size

    def __str__(self) -> str:
        lost = int((~self.converged).sum())
        return f"{len(self):,} regressions, tau2 {self.method_tau2}, ci {self.method_ci}, {lost} not converged"


def ratio(estimate: np.ndarray, se: np.ndarray) -> np.ndarray:
    """estimate/se where a standard error may be 0: then infinite, or 0 for an estimate of 0.

    Examples
    --------
    >>> ratio(np.array([1.0, 1.0, 0.0]), np.array([2.0, 0.0, 0.0]))
    array([0.5, inf, 0. ])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(estimate == 0, 0.0, estimate / se)


class Span(NamedTuple):
    """Columns of a model matrix in a good basis.

    columns: list of (k, n) or (k, 1), without the constant; back (p, p) or (n, p, p): coefficients of the matrix are
    back @ those of [1, columns]; level: a constant is in the span; intercept: it is one of the columns.
    """

    columns: list[np.ndarray]
    back: np.ndarray
    level: bool
    intercept: bool


class Fitted(NamedTuple):
    """estimate, se (n, p); tau2, qm (n,); converged, multimodal (n,)."""

    estimate: np.ndarray
    se: np.ndarray
    tau2: np.ndarray
    qm: np.ndarray
    converged: np.ndarray
    multimodal: np.ndarray


def batch_regress(yi, vi, X, *, tau2="REML", ci="HKSJ", level=0.95) -> BatchRegression:
    """Fit many meta-regressions at once.

    Parameters
    ----------
    yi, vi : array_like (k,) or (B, k)
        Effects and sampling variances (> 0).
    X : array_like (k, p) or (B, k, p)
        Whole model matrices: a constant belongs to the model only as one of the columns.
    tau2 : str
        As in `regress`, without GENQ and GENQM.
    ci : "HKSJ" | "HKSJ-guarded" | "Wald" | "t"
    level : float

    Returns
    -------
    BatchRegression
        The same numbers as a loop over `regress`.

    Raises
    ------
    EffectsError
        Shapes that do not fit, what is no number or no variance, not more studies than coefficients, columns that
        depend on each other.
    NothingToPool
        No studies.

    Examples
    --------
    >>> y = np.array([[1.0, 2.0, 3.1, 3.9], [3.9, 3.1, 2.0, 1.0]])
    >>> fit = batch_regress(y, np.full(4, 0.1), np.column_stack([np.ones(4), [1, 2, 3, 4]]), ci="Wald")
    >>> fit.estimate.round(2)
    array([[ 0.05,  0.98],
           [ 4.95, -0.98]])
    """
    method, ci, level = choose(tau2, METHODS, "tau2"), choose(ci, TESTS, "ci"), check_level(level)
    y, v, x = _checked(yi, vi, X)
    keep_memory()
    size = max((a.shape[0] for a, one in ((y, 1), (v, 1), (x, 2)) if a.ndim > one), default=1)
    k = x.shape[-2]
    shared = _shared_span(x) if x.ndim == 2 else None
    step = max(64, BLOCK_BYTES // (8 * k))
    parts = []
    for start in range(0, size, step):
        rows = slice(start, min(start + step, size))
        span = shared or _span(x[rows])
        parts.append(fit_columns(_columns(y, rows), _columns(v, rows), span, method, ci))
    joined = Fitted(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
    return BatchRegression(*joined, k, method, ci, level)


def keep_memory() -> None:
    """Make the allocator keep the memory of a kernel's temporaries instead of returning it after every step.

    glibc returns freed blocks to the system beyond a threshold that follows the largest block freed so far; fetching
    them back, page by page, costs more than the arithmetic. One large block, freed untouched, lifts the threshold.
    Elsewhere this does nothing.
    """
    np.empty(KEPT, np.uint8)


def _columns(a: np.ndarray, rows: slice) -> np.ndarray:
    return a[:, None] if a.ndim == 1 else np.ascontiguousarray(a[rows].T)


def fit_columns(y: np.ndarray, v: np.ndarray, span: Span, method: str, ci: str) -> Fitted:
    """Fit regressions side by side: y, v (k, n) or (k, 1), span as it is."""
    n = max(*(a.shape[1] for a in (y, v, *span.columns)), len(span.back) if span.back.ndim == 3 else 1)
    shift = y[v[:, 0].argmin()] if span.level else np.zeros(1)
    model = Projections(y - shift, v, tuple(span.columns), span.level, n)
    seen = _residuals(model)
    with np.errstate(all="ignore"):
        root = solve_mixed(seen, method)
        found = model.solved(root.tau2)
        factor = _factor(found.rss, model.k - model.p, ci)
        level = found.beta.copy()
        if span.level:
            level[0] += shift
        estimate = _turn(span.back, level[:, None])[:, 0].T
        se = np.sqrt(factor * (_turn(span.back, found.factor) ** 2).sum(1)).T
        qm = _omnibus(found, span, shift) / factor
    if ci != "Wald":
        qm /= max(1, model.p - span.intercept)
    return Fitted(np.ascontiguousarray(estimate), np.ascontiguousarray(se), root.tau2, qm, root.converged,
                  root.multimodal)  # fmt: skip


def _turn(back: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Back @ a for a (p, q, n)."""
    return np.einsum("ij,jqn->iqn", back, a) if back.ndim == 2 else np.einsum("nij,jqn->iqn", back, a)


def _residuals(model: Projections):
    """The model itself, or its contrasts: where variances differ widely, and where only effects differ."""
    low, high = model.v.min(0), model.v.max(0)
    shared = model.v.shape[1] == 1 and all(x.shape[1] == 1 for x in model.x)
    if not shared and np.all(high <= WIDE_RATIO * low):
        return model
    one = np.ones((model.k, 1 if shared else model.size))
    columns = [one] * model.level + [np.broadcast_to(x, one.shape) for x in model.x]
    x = np.stack(columns, axis=-1).transpose(1, 0, 2)
    found = contrasts(model.y.T, model.v.T, x)
    return found if found.size == model.size else found.take(np.zeros(model.size, int))


def _factor(rss: np.ndarray, df: int, ci: str) -> np.ndarray | float:
    if not ci.startswith("HKSJ"):
        return 1.0
    return np.maximum(rss / df, 1.0) if ci == "HKSJ-guarded" else rss / df


def _omnibus(found, span: Span, shift: np.ndarray) -> np.ndarray:
    """Sum of squares along the basis, the constant left out where it is a column of its own."""
    rest = (found.along[int(span.level) :] ** 2).sum(0)
    if span.intercept:
        return rest if len(found.along) > 1 else np.full(rest.shape, np.nan)
    return rest + (found.along[0] + np.sqrt(found.s0) * shift) ** 2 if span.level else rest


def _shared_span(x: np.ndarray) -> Span:
    """Span of one model matrix (k, p)."""
    level, basis = orthogonal(x)
    turn = np.linalg.lstsq(basis, x, rcond=None)[0]
    _refuse_rank(np.linalg.svd(x / np.linalg.norm(x, axis=0), compute_uv=False)[None])
    columns = [np.ascontiguousarray(basis[:, j : j + 1]) for j in range(int(level), x.shape[1])]
    return Span(columns, np.linalg.inv(turn), level, bool(np.any(np.all(x == 1, axis=0))))


def _span(x: np.ndarray) -> Span:
    """Span of model matrices (n, k, p), each in its own basis."""
    constant = np.flatnonzero(np.all(x == 1, axis=(0, 1)))
    level = constant.size > 0
    others = np.delete(x, constant[:1], axis=2)
    mean = others.mean(1, keepdims=True) if level else 0.0
    with np.errstate(all="ignore"):
        q, r = np.linalg.qr(others - mean)
        diagonal = np.abs(np.diagonal(r, axis1=1, axis2=2))
        _refuse_rank(diagonal / np.linalg.norm(r, axis=1))
    p, first = x.shape[2], int(level)
    turn = np.zeros((len(x), p, p))
    order = [*constant[:1], *np.setdiff1d(np.arange(p), constant[:1])]
    if level:
        turn[:, 0, 0] = 1.0
        turn[:, 0, 1:] = mean[:, 0]
    turn[:, first:, first:] = r
    back = np.empty_like(turn)
    back[:, order] = np.linalg.inv(turn)
    columns = [np.ascontiguousarray(q[:, :, j].T) for j in range(p - first)]
    return Span(columns, back, level, level)


def _refuse_rank(s: np.ndarray) -> None:
    bad = np.flatnonzero(~(s > RANK_TOL).all(1))
    if bad.size:
        raise EffectsError(f"the columns of X depend on each other (analysis {bad[0] + 1}, {bad.size} such in all)")


def _checked(yi, vi, X):
    """Arrays of fitting shapes in which everything is a number."""
    try:
        y, v, x = (real(a) for a in (yi, vi, X))
    except (TypeError, ValueError) as error:
        raise EffectsError(f"yi, vi and X must be arrays of numbers: {error}") from None
    shapes = f"yi {y.shape}, vi {v.shape}, X {x.shape}"
    if y.ndim not in (1, 2) or v.ndim not in (1, 2) or x.ndim not in (2, 3):
        raise EffectsError(f"expected yi and vi (k,) or (B, k), X (k, p) or (B, k, p); given {shapes}")
    sizes = {a.shape[0] for a, one in ((y, 1), (v, 1), (x, 2)) if a.ndim > one}
    if not y.shape[-1] == v.shape[-1] == x.shape[-2] or len(sizes) > 1:
        raise EffectsError(f"shapes do not fit together: {shapes}")
    if x.shape[-2] == 0 or 0 in sizes:
        raise NothingToPool(f"no studies: {shapes}")
    if x.shape[-2] <= x.shape[-1]:
        raise EffectsError(f"{x.shape[-1]} coefficients need more than {x.shape[-2]} studies")
    fair = np.isfinite(v) & (v > 0) & ~out_of_range(v, 1 / LARGEST)
    for name, a, good in (("yi", y, np.isfinite(y) & ~out_of_range(y)), ("vi", v, fair), ("X", x, np.isfinite(x))):
        if not good.all():
            place = tuple(int(i) + 1 for i in np.argwhere(~good)[0])
            kind = "a variance above 0 of a usual size" if name == "vi" else "a finite number of a usual size"
            raise EffectsError(f"{name} at {place} (counted from 1) is not {kind}: {a[~good][0]:g}")
    return y, v, x
