"""Several outcomes at once: nested structures, separate pools, a published example, proper covariance matrices."""

from __future__ import annotations

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from dense_model import log_likelihood
from hypothesis import given
from hypothesis import strategies as st
from painsynth.errors import EffectsError
from painsynth.stats.structures import STRUCTURES, Structure

SOLVED = 1e-6
PRINTED_4 = 0.5001e-4

# Berkey et al. 1998, Stat Med 17:2537, table I: probing depth (PD) and attachment level (AL) after surgery, with the
# covariance of each trial's two effects.
BERKEY = {
    "trial": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
    "outcome": ["PD", "AL"] * 5,
    "yi": [0.47, -0.32, 0.20, -0.60, 0.40, -0.12, 0.26, -0.31, 0.56, -0.39],
    "vi": [0.0075, 0.0077, 0.0057, 0.0008, 0.0021, 0.0014, 0.0029, 0.0015, 0.0148, 0.0304],
}
SHARED = [0.0030, 0.0009, 0.0007, 0.0009, 0.0072]


@pytest.fixture(scope="module")
def berkey():
    table = pd.DataFrame(BERKEY)
    v = np.diag(table["vi"])
    for i, c in enumerate(SHARED):
        v[2 * i, 2 * i + 1] = v[2 * i + 1, 2 * i] = c
    return table, v


def outcomes(seed: int, studies: int = 9, levels: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    g = rng.normal(size=(levels, levels))
    u = rng.normal(size=(studies, levels)) @ g
    rows = [(f"S{i}", 3 * 2**j, u[i, j]) for i in range(studies) for j in range(levels) if rng.random() < 0.85 or i < 3]
    table = pd.DataFrame(rows, columns=["study", "months", "yi"])
    table["vi"] = rng.uniform(0.1, 0.6, len(table))
    table["yi"] += rng.normal(size=len(table)) * np.sqrt(table["vi"])
    return table


def test_berkey_by_maximum_likelihood(berkey):
    # metafor-project.org, analyses:berkey1998: estimates and components of the multivariate model fitted by ML
    table, v = berkey
    fit = ps.pool_multivariate(table, "outcome", "trial", V=v, tau2="ML", robust=None, ci="Wald")
    coef = fit.coef.set_index("term")
    assert coef.loc["PD", ["estimate", "se"]].tolist() == pytest.approx([0.3448, 0.0495], abs=PRINTED_4)
    assert coef.loc["AL", ["estimate", "se"]].tolist() == pytest.approx([-0.3379, 0.0798], abs=PRINTED_4)
    assert fit.components["tau2[AL]"] == pytest.approx(0.0261, abs=PRINTED_4)
    assert fit.components["tau2[PD]"] == pytest.approx(0.0070, abs=PRINTED_4)


def test_without_correlations_outcomes_are_pooled_apart():
    table = outcomes(1)
    fit = ps.pool_multivariate(table, "months", struct="DIAG", robust=None, ci="Wald")
    for months, part in table.groupby("months"):
        alone = ps.pool(part, ci="Wald")
        row = fit.coef.set_index("term").loc[str(months)]
        assert (row["estimate"], row["se"]) == pytest.approx((alone.estimate, alone.se), rel=SOLVED)
        assert fit.components[f"tau2[{months}]"] == pytest.approx(alone.tau2, rel=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_freer_structures_fit_no_worse_and_agree_with_whole_matrices(seed):
    table = outcomes(seed)
    fits = {name: ps.pool_multivariate(table, "months", V=0.4, struct=name, robust=None) for name in STRUCTURES}
    height = {name: fit.loglik for name, fit in fits.items()}
    for free, bound in (
        ("UN", "HCS"),
        ("UN", "HAR"),
        ("HCS", "CS"),
        ("HAR", "AR"),
        ("HCS", "DIAG"),
        ("DIAG", "ID"),
        ("CAR", "ID"),
    ):
        assert height[free] >= height[bound] - 1e-8, (free, bound)
    assert all(fit.converged for fit in fits.values())
    y, x = table["yi"].to_numpy(), fits["UN"].working.x
    for fit in fits.values():
        m = np.zeros((len(y), len(y)))
        for rows, blocks in zip(fit.working.rows, fit.working.covariance, strict=True):
            for r, b in zip(rows, blocks, strict=True):
                m[np.ix_(r, r)] = b
        assert log_likelihood(y, x, m) == pytest.approx(fit.loglik, rel=1e-9)


def test_profile_intervals_hold_the_estimates_and_the_bounds(berkey):
    table, v = berkey
    fit = ps.pool_multivariate(table, "outcome", "trial", V=v)
    limits = ps.profile_intervals(fit)
    assert limits["component"].tolist() == ["tau2[PD]", "tau2[AL]", "rho[PD, AL]"]
    assert (limits["ci_low"] < limits["estimate"]).all() and (limits["estimate"] < limits["ci_high"]).all()
    assert limits["ci_low"][2] >= -1 and limits["ci_high"][2] <= 1
    narrow = ps.profile_intervals(fit, level=0.5)
    assert (narrow["ci_low"] >= limits["ci_low"]).all() and (narrow["ci_high"] <= limits["ci_high"]).all()


@given(st.sampled_from(STRUCTURES), st.integers(2, 5), st.integers(0, 10_000))
def test_every_point_is_a_covariance_matrix_and_slopes_are_right(name, m, seed):
    rng = np.random.default_rng(seed)
    structure = Structure(name, m, np.cumsum(rng.uniform(0.5, 3, m)) if name == "CAR" else np.arange(float(m)))
    low, high = structure.bounds
    x = np.clip(rng.normal(0.4, 0.6, len(low)), low + 0.05, high - 0.05)
    g, slopes = structure.matrix(x)
    assert np.linalg.eigvalsh(g).min() >= -1e-12 * np.abs(g).max()
    for j, unit in enumerate(np.eye(len(x))):
        rise = (structure.matrix(x + 1e-6 * unit)[0] - structure.matrix(x - 1e-6 * unit)[0]) / 2e-6
        assert slopes[j] == pytest.approx(rise, rel=1e-5, abs=1e-7)
    assert structure.matrix(structure.tidy(x))[0] == pytest.approx(g, rel=1e-6, abs=1e-7)


def test_what_cannot_be_estimated_is_refused_by_name():
    table = outcomes(0)
    with pytest.raises(EffectsError, match="needs times"):
        ps.pool_multivariate(table.assign(scale="VAS"), "scale", struct="CAR")
    lone = pd.concat([table, pd.DataFrame([{"study": "S0", "months": 24, "yi": 1.0, "vi": 0.2}])], ignore_index=True)
    with pytest.raises(EffectsError, match=r"24: reported by one study.*struct='CS'"):
        ps.pool_multivariate(lone, "months")
    assert ps.pool_multivariate(lone, "months", struct="CS").p == 4
    with pytest.raises(EffectsError, match="XX"):
        ps.pool_multivariate(table, "months", struct="XX")
    with pytest.raises(EffectsError, match="profile_intervals needs"):
        ps.profile_intervals(ps.pool(table))


def test_no_heterogeneity_leaves_correlations_undefined():
    table = outcomes(2).assign(yi=1.0)
    fit = ps.pool_multivariate(table, "months", struct="CS")
    assert fit.components["tau2"] == 0 and np.isnan(fit.components["rho"])
    assert np.isnan(ps.profile_intervals(fit)["ci_low"][1])
