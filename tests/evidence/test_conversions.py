"""Conversions: there and back, limits, refusals. Printed examples are under tests/reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from painsynth.errors import EffectsError
from painsynth.evidence import conversions as c

positive = st.floats(0.01, 1e4)
sizes = st.integers(2, 5000)


@given(positive, sizes)
def test_se_and_sd_there_and_back(sd, n):
    assert c.se_to_sd(c.sd_to_se(sd, n), n) == pytest.approx(sd)


@given(st.floats(-100, 100), positive, sizes, st.sampled_from([0.8, 0.9, 0.95, 0.99]), st.sampled_from("tz"))
def test_interval_and_sd_there_and_back(mean, sd, n, level, dist):
    half = c.critical_value(level, n - 1 if dist == "t" else None) * sd / np.sqrt(n)
    assert c.ci_to_sd(mean - half, mean + half, n, level=level, dist=dist) == pytest.approx(sd, rel=1e-6)


@given(st.floats(0.1, 100), st.floats(1e-12, 0.999), st.sampled_from([None, 3.0, 40.0]))
def test_p_and_interval_agree(estimate, p, df):
    """The interval at level 1 - p just reaches 0."""
    se = c.p_to_se(estimate, p, df=df)
    assert estimate - c.critical_value(1 - p, df) * se == pytest.approx(0, abs=1e-3 * estimate)


def test_very_small_p_values_keep_their_precision():
    assert c.p_to_se(10.0, 1.5239706e-23) == pytest.approx(1.0, rel=1e-6), "two-sided p of z = 10"


@given(positive, positive, st.floats(-0.99, 0.99))
def test_correlation_there_and_back(a, b, r):
    assert c.change_correlation(a, b, c.change_sd(a, b, r)) == pytest.approx(r, abs=1e-6)


@given(st.floats(-5, 5), st.sampled_from(["logistic", "cox"]))
def test_smd_and_odds_ratio_there_and_back(smd, method):
    assert c.log_or_to_smd(c.smd_to_log_or(smd, method=method), method=method) == pytest.approx(smd)


def test_rescaling_turns_the_scale_round():
    for worse, expected in ((True, [0, 25, 100]), (False, [100, 75, 0])):
        mean, sd = c.rescale([0.0, 5.0, 20.0], [2.0] * 3, low=0, high=20, higher_is_worse=worse)
        assert mean.tolist() == expected and sd.tolist() == [10.0] * 3
    change, _ = c.rescale([-4.0], [2.0], low=0, high=20, higher_is_worse=False, change=True)
    assert change.tolist() == [20.0]
    moved, _ = c.rescale([3.0], [1.0], low=1, high=5)
    assert moved.tolist() == [50.0]


def test_rescaling_keeps_an_effect_in_standard_deviations():
    m, s = c.rescale(np.array([4.0, 6.0]), np.array([2.0, 2.0]), low=0, high=10)
    assert (m[0] - m[1]) / s[0] == -1


def test_a_ratio_by_interval_or_by_p():
    yi, vi = c.ratio_to_log([2.0, 2.0], [1.0, np.nan], [4.0, np.nan], p=[np.nan, 0.05])
    se = np.log(2) / 1.959963985
    np.testing.assert_allclose(yi, np.log(2))
    np.testing.assert_allclose(vi, se**2, rtol=1e-6)


@given(st.integers(2, 200), st.integers(2, 200), st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_a_table_comes_back_from_its_odds_ratio_and_margins(n1, n2, p1, p2):
    a, b = max(1, min(n1 - 1, round(n1 * p1))), max(1, min(n2 - 1, round(n2 * p2)))
    ratio = a * (n2 - b) / (b * (n1 - a))
    found = c.fourfold_from_or(ratio, n1 + n2, n1, a + b)
    assert [float(x) for x in found] == [a, n1 - a, b, n2 - b]


@pytest.mark.parametrize(
    ("call", "words"),
    [(lambda: c.ci_to_sd(1, 2, 10, dist="normal"), "allowed is 't' or 'z'"),
     (lambda: c.smd_to_log_or(1, method="probit"), "allowed is 'logistic' or 'cox'"),
     (lambda: c.rescale(1, 1, low=10, high=0), "`high` must be above `low`")],
)  # fmt: skip
def test_refusals(call, words):
    with pytest.raises(EffectsError, match=words):
        call()
