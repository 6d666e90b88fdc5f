"""Assumed correlations: each row is the model it names, and ignoring dependence claims too much."""

import painsynth as ps
import pandas as pd
import pytest
from painsynth.sensitivity.assumed_correlation import MOMENTS, NAIVE, THREE_LEVELS

TABLE = pd.DataFrame({"trial": list("AABBCCD"), "study": list("AABBCCD"), "vi": 4.0,
                      "yi": [-9.0, -12.0, -2.0, -4.0, -6.0, -7.0, -1.0]})  # fmt: skip


def test_rows_are_the_models_they_name():
    table = ps.assumed_correlation(TABLE, study="trial", correlations=(0.0, 0.7)).set_index(["model", "correlation"])
    model = ps.pool_multilevel(TABLE, "trial", V=0.7)
    moments = ps.pool_rve(TABLE, "trial", rho=0.7)
    assert table.loc[(THREE_LEVELS, 0.7), "estimate"] == pytest.approx(model.estimate)
    assert table.loc[(THREE_LEVELS, 0.7), "ci_low"] == pytest.approx(model.ci[0])
    assert table.loc[(MOMENTS, 0.7), "ci_high"] == pytest.approx(moments.ci[1])
    assert table.loc[(THREE_LEVELS, 0.0), "estimate"] != pytest.approx(model.estimate)
    assert table["studies"].tolist() == [4, 4, 4, 4, 7]


def test_taking_results_for_trials_narrows_the_interval():
    table = ps.assumed_correlation(TABLE, study="trial")
    width = (table["ci_high"] - table["ci_low"]).groupby(table["model"]).min()
    assert width[NAIVE] < width[THREE_LEVELS]


def test_one_trial_has_no_robust_rows():
    table = ps.assumed_correlation(TABLE.iloc[:2], study="trial")
    assert set(table["model"]) == {THREE_LEVELS, NAIVE}
