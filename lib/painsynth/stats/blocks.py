"""Cut a family of analyses into blocks that fit the processor's cache.

Every kernel of `stats` works on a `Block`: studies down the rows, analyses across the columns. A study that takes no
part in an analysis has infinite variance there, hence weight zero, so a mask costs nothing and no row is ever dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

BLOCK_BYTES = 320 * 1024  # of one (k, n) array; the four to six arrays of a kernel stay in cache
SHARED_MAX_Z = 100.0  # sums of w*y**2 lose z**2 units in the last place: 1e4 * 1e-16 keeps 12 digits
WIDE_RATIO = 1e4  # beyond it S0 - S(w**2)/S0 is taken without cancellation


@dataclass(frozen=True, slots=True)
class Block:
    """A set of analyses side by side.

    Attributes
    ----------
    y : ndarray (k, n) or (k, 1)
        Effects, measured from `centre` (large offsets would cost digits).
    v : ndarray (k, n)
        Sampling variances; infinite where the study takes no part.
    k : ndarray (n,)
        Number of studies that take part, as float.
    centre : ndarray (n,) or (1,)
        What was taken off the effects.
    powers : ndarray (3, k) or None
        1, y, y**2 when all analyses share their effects: sums are then one matrix product.
    limits : tuple of ndarray (n,) or (1,)
        Smallest and largest variance in use.
    folded : bool
        True when the columns are the groups of ONE analysis with a common tau2.
    """

    y: np.ndarray
    v: np.ndarray
    k: np.ndarray
    centre: np.ndarray
    powers: np.ndarray | None
    limits: tuple[np.ndarray, np.ndarray]
    folded: bool = False

    @property
    def wide(self) -> bool:
        """Whether variances differ so much that sums of weights need care."""
        return bool(np.any(self.limits[1] > WIDE_RATIO * self.limits[0]))

    def take(self, columns: np.ndarray) -> Block:
        """Keep some columns."""
        low, high = self.limits
        return replace(
            self,
            y=self.y if self.y.shape[1] == 1 else self.y[:, columns],
            v=self.v[:, columns],
            k=self.k[columns],
            centre=self.centre if self.centre.size == 1 else self.centre[columns],
            limits=(low if low.size == 1 else low[columns], high if high.size == 1 else high[columns]),
        )

    def over(self, x: np.ndarray) -> np.ndarray:
        """Sum a per-column figure over the groups of one analysis; the identity for ordinary blocks."""
        return x.sum(-1, keepdims=True) if self.folded else x


def block_of(y: np.ndarray, v: np.ndarray, mask: np.ndarray | None = None, *, folded: bool = False) -> Block:
    """Build one block from row-wise arrays.

    Parameters
    ----------
    y, v : ndarray (k,) or (n, k)
    mask : ndarray of bool (n, k), optional
        True where the study takes part.

    Notes
    -----
    The effects are measured from the most precise study of each analysis. It is the one whose rounding error carries
    the largest weight, and here its deviation is exactly 0.
    """
    if y.ndim == 1 and v.ndim == 1 and (shared := _shared(y, v, mask)) is not None:
        return shared
    n = max(x.shape[0] for x in (y, v, mask) if x is not None and x.ndim == 2) if _any_2d(y, v, mask) else 1
    shape = (y.shape[-1], n)
    y, v = (np.broadcast_to(x.T if x.ndim == 2 else x[:, None], shape) for x in (y, v))
    if mask is None:
        v, k, top = np.ascontiguousarray(v), np.full(n, float(shape[0])), v.max(0)
    else:
        use = np.broadcast_to(mask.T if mask.ndim == 2 else mask[:, None], shape)
        v, k, top = np.where(use, v, np.inf), use.sum(0).astype(float), np.where(use, v, 0.0).max(0)
    best = v.argmin(0)
    centre = np.where(k > 0, y[best, np.arange(n)], 0.0)
    y = np.ascontiguousarray(y - centre)
    if mask is not None:
        y[np.isinf(v)] = 0.0
    return Block(y, v, k, centre, None, (v.min(0), top), folded)


def _any_2d(*arrays: np.ndarray | None) -> bool:
    return any(x is not None and x.ndim == 2 for x in arrays)


def _shared(y: np.ndarray, v: np.ndarray, mask: np.ndarray | None) -> Block | None:
    """Return the block of analyses which share y and v, or None where a common centre would cost digits."""
    best = v.argmin()
    y0 = y - y[best]
    if (y0 * y0).max() > SHARED_MAX_Z**2 * v[best] or v.max() > WIDE_RATIO * v[best]:
        return None
    if mask is None:
        columns, k = v[:, None], np.array([float(v.size)])
    else:
        columns = np.where(mask.T, v[:, None], np.inf)
        k = mask.sum(1).astype(float)
    powers = np.stack([np.ones_like(y0), y0, y0 * y0])
    return Block(y0[:, None], columns, k, y[best : best + 1], powers, (v[best : best + 1], v.max(keepdims=True)))


def blocks(y: np.ndarray, v: np.ndarray, mask: np.ndarray | None) -> Iterator[tuple[slice, Block]]:
    """Yield (rows, block) for arrays of shape (k,) or (B, k), each block small enough for the cache."""
    size = max((x.shape[0] for x in (y, v, mask) if x is not None and x.ndim == 2), default=1)
    step = max(64, BLOCK_BYTES // (8 * y.shape[-1]))
    for start in range(0, size, step):
        rows = slice(start, min(start + step, size))
        yield rows, block_of(*(_rows(x, rows, size) for x in (y, v, mask)))


def _rows(x: np.ndarray | None, rows: slice, size: int) -> np.ndarray | None:
    if x is None or x.ndim == 1:
        return x
    return x[0] if x.shape[0] == 1 and size > 1 else x[rows]
