"""Peto's odds ratio: by hand, and where tables are empty."""

from __future__ import annotations

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from painsynth.errors import NothingToPool

TABLE = pd.DataFrame(
    {"study": list("ABC"), "ai": [1, 0, 3], "n1i": [100, 80, 120], "ci": [4, 0, 5], "n2i": [100, 82, 118]}
)


def test_by_hand():
    """O - E and V of Yusuf et al. 1985: log OR = S (O - E) / S V, variance 1 / S V."""
    a, n1, c, n2 = (TABLE[name].to_numpy(float) for name in ("ai", "n1i", "ci", "n2i"))
    n, t = n1 + n2, a + c
    v = n1 * n2 * t * (n - t) / (n**2 * (n - 1))
    fit = ps.pool_peto(TABLE)
    assert fit.estimate == pytest.approx(np.sum(a - n1 * t / n) / v.sum())
    assert fit.se == pytest.approx(1 / np.sqrt(v.sum()))
    assert fit.weights == pytest.approx(100 * v / v.sum())
    assert fit.measure == "PETO"
    assert fit.back().estimate == pytest.approx(np.exp(fit.estimate))


def test_a_trial_without_events_is_shown_and_weighs_nothing():
    fit, without = ps.pool_peto(TABLE), ps.pool_peto(TABLE.iloc[[0, 2]])
    assert (fit.estimate, fit.se, fit.q, fit.q_df) == (without.estimate, without.se, without.q, without.q_df)
    assert fit.rows()["weight"].tolist()[1] == 0


def test_pooling_is_the_weighted_mean_of_the_trials():
    table = ps.effects(TABLE.iloc[[0, 2]], "PETO", to="none")
    other = ps.pool(table, model="common")
    fit = ps.pool_peto(TABLE)
    assert (fit.estimate, fit.se, fit.q) == (
        pytest.approx(other.estimate),
        pytest.approx(other.se),
        pytest.approx(other.q),
    )


def test_doubts_are_said():
    table = pd.DataFrame({"ai": [10], "n1i": [20], "ci": [50], "n2i": [60]})
    assert "unbalanced arms and frequent events" in ps.pool_peto(table).notes[1]
    assert not ps.pool_peto(TABLE.iloc[[0, 2]]).notes


def test_nothing_to_say():
    with pytest.raises(NothingToPool):
        ps.pool_peto(TABLE.iloc[[1]])
