"""The uncertainty of means recovered from medians: the bootstrap, what it adds to vi, and whether that covers."""

from __future__ import annotations

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from painsynth.errors import EffectsError
from painsynth.evidence.medians import ADDED
from painsynth.evidence.recovery_error import sample_quantiles

ARM = {"n": 40, "q1": 20.0, "median": 35.0, "q3": 52.0}
MEDIANS = pd.DataFrame({
    "study": ["A", "B"], "n1i": [30, 25], "m1i": [np.nan, 30.0], "sd1i": [np.nan, 20.0], "median_1i": [35.0, np.nan],
    "q1_1i": [20.0, np.nan], "q3_1i": [52.0, np.nan], "n2i": [30, 25], "m2i": [50.0, 45.0], "sd2i": [22.0, 21.0],
})  # fmt: skip


@pytest.mark.parametrize("probabilities", [(0, 0.5, 1), (0.25, 0.5, 0.75), (0, 0.25, 0.5, 0.75, 1)])
@pytest.mark.parametrize("n", [5, 31])
def test_quantiles_are_drawn_as_from_whole_samples(probabilities, n):
    """Only a few order statistics are drawn; their joint distribution is that of quantiles of samples of n."""
    rng = np.random.default_rng(4)
    few = sample_quantiles(n, probabilities, lambda z: z, replicates=20_000, rng=rng)
    whole = np.quantile(rng.standard_normal((20_000, n)), probabilities, axis=1)
    np.testing.assert_allclose(few.mean(axis=1), whole.mean(axis=1), atol=0.02)
    np.testing.assert_allclose(np.cov(few), np.cov(whole), atol=0.02)


@pytest.mark.parametrize("method", ["luo-wan", "wan", "shi", "iqr", "blue", "lognormal"])
def test_a_recovered_mean_is_less_certain_than_a_printed_one(method):
    found = ps.recover_mean_sd(**ARM, method=method, conversion_error=True).iloc[0]
    assert found["se_mean"] > found["sd"] / np.sqrt(ARM["n"])
    assert found["se_sd"] > 0 and abs(found["r_mean_sd"]) < 1
    plain = ps.recover_mean_sd(**ARM, method=method).iloc[0]
    assert found[["mean", "sd"]].tolist() == plain.tolist(), "the estimates stay as they are"


@pytest.mark.parametrize("method", ["qe", "bc", "mln"])
def test_fitted_distributions_are_fitted_anew_in_every_sample(method):
    found = ps.recover_mean_sd(**ARM, method=method, conversion_error=True, replicates=10).iloc[0]
    assert 0.8 < found["se_mean"] / (found["sd"] / np.sqrt(ARM["n"])) < 2.5


def test_the_median_alone_has_the_known_error():
    """With method iqr the mean is the median, whose standard error in normal samples is near 1.2533 SD / root of n."""
    found = ps.recover_mean_sd(n=400, q1=-0.6745, median=0.0, q3=0.6745, method="iqr", conversion_error=True,
                               replicates=20_000).iloc[0]  # fmt: skip
    assert found["se_mean"] == pytest.approx(1.2533 * found["sd"] / 20, rel=0.03)


def test_seed_replicates_and_neighbours():
    one = ps.recover_mean_sd(**ARM, conversion_error=True, seed=3)
    assert one.equals(ps.recover_mean_sd(**ARM, conversion_error=True, seed=3))
    assert not one.equals(ps.recover_mean_sd(**ARM, conversion_error=True, seed=4))
    both = ps.recover_mean_sd(n=[12, 40], q1=[1.0, 20.0], median=[2.0, 35.0], q3=[9.0, 52.0], conversion_error=True,
                              seed=3)  # fmt: skip
    np.testing.assert_array_equal(both.iloc[1], one.iloc[0])
    with pytest.raises(EffectsError, match="replicates=5"):
        ps.recover_mean_sd(**ARM, conversion_error=True, replicates=5)


def test_the_unit_of_the_scale_does_not_matter():
    here = ps.recover_mean_sd(**ARM, conversion_error=True).iloc[0]
    there = ps.recover_mean_sd(n=40, q1=200.0, median=350.0, q3=520.0, conversion_error=True).iloc[0]
    np.testing.assert_allclose(there[["mean", "sd", "se_mean", "se_sd"]], 10 * here[["mean", "sd", "se_mean", "se_sd"]])


