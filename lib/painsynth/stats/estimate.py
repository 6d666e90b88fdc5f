"""The pooled effect and Cochran's Q once tau2 is known, for every column of a block."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from painsynth.stats.blocks import Block
from painsynth.stats.moments import dot, trace


class Pooled(NamedTuple):
    """Arrays (n,).

    estimate; se (Wald) and se_hksj; q and the typical variance at tau2 = 0; w (k, n) the weights of the mean.
    """

    estimate: np.ndarray
    se: np.ndarray
    se_hksj: np.ndarray
    q: np.ndarray
    typical: np.ndarray
    w: np.ndarray


def pooled(block: Block, t: np.ndarray, fixed_weights: bool = False) -> Pooled:
    """Weighted mean with weights 1/(v + t), its Wald and its Hartung-Knapp-Sidik-Jonkman standard error, and Q.

    With `fixed_weights` the mean uses 1/v and its variance is S a^2 (v + t) / S(a)^2, as metafor does for GENQ.
    The typical variance (k - 1)/tr P at tau2 = 0 is that of Higgins & Thompson 2002 (Stat Med 21:1539, eq. 9).
    """
    a = 1.0 / block.v
    s0, mean0, q = _fit(block, a)
    typical = (block.k - 1) / trace(a, s0, block.wide)
    w = 1.0 / (block.v + t)
    total, mean, qw = _fit(block, w)
    variance = 1 / total
    factor = qw / (block.k - 1)
    if fixed_weights:
        variance = dot(a, np.where(w > 0, a / w, 0.0))
        variance, mean, w = variance / (s0 * s0), mean0, a
    se = np.sqrt(variance)
    estimate = np.where(block.k > 0, mean + block.centre, np.nan)
    return Pooled(estimate, se, se * np.sqrt(factor), q, typical, w)


def _fit(block: Block, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if block.powers is not None:
        s0, s1 = block.powers[:2] @ w
        mean = s1 / s0
    else:
        s0 = w.sum(0)
        mean = dot(w, block.y) / s0
    r = block.y - mean
    return s0, mean, dot(w * r, r)
