"""Standard error of tau2, log-likelihood figures, I2 from Q, a new trial's effect, trial effects, F between groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painsynth.errors import EffectsError
from painsynth.stats.fit_statistics import fit_statistics
from painsynth.stats.higgins_thompson import i2_from_q
from painsynth.stats.new_effect import prob_new_effect
from painsynth.stats.pool import pool
from painsynth.stats.shrinkage import blup
from painsynth.stats.subgroups import pool_by
from painsynth.stats.tau2_error import tau2_se
from painsynth.stats.words import TAU2

SAME = 1e-10
QUICK = settings(max_examples=30, deadline=None)


def table(seed: int = 0, k: int = 8, tau: float = 0.4, scale: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    vi = 10.0 ** rng.uniform(-2, 0, k)
    yi = rng.normal(size=k) * np.sqrt(vi + tau * tau)
    return pd.DataFrame({"yi": scale * yi, "vi": scale**2 * vi})


# ---- standard error of tau2


@pytest.mark.parametrize("method", ["DL", "HE", "GENQ", "DL2", "CA2"])
@QUICK
@given(st.integers(0, 2**32 - 1), st.integers(2, 12))
def test_standard_error_of_moment_estimators_by_matrices(method, seed, k):
    """[2 tr(PVPV) + 4 t tr(PVP) + 2 t^2 tr(PP)] / tr(P)^2 with P = A - aa'/S(a)."""
    effects = table(seed, k)
    fit, v = pool(effects, tau2=method), effects["vi"].to_numpy()
    first = {"DL2": "DL", "CA2": "HE"}.get(method)
    a = np.ones(k) if method == "HE" else 1 / (v + (pool(effects, tau2=first).tau2 if first else 0))
    p = np.diag(a) - np.outer(a, a) / a.sum()
    pv = p * v
    spread = 2 * np.trace(pv @ pv) + 4 * fit.tau2 * np.trace(pv @ p) + 2 * fit.tau2**2 * np.trace(p @ p)
    assert tau2_se(fit) == pytest.approx(np.sqrt(spread) / np.trace(p), rel=1e-8)


def test_standard_error_of_reml_is_the_expected_information():
    effects = table(3)
    fit = pool(effects)
    w = 1 / (effects["vi"].to_numpy() + fit.tau2)
    p = np.diag(w) - np.outer(w, w) / w.sum()
    assert tau2_se(fit) == pytest.approx(np.sqrt(2 / np.trace(p @ p)), rel=SAME)


@pytest.mark.parametrize("method", TAU2)
def test_standard_error_scales_with_the_data(method):
    for scale in (1e-6, 1e5):
        one, other = (tau2_se(pool(table(4, scale=s), tau2=method)) for s in (1.0, scale))
        assert other == pytest.approx(one * scale**2, rel=1e-8)


@pytest.mark.parametrize("method", TAU2)
def test_standard_error_at_the_edges(method):
    assert np.isnan(tau2_se(pool(pd.DataFrame({"yi": [1.0], "vi": [1.0]}), tau2=method)))
    alike = tau2_se(pool(pd.DataFrame({"yi": [1.0] * 4, "vi": [1.0, 2.0, 3.0, 4.0]}), tau2=method))
    assert np.isfinite(alike) and alike >= 0


# ---- log-likelihood


def test_log_likelihood_is_that_of_the_normal_densities():
    effects = table(5)
    fit = pool(effects, tau2="ML")
    total = effects["vi"] + fit.tau2
    density = -0.5 * (np.log(2 * np.pi * total) + (effects["yi"] - fit.estimate) ** 2 / total)
    figures = fit_statistics(fit)
    assert figures.log_likelihood == pytest.approx(density.sum(), rel=SAME)
    assert (figures.aic, figures.parameters) == (pytest.approx(4 - 2 * density.sum(), rel=SAME), 2)


def test_deviance_of_the_common_effect_is_q():
    fit = pool(table(6), model="common")
    assert fit_statistics(fit).deviance == pytest.approx(fit.q, rel=SAME)


def test_reml_maximises_its_likelihood():
    effects = table(7)
    best = fit_statistics(pool(effects)).log_likelihood
    others = [fit_statistics(pool(effects, tau2=m)) for m in ("DL", "PM", "HE")]
    assert all(not x.restricted for x in others)
    assert fit_statistics(pool(effects, tau2="ML")).log_likelihood >= max(x.log_likelihood for x in others)
    assert np.isfinite(best)


def test_statistics_of_one_study():
    figures = fit_statistics(pool(pd.DataFrame({"yi": [1.0], "vi": [1.0]})))
    assert np.isnan(figures.log_likelihood) and np.isnan(figures.bic)
    assert fit_statistics(pool(pd.DataFrame({"yi": [1.0], "vi": [1.0]}), tau2="ML")).log_likelihood < 0


