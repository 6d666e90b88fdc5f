"""Arms combined and controls shared."""

from __future__ import annotations

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from painsynth.errors import EffectsError
from painsynth.evidence.arms import combine_arms, combine_events, shared_control_covariance, split_control, times_shared


@given(st.lists(st.lists(st.floats(0, 100), min_size=2, max_size=8), min_size=1, max_size=5))
def test_combined_arms_are_all_patients_together(arms):
    n, mean, sd = (np.array([f(x) for x in arms]) for f in (len, np.mean, lambda x: np.std(x, ddof=1)))
    everybody = np.concatenate(arms)
    expected = (len(everybody), everybody.mean(), everybody.std(ddof=1))
    np.testing.assert_allclose(combine_arms(n, mean, sd), expected, rtol=1e-9, atol=1e-9)


def test_one_arm_stays_as_it_is():
    assert combine_arms(pd.Series([20]), pd.Series([30.0]), pd.Series([5.0])) == (20, 30, 5)


def test_pair_by_pair_gives_the_same_as_all_at_once():
    n, mean, sd = [20, 30, 25], [30.0, 42.0, 28.0], [10.0, 12.0, 9.0]
    first = combine_arms(n[:2], mean[:2], sd[:2])
    np.testing.assert_allclose(
        combine_arms(*([a, b] for a, b in zip(first, (25, 28.0, 9.0), strict=True))), combine_arms(n, mean, sd)
    )


def test_many_trials_at_once():
    n, mean, sd = combine_arms([[20, 10], [20, 30]], [[30.0, 1.0], [40.0, 2.0]], [[10.0, 1.0], [10.0, 1.0]])
    assert n.tolist() == [40, 40] and mean.tolist() == [35, 1.75] and sd.shape == (2,)


@pytest.mark.parametrize(
    "figures", [([20, 0], [1.0, 2], [1.0, 1]), ([20, 5], [1.0, np.nan], [1.0, 1]), ([20, 5], [1.0, 2], [1.0, -1])]
)
def test_arms_that_cannot_be_combined(figures):
    with pytest.raises(EffectsError, match="cannot be combined"):
        combine_arms(*figures)


def test_events_are_added():
    assert combine_events([3, 5, 0], [20, 22, 10]) == (8, 52)
    assert [x.tolist() for x in combine_events([[3, 1], [5, 1]], [[20, 9], [22, 9]])] == [[8, 2], [42, 18]]


def test_a_shared_control_is_counted_once():
    trial = ["A", "B", "B", "C", "C"]
    control = ["a", "b", "b", "c1", "c2"]
    assert times_shared(trial).tolist() == [1, 2, 2, 2, 2]
    assert times_shared(trial, control).tolist() == [1, 2, 2, 1, 1]
    n = np.array([30, 25, 25, 10, 12])
    assert split_control(n, times_shared(trial, control)).tolist() == [30, 12.5, 12.5, 10, 12]
    with pytest.raises(EffectsError, match="1, 2, 3"):
        split_control(10, 0.5)


@pytest.mark.parametrize("measure", ["MD", "SMD"])
def test_covariance_of_a_shared_control(measure):
    table = pd.DataFrame({"study": list("ABC"), "n1i": [20, 22, 30], "m1i": [30.0, 33, 25], "sd1i": [10.0, 11, 12],
                          "n2i": [21, 21, 30], "m2i": [40.0, 40, 31], "sd2i": [12.0, 12, 14]})  # fmt: skip
    table = ps.effects(table, measure)
    names = ("yi", "vi", "n1i", "n2i", "sd2i")
    cov = shared_control_covariance(measure, ["T1", "T1", "T2"], **{k: table[k] for k in names})
    assert np.array_equal(cov, cov.T) and np.all(np.linalg.eigvalsh(cov) > 0)
    np.testing.assert_allclose(np.diag(cov), table["vi"])
    assert cov[0, 2] == 0 and 0 < cov[0, 1] < min(table["vi"][:2])
    with pytest.raises(EffectsError, match="MD and SMD"):
        shared_control_covariance("RR", [1], yi=[1], vi=[1], n1i=[1], n2i=[1], sd2i=[1])
