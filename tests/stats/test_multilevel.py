"""Three-level models: against whole matrices, closed forms and invariances; what is refused."""

from __future__ import annotations

import pickle

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from dense_model import covariance, cr2, log_likelihood, nested_table
from hypothesis import given, settings
from hypothesis import strategies as st
from painsynth.errors import EffectsError, NothingToPool
from painsynth.stats.block_likelihood import BlockLikelihood
from painsynth.stats.clusters import codes_of
from painsynth.stats.dependence import sampling_of
from painsynth.stats.level_tests import level_tests
from painsynth.stats.levels import _terms
from painsynth.stats.nested_likelihood import evaluate, nested

ROUNDING = 1e-9  # another order of the same operations, through inverses
SOLVED = 1e-6  # an optimum is flat: its place is known to the square root of rounding
QUANTILE = 3.841458820694124  # chi-squared, 1 df, 95 %


def dense(table: pd.DataFrame, rho: float):
    cluster = codes_of(table, "trial", [""] * len(table))[0]
    sd = np.sqrt(table["vi"].to_numpy())
    v = np.where(cluster[:, None] == cluster, rho, 0.0) * np.outer(sd, sd)
    np.fill_diagonal(v, sd**2)
    return table["yi"].to_numpy(), np.ones((len(table), 1)), v, cluster


@pytest.mark.parametrize("rho", [0.0, 0.6])
@pytest.mark.parametrize("method", ["REML", "ML"])
def test_the_maximum_is_that_of_whole_matrices(rho, method):
    table = nested_table(3)
    y, x, v, cluster = dense(table, rho)
    fit = ps.pool_multilevel(table, "trial", V=v, tau2=method, robust=None)
    best = np.array([fit.sigma2_between, fit.sigma2_within])

    def height(pair):
        return log_likelihood(y, x, covariance(v, cluster, *pair), method == "REML")

    assert fit.converged and height(best) == pytest.approx(fit.loglik, rel=ROUNDING)
    grid = [height((b, w)) for b in np.linspace(0, 12, 25) for w in np.linspace(0, 8, 25)]
    assert max(grid) <= fit.loglik + ROUNDING
    for j in (0, 1):
        step = 1e-5 * (best + 1) * np.eye(2)[j]
        slope = (height(best + step) - height(np.maximum(best - step, 0))) / (2 * step[j])
        assert slope == pytest.approx(0, abs=1e-5) or best[j] == 0


def test_the_rotated_kernel_equals_the_block_kernel():
    table = nested_table(5)
    y, x, _, cluster = dense(table, 0)
    x = np.column_stack([x, table["months"]])
    for V in (None, 0.7):
        sampling = sampling_of(V, table["vi"].to_numpy(), cluster, [""] * len(y))
        blocks = BlockLikelihood(y, x, sampling, _terms(cluster, np.arange(len(y))), True)
        for pair in ([1.3, 0.4], [1e-3, 5.0], [2.0, 1e-4]):
            sd = np.sqrt(pair)
            height, slope = evaluate(nested(y, x, sampling, True), *np.array(pair)[:, None])
            value, gradient = blocks.value(sd)
            assert height[0] == pytest.approx(value, rel=ROUNDING)
            assert 2 * sd * slope[0] == pytest.approx(gradient, rel=ROUNDING, abs=ROUNDING)


@pytest.mark.parametrize("j", [0, 1])
def test_profile_limits_lie_where_the_profile_has_fallen_by_the_quantile(j):
    table = nested_table(11, studies=10)
    y, x, v, cluster = dense(table, 0.5)
    fit = ps.pool_multilevel(table, "trial", V=v, robust=None)
    ends = (fit.sigma2_between_ci, fit.sigma2_within_ci)[j]
    for end in ends:
        others = np.append(0, np.geomspace(1e-3, 30, 4000))
        pairs = [(end, o) if j == 0 else (o, end) for o in others]
        drop = 2 * (fit.loglik - max(log_likelihood(y, x, covariance(v, cluster, *p)) for p in pairs))
        assert drop == pytest.approx(QUANTILE, abs=1e-3) if end > 0 else drop <= QUANTILE


