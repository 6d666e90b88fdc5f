"""Effects in other words: known values, there and back, intervals that hold no effect, fits and arrays alike."""

from __future__ import annotations

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from painsynth.errors import EffectsError
from scipy.special import ndtr, ndtri


def fit_of(measure, yi, vi=0.01, **how):
    table = pd.DataFrame({"study": list("ABCD"), "yi": yi + np.array([0.0, 0.02, -0.02, 0.01]), "vi": vi})
    table.attrs["measure"] = measure
    return ps.pool(table, ci="Wald", **how)


def test_printed_values():
    """Chinn: a factor of 1.81. Furukawa & Leucht: success is the share of the treated above the control's cut."""
    assert float(ps.smd_to_or(1.0)) == pytest.approx(np.exp(1.8138), rel=1e-4)
    assert float(ps.smd_to_or(1.0, method="cox")) == pytest.approx(np.exp(1.65))
    assert float(ps.smd_to_nnt(-0.2)) == pytest.approx(8.89, abs=0.01), "Kraemer & Kupfer: d = 0.2 is 8.9"
    assert float(ps.smd_to_nnt(-0.8)) == pytest.approx(2.34, abs=0.01)
    rate = ndtr(0.5 + ndtri(0.2))
    assert float(ps.smd_to_nnt(-0.5, control_rate=0.2)) == pytest.approx(1 / (rate - 0.2))
    assert float(ps.risk_difference(1.0, control_risk=0.3)) == 0
    assert float(ps.risk_difference(3.0, control_risk=0.5, measure="RR")) == 50, "a risk is 1 at most"


@pytest.mark.parametrize("event", ["low", "high"])
@pytest.mark.parametrize("method", ["logistic", "cox"])
def test_there_and_back_on_arrays(event, method):
    smd = np.array([-1.2, -0.3, 0.0, 0.7])
    ratio = ps.smd_to_or(smd, event=event, method=method)
    np.testing.assert_allclose(ps.or_to_smd(ratio, event=event, method=method), smd, atol=1e-12)


def test_a_benefit_has_the_same_sign_by_every_way():
    assert ps.smd_to_nnt(-0.4) > 0 > ps.smd_to_nnt(0.4)
    assert ps.smd_to_nnt(0.4, event="high") == ps.smd_to_nnt(-0.4)
    assert ps.smd_to_nnt(0.0) == np.inf
    assert ps.smd_to_points(-0.4, sd=20.0) < 0
    assert ps.smd_to_or(-0.4) < 1 < ps.smd_to_or(-0.4, event="low")


def test_a_fit_is_translated_with_its_intervals():
    fit = fit_of("SMD", -0.5)
    points = ps.smd_to_points(fit, sd=20.0)
    assert points.estimate == pytest.approx(20 * fit.estimate)
    assert points.ci == pytest.approx((20 * fit.ci[0], 20 * fit.ci[1]))
    assert points.pi == pytest.approx((20 * fit.pi[0], 20 * fit.pi[1]))
    assert str(points).startswith("points (SD 20) −9.9")
    nnt = ps.smd_to_nnt(fit, control_rate=0.3)
    assert 0 < nnt.ci[0] < nnt.estimate < nnt.ci[1]
    ratio = ps.smd_to_or(fit)
    assert ratio.ci[0] < ratio.estimate < ratio.ci[1] < 1


def test_an_interval_with_no_effect_goes_through_infinity():
    nnt = ps.smd_to_nnt(fit_of("SMD", -0.05, vi=0.04))
    assert nnt.ci[0] > 0 > nnt.ci[1]
    assert "to ∞, or to harm" in str(nnt)
    harm = ps.smd_to_nnt(fit_of("SMD", 0.5))
    assert harm.ci[0] < harm.estimate < harm.ci[1] < 0


@pytest.mark.parametrize("back", [False, True])
def test_a_ratio_is_read_on_either_scale(back):
    fit = fit_of("OR", np.log(0.5))
    given = fit.back() if back else fit
    assert ps.or_to_smd(given).estimate == pytest.approx(fit.estimate * np.sqrt(3) / np.pi)
    change = ps.risk_difference(given, control_risk=0.4)
    assert change.estimate == pytest.approx(float(ps.risk_difference(np.exp(fit.estimate), control_risk=0.4)))
    assert change.ci[0] < change.estimate < change.ci[1] < 0


def test_golden_shape_of_absolute_effects():
    """Risks per 1000 of a reference file: the BCG trials at a control risk of 20 %."""
    assert 1000 * 0.2 + float(ps.risk_difference(0.474649913523825, control_risk=0.2, per=1000)) == pytest.approx(
        106.075318225294
    )
    assert 1000 * 0.2 + float(
        ps.risk_difference(0.48942093982603, control_risk=0.2, measure="RR", per=1000)
    ) == pytest.approx(97.884187965206)


def test_responders_become_standardised_differences():
    trials = pd.DataFrame({"study": ["A", "B"], "ai": [30, 25], "n1i": [40, 50], "ci": [20, 20], "n2i": [40, 50]})
    found = ps.responders_to_smd(trials)
    log_or = ps.effects(trials, "OR")
    np.testing.assert_allclose(found["yi"], -log_or["yi"] * np.sqrt(3) / np.pi)
    np.testing.assert_allclose(found["vi"], log_or["vi"] * 3 / np.pi**2)
    plain = ps.effects(trials, "OR2DL")
    np.testing.assert_allclose(ps.responders_to_smd(trials, event="high")["yi"], plain["yi"])
    fit = ps.pool(found)
    assert fit.measure == "SMD" and fit.back().estimate == fit.estimate < 0, "more responders: less pain"


def test_reported_odds_ratios_become_standardised_differences():
    trials = pd.DataFrame({"study": ["A"], "estimate": [2.0], "ci_low": [1.0], "ci_high": [4.0]})
    found = ps.responders_to_smd(trials)
    assert found["yi"].iloc[0] == pytest.approx(-np.log(2) * np.sqrt(3) / np.pi)
    assert found["effect_from"].iloc[0] == "odds ratio of responders (reported estimate and CI)"


@pytest.mark.parametrize(
    ("call", "words"),
    [(lambda: ps.smd_to_or(0.5, event="up"), "allowed is 'low'"),
     (lambda: ps.smd_to_nnt(0.5, control_rate=30), "a share between 0 and 1"),
     (lambda: ps.smd_to_points(0.5, sd=0), "sd of 0 is not possible"),
     (lambda: ps.or_to_smd(-1.0), "must be above 0"),
     (lambda: ps.risk_difference(0.5, control_risk=0.3, measure="SMD"), "not SMD"),
     (lambda: ps.smd_to_points(fit_of("MD", -5.0), sd=20), "a fit of measure MD"),
     (lambda: ps.or_to_smd(fit_of("RR", -0.5)), "it takes OR")],
)  # fmt: skip
def test_refusals(call, words):
    with pytest.raises(EffectsError, match=words):
        call()
