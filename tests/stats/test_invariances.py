"""Every function of the engine: unit, order and side of the effects change the answer only as they must."""

from __future__ import annotations

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from engine_calls import CALLS, POOLING, figures, table
from hypothesis import given, settings
from hypothesis import strategies as st

CLOSE = 1e-7  # two searches for the same optimum
SAME = 1e-12
QUICK = settings(max_examples=15, deadline=None)
OF_THE_UNIT = ("log", "aic", "bic", "deviance", "scale.", "difference", "dispersion")
OF_THE_ORDER = ("gosh sampled", "bootstrap", "permute_signs", "permutation sampled", "regress X", "batch_regress")


def alike(a: np.ndarray, b: np.ndarray, unit: float = 1.0) -> bool:
    largest = max(1e-9, float(np.nanmax(np.abs(a[np.isfinite(a)]), initial=0)))
    return a.shape == b.shape and np.allclose(a * unit, b, rtol=CLOSE * 10, atol=CLOSE * unit * largest, equal_nan=True)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("unit", [1e-7, pytest.param(3e6, marks=pytest.mark.slow)])
def test_every_figure_follows_the_unit_of_the_effects(name, unit):
    plain, scaled = table(), table()
    scaled["yi"], scaled["vi"] = unit * plain["yi"], unit**2 * plain["vi"]
    a, b = figures(CALLS[name](plain)), figures(CALLS[name](scaled))
    assert a.keys() == b.keys()
    for key, x in a.items():
        if not any(word in key for word in OF_THE_UNIT):
            assert any(alike(x, b[key], unit**power) for power in (0, 1, 2, -1, -2, 4)), key


@pytest.mark.parametrize("name", [name for name in CALLS if name not in OF_THE_ORDER])
def test_the_order_of_the_rows_does_not_matter(name):
    plain = table()
    mixed = plain.iloc[[5, 2, 7, 0, 3, 6, 1, 4]]  # with an index that is out of order
    a, b = figures(CALLS[name](plain)), figures(CALLS[name](mixed))
    names = {key.replace("q, p", "p, q"): x for key, x in b.items()}
    for key, x in a.items():
        assert alike(np.sort(x), np.sort(names[key.replace("q, p", "p, q")])), key


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CALLS if name != "bootstrap"])
def test_the_mirror_image_has_mirrored_results(name):
    plain, mirrored = table(), table()
    mirrored["yi"] = -plain["yi"]
    a, b = figures(CALLS[name](plain)), figures(CALLS[name](mirrored))
    ends = {"low": "high", "high": "low", ".0": ".1", ".1": ".0"}
    for key, x in a.items():
        y = [b[key]] + [b[key.replace(one, other)] for one, other in ends.items() if one in key]
        assert any(alike(np.sort(np.abs(x)), np.sort(np.abs(z))) for z in y), key


@pytest.mark.parametrize("name", POOLING)
def test_a_shift_moves_the_mean_and_nothing_else(name):
    plain, moved = table(), table()
    moved["yi"] = plain["yi"] + 2.0**20
    a, b = CALLS[name](plain), CALLS[name](moved)
    for part in ("se", "tau2", "i2", "q", "tau2_ci", "i2_ci"):
        assert getattr(b, part) == pytest.approx(getattr(a, part), rel=1e-6, abs=1e-8, nan_ok=True), part
    assert b.estimate - 2.0**20 == pytest.approx(a.estimate, abs=1e-8)
    assert np.subtract(b.ci, 2.0**20) == pytest.approx(a.ci, abs=1e-8)


@pytest.mark.parametrize("name", POOLING)
@pytest.mark.parametrize("k", [1, 2, 3])
def test_few_studies_identical_effects_and_weights(name, k):
    effects = table().iloc[:k]
    fit = CALLS[name](effects)
    assert fit.k == k and fit.weights.sum() == pytest.approx(100, rel=SAME)
    if k == 1:
        assert fit.tau2 == 0 and fit.estimate == effects["yi"].iloc[0]
    same = CALLS[name](effects.assign(yi=0.4))
    assert same.tau2 == 0 and same.q == 0 and same.estimate == pytest.approx(0.4, rel=SAME)
    assert same.i2 == 0 and (k == 1 or any("truncated at 0" in x or "common" in same.model for x in (*same.notes, "")))


