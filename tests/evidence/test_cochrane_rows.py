"""The study rows of Cochrane review CD013342.pub2, recomputed: effect, interval and weight as RevMan printed them.

Whittle et al. 2025, Stem cell injections for osteoarthritis of the knee, Cochrane Database of Systematic Reviews,
CD013342.pub2, data file of the analyses. Arm figures go through `effects()`, mean differences through `pool()`.
What RevMan does (Deeks & Higgins, Statistical algorithms in Review Manager 5): DerSimonian-Laird weights; for risk
ratios Q is taken around the Mantel-Haenszel estimate, and a trial in which everybody had the event has a ratio of
exactly 1. A printed weight of 0 means that the review did not pool the row.
"""

from __future__ import annotations

import numpy as np
import painsynth as ps
import pandas as pd
import pytest

pytestmark = pytest.mark.reference

Z95 = 1.959963984540054
PRINTED = 5e-7  # six decimals
WEIGHT = 1e-4  # percentage points
COLUMNS = {
    "mean_experimental": "m1i", "sd_experimental": "sd1i", "n_experimental": "n1i", "events_experimental": "ai",
    "mean_control": "m2i", "sd_control": "sd2i", "n_control": "n2i", "events_control": "ci",
}  # fmt: skip

# Rows for which RevMan prints no effect: nobody in either arm had the event, a ratio does not exist.
NO_EVENT = {
    "1.8": ["Garza 2020", "Khalifeh Soltani 2019", "Kuah 2018", "Lee 2019", "Shapiro 2017"],
    "1.9": ["Garza 2020", "Khalifeh Soltani 2019", "Lee 2019", "Shapiro 2017"],
    "2.4": ["Freitag 2019"], "2.5": ["Freitag 2019"],
    "4.5": ["Goncars 2017", "Matas 2019", "Vega 2015"], "4.6": ["Goncars 2017", "Matas 2019", "Vega 2015"],
    "4.7": ["Goncars 2017"], "5.4": ["Anz 2020"],
}  # fmt: skip
FULL = ["1.10", "Kuah 2018"]  # everybody in both arms had the event
ROWS, PRINTED_ROWS, WEIGHTS = 224, 205, 149


@pytest.fixture(scope="module")
def rows(extraction_path) -> pd.DataFrame:
    """All study rows with yi, vi of `effects()`."""
    table = pd.read_csv(extraction_path / "cochrane_cd013342.csv", dtype={"analysis": str})
    table = table.rename(columns=COLUMNS).fillna({"subgroup": "", "window": ""})
    kinds = {"continuous": "MD", "dichotomous": "RR"}
    parts = [ps.effects(part, kinds[kind]) for kind, part in table.groupby("data_type", sort=False)]
    return pd.concat([part.set_axis(part.index) for part in _without_attrs(parts)]).sort_index()


def _without_attrs(parts):
    for part in parts:
        part.attrs = {}
    return parts


def _everybody(rows):
    return (rows["ai"] == rows["n1i"]) & (rows["ci"] == rows["n2i"])


def _nobody(rows):
    return (rows["ai"] == 0) & (rows["ci"] == 0)


def test_rows_without_a_printed_effect_are_those_without_events(rows):
    missing = rows[rows["printed_effect"].isna()]
    assert missing.groupby("analysis")["study"].apply(list).to_dict() == NO_EVENT
    assert _nobody(missing).all() and not _nobody(rows[rows["printed_effect"].notna()]).any()
    assert (missing["zero_events"] == "both arms").all()
    assert (missing["continuity"] == "0.5 added to every cell").all(), "kept, and said what was added"


def test_one_row_has_a_ratio_of_exactly_one(rows):
    """Everybody had the event: RevMan prints 1; metafor's rule, ours too, corrects all cells and lands beside 1."""
    full = rows[_everybody(rows)]
    assert full[["analysis", "study"]].to_numpy().tolist() == [FULL]
    row = full.iloc[0]
    assert row["printed_effect"] == 1
    corrected = (row["ai"] + 0.5) / (row["n1i"] + 1) * (row["n2i"] + 1) / (row["ci"] + 0.5)
    assert row["yi"] == pytest.approx(np.log(corrected))
    assert np.log(row["printed_ci_high"]) == pytest.approx(Z95 * np.sqrt(row["vi"]), abs=1e-6), "the same variance"


def test_effect_and_interval_are_the_printed_ones(rows):
    printed = rows[rows["printed_effect"].notna()]
    assert (len(rows), len(printed)) == (ROWS, PRINTED_ROWS)
    half = Z95 * np.sqrt(printed["vi"])
    ratio = (printed["data_type"] == "dichotomous").to_numpy()
    can = ~_everybody(printed).to_numpy()
    assert can.sum() == PRINTED_ROWS - 1
    for name, side in (("effect", 0), ("ci_low", -1), ("ci_high", 1)):
        value = printed["yi"] + side * half
        ours, there = np.where(ratio, np.exp(value), value)[can], printed[f"printed_{name}"].to_numpy()[can]
        np.testing.assert_allclose(ours, there, rtol=PRINTED, atol=1.01 * PRINTED, err_msg=name)


def _pools(rows):
    """Rows that RevMan pooled, pool by pool; a weight of 0 throughout means that the review did not pool."""
    for key, pool in rows[~_nobody(rows)].groupby(["analysis", "window", "subgroup"], sort=False):
        if (pool["printed_weight"].fillna(0) > 0).any():
            yield key, pool


def _mantel_haenszel(pool) -> float:
    """Log risk ratio after Mantel and Haenszel, 0.5 added to every cell of a table with an empty one."""
    a, n1, c, n2 = (pool[name].to_numpy(float) for name in ("ai", "n1i", "ci", "n2i"))
    add = np.where(np.minimum.reduce([a, n1 - a, c, n2 - c]) == 0, 0.5, 0.0)
    a, n1, c, n2 = a + add, n1 + 2 * add, c + add, n2 + 2 * add
    a = np.where(_everybody(pool), n1 * c / n2, a)
    return np.log(np.sum(a * n2 / (n1 + n2)) / np.sum(c * n1 / (n1 + n2)))


def _weights_around(y, v, centre):
    """DerSimonian-Laird weights in percent, with Q around `centre`."""
    w = 1 / v
    excess = np.sum(w * (y - centre) ** 2) - (len(y) - 1)
    tau2 = max(0.0, excess / (w.sum() - (w**2).sum() / w.sum())) if len(y) > 1 else 0.0
    return 100 / (v + tau2) / np.sum(1 / (v + tau2))


def test_weights_are_the_printed_ones(rows):
    checked = {"continuous": 0, "dichotomous": 0}
    for key, pool in _pools(rows):
        kind = pool["data_type"].iloc[0]
        if kind == "continuous":
            weights = ps.pool(pool, tau2="DL", ci="Wald").weights
        else:
            y = np.where(_everybody(pool), 0.0, pool["yi"])
            weights = _weights_around(y, pool["vi"].to_numpy(), _mantel_haenszel(pool))
        np.testing.assert_allclose(weights, pool["printed_weight"], atol=WEIGHT, rtol=0, err_msg=str(key))
        checked[kind] += len(pool)
    assert sum(checked.values()) == WEIGHTS, checked
    unpooled = rows[~_nobody(rows) & (rows["printed_weight"].fillna(0) == 0)]
    assert len(unpooled) == PRINTED_ROWS - WEIGHTS, "the other printed rows carry weight 0: not pooled by the review"
