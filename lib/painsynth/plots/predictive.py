"""The distribution of effects in new settings, as its prediction interval implies it."""

from __future__ import annotations

import math
import re

import numpy as np
from scipy.special import ndtri, stdtrit

POINTS = 81
REACH = 1.7  # half widths of the interval on each side


def density(
    middle: float, low: float, high: float, *, rule: str, k: int, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Positions (n,) on an additive scale and heights (n,) relative to the greatest.

    Student's t where the rule of the interval names degrees of freedom, else normal; each side has the spread that
    its end of the interval implies.

    Examples
    --------
    >>> x, height = density(0.0, -2.0, 2.0, rule="t(k-1)", k=10, level=0.95)
    >>> float(x[height.argmax()]), bool(abs(height[0] - height[-1]) < 1e-12)
    (0.0, True)
    """
    found = re.fullmatch(r"t\(k-(\d+)\)", rule)
    df = k - int(found[1]) if found else math.inf
    tail = (1 + level) / 2
    reach = float(ndtri(tail) if math.isinf(df) else stdtrit(df, tail))
    x = np.union1d(middle + np.linspace(-REACH, 0, POINTS) * (middle - low), [low, high])
    x = np.union1d(x, middle + np.linspace(0, REACH, POINTS) * (high - middle))
    z = (
        np.where(x < middle, (x - middle) / max(middle - low, 1e-300), (x - middle) / max(high - middle, 1e-300))
        * reach
    )
    height = np.exp(-(z**2) / 2) if math.isinf(df) else (1 + z**2 / df) ** (-(df + 1) / 2)
    return x, height
