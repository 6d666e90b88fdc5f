"""Arrangements of a permutation test: all of them, or a sample; made in chunks, reproducible by seed."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

CHUNK = 2048  # drawn at a time: part of what a seed means


def distinct_rows(x: np.ndarray) -> np.ndarray:
    """Number rows (k,) so that equal rows of x (k, p) have equal numbers.

    Examples
    --------
    >>> distinct_rows(np.array([[1, 5], [1, 7], [1, 5]]))
    array([0, 1, 0])
    """
    _, number = np.unique(x, axis=0, return_inverse=True)
    return number.reshape(-1)


def count_orders(labels: np.ndarray) -> int:
    """Different orders of labels: k!/(c_1! c_2! ...).

    Examples
    --------
    >>> count_orders(np.array([0, 0, 1, 2]))
    12
    """
    return math.factorial(labels.size) // math.prod(math.factorial(int(c)) for c in np.bincount(labels))


def all_orders(labels: np.ndarray) -> Iterator[np.ndarray]:
    """Yield every different order of the labels once, as (n, k) arrays.

    Examples
    --------
    >>> np.concatenate(list(all_orders(np.array([0, 0, 1])))).tolist()
    [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    """
    total, counts = count_orders(labels), np.bincount(labels)
    for start in range(0, total, CHUNK):
        yield _unrank(np.arange(start, min(start + CHUNK, total)), counts, total)


def _unrank(rank: np.ndarray, counts: np.ndarray, total: int) -> np.ndarray:
    """Orders by their place in the dictionary: of those left, the share counts_l/length begins with label l."""
    n, length = rank.size, int(counts.sum())
    left = np.tile(counts, (n, 1))
    block, rows = np.full(n, total), np.arange(n)
    out = np.empty((n, length), np.intp)
    for i in range(length):
        sizes = block[:, None] * left // (length - i)
        ends = np.cumsum(sizes, axis=1)
        label = (rank[:, None] >= ends).sum(1)
        out[:, i] = label
        rank = rank - (ends[rows, label] - sizes[rows, label])
        block = sizes[rows, label]
        left[rows, label] -= 1
    return out


def drawn_orders(labels: np.ndarray, n: int, seed: int) -> Iterator[np.ndarray]:
    """Yield n random orders of the labels, as (m, k) arrays.

    Examples
    --------
    >>> next(drawn_orders(np.arange(5), 3, seed=1)).shape
    (3, 5)
    """
    for chunk, m in _chunks(n):
        rng = np.random.default_rng([seed, chunk])
        yield rng.permuted(np.tile(labels, (CHUNK, 1)), axis=1)[:m]


def all_signs(k: int) -> Iterator[np.ndarray]:
    """Yield all 2^k rows of signs, as (n, k) arrays of -1.0 and 1.0.

    Examples
    --------
    >>> np.concatenate(list(all_signs(2))).tolist()
    [[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]]
    """
    for start in range(0, 2**k, CHUNK):
        number = np.arange(start, min(start + CHUNK, 2**k))
        yield 1.0 - 2.0 * ((number[:, None] >> np.arange(k)) & 1)


def drawn_signs(k: int, n: int, seed: int) -> Iterator[np.ndarray]:
    """Yield n random rows of signs, as (m, k) arrays.

    Examples
    --------
    >>> next(drawn_signs(4, 3, seed=1)).shape
    (3, 4)
    """
    for chunk, m in _chunks(n):
        rng = np.random.default_rng([seed, chunk])
        yield (1.0 - 2.0 * rng.integers(0, 2, (CHUNK, k)))[:m]


def _chunks(n: int) -> Iterator[tuple[int, int]]:
    for chunk, start in enumerate(range(0, n, CHUNK)):
        yield chunk, min(CHUNK, n - start)
