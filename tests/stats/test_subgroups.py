"""Pooling by subgroup, and leaving studies out or adding them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from painsynth.errors import EffectsError
from painsynth.sensitivity.subsets import cumulate, leave_one_out
from painsynth.stats.pool import pool
from painsynth.stats.subgroups import pool_by

SAME = 1e-12  # the same kernel called another way
OTHER_ENGINE = 1e-8  # least squares of statsmodels, and two iterative estimates


def table(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    vi = rng.uniform(0.02, 0.3, 9)
    cells = ["fat", "cord", "fat", "fat", "cord", "cord", "fat", "cord", "marrow"]
    yi = rng.normal(size=9) * np.sqrt(vi + 0.2)
    return pd.DataFrame({"study": list("ABCDEFGHI"), "yi": yi, "vi": vi, "cells": cells, "year": rng.permutation(9)})


def test_every_group_is_its_own_pool_in_order_of_appearance():
    groups = pool_by(table(), "cells")
    assert list(groups.fits) == ["fat", "cord", "marrow"]
    for name, fit in groups.fits.items():
        alone = pool(table()[table()["cells"] == name])
        assert (fit.estimate, fit.ci) == (alone.estimate, alone.ci)
    assert groups.fits["marrow"].k == 1 and any("marrow: one study" in note for note in groups.notes)
    assert groups.overall.estimate == pool(table()).estimate


@pytest.mark.parametrize("ci", ["HKSJ", "Wald"])
def test_q_between_is_formed_from_the_fitted_standard_errors(ci):
    groups = pool_by(table(), "cells", ci=ci)
    m = np.array([f.estimate for f in groups.fits.values()])
    w = 1 / np.array([f.se for f in groups.fits.values()]) ** 2
    expected = (w * (m - (w * m).sum() / w.sum()) ** 2).sum()
    assert groups.q_between == pytest.approx(expected, rel=SAME)
    assert groups.q_between_df == 2


def test_common_effect_groups_partition_q():
    groups = pool_by(table(), "cells", model="common")
    within = sum(fit.q for fit in groups.fits.values())
    assert groups.q_between + within == pytest.approx(groups.overall.q, rel=SAME * 100)


def test_common_tau2_is_the_reml_of_the_model_with_group_means():
    effects = table()
    groups = pool_by(effects, "cells", common_tau2=True, ci="Wald")
    tau2 = {fit.tau2 for fit in groups.fits.values()}
    assert len(tau2) == 1
    x = pd.get_dummies(effects["cells"]).to_numpy(float)
    y, v = effects["yi"].to_numpy(), effects["vi"].to_numpy()

    def restricted(t):
        w = 1 / (v + t)
        info = x.T @ (w[:, None] * x)
        beta = np.linalg.solve(info, x.T @ (w * y))
        return -0.5 * (-np.log(w).sum() + np.linalg.slogdet(info)[1] + (w * (y - x @ beta) ** 2).sum())

    best, grid = tau2.pop(), np.linspace(0, 2, 4001)
    assert restricted(best) >= max(restricted(t) for t in grid)


def test_rows_show_heading_studies_subtotal_and_pooled():
    groups = pool_by(table(), "cells")
    rows = groups.rows()
    kinds = ["heading"] + ["study"] * 4 + ["subtotal"] + ["heading"] + ["study"] * 4 + ["subtotal"]
    assert rows["kind"].tolist() == [*kinds, "heading", "study", "subtotal", "pooled"]
    assert rows.loc[rows["kind"] == "study", "weight"].sum() == pytest.approx(100)
    assert rows.loc[rows["kind"] == "subtotal", "weight"].sum() == pytest.approx(100)
    weight = dict(zip(table()["study"], groups.overall.weights, strict=True))
    assert all(r.weight == weight[r.label] for r in rows[rows["kind"] == "study"].itertuples())
    lone = rows.iloc[-3:-1]
    assert lone["estimate"].nunique() == 1 and lone["ci_low"].nunique() == 1


def test_a_study_without_a_group_is_named_not_dropped():
    for missing in (None, np.nan, "", "  "):
        effects = table().astype({"cells": object})
        effects.loc[[1, 4], "cells"] = missing
        with pytest.raises(EffectsError, match="2 of 9 studies: B, E"):
            pool_by(effects, "cells")
    with pytest.raises(EffectsError, match="did you mean 'cells'"):
        pool_by(table(), "cell")


def test_one_group_and_identical_effects_have_no_test():
    alone = pool_by(table().assign(cells="fat"), "cells")
    assert np.isnan(alone.q_between) and any("one group" in note for note in alone.notes)
    same = pd.DataFrame({"yi": [1.0, 1.0, 2.0, 3.0], "vi": [0.1] * 4, "g": ["a", "a", "b", "b"]})
    assert np.isnan(pool_by(same, "g").q_between)


def test_display():
    groups = pool_by(table(), "cells")
    assert "\n" not in str(groups) and "between groups" in str(groups)
    assert "<table" in groups._repr_html_() and "style" not in groups._repr_html_()


def test_numeric_groups_and_excluded_lists():
    effects = table().assign(dose=[1.0, 2.5, 1.0, 1.0, 2.5, 2.5, 1.0, 2.5, 1.0])
    effects.attrs = {"measure": "RR", "excluded": pd.DataFrame({"study": ["X"], "reason": ["no SD"]})}
    groups = pool_by(effects, "dose")
    assert list(groups.fits) == ["1", "2.5"]
    shown = groups.back().rows()
    assert shown.attrs["measure"] == "RR" and shown["estimate"].dropna().gt(0).all()


def test_leave_one_out_equals_pooling_the_rest():
    effects = table()
    out = leave_one_out(effects)
    assert out["label"].tolist() == effects["study"].tolist()
    for i in range(9):
        fit = pool(effects.drop(index=i))
        for name in ("estimate", "se", "tau2", "q", "i2", "p"):
            assert out[name][i] == pytest.approx(getattr(fit, name), rel=SAME * 10, abs=SAME)
    with pytest.raises(EffectsError, match="at least two"):
        leave_one_out(effects.iloc[:1])


def test_cumulate_adds_studies_in_order_and_ends_with_all():
    effects = table()
    out = cumulate(effects)
    order = effects.sort_values("year")["study"].tolist()
    assert out["label"].tolist() == order and out["k"].tolist() == list(range(1, 10))
    assert out["estimate"].iloc[-1] == pytest.approx(pool(effects).estimate, rel=SAME)
    with pytest.raises(EffectsError, match="no column"):
        cumulate(effects, by="jahr")
    with pytest.raises(EffectsError, match="for: A"):
        cumulate(effects.assign(year=effects["year"].where(effects["study"] != "A")))


def test_a_median_unbiased_tau2_cannot_be_shared():
    table = pd.DataFrame({"yi": [1.0, 2.0, 3.0, 2.5], "vi": [0.1, 0.2, 0.1, 0.3], "g": list("xxyy")})
    with pytest.raises(EffectsError, match="take tau2='GENQ' or 'REML'"):
        pool_by(table, "g", common_tau2=True, tau2="GENQM")
    assert pool_by(table, "g", common_tau2=True, tau2="GENQ").fits["x"].method_tau2 == "GENQ"
