"""Rows that belong together: which are correlated with which, and stacks of equally large groups of them.

Linear algebra over a stack treats all groups of one size in one call; a thousand effects of three hundred trials cost
a handful of calls.
"""

from __future__ import annotations

import numpy as np

from painsynth.errors import EffectsError
from painsynth.stats.table import SHOWN, missing_column

MISSING = ("", "nan", "<NA>", "NaT", "None")


def codes_of(effects, column: str, label: list[str]) -> tuple[np.ndarray, list]:
    """Number the values of a column in order of first appearance.

    Returns
    -------
    codes : ndarray of int (k,)
    values : list
        The value behind each number.

    Raises
    ------
    EffectsError
        Unknown column, or rows without a value, by name.

    Examples
    --------
    >>> import pandas as pd
    >>> codes_of(pd.DataFrame({"trial": ["B", "A", "B"]}), "trial", ["1", "2", "3"])
    (array([0, 1, 0]), ['B', 'A'])
    """
    columns = list(effects.columns)
    if column not in columns:
        raise EffectsError(missing_column(str(column), columns))
    return number(list(effects[column]), f"column '{column}'", label)


def number(values: list, what: str, label: list[str]) -> tuple[np.ndarray, list]:
    """`codes_of` for a list of values."""
    lost = [_row(label[i], i) for i, value in enumerate(values) if str(value).strip() in MISSING]
    if lost:
        more = f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else ""
        raise EffectsError(f"no value in {what} for {', '.join(lost[:SHOWN])}{more}; every effect needs one")
    seen: dict = {}
    codes = np.array([seen.setdefault(value, len(seen)) for value in values], dtype=np.intp)
    return codes, list(seen)


def _row(label: str, i: int) -> str:
    return f"row {i + 1}" if label.strip() in MISSING else label


def pairs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Number the pairs of two sets of codes (k,)."""
    return np.unique(first * (second.max(initial=0) + 1) + second, return_inverse=True)[1].reshape(-1)


def connected(labels: list[np.ndarray], matrix: np.ndarray | None = None) -> np.ndarray:
    """Smallest sets of rows that share no label and no covariance with any other row.

    Parameters
    ----------
    labels : list of ndarray of int (k,)
        Rows with the same number in any of them belong together.
    matrix : ndarray (k, k), optional
        So do rows with an entry other than 0 here.

    Returns
    -------
    ndarray of int (k,)

    Examples
    --------
    >>> connected([np.array([0, 0, 1, 2])], np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 2], [0, 0, 2, 9]]))
    array([0, 0, 1, 1])
    """
    count = len(labels[0]) if labels else len(matrix)
    found = np.arange(count)
    one, two = np.nonzero(matrix) if matrix is not None else (np.empty(0, np.intp),) * 2
    while True:
        before = found.copy()
        for label in labels:
            least = np.full(label.max(initial=-1) + 1, count)
            np.minimum.at(least, label, found)
            found = least[label]
        np.minimum.at(found, one, found[two])
        if np.array_equal(found, before):
            return np.unique(found, return_inverse=True)[1].reshape(-1)


def stacks(group: np.ndarray) -> tuple[np.ndarray, ...]:
    """Rows of every group, groups of one size together.

    Returns
    -------
    tuple of ndarray of int (groups of this size, size)

    Examples
    --------
    >>> stacks(np.array([5, 3, 5, 4]))
    (array([[1],
           [3]]), array([[0, 2]]))
    """
    order = np.argsort(group, kind="stable")
    _, start, size = np.unique(group[order], return_index=True, return_counts=True)
    return tuple(order[start[size == m][:, None] + np.arange(m)] for m in np.unique(size))
