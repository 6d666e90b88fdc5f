"""Beta-binomial model: against scipy's distribution, and where there is no overdispersion."""

from __future__ import annotations

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painsynth.errors import EffectsError, NothingToPool
from painsynth.stats.beta_binomial import arm_log_likelihood
from scipy.optimize import minimize
from scipy.special import expit, gammaln
from scipy.stats import betabinom

TABLE = pd.DataFrame(
    {
        "study": list("ABCDEF"),
        "ai": [2, 0, 15, 1, 4, 0],
        "n1i": [60, 35, 80, 25, 90, 30],
        "ci": [6, 2, 4, 3, 29, 0],
        "n2i": [58, 36, 82, 24, 88, 31],
    }
)


@given(st.integers(0, 300), st.integers(0, 300), st.floats(0.001, 0.999), st.floats(1e-5, 50))
@settings(max_examples=100, deadline=None)
def test_likelihood_is_scipys(y, rest, mu, s):
    n = y + rest
    one = [np.array([float(x)]) for x in (y, n, mu, s)]
    choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    theirs = betabinom.logpmf(y, n, mu / s, (1 - mu) / s)
    assert arm_log_likelihood(*one)[0] + choose == pytest.approx(theirs, rel=1e-7, abs=1e-6)


def test_likelihood_is_smooth_down_to_the_binomial():
    y, n, mu = np.array([7.0]), np.array([1e5]), np.array([1e-4])
    s = np.array([0, 1e-300, 1e-12, 1e-10, 1e-9])
    values = np.array([arm_log_likelihood(y, n, mu, np.array([x]))[0] for x in s])
    assert np.isfinite(values).all()
    assert values[0] == pytest.approx(7 * np.log(1e-4) + (1e5 - 7) * np.log1p(-1e-4), rel=1e-12)
    assert values[1:] == pytest.approx(values[0], abs=1e-3)


def test_the_maximum_is_found():
    y, n = np.r_[TABLE["ai"], TABLE["ci"]], np.r_[TABLE["n1i"], TABLE["n2i"]]
    first = np.arange(12) < 6

    def below(x):
        mu, phi = expit(x[0] + x[1] * first), np.exp(x[2])
        return -betabinom.logpmf(y, n, mu * phi, (1 - mu) * phi).sum()

    other = minimize(below, [-2.0, 0.0, 2.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12})
    fit = ps.pool_beta_binomial(TABLE)
    assert fit.log_likelihood == pytest.approx(-other.fun, abs=1e-8)
    assert (fit.intercept, fit.estimate) == (pytest.approx(other.x[0], abs=1e-5), pytest.approx(other.x[1], abs=1e-5))
    assert np.log(fit.phi) == pytest.approx(other.x[2], abs=1e-4)
    assert fit.rho == pytest.approx(1 / (1 + fit.phi))


def test_swapping_the_arms_turns_the_sign():
    swapped = TABLE.rename(columns={"ai": "ci", "ci": "ai", "n1i": "n2i", "n2i": "n1i"})
    one, two = ps.pool_beta_binomial(TABLE), ps.pool_beta_binomial(swapped)
    assert one.estimate == pytest.approx(-two.estimate, abs=1e-6)
    assert one.se == pytest.approx(two.se, rel=1e-5)


def test_without_overdispersion_the_trials_are_added_up():
    same = pd.DataFrame({"ai": [5, 5, 5], "n1i": [50] * 3, "ci": [10, 10, 10], "n2i": [50] * 3})
    fit = ps.pool_beta_binomial(same)
    assert fit.phi == np.inf and fit.rho == 0
    assert fit.estimate == pytest.approx(np.log(15 * 120 / (135 * 30)), abs=1e-10)
    assert fit.se == pytest.approx(np.sqrt(1 / 15 + 1 / 135 + 1 / 30 + 1 / 120), rel=1e-6)
    assert "no overdispersion" in fit.notes[0]


def test_trials_without_events_take_part():
    fit, without = ps.pool_beta_binomial(TABLE), ps.pool_beta_binomial(TABLE.iloc[:5])
    assert (fit.k, len(fit.rows())) == (6, 7)
    assert fit.intercept < without.intercept
    assert any("take part as they are" in note for note in fit.notes)
    assert np.isnan(fit.weights).all()
    assert ps.pool_beta_binomial(TABLE, ci="t").df == 10


def test_refusals():
    with pytest.raises(EffectsError, match="no events at all in the arms with cells"):
        ps.pool_beta_binomial(TABLE.assign(ai=0))
    with pytest.raises(NothingToPool):
        ps.pool_beta_binomial(TABLE.assign(ai=0, ci=0))
