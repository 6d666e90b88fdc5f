"""Trim and fill: mirror images, invariances, fixed points."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from painsynth.errors import EffectsError
from painsynth.stats.pool import pool
from painsynth.stats.trim_fill import trim_and_fill

seeds = st.integers(0, 10_000)
kinds = st.sampled_from(["L0", "R0", "Q0"])
models = st.sampled_from([{"model": "common"}, {"tau2": "DL"}, {"tau2": "REML"}])


def table(seed: int, k: int = 14) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    v = np.exp(rng.normal(-1, 1, k))
    y = rng.normal(0.3, np.sqrt(v + 0.05)) + 0.7 * np.sqrt(v)
    return pd.DataFrame({"study": [f"T{i}" for i in range(k)], "yi": y, "vi": v, "year": range(2000, 2000 + k)})


def run(effects, **how):
    try:
        return trim_and_fill(effects, **how)
    except EffectsError:
        assume(False)


@given(seeds, kinds, models)
def test_the_right_side_is_the_left_side_of_the_mirrored_effects(seed, kind, model):
    effects = table(seed)
    left = run(effects, estimator=kind, side="left", **model)
    right = run(effects.assign(yi=-effects["yi"]), estimator=kind, side="right", **model)
    assert (right.k0, right.se_k0) == (left.k0, pytest.approx(left.se_k0))
    assert right.estimate == pytest.approx(-left.estimate, rel=1e-9, abs=1e-12)


@given(seeds, kinds, models, st.floats(-4, 4).map(lambda x: 10**x), st.floats(-100, 100))
def test_scale_and_origin_do_not_matter(seed, kind, model, scale, shift):
    effects = table(seed)
    plain = run(effects, estimator=kind, **model)
    moved = run(
        effects.assign(yi=scale * (effects["yi"] + shift), vi=scale**2 * effects["vi"]), estimator=kind, **model
    )
    assert (moved.k0, moved.side) == (plain.k0, plain.side)
    assert moved.estimate == pytest.approx(scale * (plain.estimate + shift), rel=1e-7, abs=1e-7 * scale)


@given(seeds, kinds, models)
def test_filled_studies_mirror_the_largest_about_the_centre_of_the_rest(seed, kind, model):
    effects = table(seed)
    found = run(effects, estimator=kind, side="left", **model)
    filled = found.table[found.table["filled"]]
    assert (len(filled), found.fit.k) == (found.k0, len(effects) + found.k0)
    rest = effects.sort_values("yi")
    largest, rest = rest.iloc[len(rest) - found.k0 :], rest.iloc[: len(rest) - found.k0]
    centre = pool(rest, **model).estimate
    assert filled["yi"].to_numpy() == pytest.approx(2 * centre - largest["yi"].to_numpy(), rel=1e-9, abs=1e-12)
    assert filled["vi"].tolist() == largest["vi"].tolist()


@given(seeds)
def test_the_count_is_a_fixed_point(seed):
    # Duval & Tweedie 2000a: L0 = (4 T - n(n + 1))/(2 n - 1) about the centre of the trimmed funnel
    effects = table(seed)
    found = trim_and_fill(effects, side="left", model="common")
    kept = effects.sort_values("yi").iloc[: len(effects) - found.k0]
    deviation = effects["yi"] - pool(kept, model="common").estimate
    ranks, k = deviation.abs().rank(), len(effects)
    count = (4 * ranks[deviation > 0].sum() - k * (k + 1)) / (2 * k - 1)
    assert found.converged
    assert found.k0 == max(0, round(count))


def test_a_symmetric_funnel_needs_nothing():
    effects = pd.DataFrame({"yi": [-3.0, -1.0, 0.0, 1.0, 3.0], "vi": [2.0, 1.0, 0.5, 1.0, 2.0]})
    for kind in ("L0", "R0", "Q0"):
        found = trim_and_fill(effects, estimator=kind, side="left", model="common")
        assert found.k0 == 0
        assert found.estimate == found.observed.estimate
        assert not found.table["filled"].any()


def test_a_right_tail_by_hand():
    # three large effects beyond a symmetric core: the signed ranks end 7, 8, 9, so R0 = 9 - 6 - 1 = 2
    effects = pd.DataFrame({"yi": [-0.3, -0.2, -0.1, 0.05, 0.15, 0.25, 4.0, 5.0, 6.0], "vi": 6 * [0.001] + 3 * [10.0]})
    found = trim_and_fill(effects, estimator="R0", side="left", model="common")
    assert (found.k0, found.se_k0) == (2, pytest.approx(np.sqrt(6)))
    assert found.p_k0 == 0.5**3  # of a run of at least three ranks


def test_the_table_keeps_its_columns_and_says_what_is_filled():
    effects = table(1)
    effects.attrs = {"measure": "OR", "excluded": pd.DataFrame({"study": ["X"], "reason": ["no data"]})}
    found = trim_and_fill(effects, side="left")
    assert found.k0 > 0
    assert list(found.table["study"][-found.k0 :]) == [f"Filled {i + 1}" for i in range(found.k0)]
    assert found.table.attrs["measure"] == "OR"
    assert found.table["year"][: len(effects)].tolist() == effects["year"].tolist()
    rows = found.rows()
    assert rows["filled"].sum() == found.k0
    assert "filled" not in effects
    assert "missing on the left" in str(found)
    assert any("not data" in note for note in found.notes)
    assert "Observed" in found._repr_html_()


def test_effects_all_equal():
    effects = pd.DataFrame({"yi": [1.0] * 5, "vi": [1.0, 2.0, 3.0, 4.0, 5.0]})
    assert [trim_and_fill(effects, estimator=x, side="left").k0 for x in ("L0", "R0", "Q0")] == [0, 0, 0]


def test_the_side_without_a_word_is_where_small_studies_are_missing():
    effects = table(2)
    effects["yi"] = 0.2 + 2 * np.sqrt(effects["vi"])
    assert trim_and_fill(effects).side == "left"
    assert trim_and_fill(effects.assign(yi=-effects["yi"])).side == "right"


@pytest.mark.parametrize(
    ("effects", "how", "words"),
    [
        (table(0, k=1), {"side": "left"}, "at least 2 studies"),
        (table(0, k=2), {}, "give side='left' or 'right'"),
        (table(0).assign(vi=1.0), {}, "give side='left' or 'right'"),
        (table(0), {"side": "top"}, "side='top' is not known"),
        (table(0), {"estimator": "S0"}, "estimator='S0' is not known"),
        (table(0).assign(filled=True), {}, "filled studies already"),
        (
            pd.DataFrame({"yi": [1.0, 2, 3, 4], "vi": [1.0, 4, 9, 16]}),
            {"estimator": "Q0", "model": "common"},
            "Q0 does not exist",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(effects, how, words):
    with pytest.raises(EffectsError, match=words):
        trim_and_fill(effects, **how)
