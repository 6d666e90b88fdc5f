"""Mean and SD of an arm as the synthesis uses them: printed where printed, recovered where they can be, said so."""

from __future__ import annotations

import math

import pandas as pd

from painsynth.evidence.conversions import ci_to_sd, se_to_sd
from painsynth.evidence.recover import recover_mean_sd
from painsynth.evidence.scale import scale_factors


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
    quantiles = {
        name: None if math.isnan(row[name]) else row[name] for name in ("q1", "median", "q3", "minimum", "maximum")
    }
    recovered = recover_mean_sd(row["n"], **quantiles).iloc[0]
    return recovered["mean"], recovered["sd"], "from the median and quartiles or range"


def on_common_scale(rows: pd.DataFrame, instruments: pd.DataFrame) -> pd.DataFrame:
    """Add `m100`, `sd100` (0-100, higher is worse; own unit where the range is not known) and `sd_from` to arm rows."""
    scale = instruments.set_index("instrument")
    found = []
    for _, row in rows.iterrows():
        mean, sd, how = mean_and_sd(row)
        intercept, slope = scale_factors(scale.loc[row["instrument"]], row["value_type"])
        found.append((intercept + slope * mean, abs(slope) * sd, how))
    columns = pd.DataFrame(found, columns=["m100", "sd100", "sd_from"], index=rows.index)
    return rows.join(columns)
