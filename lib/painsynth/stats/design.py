"""The model matrix of a regression: from a formula or an array, checked, and in a basis that keeps every digit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from painsynth.errors import EffectsError
from painsynth.stats.formulas import formula_matrix, matrix_for
from painsynth.stats.notes import some
from painsynth.stats.table import SHOWN

RANK_TOL = 1e-10  # of the smallest singular value of centred, scaled columns
ROUNDING = 1e-14  # what centring leaves of a column, relative to its size


@dataclass(frozen=True, eq=False)
class Design:
    """A model matrix of full rank.

    Attributes
    ----------
    matrix : ndarray (k, p)
    terms : tuple of str
        Names of the columns.
    groups : dict of str to tuple of int
        Columns of each term of the formula; each column by itself for an array.
    intercept : int or None
        Column that is the constant.
    basis : ndarray (k, p)
        Orthogonal columns of the same span; the first is 1 when a constant is in the span.
    turn : ndarray (p, p)
        matrix = basis @ turn.
    level : bool
        Whether a constant is in the span.
    formula : str
        "" for an array.
    info : patsy.DesignInfo or None
    """

    matrix: np.ndarray
    terms: tuple[str, ...]
    groups: dict[str, tuple[int, ...]]
    intercept: int | None
    basis: np.ndarray
    turn: np.ndarray
    level: bool
    formula: str
    info: object

    @property
    def tested(self) -> tuple[int, ...]:
        """Columns of the omnibus test: all but the constant."""
        return tuple(j for j in range(len(self.terms)) if j != self.intercept)

    def rows_for(self, new) -> np.ndarray:
        """Model matrix (m, p) of new rows: a table of moderators after a formula, else rows of the array."""
        if self.info is not None and not isinstance(new, np.ndarray):
            return matrix_for(self.info, new, self.formula)
        return _rows(new, self.terms)


def design_of(formula, X, table, label: list[str]) -> Design:
    """Build and check the model matrix.

    Parameters
    ----------
    formula : str or None
    X : array_like (k, p) or DataFrame, or None
        A whole model matrix: a constant belongs to the model only if it is one of the columns.
    table : DataFrame
    label : list of str
        Names of the rows.

    Raises
    ------
    EffectsError
        Both or neither given; a shape that does not fit; a gap; columns that depend on each other, by name.
    """
    if (formula is None) == (X is None):
        raise EffectsError("give the moderators either as a formula ('~ dose') or as X=array, not both and not neither")
    if isinstance(formula, str):
        matrix, info = formula_matrix(formula, table, label)
        terms = tuple(info.column_names)
        groups = {name: tuple(range(s.start, s.stop)) for name, s in info.term_name_slices.items()}
        return _checked(matrix, terms, groups, formula.strip(), info)
    if X is None:
        raise EffectsError(f"a formula is text such as '~ dose', not {type(formula).__name__}; arrays go into X=")
    matrix, terms = _array(X, label)
    return _checked(matrix, terms, {name: (j,) for j, name in enumerate(terms)}, "", None)


def _array(X, label: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    names = [str(c) for c in getattr(X, "columns", [])]
    try:
        matrix = np.asarray(X, float)
    except (TypeError, ValueError) as error:
        raise EffectsError(f"X must hold numbers: {error}") from None
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2 or matrix.shape[0] != len(label) or not matrix.shape[1]:
        raise EffectsError(f"X has shape {np.shape(X)}; the table has {len(label)} rows: X must be ({len(label)}, p)")
    constant = next((j for j in range(matrix.shape[1]) if np.all(matrix[:, j] == 1)), None)
    terms = tuple(names) or tuple("Intercept" if j == constant else f"x{j}" for j in range(matrix.shape[1]))
    if len(set(terms)) < len(terms):
        raise EffectsError(f"X has columns of the same name: {', '.join(terms)}")
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        shown = "; ".join(f"row '{label[i]}', column {terms[j]}: {matrix[i, j]:g}" for i, j in bad[:SHOWN])
        more = f" and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        raise EffectsError(f"X holds what is not a finite number: {shown}{more}; nothing is dropped, remove it by name")
    return matrix, terms


def _rows(new, terms: tuple[str, ...]) -> np.ndarray:
    if hasattr(new, "columns"):
        lost = [name for name in terms if name not in new.columns]
        if lost:
            raise EffectsError(f"new rows lack the columns {', '.join(lost)} (needed: {', '.join(terms)})")
        new = new[list(terms)]
    try:
        rows = np.atleast_2d(np.asarray(new, float))
    except (TypeError, ValueError) as error:
        raise EffectsError(f"new rows must hold numbers: {error}") from None
    if rows.ndim != 2 or rows.shape[1] != len(terms) or not np.isfinite(rows).all():
        raise EffectsError(f"new rows must be finite numbers of shape (m, {len(terms)}): {', '.join(terms)}")
    return rows


def _checked(matrix: np.ndarray, terms, groups, formula: str, info) -> Design:
    if len(matrix) < len(terms):
        raise EffectsError(
            f"{len(terms)} coefficients ({some(list(terms))}) cannot be estimated from {len(matrix)} "
            f"{'study' if len(matrix) == 1 else 'studies'}; use fewer moderators (a column of text is one per category)"
        )
    constant = [j for j in range(len(terms)) if np.all(matrix[:, j] == 1)]
    _refuse_dependence(matrix, terms)
    level, basis = orthogonal(matrix)
    turn = np.linalg.lstsq(basis, matrix, rcond=None)[0]
    for array in (matrix, basis, turn):
        array.setflags(write=False)
    return Design(matrix, tuple(terms), groups, constant[0] if constant else None, basis, turn, level, formula, info)


def orthogonal(x: np.ndarray) -> tuple[bool, np.ndarray]:
    """Whether a constant lies in the span of x (k, p) of full rank, and an orthogonal basis, the constant first."""
    scaled = x / np.linalg.norm(x, axis=0)
    share = np.linalg.lstsq(scaled, np.ones(len(x)), rcond=None)[0]
    gap = np.abs(scaled @ share - 1).max()
    if gap > RANK_TOL * max(1.0, np.abs(share).max()):
        return False, np.linalg.qr(scaled)[0]
    others = np.delete(x, np.abs(share).argmax(), axis=1)
    centred = others - others.mean(0)
    centred = centred - centred.mean(0)
    if not others.shape[1]:
        return True, np.ones((len(x), 1))
    return True, np.column_stack([np.ones(len(x)), np.linalg.qr(centred / np.linalg.norm(centred, axis=0))[0]])


def _refuse_dependence(matrix: np.ndarray, terms) -> None:
    """Refuse columns that are empty, constant beside a constant, or sums of others; name them."""
    size = np.abs(matrix).max(0)
    zero = [terms[j] for j in np.flatnonzero(size == 0)]
    if zero:
        raise EffectsError(f"column {some(zero)} of the model matrix is 0 in every row")
    scaled = matrix / size
    constant = np.ptp(scaled, axis=0) <= ROUNDING
    flat = [terms[j] for j in np.flatnonzero(constant)]
    if len(flat) > 1:
        raise EffectsError(f"these columns of the model matrix are constant, one is enough: {some(flat)}")
    left = np.flatnonzero(~constant)
    if not left.size:
        return
    work = scaled[:, left] - (scaled[:, left].mean(0) if flat else 0.0)
    norm = np.linalg.norm(work, axis=0)
    rounding = ROUNDING / norm.min()
    work = work / norm
    _, s, turned = np.linalg.svd(work, full_matrices=False)
    if s[-1] > max(RANK_TOL, rounding) * np.sqrt(left.size):
        return
    joined = [terms[left[j]] for j in np.flatnonzero(np.abs(turned[-1]) > 1e-6)]
    raise EffectsError(
        f"moderators that depend on each other cannot be told apart: {', '.join(joined)}"
        + (f" (with {flat[0]})" if flat else "")
        + "; leave one out"
    )