def test_balanced_data_give_the_analysis_of_variance():
    # four studies of three effects, vi = 1/2: MS within = s_w + 1/2, MS between = 3 s_b + MS within
    y = np.array([[1.0, 2, 6], [7, 9, 8], [3, 1, 5], [12, 10, 14]])
    table = pd.DataFrame({"study": np.repeat(list("ABCD"), 3), "yi": y.ravel(), "vi": 0.5})
    within = ((y - y.mean(1, keepdims=True)) ** 2).sum() / 8
    between = 3 * ((y.mean(1) - y.mean()) ** 2).sum() / 3
    fit = ps.pool_multilevel(table, robust=None)
    assert fit.sigma2_within == pytest.approx(within - 0.5, rel=SOLVED)
    assert fit.sigma2_between == pytest.approx((between - within) / 3, rel=SOLVED)
    assert fit.estimate == pytest.approx(y.mean(), rel=ROUNDING)
    assert fit.se == pytest.approx(np.sqrt(between / 12), rel=SOLVED)
    assert fit.df == 3 and fit.weights == pytest.approx(np.full(12, 100 / 12))
    robust = ps.pool_multilevel(table)  # equal clusters: the robust variance is that of the study means
    assert (robust.se, robust.df) == (pytest.approx(np.sqrt(between / 12), rel=SOLVED), pytest.approx(3, rel=SOLVED))


def test_one_effect_per_study_is_the_ordinary_model():
    table = nested_table(2).drop_duplicates("trial")
    ordinary = ps.pool(table, ci="Wald")
    fit = ps.pool_multilevel(table, "trial", ci="Wald", robust=None)
    assert fit.sigma2_within == 0 and any("one effect" in note for note in fit.notes)
    assert fit.sigma2_between == pytest.approx(ordinary.tau2, rel=SOLVED)
    assert (fit.estimate, *fit.ci) == pytest.approx((ordinary.estimate, *ordinary.ci), rel=SOLVED)
    assert fit.i2 == pytest.approx(ordinary.i2, rel=SOLVED)
    assert np.isnan(fit.sigma2_within_ci[0])


@settings(max_examples=15)
@given(st.integers(0, 400), st.floats(-6, 6), st.floats(-1e6, 1e6), st.sampled_from([None, 0.5]))
def test_scale_shift_and_order_change_nothing_else(seed, power, shift, rho):
    table, s = nested_table(seed, 6), 10.0**power
    first = ps.pool_multilevel(table, "trial", V=rho)
    moved = table.assign(yi=s * (table["yi"] + shift), vi=s**2 * table["vi"]).sample(frac=1, random_state=1)
    second = ps.pool_multilevel(moved, "trial", V=rho)
    near = {"rel": 1e-5, "abs": 1e-5 * s**2}
    assert second.sigma2_between == pytest.approx(s**2 * first.sigma2_between, **near)
    assert second.sigma2_within == pytest.approx(s**2 * first.sigma2_within, **near)
    assert second.se == pytest.approx(s * first.se, rel=1e-5)
    assert second.estimate / s - shift == pytest.approx(first.estimate, rel=1e-5, abs=1e-5 + 1e-9 * abs(shift))
    assert second.df == pytest.approx(first.df, rel=1e-4)


def test_weights_sum_to_100_and_make_the_estimate():
    table = nested_table(8)
    fit = ps.pool_multilevel(table, "trial", V=0.5)
    assert fit.weights.sum() == pytest.approx(100)
    assert fit.weights @ table["yi"] / 100 == pytest.approx(fit.estimate, rel=ROUNDING)


def test_robust_interval_is_that_of_whole_matrices():
    table = nested_table(4)
    y, x, v, cluster = dense(table, 0.6)
    fit = ps.pool_multilevel(table, "trial", V=0.6)
    vcov, df = cr2(y, x, covariance(v, cluster, fit.sigma2_between, fit.sigma2_within), cluster)
    assert (fit.se, fit.df) == pytest.approx((np.sqrt(vcov[0, 0]), df[0]), rel=1e-7)
    assert fit.method_ci == "CR2" and fit.se_model != fit.se