# ---- I2 from Q


def test_i2_from_q_agrees_with_dersimonian_laird():
    fit = pool(table(8), tau2="DL")
    assert i2_from_q(fit).i2 == pytest.approx(fit.i2, abs=1e-9)
    assert i2_from_q(fit).h ** 2 == pytest.approx(fit.h2, rel=SAME)


def test_i2_from_q_at_the_edges():
    alike = i2_from_q(pool(pd.DataFrame({"yi": [1.0] * 4, "vi": [1.0] * 4})))
    assert (alike.i2, alike.i2_ci[0], alike.h) == (0.0, 0.0, 1.0)
    assert np.isnan(i2_from_q(pool(pd.DataFrame({"yi": [1.0], "vi": [1.0]}))).i2)
    assert np.isnan(i2_from_q(pool(pd.DataFrame({"yi": [1.0, 1.1], "vi": [1.0, 1.0]}))).i2_ci).all()


# ---- a new trial


def test_below_and_above_make_one():
    fit = pool(table(9))
    for threshold in (-1.0, 0.0, 0.7):
        pair = [prob_new_effect(fit, threshold, side=side) for side in ("below", "above")]
        for name in ("p", "p_normal", "p_plug_in"):
            assert sum(getattr(x, name) for x in pair) == pytest.approx(1, abs=SAME)


def test_threshold_at_the_end_of_the_prediction_interval_has_the_tail():
    fit = pool(table(10))
    assert prob_new_effect(fit, fit.pi[0]).p == pytest.approx(0.025, abs=SAME)


def test_threshold_of_a_ratio_after_back():
    effects = table(11)
    effects.attrs["measure"] = "RR"
    fit = pool(effects)
    assert prob_new_effect(fit.back(), 0.8).p == pytest.approx(prob_new_effect(fit, np.log(0.8)).p, abs=SAME)
    with pytest.raises(EffectsError, match="not a number on the natural scale"):
        prob_new_effect(fit.back(), -1)


def test_no_distribution_without_random_effects_or_with_one_study():
    with pytest.raises(EffectsError, match="model='random'"):
        prob_new_effect(pool(table(1), model="common"), 0)
    with pytest.raises(EffectsError, match="allowed: below, above"):
        prob_new_effect(pool(table(1)), 0, side="left")
    assert np.isnan(prob_new_effect(pool(pd.DataFrame({"yi": [1.0], "vi": [1.0]})), 0).p)
    alike = pool(pd.DataFrame({"yi": [1.0] * 3, "vi": [1.0] * 3}))
    assert [prob_new_effect(alike, x).p_plug_in for x in (0.5, 1.0, 2.0)] == [0.0, 0.5, 1.0]


# ---- trial effects


def test_trial_effects_lie_between_their_own_and_the_pooled_effect():
    effects = table(12)
    fit = pool(effects)
    found = blup(fit)
    ends = np.sort([effects["yi"], np.full(fit.k, fit.estimate)], axis=0)
    assert ((found["estimate"] >= ends[0]) & (found["estimate"] <= ends[1])).all()
    assert (found["se"] ** 2 <= effects["vi"] + fit.se**2).all()


def test_trial_effects_without_heterogeneity_are_the_pooled_one():
    fit = pool(pd.DataFrame({"yi": [1.0, 1.0, 1.0], "vi": [1.0, 2.0, 3.0]}), ci="Wald")
    found = blup(fit)
    assert np.allclose(found["estimate"], fit.estimate) and np.allclose(found["se"], fit.se)
    with pytest.raises(EffectsError, match="random effects"):
        blup(pool(table(1), model="common"))


# ---- F test between groups


def test_f_between_groups_is_that_of_weighted_least_squares():
    from statsmodels.regression.linear_model import WLS

    effects = table(13, 12).assign(source=["fat", "cord", "marrow"] * 4)
    groups = pool_by(effects, "source", common_tau2=True)
    weights = 1 / (effects["vi"] + groups.fits["fat"].tau2)
    design = pd.get_dummies(effects["source"]).astype(float)
    wls = WLS(effects["yi"], design, weights=weights).fit()
    test = wls.f_test("cord = fat, fat = marrow")
    assert groups.f_between == pytest.approx(float(test.fvalue), rel=1e-9)
    assert groups.f_between_p == pytest.approx(float(test.pvalue), rel=1e-9)
    assert groups.f_between_df == (2, 9)
    assert "F = " in str(groups)


def test_no_f_test_with_separate_tau2_or_without_residuals():
    effects = table(13, 6).assign(source=list("aabbcc"), each=list("abcdef"))
    assert np.isnan(pool_by(effects, "source").f_between)
    assert np.isnan(pool_by(effects, "each", common_tau2=True).f_between)
