"""Small-study tests for two arms: each against its published formula, written out anew."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from painsynth.errors import EffectsError
from painsynth.stats.binary_asymmetry import TESTS, small_study_test
from painsynth.stats.egger import egger
from painsynth.stats.rank_test import begg
from scipy.stats import kendalltau, nchypergeom_fisher


@pytest.fixture
def trials() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    n1, n2 = rng.integers(15, 200, 14), rng.integers(15, 200, 14)
    a, c = rng.binomial(n1, 0.3) + 1, rng.binomial(n2, 0.4) + 1
    b, d = n1 - a, n2 - c
    table = pd.DataFrame({"study": [f"T{i}" for i in range(14)], "ai": a, "n1i": n1, "ci": c, "n2i": n2})
    table["yi"], table["vi"] = np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d
    table.attrs["measure"] = "OR"
    return table


def slope(y, x, w) -> tuple[float, float]:
    fit = sm.WLS(y, sm.add_constant(np.asarray(x, float)), weights=w).fit()
    return fit.params.iloc[1] if hasattr(fit.params, "iloc") else fit.params[1], np.asarray(fit.pvalues)[1]


def expected(test: str, t: pd.DataFrame) -> tuple[float, float]:
    n, m = t["n1i"] + t["n2i"], t["ai"] + t["ci"]
    y, w = t["yi"].to_numpy(), 1 / t["vi"].to_numpy()
    if test == "Harbord":  # O - E and its hypergeometric variance, as Peto's
        variance = t["n1i"] * t["n2i"] * m * (n - m) / (n**2 * (n - 1))
        z = t["ai"] - m * t["n1i"] / n
        return slope((z / variance).to_numpy(), 1 / np.sqrt(variance), variance)
    effective = 4 * t["n1i"] * t["n2i"] / n
    x, weight = {
        "Peters": (1 / n, 1 / (1 / m + 1 / (n - m))),
        "Macaskill": (n, w),
        "Deeks": (effective**-0.5, effective),
        "Debray": (1 / m, w),
        "Pustejovsky": (np.sqrt(1 / t["n1i"] + 1 / t["n2i"]), w),
        "Egger": (np.sqrt(t["vi"]), w),
    }[test]
    return slope(y, x.to_numpy(), np.asarray(weight))


@pytest.mark.parametrize("test", ["Egger", "Harbord", "Peters", "Macaskill", "Deeks", "Debray", "Pustejovsky"])
def test_regression_tests_against_weighted_least_squares(trials, test):
    bias, p = expected(test, trials)
    found = small_study_test(trials, test)
    assert (found.bias, found.p) == pytest.approx((bias, p), rel=1e-8)
    assert (found.test, found.df, found.k) == (test, 12, 14)


def test_harbord_for_risk_ratios(trials):
    # Harbord, Harris & Sterne 2009, Stata J 9:199
    trials.attrs["measure"] = "RR"
    n, m = trials["n1i"] + trials["n2i"], trials["ai"] + trials["ci"]
    z = (trials["ai"] * n - m * trials["n1i"]) / (n - m)
    v = trials["n1i"] * trials["n2i"] * m / (n * (n - m))
    bias, p = slope((z / v).to_numpy(), 1 / np.sqrt(v), v)
    found = small_study_test(trials, "Harbord")
    assert (found.bias, found.p) == pytest.approx((bias, p), rel=1e-8)


def test_schwarzer_against_scipys_noncentral_hypergeometric(trials):
    n, m = trials["n1i"] + trials["n2i"], trials["ai"] + trials["ci"]
    b, d = trials["n1i"] - trials["ai"], trials["n2i"] - trials["ci"]
    odds = (trials["ai"] * d / n).sum() / (b * trials["ci"] / n).sum()
    law = nchypergeom_fisher(n.to_numpy(), m.to_numpy(), trials["n1i"].to_numpy(), odds)
    theirs = kendalltau((trials["ai"] - law.mean()) / np.sqrt(law.var()), 1 / law.var(), method="asymptotic")
    found = small_study_test(trials, "Schwarzer")
    assert (found.tau, found.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-8)


def test_ruecker_is_the_additive_test_on_arcsine_differences(trials):
    p1, p2 = trials["ai"] / trials["n1i"], trials["ci"] / trials["n2i"]
    arcsine = trials.assign(
        yi=np.arcsin(np.sqrt(p1)) - np.arcsin(np.sqrt(p2)), vi=0.25 / trials["n1i"] + 0.25 / trials["n2i"]
    )
    found, same = small_study_test(trials, "Ruecker"), egger(arcsine, tau2="DL", ci="t")
    assert (found.statistic, found.measure) == (pytest.approx(same.statistic, rel=1e-9), "AS")


def test_thompson_and_begg_are_the_general_tests(trials):
    assert small_study_test(trials, "Thompson").p == egger(trials, tau2="DL", ci="t").p
    assert small_study_test(trials, "Begg").p == begg(trials, exact=False).p


@pytest.mark.parametrize("test", ["Harbord", "Peters", "Debray", "Schwarzer"])
def test_studies_without_events_are_left_out_by_name(trials, test):
    plain = small_study_test(trials, test)
    silent = pd.DataFrame(
        {"study": ["Empty"], "ai": [0], "n1i": [20], "ci": [0], "n2i": [25], "yi": [0.2], "vi": [4.0]}
    )
    more = pd.concat([trials.iloc[:5], silent, trials.iloc[5:]])
    more.attrs["measure"] = "OR"
    found = small_study_test(more, test)
    assert (found.p, found.k) == (pytest.approx(plain.p, rel=1e-12), 14)
    assert any("Empty; left out" in note for note in found.notes)


def test_fourfold_tables_serve_as_well(trials):
    cells = trials.assign(bi=trials["ai"].rsub(trials["n1i"]), di=trials["ci"].rsub(trials["n2i"]))
    cells = cells.drop(columns=["n1i", "n2i"])
    assert small_study_test(cells, "Peters").p == pytest.approx(small_study_test(trials, "Peters").p)


def test_swapping_the_arms_turns_the_sign(trials):
    swapped = trials.rename(columns={"ai": "ci", "ci": "ai", "n1i": "n2i", "n2i": "n1i"}).assign(yi=-trials["yi"])
    for test in TESTS:
        one, other = small_study_test(trials, test), small_study_test(swapped, test)
        if test != "Schwarzer":  # the inverse variance of the count keeps its order
            assert other.statistic == pytest.approx(-one.statistic, rel=1e-8)
        assert other.p == pytest.approx(one.p, rel=1e-8)


@pytest.mark.parametrize(
    ("change", "test", "words"),
    [
        ({"ai": [500] + 13 * [3]}, "Peters", "'T0'.*more events"),
        ({"ai": [-1] + 13 * [3]}, "Harbord", "'T0'"),
        ({"ai": [np.nan] + 13 * [3]}, "Harbord", "'T0'"),
        ({"ai": [1.5] + 13 * [3]}, "Schwarzer", "whole numbers"),
        ({"ai": 0}, "Schwarzer", "0 or infinite"),
        ({}, "Harbort", "did you mean 'Harbord'"),
        ({"n1i": 300, "n2i": 300}, "Peters", "the same in all 14"),
    ],
)
def test_faults_are_named(trials, change, test, words):
    with pytest.raises(EffectsError, match=words):
        small_study_test(trials.assign(**change), test)


def test_counts_have_to_be_there(trials):
    with pytest.raises(EffectsError, match="ai"):
        small_study_test(trials.drop(columns=["ai"]), "Peters")
    with pytest.raises(EffectsError, match="n1i"):
        small_study_test(trials.drop(columns=["n1i"]), "Pustejovsky")
