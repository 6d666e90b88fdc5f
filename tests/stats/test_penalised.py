"""Penalised logistic regression and sample-size weights."""

from __future__ import annotations

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from painsynth.errors import NothingToPool
from scipy.optimize import minimize
from scipy.special import expit

TABLE = pd.DataFrame(
    {
        "study": list("ABCD"),
        "ai": [2, 0, 15, 0],
        "n1i": [60, 35, 80, 30],
        "ci": [6, 2, 4, 0],
        "n2i": [58, 36, 82, 31],
    }
)


def test_jeffreys_prior_is_maximised():
    """Log-likelihood + log|I|/2 of the regression with an intercept for each trial (Firth 1993)."""
    k = len(TABLE)
    design = np.column_stack([np.repeat([1.0, 0.0], k), np.tile(np.eye(k), (2, 1))])
    y, n = np.r_[TABLE["ai"], TABLE["ci"]], np.r_[TABLE["n1i"], TABLE["n2i"]]

    def below(b):
        eta = design @ b
        w = n * expit(eta) * expit(-eta)
        return -np.sum(y * eta - n * np.logaddexp(0, eta)) - 0.5 * np.linalg.slogdet(design.T * w @ design)[1]

    other = minimize(below, np.r_[0.0, np.full(k, -2.0)], method="BFGS", options={"gtol": 1e-8})
    fit = ps.pool_penalised(TABLE)
    assert fit.estimate == pytest.approx(other.x[0], abs=1e-5)
    eta = design @ other.x
    information = design.T * (n * expit(eta) * expit(-eta)) @ design
    assert fit.se == pytest.approx(np.sqrt(np.linalg.inv(information)[0, 0]), rel=1e-5)


def test_events_in_one_arm_only_are_no_obstacle():
    fit = ps.pool_penalised(TABLE.assign(ai=0))
    assert np.isfinite([fit.estimate, fit.se]).all() and fit.estimate < -1


def test_overdispersion_widens():
    none, right, theirs = (ps.pool_penalised(TABLE, overdispersion=kind) for kind in ("none", "Fletcher", "meta"))
    assert right.phi > 1 and none.phi == 1
    assert right.se == pytest.approx(none.se * np.sqrt(right.phi))
    assert theirs.se == pytest.approx(none.se * theirs.phi)
    assert none.estimate == right.estimate


def test_sample_size_weights():
    fit = ps.pool_ssw(TABLE)
    n1, n2 = TABLE["n1i"].to_numpy(float), TABLE["n2i"].to_numpy(float)
    w = (n1 * n2 / (n1 + n2))[:3]
    assert fit.weights == pytest.approx([*100 * w / w.sum(), 0])
    own = ps.effects(TABLE.iloc[:3], "OR")
    assert fit.estimate == pytest.approx(np.sum(w * own["yi"]) / w.sum())
    between = ps.pool(own, tau2="REML").tau2
    assert fit.tau2 == pytest.approx(between)
    assert fit.se == pytest.approx(np.sqrt(np.sum(w**2 * (own["vi"] + between))) / w.sum())
    assert fit.rows()["treatment"].tolist()[1] == "0.5 added to every cell"
    assert ps.pool_ssw(TABLE, model="common").se < fit.se


def test_nothing_to_say():
    for pool in (ps.pool_penalised, ps.pool_ssw):
        with pytest.raises(NothingToPool):
            pool(TABLE.assign(ai=0, ci=0))
