"""PET-PEESE and limit meta-analysis: against weighted least squares, formulas and their invariances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from painsynth.errors import EffectsError
from painsynth.stats.limit_meta import METHODS, limit_meta
from painsynth.stats.pet_peese import pet_peese
from painsynth.stats.pool import pool

seeds = st.integers(0, 10_000)


def table(seed: int, k: int = 15, bias: float = 0.8) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    v = np.exp(rng.normal(-1, 1, k))
    y = rng.normal(0.3, np.sqrt(v + 0.05)) + bias * np.sqrt(v)
    return pd.DataFrame({"study": [f"T{i}" for i in range(k)], "yi": y, "vi": v})


@given(seeds)
def test_pet_and_peese_are_intercepts_of_weighted_least_squares(seed):
    effects = table(seed)
    found = pet_peese(effects)
    for one, x in ((found.pet, np.sqrt(effects["vi"])), (found.peese, effects["vi"])):
        fit = sm.WLS(
            effects["yi"].to_numpy(), sm.add_constant(x.to_numpy()), weights=1 / effects["vi"].to_numpy()
        ).fit()
        assert (one.estimate, one.slope) == pytest.approx(tuple(fit.params), rel=1e-7, abs=1e-10)
        assert (one.se, one.slope_se) == pytest.approx(tuple(fit.bse), rel=1e-7)
        assert (one.p, one.slope_p) == pytest.approx(tuple(fit.pvalues), rel=1e-6)
        assert one.ci == pytest.approx(tuple(fit.conf_int()[0]), rel=1e-7, abs=1e-10)
    one_sided = found.pet.p / 2 if found.pet.estimate * found.pet.fit.estimate > 0 else 1 - found.pet.p / 2
    assert found.chosen == ("PEESE" if one_sided < 0.05 else "PET")
    assert found.estimate == (found.peese if found.chosen == "PEESE" else found.pet).estimate


def test_rows_hold_the_unadjusted_effect_beside_both():
    effects = table(1)
    effects.attrs["measure"] = "RR"
    found = pet_peese(effects)
    rows = found.rows()
    assert rows["label"].tolist()[-3:] == ["Common-effect model", "PET", "PEESE"]
    assert rows["kind"].tolist() == 15 * ["study"] + 3 * ["pooled"]
    assert rows["weight"][:15].sum() == pytest.approx(100)
    assert found.back().pet.estimate == pytest.approx(np.exp(found.pet.estimate))
    assert found.back().rows()["estimate"].iloc[-2] == pytest.approx(np.exp(found.pet.estimate))
    assert found.back().back().estimate == found.back().estimate
    assert "conditional" in str(found)
    assert "Unadjusted" in found._repr_html_()


@given(seeds)
def test_limit_meta_from_the_generalised_radial_plot(seed):
    # Ruecker et al. 2011, Biostatistics 12:122, written as unweighted regressions in the radial plot
    effects = table(seed)
    y, v = effects["yi"].to_numpy(), effects["vi"].to_numpy()
    tau = np.sqrt(pool(effects, ci="Wald").tau2)
    s = np.sqrt(v + tau**2)
    fit = sm.OLS(y / s, sm.add_constant(1 / s)).fit()
    alpha, beta = fit.params
    found = {method: limit_meta(effects, method=method) for method in METHODS}
    one = found["beta0"]
    assert (one.bias, one.beta) == pytest.approx((alpha, beta), rel=1e-7, abs=1e-9)
    assert one.estimate == pytest.approx(beta + tau * alpha, rel=1e-7, abs=1e-9)
    direction = np.array([tau, 1.0])
    assert one.se == pytest.approx(np.sqrt(direction @ fit.normalized_cov_params @ direction), rel=1e-7)
    limits = beta + tau / s * (y - beta)
    assert one.limits == pytest.approx(limits, rel=1e-7, abs=1e-9)
    flat = sm.OLS(limits / np.sqrt(v), sm.add_constant(1 / np.sqrt(v))).fit()
    assert found["betalim"].estimate == pytest.approx(flat.params[1], rel=1e-6, abs=1e-9)
    assert found["mulim"].estimate == pytest.approx(np.average(limits, weights=1 / v), rel=1e-7, abs=1e-9)
    if tau > 1e-3:
        assert one.g2 == pytest.approx(100 * (1 - flat.rsquared), rel=1e-6, abs=1e-6)
    assert one.q_small + one.q_residual == pytest.approx(one.q)


@given(seeds, st.floats(-3, 3).map(lambda x: 10**x), st.floats(-50, 50))
def test_scale_and_origin_carry_over(seed, scale, shift):
    effects = table(seed)
    moved = effects.assign(yi=scale * (effects["yi"] + shift), vi=scale**2 * effects["vi"])
    for method in METHODS:
        plain, other = limit_meta(effects, method=method), limit_meta(moved, method=method)
        assert other.estimate == pytest.approx(scale * (plain.estimate + shift), rel=1e-6, abs=1e-6 * scale)
        assert other.se == pytest.approx(scale * plain.se, rel=1e-6)
    assert pet_peese(moved).pet.estimate == pytest.approx(
        scale * (pet_peese(effects).pet.estimate + shift), rel=1e-7, abs=1e-7 * scale
    )


def test_limit_meta_says_itself():
    effects = table(3, k=6)
    effects.attrs["measure"] = "MD"
    found = limit_meta(effects)
    assert str(found).startswith("Limit meta-analysis (beta0): MD")
    assert any("no power" in note for note in found.notes)
    assert found.rows()["label"].tolist()[-2:] == ["Random-effects model", "Limit meta-analysis (beta0)"]
    assert found.back() is found


@pytest.mark.parametrize("function", [limit_meta, pet_peese])
def test_too_few_or_too_equal_studies_are_refused(function):
    with pytest.raises(EffectsError, match="at least 3 studies"):
        function(table(0, k=2))
    with pytest.raises(EffectsError, match="the same in all"):
        function(table(0).assign(vi=1.0))


def test_effects_exactly_on_the_line_of_zero():
    found = pet_peese(pd.DataFrame({"yi": [0.0] * 4, "vi": [1.0, 2.0, 3.0, 4.0]}))
    assert (found.chosen, found.estimate) == ("PET", 0.0)
