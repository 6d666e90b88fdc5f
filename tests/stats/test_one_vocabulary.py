"""Every pooled result speaks the same words, whichever method made it, and cannot be changed by accident."""

import dataclasses
import pickle

import numpy as np
import painsynth as ps
import pandas as pd
import pytest

GLOSSARY = ["label", "kind", "k", "estimate", "ci_low", "ci_high", "pi_low", "pi_high", "weight", "source"]


def _effects() -> pd.DataFrame:
    table = pd.DataFrame({"study": list("AABBCDE"), "yi": [0.1, 0.3, -0.6, 0.2, -0.9, 0.4, -1.1]})
    table["vi"] = [0.04, 0.06, 0.05, 0.09, 0.03, 0.11, 0.08]
    table.attrs["measure"] = "OR"
    return table


def _counts() -> pd.DataFrame:
    return pd.DataFrame({"study": list("ABCDE"), "ai": [4, 1, 6, 0, 9], "n1i": [40, 35, 60, 30, 52],
                         "ci": [9, 3, 5, 0, 14], "n2i": [38, 36, 58, 31, 49]})  # fmt: skip


EFFECTS = {
    "pool": ps.pool, "common": lambda t: ps.pool(t, model="common"), "ivhet": ps.pool_ivhet,
    "henmi_copas": ps.pool_henmi_copas, "multilevel": ps.pool_multilevel, "rve": ps.pool_rve,
    "rve_hier": lambda t: ps.pool_rve(t, weights="HIER"), "limit": ps.limit_meta,
    "robust": lambda t: ps.robust(ps.pool(t), "study"), "pet": lambda t: ps.pet_peese(t).pet,
    "filled": lambda t: ps.trim_and_fill(t).fit,
}  # fmt: skip
COUNTS = {
    "mh": ps.pool_mh, "mh_random": ps.pool_mh_random, "peto": ps.pool_peto, "beta_binomial": ps.pool_beta_binomial,
    "penalised": ps.pool_penalised, "ssw": ps.pool_ssw,
} | {
    f"glmm {model} {method}": lambda t, m=model, how=method: ps.pool_glmm(t, model=m, method=how)
    for model in ("UM.FS", "CM.EL", "CM.AL") for method in ("ML", "EE")
}  # fmt: skip
SIBLINGS = [*EFFECTS, *COUNTS]
HETEROGENEITY_OF_ITS_OWN = ("limit", "pet")  # adjusted effects show that of the unadjusted fit


def _fit(name: str):
    return EFFECTS[name](_effects()) if name in EFFECTS else COUNTS[name](_counts())


@pytest.fixture(scope="module", params=SIBLINGS)
def fit(request):
    found = _fit(request.param)
    found.__dict__["name_of_test"] = request.param
    return found


def _numbers(pair) -> bool:
    return isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(x, float) for x in pair)


def test_the_words_and_their_types(fit):
    assert isinstance(fit.k, int) and fit.k > 0
    for name in ("estimate", "se", "p", "statistic", "level"):
        assert isinstance(getattr(fit, name), float), name
    assert fit.df is None or isinstance(fit.df, (int, float)), "None is said of df alone: the normal distribution"
    assert _numbers(fit.ci) and _numbers(fit.pi)
    assert fit.ci[0] < fit.estimate < fit.ci[1]
    assert isinstance(fit.measure, str) and isinstance(fit.notes, tuple) and all(map(str, fit.notes))
    assert fit.weights.ndim == 1


def test_heterogeneity_is_a_number_or_nan_never_none(fit):
    shown = fit.fit if fit.__dict__["name_of_test"] in HETEROGENEITY_OF_ITS_OWN else fit
    for name in ("tau2", "i2", "h2", "q", "q_p"):
        assert isinstance(getattr(shown, name), float), name
    assert isinstance(shown.q_df, int)
    for name in ("tau2_ci", "i2_ci", "h2_ci"):
        assert _numbers(getattr(shown, name)), name
        value, (low, high) = getattr(shown, name[:-3]), getattr(shown, name)
        assert np.isnan(low) or low <= max(value, low) <= high or value < 1