def test_shared_effects_and_a_covariance_across_studies_take_the_general_kernel():
    table = nested_table(9).assign(dose=lambda t: np.arange(len(t)) // 2)
    y, x, v, cluster = dense(table, 0.3)
    across = np.flatnonzero(cluster != cluster[0])[0]
    v[0, across] = v[across, 0] = 0.1
    for how in ({"effect": "dose"}, {"V": v}):
        fit = ps.pool_multilevel(table, "trial", robust=None, **how)
        v_used = v if "V" in how else np.diag(table["vi"])
        same = (cluster[:, None] == cluster) & (
            (table["dose"].to_numpy()[:, None] == table["dose"].to_numpy())
            if "effect" in how
            else np.eye(len(y), dtype=bool)
        )

        def height(b, w, v_used=v_used, same=same):
            return log_likelihood(y, x, v_used + b * (cluster[:, None] == cluster) + w * same)

        assert height(fit.sigma2_between, fit.sigma2_within) == pytest.approx(fit.loglik, rel=ROUNDING)
        grid = [height(b, w) for b in np.linspace(0, 10, 20) for w in np.linspace(0, 6, 20)]
        assert max(grid) <= fit.loglik + ROUNDING and fit.converged
        assert fit.sigma2_between_ci[0] <= fit.sigma2_between <= fit.sigma2_between_ci[1]


def test_likelihood_ratio_tests_drop_one_level_each():
    table = nested_table(6)
    y, x, v, cluster = dense(table, 0.0)
    fit = ps.pool_multilevel(table, "trial", robust=None)
    tests = level_tests(fit).set_index("dropped")
    flat = ps.pool_multilevel(table, "trial", False, robust=None)
    assert tests.loc["within", "loglik"] == pytest.approx(flat.loglik, rel=ROUNDING)
    single = ps.pool(table, ci="Wald")  # no level of studies: the ordinary model over all effects
    assert tests.loc["between", "loglik"] == pytest.approx(
        log_likelihood(y, x, covariance(v, cluster, 0.0, single.tau2)), rel=ROUNDING
    )
    assert (tests["statistic"] >= 0).all()
    with pytest.raises(EffectsError, match="both levels"):
        level_tests(flat)


def test_moderators_by_formula_and_by_array_agree_with_whole_matrices():
    table = nested_table(12, 9)
    fit = ps.regress_multilevel(table, "~ months", study="trial", V=0.4)
    x = np.column_stack([np.ones(len(table)), table["months"]])
    again = ps.regress_multilevel(table, X=x, study="trial", V=0.4, robust=None)
    assert fit.beta == pytest.approx(again.beta, rel=1e-10)
    y, _, v, cluster = dense(table, 0.4)
    m = covariance(v, cluster, *fit.components.values())
    assert log_likelihood(y, x, m) == pytest.approx(fit.loglik, rel=ROUNDING)
    vcov, df = cr2(y, x, m, cluster)
    assert fit.vcov == pytest.approx(vcov, rel=1e-6)
    assert fit.coef["df"].to_numpy() == pytest.approx(df, rel=1e-6)
    assert fit.qm == pytest.approx(fit.coef["statistic"][1] ** 2, rel=1e-8)  # one term: HTZ is Satterthwaite's t
    assert fit.df == pytest.approx(df[1], rel=1e-8)
    limits = ps.profile_intervals(again)
    assert (limits["ci_low"] <= limits["estimate"]).all() and (limits["estimate"] <= limits["ci_high"]).all()


# ---- edges


def test_one_effect_one_study_and_identical_effects():
    one = ps.pool_multilevel(pd.DataFrame({"study": ["A"], "yi": [-3.0], "vi": [4.0]}))
    assert (one.estimate, one.se, one.tau2) == (-3.0, 2.0, 0.0) and np.isnan(one.pi[0])
    same = pd.DataFrame({"study": ["A"] * 3, "yi": [1.0, 2.0, 6.0], "vi": 1.0})
    alone = ps.pool_multilevel(same)
    assert alone.sigma2_between == 0 and alone.method_ci == "t(studies)" and "no robust interval" in alone.notes[0]
    flat = pd.DataFrame({"study": list("AABB"), "yi": -2.0, "vi": [1.0, 2.0, 3.0, 4.0]})
    fit = ps.pool_multilevel(flat)
    assert fit.tau2 == 0 and fit.se == pytest.approx(0, abs=1e-12) and any("agree exactly" in n for n in fit.notes)


@pytest.mark.parametrize("rho", [None, 0.5])
def test_variances_over_twelve_orders_of_magnitude(rho):
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"study": np.repeat(list("ABCDEF"), 2), "vi": 10.0 ** np.linspace(-8, 4, 12)})
    table["yi"] = rng.normal(size=12)
    fit = ps.pool_multilevel(table, V=rho)
    assert fit.converged and np.isfinite([fit.estimate, fit.se, *fit.ci, fit.loglik]).all()


