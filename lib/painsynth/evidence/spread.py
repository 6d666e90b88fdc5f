"""Mean and SD of an arm as the synthesis uses them: printed where printed, recovered where they can be, said so."""

from __future__ import annotations

import math

import pandas as pd

from painsynth.evidence.conversions import ci_to_sd, se_to_sd
from painsynth.evidence.medians import QUANTILES, added_variance
from painsynth.evidence.recover import recover_mean_sd, skewness_screen
from painsynth.evidence.scale import scale_factors

FROM_MEDIAN = "from the median and quartiles or range"


def mean_and_sd(row: pd.Series) -> tuple[float, float, str]:
    """Give mean, SD and how the SD came about, on the instrument's own scale.

    In this order: printed SD; standard error times the root of n; 95 % interval of the mean (Student's t, Handbook
    6.5.2.2); median with quartiles and/or range (Wan 2014, Luo 2018, Shi 2020).
    """
    if not math.isnan(row["mean"]):
        if not math.isnan(row["sd"]):
            return row["mean"], row["sd"], "printed"
        if not math.isnan(row["se"]):
            return row["mean"], float(se_to_sd(row["se"], row["n"])), "from the standard error"
        return row["mean"], float(ci_to_sd(row["ci_low"], row["ci_high"], row["n"])), "from the 95 % interval"
    recovered = recover_mean_sd(row["n"], **_quantiles(row)).iloc[0]
    return recovered["mean"], recovered["sd"], FROM_MEDIAN


def _quantiles(row: pd.Series) -> dict[str, float | None]:
    return {name: None if math.isnan(row[name]) else row[name] for name in QUANTILES}


def _conversion(row: pd.Series) -> tuple[float, float, float]:
    """Variances that recovering mean and SD adds, and their covariance, on the instrument's own scale."""
    return added_variance(recover_mean_sd(row["n"], **_quantiles(row), conversion_error=True).iloc[0], row["n"])


def on_common_scale(rows: pd.DataFrame, instruments: pd.DataFrame, *, conversion_error: bool = False) -> pd.DataFrame:
    """Add `m100`, `sd100` (0-100, higher is worse; own unit where the range is not known) and `sd_from` to arm rows.

    Also `skewed`, for arms whose median stands in for a mean it may not fit (screen of Shi 2023), and `added_m`,
    `added_sd`, `added_cov`: what that recovery adds to the variances, 0 unless `conversion_error`.
    """
    scale = instruments.set_index("instrument")
    found = []
    for _, row in rows.iterrows():
        mean, sd, how = mean_and_sd(row)
        intercept, slope = scale_factors(scale.loc[row["instrument"]], row["value_type"])
        skewed = how == FROM_MEDIAN and bool(skewness_screen(row["n"], **_quantiles(row))["skewed"].iloc[0])
        added = _conversion(row) if conversion_error and how == FROM_MEDIAN else (0.0, 0.0, 0.0)
        units = (slope**2, slope**2, slope * abs(slope))
        found.append((intercept + slope * mean, abs(slope) * sd, how, skewed,
                      *(unit * x for unit, x in zip(units, added, strict=True))))  # fmt: skip
    names = ["m100", "sd100", "sd_from", "skewed", "added_m", "added_sd", "added_cov"]
    return rows.join(pd.DataFrame(found, columns=names, index=rows.index))
