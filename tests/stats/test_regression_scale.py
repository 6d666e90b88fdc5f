"""Location-scale models: derivatives, special cases, invariances, runaway likelihoods."""

from __future__ import annotations

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from painsynth.errors import EffectsError
from painsynth.stats.scale_likelihood import ScaleModel

SOLVED = 1e-6  # of logarithms of tau2


def trials(seed: int, k: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    z, g, v = rng.normal(size=k), np.arange(k) % 2, 10.0 ** rng.uniform(-2, -0.5, k)
    y = 0.3 * z + rng.normal(size=k) * np.sqrt(v + np.exp(-1 + 0.6 * g))
    return pd.DataFrame({"yi": y, "vi": v, "z": z, "g": g})


@pytest.mark.parametrize("restricted", [True, False])
def test_gradient_and_hessian_are_those_of_the_likelihood(restricted):
    table = trials(1, 12)
    x = np.column_stack([np.ones(12), table["z"]])
    model = ScaleModel(table["yi"].to_numpy(), table["vi"].to_numpy(), x, x, restricted)
    a, h = np.array([-1.0, 0.3]), 1e-5
    _, slope, bend = model.log_likelihood(a)
    for j in range(2):
        up, down = (model.log_likelihood(a + s * h * np.eye(2)[j]) for s in (1, -1))
        assert slope[j] == pytest.approx((up[0] - down[0]) / (2 * h), rel=1e-6)
        assert bend[j] == pytest.approx((up[1] - down[1]) / (2 * h), rel=1e-6)


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_without_scale_moderators_it_is_a_regression(method):
    table = trials(2)
    model = ps.location_scale(table, "~ z", "~ 1", tau2=method, ci="HKSJ")
    plain = ps.regress(table, "~ z", tau2=method)
    assert model.tau2 == pytest.approx(np.full(40, plain.tau2), rel=SOLVED)
    assert model.coef["se"].tolist() == pytest.approx(plain.coef["se"].tolist(), rel=SOLVED)
    assert (model.qm, model.qe) == pytest.approx((plain.qm, plain.qe), rel=SOLVED)
    assert np.isnan(model.qs) and np.isnan(model.lr)


def test_separate_effects_and_variances_are_separate_analyses():
    """With a category in both parts the likelihood falls apart into one analysis per group."""
    table = trials(3)
    model = ps.location_scale(table, "~ C(g)", "~ C(g)")
    for g in (0, 1):
        one = ps.pool(table[table["g"] == g].reset_index(drop=True))
        assert model.tau2_at({"g": g})[0] == pytest.approx(one.tau2, rel=1e-5)


def test_scale_of_the_effects_and_coding_do_not_matter():
    table = trials(4)
    one = ps.location_scale(table, "~ z", "~ g")
    other = ps.location_scale(table.assign(yi=1e4 * table["yi"] + 3e5, vi=1e8 * table["vi"], g=5 * table["g"] + 900),
                              "~ z", "~ g")  # fmt: skip
    assert other.tau2 / 1e8 == pytest.approx(one.tau2, rel=SOLVED)
    assert 5 * other.scale["estimate"][1] == pytest.approx(one.scale["estimate"][1], rel=SOLVED)
    assert (other.qs, other.lr, other.qm) == pytest.approx((one.qs, one.lr, one.qm), rel=1e-5)


def test_tables_and_text():
    model = ps.location_scale(trials(5), "~ z", "~ g", ci="t")
    assert model.rows()["part"].tolist() == ["effect", "effect", "log tau2", "log tau2"]
    assert "location-scale model on 40 studies" in str(model) and "log tau2" in model._repr_html_()
    assert 0 <= model.lr_p <= 1


def test_a_likelihood_without_a_maximum_is_refused_by_name():
    table = trials(6, 20)
    table.loc[table["g"] == 1, "yi"] = 0.2  # identical effects: their variance goes to 0
    with pytest.raises(EffectsError, match="goes to 0 for"):
        ps.location_scale(table, "~ 1", "~ g")


def test_too_few_studies_and_missing_scale_are_refused():
    with pytest.raises(EffectsError, match="not more than"):
        ps.location_scale(trials(7, 4), "~ z", "~ g")
    with pytest.raises(EffectsError, match="moderators of tau2"):
        ps.location_scale(trials(7), "~ z")
