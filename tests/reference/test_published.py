"""Worked examples as they were printed; the numbers and their pages are in the TOML files beside this one."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from painsynth.evidence import conversions

HERE = Path(__file__).resolve().parent


def example(name: str) -> dict:
    return tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))


def printed(value, digits: int):
    """Equal to the digits that were printed."""
    return pytest.approx(value, abs=0.5001 * 10**-digits)


@pytest.fixture(scope="module")
def bcg():
    published = example("viechtbauer_2010_bcg")
    return published["printed"], ps.effects(pd.DataFrame(published["data"]), "RR")


def test_log_risk_ratios_of_the_bcg_trials(bcg):
    there, table = bcg
    assert list(table["yi"]) == printed(there["yi"], 4)
    assert list(table["vi"]) == printed(there["vi"], 4)


def test_random_effects_model_of_the_bcg_trials(bcg):
    there, table = bcg
    fit = ps.pool(table, ci="Wald")
    for name, digits in (("estimate", 4), ("se", 4), ("ci", 4), ("tau2", 4), ("tau2_ci", 4), ("i2", 2), ("i2_ci", 2),
                         ("h2", 2), ("q", 4)):  # fmt: skip
        assert np.ravel(getattr(fit, name)).tolist() == printed(np.ravel(there["fit"][name]).tolist(), digits), name


def test_sd_from_the_interval_of_an_arm():
    one = example("handbook_conversions")["arm_interval"]
    assert conversions.ci_to_sd(one["low"], one["high"], one["n"]) == printed(one["sd"], 2)


def test_sd_from_the_p_value_of_a_difference():
    one = example("handbook_conversions")["p_value"]
    se = conversions.p_to_se(one["difference"], one["p"], df=sum(one["n"]) - 2)
    assert one["difference"] / se == printed(one["t"], 2)
    assert se == printed(one["se"], 2)
    assert conversions.se_to_pooled_sd(one["se"], *one["n"]) == printed(one["sd"], 2)


def test_the_same_p_value_in_an_effects_table():
    one = example("handbook_conversions")["p_value"]
    row = pd.DataFrame({"study": ["A"], "estimate": [one["difference"]], "p_value": [one["p"]], "n1i": [one["n"][0]],
                        "n2i": [one["n"][1]]})  # fmt: skip
    assert np.sqrt(ps.effects(row, "MD")["vi"][0]) == printed(one["se"], 2)


def test_correlation_of_baseline_and_final_values():
    one = example("handbook_conversions")["change"]
    found = conversions.change_correlation(one["sd_baseline"], one["sd_final"], one["sd_change"])
    assert list(found) == printed(one["correlation"], 2)


def test_crossover_trial():
    one = example("handbook_crossover")
    row, there = pd.DataFrame({"study": ["A"], **{k: [x] for k, x in one["data"].items()}}), one["printed"]
    md, smd = ps.effects(row, "MD"), ps.effects(row, "SMD", correct=False)
    assert (md["yi"][0], np.sqrt(md["vi"][0])) == (printed(there["md"], 1), printed(there["md_se"], 3))
    assert (smd["yi"][0], np.sqrt(smd["vi"][0])) == (printed(there["smd"], 3), printed(there["smd_se"], 3))
    assert md["effect_from"][0] == "arm figures, paired (r = 0.68)"


def test_wan_divides_by_the_expected_range():
    """Wan's equation 9 approximates the expected range of n normal values to one per cent."""
    one = example("expected_ranges")["expected_range"]
    n = np.array(one["n"], dtype=float)
    found = ps.recover_mean_sd(n, median=50.0, minimum=50 - n, maximum=50 + n, method="wan")
    np.testing.assert_allclose(2 * n / found["sd"], one["width"], rtol=0.01)
