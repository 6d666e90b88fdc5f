"""Pretest, posttest, control: the training studies of Morris 2008, invariances, the way through effects()."""

from __future__ import annotations

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from painsynth.evidence import two_changes as t

TRAINING = pd.DataFrame({
    "study": list("ABCDE"),
    "m1i": [38.5, 26.8, 0.7, 75.9, 36.0], "sd1i": [11.6, 4.1, 0.1, 4.4, 4.6], "n1i": [20, 50, 9, 10, 14],
    "pre1i": [30.6, 23.5, 0.5, 53.4, 35.6], "sdpre1i": [15.0, 3.1, 0.1, 14.5, 4.7],
    "m2i": [19.7, 25.3, 0.6, 60.7, 33.4], "sd2i": [14.8, 3.3, 0.2, 17.9, 6.9], "n2i": [20, 42, 9, 11, 14],
    "pre2i": [23.1, 24.9, 0.6, 55.7, 34.8], "sdpre2i": [13.8, 4.1, 0.2, 17.3, 3.1],
    "r1i": [0.47, 0.64, 0.77, 0.89, 0.44], "r2i": [0.47, 0.64, 0.77, 0.89, 0.44],
})  # fmt: skip


@pytest.mark.parametrize(
    ("measure", "yi", "vi"),
    [("PPC1", [0.74, 0.95, 1.81, 1.15, 0.51], [0.11, 0.04, 0.28, 0.15, 0.17]),
     ("PPC2", [0.77, 0.80, 1.20, 1.05, 0.44], [0.11, 0.04, 0.14, 0.07, 0.16])],
)  # fmt: skip
def test_the_training_studies(measure, yi, vi):
    """d_ppc1 and d_ppc2 of Morris 2008 with the large-sample variances, as metafor's web page on the paper has them."""
    found = ps.effects(TRAINING, measure)
    np.testing.assert_allclose(found["yi"].round(2), yi)
    np.testing.assert_allclose(found["vi"].round(2), vi)


@pytest.mark.parametrize(
    ("n", "r", "d", "expected"),
    [(10, 0.0, 0.0, 0.413), (25, 0.45, 0.5, 0.092), (50, 0.9, 1.0, 0.013), (10, 0.9, 0.8, 0.062)],
)
def test_the_exact_variance_of_morris(n, r, d, expected):
    """Theoretical variances that Morris 2008 prints for d_ppc2."""
    j = t.hedges_j(2.0 * n - 2)
    after = d / j  # so that the corrected effect is d exactly
    found = t.pooled_pretest_sd(t.Arm(after, n, 0.0, 1.0, r), t.Arm(0.0, n, 0.0, 1.0, r), vtype="Morris")
    assert float(found[0]) == pytest.approx(d)
    assert round(float(found[1]), 3) == expected


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["PPC1", "PPC2", "MDPPC", "PPCC"])
def test_variances_are_those_of_repeated_trials(measure):
    rng, n, r, reps = np.random.default_rng(1), (30, 40), 0.5, 4000
    arms = [rng.multivariate_normal([0, m], [[1, r], [r, 1]], (reps, k)) for k, m in zip(n, (-0.8, -0.2), strict=True)]
    columns = {}
    for i, x in enumerate(arms, start=1):
        columns |= {f"pre{i}i": x[..., 0].mean(1), f"sdpre{i}i": x[..., 0].std(1, ddof=1), f"m{i}i": x[..., 1].mean(1),
                    f"sd{i}i": x[..., 1].std(1, ddof=1), f"n{i}i": n[i - 1], f"r{i}i": r}  # fmt: skip
    found = ps.effects(pd.DataFrame(columns), measure)
    assert found["yi"].mean() == pytest.approx(-0.6, abs=0.02)
    assert found["vi"].mean() == pytest.approx(found["yi"].var(), rel=0.08)


@pytest.mark.parametrize("measure", ["PPC1", "PPC1H", "PPC2", "PPCC", "MDPPC"])
def test_unit_zero_and_direction(measure):
    moved = TRAINING.copy()
    for name in ("m1i", "m2i", "pre1i", "pre2i"):
        moved[name] = 7 - 3 * moved[name]
    for name in ("sd1i", "sd2i", "sdpre1i", "sdpre2i"):
        moved[name] = 3 * moved[name]
    here, there = ps.effects(TRAINING, measure), ps.effects(moved, measure)
    unit = 3 if measure == "MDPPC" else 1
    np.testing.assert_allclose(there["yi"], -unit * here["yi"])
    np.testing.assert_allclose(there["vi"], unit**2 * here["vi"])


def test_two_arms_are_two_single_groups():
    one = TRAINING.rename(columns={"n1i": "ni", "r1i": "ri"})
    cells = ps.effects(one.assign(m2i=one["pre1i"], sd2i=one["sdpre1i"]), "MC")
    assert (ps.effects(TRAINING, "MDPPC")["vi"] > cells["vi"]).all()


def test_what_is_missing_is_named():
    with pytest.raises(ps.PainsynthError, match=r"measure PPC2 needs .*missing: r1i, r2i"):
        ps.effects(TRAINING.drop(columns=["r1i", "r2i"]), "PPC2")
    with pytest.raises(ps.PainsynthError, match="a correlation lies between -1 and 1"):
        ps.effects(TRAINING.assign(r2i=1.5), "PPC2")
