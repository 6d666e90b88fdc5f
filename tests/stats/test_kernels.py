"""Properties of the batched kernels: every estimator, any scale, any mask, against slow and independent arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painsynth.errors import EffectsError, NothingToPool
from painsynth.stats.batch import batch_pool
from painsynth.stats.generalised_q import upper_tail
from painsynth.stats.heterogeneity import ESTIMATORS, common_tau2, heterogeneity
from painsynth.stats.intervals import tau2_interval
from painsynth.stats.words import COMMON, TAU2
from scipy.special import chdtrc

SAME = 1e-12  # batch and loop differ by the order of summation only
SCALED = 1e-10  # scaling by a number that is no power of two rounds every input
SOLVED = 1e-9  # two solvers, each within its own relative step
INVERTED = 1e-7  # a root of Q or of a tail put back into it: error of the root times the slope
QUICK = settings(max_examples=40, deadline=None)
LIKELIHOOD_GAP = 1e-9  # of the log-likelihood: rounding of its sums


def sets(low: int = 2, high: int = 12, spread: float = 2.0):
    """Strategy: (yi, vi) drawn from a random-effects model with variances over `spread` orders of magnitude."""

    def draw(seed_k):
        seed, k, tau = seed_k
        rng = np.random.default_rng(seed)
        v = 10.0 ** rng.uniform(-spread, 0, k)
        return rng.normal(size=k) * np.sqrt(v + tau * tau), v

    return st.tuples(st.integers(0, 2**32 - 1), st.integers(low, high), st.sampled_from([0.0, 0.1, 0.5, 2.0])).map(draw)


def simulated(seed: int, shape: tuple[int, int], spread: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    v = 10.0 ** rng.uniform(-spread, 0, shape)
    return rng.normal(size=shape) * np.sqrt(v + 0.1), v


def log_likelihood(y, v, t, restricted):
    """Row-wise, for a grid t: (n, 1, g)."""
    total = v[:, :, None] + t
    w = 1 / total
    s0 = w.sum(1)
    mean = (w * y[:, :, None]).sum(1) / s0
    q = (w * (y[:, :, None] - mean[:, None]) ** 2).sum(1)
    return -0.5 * (np.log(total).sum(1) + q + (np.log(s0) if restricted else 0))


@pytest.mark.parametrize("method", ESTIMATORS)
def test_batch_equals_loop(method):
    y, v = simulated(1, (40, 9))
    together = heterogeneity(y, v, method=method)
    alone = [heterogeneity(a, b, method=method).tau2 for a, b in zip(y, v, strict=True)]
    assert np.allclose(together.tau2, alone, rtol=SAME, atol=SAME)
    assert together.converged.all()


@pytest.mark.parametrize("method", ESTIMATORS)
def test_masked_equals_subset_in_both_layouts(method):
    y, v = simulated(2, (30, 8))
    mask = np.random.default_rng(3).random((30, 8)) < 0.6
    hidden = np.where(mask, y, np.nan)
    one_for_all = batch_pool(y[0], v[0], mask, tau2=method)
    each = batch_pool(hidden, np.where(mask, v, -1.0), mask, tau2=method)
    for b, use in enumerate(mask):
        if not use.any():
            continue
        for fit, row in ((one_for_all, 0), (each, b)):
            alone = batch_pool(y[row][use], v[row][use], tau2=method)
            for name in ("estimate", "se", "tau2", "q", "i2", "ci_low", "ci_high"):
                got, want = getattr(fit, name)[b], getattr(alone, name)[0]
                assert got == pytest.approx(want, rel=SAME * 10, abs=SAME, nan_ok=True), (name, b)


@pytest.mark.parametrize("method", ESTIMATORS)
@pytest.mark.parametrize("scale", [1e-9, 1e-4, 1e5, 1e9])
def test_scale_does_not_matter(method, scale):
    y, v = simulated(4, (20, 10))
    plain, scaled = batch_pool(y, v, tau2=method), batch_pool(y * scale, v * scale * scale, tau2=method)
    assert np.allclose(scaled.tau2 / scale**2, plain.tau2, rtol=SCALED, atol=SCALED)
    assert np.allclose(scaled.estimate / scale, plain.estimate, rtol=SCALED, atol=SCALED)
    assert np.allclose(scaled.se / scale, plain.se, rtol=SCALED)
    assert np.allclose(scaled.i2, plain.i2, rtol=SCALED, atol=1e-8)


@pytest.mark.parametrize("method", ESTIMATORS)
def test_a_large_offset_does_not_matter(method):
    y, v = simulated(5, (20, 10))
    y = np.round(y * 2**20) / 2**20  # so that y + 1e8 is exact
    plain, moved = batch_pool(y, v, tau2=method), batch_pool(y + 1e8, v, tau2=method)
    assert np.allclose(moved.tau2, plain.tau2, rtol=SAME, atol=SAME)
    assert np.allclose(moved.q, plain.q, rtol=SAME)
    assert np.allclose(moved.estimate - 1e8, plain.estimate, atol=1e-7)  # 1e8 has a spacing of 1.5e-8


@QUICK
@given(sets(), st.sampled_from(ESTIMATORS), st.randoms())
def test_order_and_sign_do_not_matter(data, method, random):
    y, v = data
    order = list(range(len(y)))
    random.shuffle(order)
    plain, other = batch_pool(y, v, tau2=method), batch_pool(-y[order], v[order], tau2=method)
    assert other.tau2 == pytest.approx(plain.tau2, rel=SOLVED, abs=SOLVED)
    assert -other.estimate == pytest.approx(plain.estimate, rel=SOLVED, abs=SOLVED)


@QUICK
@given(sets(2, 6))
def test_duplicating_every_study_halves_the_common_effect_variance(data):
    y, v = data
    once, twice = batch_pool(y, v, tau2="EE", ci="Wald"), batch_pool(np.tile(y, 2), np.tile(v, 2), tau2="EE", ci="Wald")
    assert twice.estimate == pytest.approx(once.estimate, rel=SOLVED, abs=SOLVED)
    assert twice.se**2 == pytest.approx(once.se**2 / 2, rel=SOLVED)
    assert twice.q == pytest.approx(2 * once.q, rel=SOLVED, abs=SOLVED)


@pytest.mark.parametrize("method", TAU2)
def test_identical_effects_and_single_studies_give_zero(method):
    assert heterogeneity([3.0] * 5, [0.1, 0.2, 0.3, 0.4, 0.5], method=method).tau2 == 0
    assert heterogeneity([3.0], [0.1], method=method).tau2 == 0


@pytest.mark.parametrize("method", TAU2)
def test_never_negative_never_nan(method):
    y, v = simulated(6, (200, 4), spread=12)
    fit = heterogeneity(y, v, method=method)
    assert (fit.tau2 >= 0).all()
    assert fit.converged.all()


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("spread", [0.7, 1.5, 3.0, 6.0])
def test_likelihood_maximum_is_global(method, spread):
    y, v = simulated(7, (600, 4), spread)
    y = y - y[np.arange(600), v.argmin(1)][:, None]
    fit = heterogeneity(y, v, method=method)
    grid = np.append(0, 10.0 ** np.linspace(-spread - 1, 2, 400))
    best = log_likelihood(y, v, grid, method == "REML").max(1)
    got = log_likelihood(y, v, fit.tau2[:, None, None], method == "REML")[:, 0]
    assert (got >= best - LIKELIHOOD_GAP * np.abs(best) - LIKELIHOOD_GAP).all()


def test_a_bimodal_likelihood_is_flagged_and_its_higher_mode_taken():
    y, v = np.array([0.0, 0.1, 3.0]), np.array([1e-4, 0.01, 1.0])
    flagged = [heterogeneity(y * s, v, method="ML") for s in np.linspace(0.5, 2, 60)]
    assert any(f.multimodal for f in flagged)


def test_dl_over_twelve_orders_of_magnitude_against_exact_fractions():
    rng = np.random.default_rng(8)
    v = 10.0 ** rng.uniform(-12, 0, (20, 6))
    y = rng.normal(size=v.shape) * np.sqrt(v + 10.0 ** rng.uniform(-12, 0, (20, 1)))
    got = batch_pool(y, v, tau2="DL")
    for b in range(20):
        w, x = [1 / Fraction(a) for a in v[b]], [Fraction(a) for a in y[b]]
        s0 = sum(w)
        mean = sum(i * j for i, j in zip(w, x, strict=True)) / s0
        q = sum(i * (j - mean) ** 2 for i, j in zip(w, x, strict=True))
        tau2 = max(Fraction(0), (q - 5) / (s0 - sum(i * i for i in w) / s0))
        assert got.q[b] == pytest.approx(float(q), rel=SAME)
        assert got.tau2[b] == pytest.approx(float(tau2), rel=1e-9, abs=1e-30)  # Q - df cancels up to three digits


def test_paule_mandel_and_its_median_form_solve_their_equation():
    y, v = simulated(9, (300, 6), spread=4)
    for method, target in (("PM", 5.0), ("PMM", 4.351460191095526)):  # k - 1, and the median of chi-squared with 5 df
        t = heterogeneity(y, v, method=method).tau2
        w = 1 / (v + t[:, None])
        mean = (w * y).sum(1) / w.sum(1)
        q = (w * (y - mean[:, None]) ** 2).sum(1)
        assert np.allclose(q[t > 0], target, rtol=INVERTED)
        assert (q[t == 0] <= target).all()


def test_weighted_chi_squared_tail():
    for k in (2, 5, 40, 300):
        q = (k - 1) * np.array([0.05, 0.5, 1.0, 1.5, 3.0])
        a = np.ones((k, 5))
        assert np.allclose(upper_tail(q, a, a), chdtrc(k - 1, q), atol=SAME)
    # two studies: one weighted chi-squared variable with a closed form
    a, d, q = np.array([[3.0], [0.2]]), np.array([[0.5], [4.0]]), np.array([1.7])
    weight = 3.0 * 0.2 / 3.2 * 4.5
    assert upper_tail(q, a, d) == pytest.approx(chdtrc(1, q / weight), abs=SAME)


@pytest.mark.parametrize("kind", ["QP", "PL", "J", "BJ"])
def test_tau2_intervals_contain_the_estimate_and_shrink_with_the_level(kind):
    y, v = simulated(10, (20, 12))
    t = heterogeneity(y, v).tau2
    low95, high95 = tau2_interval(y, v, kind=kind, tau2=t)
    low50, high50 = tau2_interval(y, v, kind=kind, tau2=t, level=0.5)
    assert (low95 <= low50).all() and (high50 <= high95).all()
    assert (low95 <= t + SOLVED).all() and (t <= high95 + SOLVED).all()


def test_q_profile_limits_put_back_give_the_quantiles():
    y, v = simulated(11, (50, 7))
    low, high = tau2_interval(y, v)
    for t, tail in ((low, 0.025), (high, 0.975)):
        w = 1 / (v + t[:, None])
        mean = (w * y).sum(1) / w.sum(1)
        q = (w * (y - mean[:, None]) ** 2).sum(1)
        assert np.allclose(chdtrc(6, q)[t > 0], tail, rtol=INVERTED)


def test_common_tau2_of_one_group_is_the_ordinary_one():
    y, v = simulated(12, (1, 9))
    for method in TAU2:
        if method != "GENQM":
            assert common_tau2([(y[0], v[0])], method).tau2[0] == pytest.approx(
                float(heterogeneity(y[0], v[0], method=method).tau2), rel=SOLVED, abs=SOLVED
            )


def test_inputs_are_not_changed_and_no_warning_escapes(recwarn):
    y, v = simulated(13, (5, 6))
    mask = np.ones((5, 6), bool)
    mask[0], mask[1, 1:] = False, False
    before = y.copy(), v.copy(), mask.copy()
    for method in ESTIMATORS:
        fit = batch_pool(y, v, mask, tau2=method)
        assert np.isnan(fit.estimate[0]) and fit.k[0] == 0
        assert fit.estimate[1] == y[1, 0] and fit.k[1] == 1
    for now, then in zip((y, v, mask), before, strict=True):
        assert (now == then).all()
    assert not recwarn.list


def test_all_subsets_agree_with_a_loop():
    y, v = (x[0] for x in simulated(14, (1, 6)))
    mask = ((np.arange(1, 64)[:, None] >> np.arange(6)) & 1).astype(bool)
    fit = batch_pool(y, v, mask)
    alone = [batch_pool(y[use], v[use]).estimate[0] for use in mask]
    assert np.allclose(fit.estimate, alone, rtol=SAME, atol=SAME)


@pytest.mark.parametrize(
    ("yi", "vi", "mask", "words"),
    [
        ([1.0, np.nan], [1.0, 1.0], None, "yi of study 2"),
        ([1.0, 2.0], [1.0, -1.0], None, "vi of study 2"),
        ([[1.0, 2.0], [1.0, np.inf]], [1.0, 1.0], None, "analysis 2, study 2"),
        ([1.0, 2.0], [1.0, 0.0], [[True, True]], "vi of study 2"),
        ([1.0, 2.0], [1.0, 1.0, 1.0], None, "shapes do not fit"),
        ([1.0, 2.0], [1.0, 1.0], [[1, 0]], "True and False"),
        (["a", "b"], [1.0, 1.0], None, "arrays of numbers"),
    ],
)
def test_bad_arrays_are_refused_by_place(yi, vi, mask, words):
    with pytest.raises(EffectsError, match=words):
        batch_pool(yi, vi, mask)


def test_no_studies_at_all():
    with pytest.raises(NothingToPool):
        batch_pool([], [])


def test_common_effect_names_are_accepted():
    assert all(heterogeneity([1.0, 9.0], [1.0, 1.0], method=name).tau2 == 0 for name in COMMON)
