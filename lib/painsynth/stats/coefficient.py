"""One estimated coefficient with its test and interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from painsynth.stats.intervals import two_sided_p, z_quantile


class Coefficient(NamedTuple):
    """estimate, se, statistic (z where df is None, else t), df, two-sided p, ci = (low, high)."""

    estimate: float
    se: float
    statistic: float
    df: float | None
    p: float
    ci: tuple[float, float]


def coefficient(estimate: float, se: float, df: float | None, level: float) -> Coefficient:
    """Test a coefficient against 0 and give its interval.

    Parameters
    ----------
    estimate, se : float
    df : float or None
        Degrees of freedom of the t distribution; None stands for the normal one.
    level : float
        Coverage of the interval as a fraction.

    Returns
    -------
    Coefficient
        With se = 0 the statistic is infinite, or NaN where the estimate is 0 too.

    Examples
    --------
    >>> one = coefficient(1.0, 0.5, None, 0.95)
    >>> one.statistic, round(one.p, 4), round(one.ci[0], 2)
    (2.0, 0.0455, 0.02)
    """
    estimate, se = float(estimate), float(se)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = float(np.divide(estimate, se))
    half = (z_quantile(level) if df is None else float(stdtrit(df, 0.5 + 0.5 * level))) * se
    p = float(two_sided_p(np.array(statistic), df))
    return Coefficient(estimate, se, statistic, df, p, (estimate - half, estimate + half))