@pytest.mark.parametrize("name", POOLING)
def test_duplicated_studies_leave_the_mean_where_weights_allow_it(name):
    effects = table().assign(vi=0.1)
    twice = pd.concat([effects, effects], ignore_index=True)
    assert CALLS[name](twice).estimate == pytest.approx(CALLS[name](effects).estimate, rel=1e-9)


@QUICK
@given(st.integers(0, 10**6), st.integers(3, 12), st.sampled_from(["Wald", "HKSJ", "t", "HKSJ-guarded"]))
def test_the_interval_is_the_test_turned_round(seed, k, ci):
    """At a limit of the interval the p-value of that value is 1 - level."""
    effects = table(seed, k)
    fit = ps.pool(effects, ci=ci)
    for end in fit.ci:
        assert ps.pool(effects.assign(yi=effects["yi"] - end), ci=ci).p == pytest.approx(0.05, rel=1e-5)


@QUICK
@given(st.integers(0, 10**6), st.integers(2, 9))
def test_twelve_orders_of_magnitude_of_variance(seed, k):
    rng = np.random.default_rng(seed)
    effects = pd.DataFrame({"yi": rng.normal(size=k), "vi": 10.0 ** rng.uniform(-12, 0, k)})
    for method in ("REML", "DL", "PM", "EE", "SJ", "GENQ"):
        fit = ps.pool(effects, tau2=method)
        assert fit.converged and fit.se > 0 and fit.tau2 >= 0
        assert effects["yi"].min() <= fit.estimate <= effects["yi"].max()


def test_exact_permutation_p_on_tiny_sets():
    """All effects on one side: of 2^k sign patterns the observed one and its mirror image are the most extreme."""
    for k in (2, 3, 4, 5):
        effects = pd.DataFrame({"yi": np.full(k, 0.7), "vi": 0.1})
        found = ps.permutation_test(effects, statistic="coefficient")
        assert found.exact and found.n == 2**k and found.table["p"][0] == 2 / 2**k


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_counts_do_not_care_for_order_and_turn_with_their_arms(measure):
    trials = pd.DataFrame({"ai": [2, 5, 0, 1, 8], "n1i": [20, 30, 25, 40, 30], "ci": [4, 6, 0, 5, 9],
                           "n2i": [22, 28, 25, 41, 33]})  # fmt: skip
    swapped = trials.rename(columns={"ai": "ci", "ci": "ai", "n1i": "n2i", "n2i": "n1i"})
    calls = [lambda t: ps.pool_mh(t, measure)]
    if measure == "OR":
        calls += [ps.pool_peto, ps.pool_beta_binomial, ps.pool_penalised]
        calls += [lambda t, m=m: ps.pool_glmm(t, model=m) for m in ("UM.FS", "UM.RS", "CM.EL")]
    for call in calls:
        fit, other, mixed = call(trials), call(swapped), call(trials.iloc[::-1])
        assert other.estimate == pytest.approx(-fit.estimate, rel=1e-5, abs=1e-7)
        assert other.se == pytest.approx(fit.se, rel=1e-5)
        assert (mixed.estimate, mixed.se) == pytest.approx((fit.estimate, fit.se), rel=1e-6)


@pytest.mark.parametrize("model", ["UM.FS", "UM.RS", "CM.EL"])
def test_glmm_takes_events_and_non_events_alike(model):
    trials = pd.DataFrame({"ai": [2, 5, 1, 8], "n1i": [20, 30, 40, 30], "ci": [4, 6, 5, 9], "n2i": [22, 28, 41, 33]})
    other = trials.assign(ai=trials["n1i"] - trials["ai"], ci=trials["n2i"] - trials["ci"])
    assert ps.pool_glmm(other, model=model).estimate == pytest.approx(
        -ps.pool_glmm(trials, model=model).estimate, rel=1e-5
    )
