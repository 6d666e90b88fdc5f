"""Other choices over the same comparisons, and an independent program beside ours."""

import numpy as np
import painsynth as ps
import pandas as pd
import pytest

EFFECTS = pd.DataFrame({
    "study": list("abcde"), "yi": [-12.0, -3.0, -25.0, 2.0, -9.0], "vi": [9.0, 16.0, 12.0, 30.0, 8.0],
    "flags": ["x", "", "x|y", "", ""],
})  # fmt: skip
ROUNDING = 1e-10  # both programs work in double precision; the figures are of order 1 to 30


def test_each_method_is_what_pool_gives():
    table = ps.other_methods(EFFECTS)
    for row in table[table["model"] == "random"].itertuples():
        fit = ps.pool(EFFECTS, tau2=row.tau2, ci=row.ci)
        assert (row.estimate, row.ci_low, row.ci_high) == (fit.estimate, *fit.ci)
    assert (table["model"] == "common").sum() == 1


def test_leaving_out_a_flag_is_pooling_the_rest():
    table = ps.without_flags(EFFECTS).set_index("left_out")
    assert table["k"].to_dict() == {"nothing": 5, "x": 3, "y": 4, "any flag": 3}
    assert table.at["y", "studies"] == "c"
    assert table.at["x", "estimate"] == ps.pool(EFFECTS.iloc[[1, 3, 4]]).estimate


def test_a_flag_that_everybody_carries_leaves_an_empty_row_not_a_missing_one():
    table = ps.without_flags(EFFECTS.assign(flags="z")).set_index("left_out")
    assert table.at["z", "k"] == 0
    assert np.isnan(table.at["z", "estimate"])


@pytest.mark.parametrize("tau2", ["REML", "DL", "PM", "ML"])
def test_weighted_least_squares_agrees(tau2):
    """Knapp & Hartung 2003: the residual scale of WLS with weights 1/(vi + tau2) is their factor."""
    check = ps.cross_check(ps.pool(EFFECTS, tau2=tau2))
    assert check["difference"].abs().max() < ROUNDING


def test_one_comparison_cannot_be_cross_checked():
    with pytest.raises(ps.NothingToPool, match="two or more"):
        ps.cross_check(ps.pool(EFFECTS.head(1)))