def test_rows_row_and_back_agree(fit):
    rows, row, back = fit.rows(), fit.row(), fit.back()
    assert list(rows.columns[:10]) == list(row)[:10] == GLOSSARY
    last = rows.iloc[-1]
    assert last["kind"] == row["kind"] == "pooled" and last["label"] == row["label"] == fit.title
    assert (last["k"], last["estimate"], last["ci_low"]) == (fit.k, fit.estimate, fit.ci[0])
    assert {"se", "statistic", "df", "p", "measure"} <= set(row)
    assert rows.attrs["measure"] == fit.measure and rows.attrs["level"] == fit.level
    assert back.scale == "natural" and back.estimate == pytest.approx(np.exp(fit.estimate))
    assert back.ci == pytest.approx(tuple(np.exp(fit.ci))) and back.se == fit.se
    assert type(back) is type(fit) and back.back() is back


def test_texts(fit):
    text, page = str(fit), fit._repr_html_()
    assert fit.measure in text and f"k = {fit.k}" in text and "nan" not in text
    assert page.startswith("<") and "nan" not in page


def test_nothing_changes_by_accident(fit):
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit.estimate = 0.0
    with pytest.raises(ValueError, match="read-only"):
        fit.weights[0] = 0.0
    holder = fit.fit if hasattr(fit, "fit") else fit
    table = holder.table
    table["yi"] = 99.0
    assert not (holder.table["yi"] == 99.0).any()


def test_tables_of_coefficients_and_groups_are_kept_too():
    effects = _effects().assign(dose=[1.0, 2, 3, 4, 5, 6, 7], group=list("xxyyxyx"))
    fit, groups = ps.regress(effects, "~ dose"), ps.pool_by(effects, "group")
    coef = fit.coef
    coef["estimate"] = 0.0
    assert fit.coef["estimate"].abs().min() > 0
    for array in (fit.vcov, fit.weights, fit.hat, ps.batch_pool([1.0, 2.0], [1.0, 1.0]).estimate):
        assert not array.flags.writeable
    with pytest.raises(TypeError, match="read-only"):
        groups.fits["x"] = None
    assert dict(pickle.loads(pickle.dumps(groups.members))).keys() == {"x", "y"}


def test_a_ratio_beyond_all_numbers_is_infinite_without_a_warning():
    wild = pd.DataFrame({"yi": [1.0, -1.0], "vi": [1e6, 1e6]})
    wild.attrs["measure"] = "OR"
    assert ps.pool(wild, ci="Wald").back().ci[1] == np.inf


def test_glmm_interval_of_tau2_ends_where_the_likelihood_has_fallen_enough():
    rng = np.random.default_rng(4)
    table = pd.DataFrame({"n1i": np.full(12, 60), "n2i": np.full(12, 60)})
    table["ai"], table["ci"] = rng.binomial(60, rng.uniform(0.05, 0.6, 12)), rng.binomial(60, 0.3, 12)
    fit = ps.pool_glmm(table, model="CM.AL")
    from painsynth.stats.climb import climb
    from painsynth.stats.counts import counts_of
    from painsynth.stats.glmm_models import build

    form = build(counts_of(table), "CM.AL", fit.nodes)
    for end in fit.tau2_ci:
        top = climb(lambda p, t=end: form.trials(np.hstack([p, np.full((len(p), 1), t**0.5)])).sum(-1),
                    np.array([[fit.estimate]]))  # fmt: skip
        assert 2 * (fit.log_likelihood - form.constant - top.value) == pytest.approx(3.8415, abs=2e-3)
    assert fit.tau2_ci[0] < fit.tau2 < fit.tau2_ci[1]
    assert fit.i2_ci[0] < fit.i2 < fit.i2_ci[1] and fit.h2_ci[0] < fit.h2 < fit.h2_ci[1]
    nothing = ps.pool_glmm(_counts(), model="CM.AL", method="EE")
    assert np.isnan(nothing.tau2_ci).all() and nothing.tau2 == 0
