"""Many regressions at once, and permutation tests: equal to loops, exact on tiny sets, reproducible by seed."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from painsynth.errors import EffectsError
from painsynth.stats.arrangements import all_orders, count_orders, drawn_orders
from painsynth.stats.batch_regress import METHODS

SAME = 1e-9  # two ways of solving the same equations
RNG = np.random.default_rng(5)


def trials(seed: int, k: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    v = 10.0 ** rng.uniform(-1.5, 0, k)
    return pd.DataFrame({"yi": rng.normal(size=k) * np.sqrt(v + 0.2) + 0.4, "vi": v, "dose": rng.integers(1, 6, k),
                         "age": rng.normal(50, 9, k)})  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("spread", [1.5, 6.0])
def test_batch_equals_loop(method, spread):
    b, k = 6, 11
    v = 10.0 ** RNG.uniform(-spread, 0, (b, k))
    y = RNG.normal(size=(b, k)) * np.sqrt(v + 0.2) + 5
    x = RNG.normal(size=(b, k, 3))
    x[:, :, 1] = 1.0
    for effects, variances, matrix, ci in ((y, v, x, "HKSJ"), (y, v[0], x[0], "Wald"), (y[0], v[0], x, "HKSJ-guarded"),
                                           (y, v, x + 2, "t")):  # fmt: skip
        fits = ps.batch_regress(effects, variances, matrix, tau2=method, ci=ci)
        for i in range(0, b, 2):
            one = ps.regress(
                pd.DataFrame({"yi": effects[i] if effects.ndim > 1 else effects,
                              "vi": variances[i] if variances.ndim > 1 else variances}),
                X=matrix[i] if matrix.ndim > 2 else matrix, tau2=method, ci=ci,
            )  # fmt: skip
            assert fits.estimate[i] == pytest.approx(one.beta, rel=SAME, abs=SAME)
            assert fits.se[i] == pytest.approx(one.coef["se"].to_numpy(), rel=SAME)
            assert (fits.tau2[i], fits.qm[i]) == pytest.approx((one.tau2, one.qm), rel=SAME, abs=SAME)
            assert fits.p[i] == pytest.approx(one.coef["p"].to_numpy(), rel=1e-6)
            assert fits.ci[0][i] == pytest.approx(one.coef["ci_low"].to_numpy(), rel=SAME, abs=SAME)


@pytest.mark.parametrize(
    ("y", "v", "x", "words"),
    [
        (np.ones(4), np.ones(4), np.ones((3, 1)), "shapes do not fit"),
        (np.ones((2, 4)), np.ones((3, 4)), np.ones((4, 1)), "shapes do not fit"),
        (np.ones(4), np.array([1, 1, 0, 1.0]), np.ones((4, 1)), r"vi at \(3,\)"),
        (np.ones(2), np.ones(2), np.ones((2, 2)), "more than 2 studies"),
        (np.ones(4), np.ones(4), np.ones((2, 4, 2)), "depend on each other"),
    ],
)
def test_bad_batches_are_refused(y, v, x, words):
    with pytest.raises(EffectsError, match=words):
        ps.batch_regress(y, v, x)


def test_genq_is_refused_for_batches():
    with pytest.raises(EffectsError, match="tau2"):
        ps.batch_regress(np.ones(4), np.ones(4), np.ones((4, 1)), tau2="GENQ")


def test_orders_are_all_and_each_once():
    labels = np.array([2, 0, 0, 1, 2, 2])
    found = np.concatenate(list(all_orders(labels)))
    assert len(found) == count_orders(labels) == 60
    assert {tuple(row) for row in found.tolist()} == set(permutations(labels.tolist()))


def test_exact_test_of_moderators_is_the_share_over_all_permutations():
    """Compared with a loop over all 5! orders, each a regression of its own."""
    table = trials(1, 5).assign(dose=[1, 2, 2, 4, 7])
    fit = ps.regress(table, "~ dose", ci="Wald")
    test = ps.permutation_test(fit)
    z = [
        ps.regress(table.assign(dose=list(order)), "~ dose", ci="Wald").coef["statistic"]
        for order in permutations(table["dose"])
    ]
    share = np.mean(np.abs(z) >= np.abs(fit.coef["statistic"].to_numpy()) - 1e-8, axis=0)
    assert (test.n, test.exact, test.seed) == (60, True, None)
    assert test.table["p"].tolist() == pytest.approx(share.tolist())
    assert test.qm_p == pytest.approx(share[1])


@pytest.mark.parametrize("ci", ["Wald", "HKSJ"])
@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
def test_exact_test_of_a_pooled_effect_is_the_share_over_all_signs(ci, alternative):
    table = trials(2, 5)
    fit = ps.pool(table, ci=ci)
    z = np.array([ps.pool(table.assign(yi=table["yi"] * np.array(s)), ci=ci).statistic
                  for s in product([1, -1], repeat=5)])  # fmt: skip
    turn = {"two-sided": np.abs, "less": np.negative, "greater": np.positive}[alternative]
    share = np.mean(turn(z) >= turn(fit.statistic) - 1e-8)
    test = ps.permutation_test(fit, alternative=alternative)
    assert test.table["p"][0] == pytest.approx(share)
    assert (test.n, test.exact, test.kind) == (32, True, "signs")


def test_random_tests_are_reproducible_and_near_the_exact_one():
    fit = ps.regress(trials(3, 8), "~ dose + age")
    exact = ps.permutation_test(fit)
    one, two, other = (ps.permutation_test(fit, 5000, seed) for seed in (1, 1, 2))
    assert exact.exact and not one.exact
    assert one.table["p"].tolist() == two.table["p"].tolist() != other.table["p"].tolist()
    assert one.table["p"].to_numpy() == pytest.approx(exact.table["p"].to_numpy(), abs=0.04)  # 5 standard errors
    assert one.lost == 0
    assert one.table["p"].min() >= 1 / 5001


def test_a_seed_does_not_depend_on_how_many_are_drawn():
    few = np.concatenate(list(drawn_orders(np.arange(6), 100, 4)))
    many = np.concatenate(list(drawn_orders(np.arange(6), 3000, 4)))
    assert (many[:100] == few).all()


def test_beyond_the_limit_random_arrangements_are_drawn_and_said():
    fit = ps.regress(trials(4, 25).assign(dose=np.arange(25)), "~ dose", tau2="DL")
    test = ps.permutation_test(fit)
    assert (test.n, test.exact) == (100_000, False)
    assert "100,000 random" in str(test)


def test_coefficient_as_statistic_and_text():
    test = ps.permutation_test(ps.regress(trials(5, 6), "~ dose"), statistic="coefficient")
    assert 0 < test.table["p"][1] <= 1
    assert "rearrangements of moderators" in str(test) and "dose" in test._repr_html_()


def test_what_cannot_be_permuted_is_refused():
    fit = ps.regress(trials(6, 6), "~ dose")
    for wrong in (0, -1, 2.5, True):
        with pytest.raises(EffectsError, match="number of random arrangements"):
            ps.permutation_test(fit, wrong)
    with pytest.raises(EffectsError, match="options already"):
        ps.permutation_test(fit, ci="Wald")
    with pytest.raises(EffectsError, match="GENQ"):
        ps.permutation_test(ps.regress(trials(6, 6), "~ dose", tau2="GENQ"))