def test_effects_recover_arms_and_carry_their_error():
    plain, carried = ps.effects(MEDIANS, "MD"), ps.effects(MEDIANS, "MD", conversion_error=True)
    arm = ps.recover_mean_sd(30, q1=20.0, median=35.0, q3=52.0, conversion_error=True).iloc[0]
    assert plain["yi"].tolist() == carried["yi"].tolist() == pytest.approx([arm["mean"] - 50, -15])
    assert carried["vi"].iloc[0] == pytest.approx(arm["se_mean"] ** 2 + 22**2 / 30), "the bootstrap replaces SD^2 / n"
    assert carried["vi"].iloc[1] == plain["vi"].iloc[1], "a printed mean has no conversion error"
    assert carried["conversion_vi"].tolist() == pytest.approx((carried["vi"] - plain["vi"]).tolist())
    assert carried["recovered"].tolist() == ["cells (luo-wan)", ""]
    other = ps.effects(MEDIANS, "MD", conversion_error=True, method="wan", seed=1, replicates=200)
    assert other["recovered"].iloc[0] == "cells (wan)"


@pytest.mark.parametrize("measure", ["MD", "SMD", "SMDH", "SMD1", "ROM", "CVR", "VR", "CLESN"])
def test_every_measure_of_means_carries_the_error(measure):
    plain, carried = ps.effects(MEDIANS, measure), ps.effects(MEDIANS, measure, conversion_error=True)
    uses_cells = measure != "SMD1"  # in SDs of the control; the mean of the cells counts all the same
    assert carried["vi"].iloc[0] > plain["vi"].iloc[0] or not uses_cells
    assert carried["vi"].iloc[1] == plain["vi"].iloc[1]
    assert np.isfinite(carried["vi"]).all()


def test_a_standardised_difference_by_the_delta_method():
    carried = ps.effects(MEDIANS, "SMD", conversion_error=True)
    table = ps.recover_arms(MEDIANS, conversion_error=True)
    slopes = []
    for name in ("m1i", "sd1i"):
        ends = [ps.effects(table.assign(**{name: table[name] + d}), "SMD")["yi"].iloc[0] for d in (0.01, -0.01)]
        slopes.append((ends[0] - ends[1]) / 0.02)
    vm, vs, both = (table[name.format(1)].iloc[0] for name in ADDED)
    expected = slopes[0] ** 2 * vm + slopes[1] ** 2 * vs + 2 * slopes[0] * slopes[1] * both
    assert carried["conversion_vi"].iloc[0] == pytest.approx(expected, rel=1e-3)


def test_skewed_quantiles_are_noted():
    skewed = MEDIANS.assign(median_1i=[21.0, np.nan])
    found = ps.effects(skewed, "MD")
    assert found["skewed"].tolist() == ["cells", ""]
    assert any("study A: cells too skewed" in note for note in found.attrs["notes"])
    assert any("too skewed" in note for note in ps.pool(found).notes), "a reader of the fit is told"


def test_faulty_quantiles_are_named_by_study_and_arm():
    with pytest.raises(EffectsError, match=r"study A, cells \(q1 60, median 35, q3 52, n 30\): must be in order"):
        ps.effects(MEDIANS.assign(q1_1i=[60.0, np.nan]), "MD")


def coverage(draw, truth, names, *, n=(30, 30), trials=1500):
    """Share of 95 % Wald intervals of one MD that hold the truth: plain, and with the conversion error carried."""
    rng, columns = np.random.default_rng(11), {}
    for arm, size in enumerate(n, start=1):
        x = draw(rng, (trials, size))
        at = {"minimum": 0, "q1": 0.25, "median": 0.5, "q3": 0.75, "maximum": 1}
        columns |= {f"{name}_{arm}i": np.quantile(x, at[name], axis=1) for name in names} | {f"n{arm}i": size}
        columns |= {f"m{arm}i": np.nan, f"sd{arm}i": np.nan}
    found = ps.effects(pd.DataFrame(columns), "MD", conversion_error=True, replicates=200)
    plain = found["vi"] - found["conversion_vi"]
    return [float((np.abs(found["yi"] - truth) < 1.959964 * np.sqrt(v)).mean()) for v in (plain, found["vi"])]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "n", "worst"),
    [(("q1", "median", "q3"), (30, 30), 0.945), (("minimum", "median", "maximum"), (100, 100), 0.92)],
)
def test_coverage_of_one_trial(names, n, worst):
    """Normal scores: the plain variance is too small, the carried one brings the interval to its level."""
    plain, carried = coverage(lambda rng, shape: rng.normal(50, 20, shape), 0.0, names, n=n)
    assert plain < worst < carried
    assert 0.937 < carried < 0.965


@pytest.mark.slow
def test_coverage_of_skewed_trials_is_not_made_worse():
    plain, carried = coverage(lambda rng, shape: rng.lognormal(3, 0.6, shape), 0.0, ("q1", "median", "q3"))
    assert plain < carried