def test_what_cannot_be_is_refused_by_name():
    table = pd.DataFrame({"study": ["Lee", "Lee", "Kim"], "yi": [1.0, 2.0, 3.0], "vi": [1.0, 1.0, 1.0]})
    v = np.eye(3)
    cases = [
        ({"study": "trial"}, "no column 'trial'"),
        ({"V": np.eye(2)}, r"shape \(2, 2\)"),
        ({"V": v + np.array([[0, 0.5, 0], [0, 0, 0], [0, 0, 0]])}, "not symmetric"),
        ({"V": 2 * v}, "Lee.*diagonal"),
        ({"V": v + np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])}, "not positive definite for Lee"),
        ({"V": np.where(v, v, np.nan)}, "not a number"),
        ({"V": 1.0}, "between -1 and 1"),
        ({"robust": "CR9"}, "CR9"),
        ({"tau2": "DL"}, "REML, ML"),
        ({"level": 95}, "not a percentage"),
    ]
    for how, words in cases:
        with pytest.raises(EffectsError, match=words):
            ps.pool_multilevel(table, **how)
    with pytest.raises(EffectsError, match="no value in column 'study' for row 2"):
        ps.pool_multilevel(table.assign(study=["Lee", None, "Kim"]))
    with pytest.raises(EffectsError, match=r"Kim.*vi: -1"):
        ps.pool_multilevel(table.assign(vi=[1.0, 1.0, -1.0]))
    with pytest.raises(EffectsError, match="3 effects and 3 coefficients"):
        ps.regress_multilevel(table, X=np.eye(3))
    with pytest.raises(EffectsError, match="'tau' is not known"):
        ps.regress_multilevel(table, X=np.ones((3, 1)), tau="ML")
    with pytest.raises(NothingToPool):
        ps.pool_multilevel(table.iloc[:0])


def test_covariance_from_times_and_instruments():
    table = pd.DataFrame({
        "study": ["A"] * 3 + ["B"], "months": [3, 6, 6, 3], "instrument": ["VAS", "VAS", "WOMAC", "VAS"], "yi": 0.0,
        "vi": [1.0, 1.0, 4.0, 9.0],
    })  # fmt: skip
    v = ps.effect_covariance(table, rho=0.5, instrument="instrument", time="months", phi=0.9)
    near = 0.9**3
    assert v[0, 1] == pytest.approx(near) and v[1, 2] == pytest.approx(0.5 * 2) and v[0, 2] == pytest.approx(near)
    assert (v[3, :3] == 0).all() and (np.diag(v) == table["vi"]).all()
    with pytest.raises(EffectsError, match="must hold numbers"):
        ps.effect_covariance(table.assign(months=["a", "b", "c", "d"]), rho=0.5, time="months")
    with pytest.raises(EffectsError, match="positive definite for A"):
        ps.effect_covariance(table.assign(study="A").iloc[:3], rho=-0.9)


def test_records_can_be_sent_to_another_process():
    table = nested_table(1)
    for fit in (ps.pool_multilevel(table, "trial"), ps.regress_multilevel(table, "~ months", study="trial")):
        again = pickle.loads(pickle.dumps(fit))
        assert str(again) == str(fit)
    assert ps.profile_intervals(again)["ci_low"].tolist() == ps.profile_intervals(fit)["ci_low"].tolist()


def test_records_print_in_one_line_and_carry_the_rows_glossary():
    fit = ps.pool_multilevel(nested_table(1), "trial", V=0.5)
    assert "\n" not in str(fit) and "between" in str(fit) and fit._repr_html_().startswith("<table>")
    rows = fit.rows()
    assert list(rows.columns[:4]) == ["label", "kind", "k", "estimate"] and rows["kind"].iloc[-1] == "pooled"
    assert rows.attrs["measure"] == "MD" and ps.forest(fit) is not None
