"""What a forest plot shows equals what the result says."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from painsynth.errors import PainsynthError
from painsynth.plots.forest import forest
from plots.plot_looks import drawn, words
from plots.plot_stubs import StubFit, StubGroups, trials


def diamonds(axes):
    return [path.vertices for shape in drawn(axes, "diamonds") for path in shape.get_paths()]


def upright(axes, label):
    return [line.get_segments()[0][0, 0] for line in drawn(axes, label)]


def squares(axes):
    return drawn(axes, "squares")[0]


def test_square_area_is_proportional_to_weight():
    fit = StubFit(trials(12))
    marks = squares(forest(fit))
    ratio = marks.get_sizes() / fit.weights
    assert np.allclose(ratio, ratio[0])
    assert np.allclose(marks.get_offsets()[:, 0], fit.table["yi"])


def test_rows_keep_their_order_from_top_to_bottom():
    table = trials(20)
    axes = forest(StubFit(table))
    heights = squares(axes).get_offsets()[:, 1]
    assert (np.diff(heights) > 0).all() and axes.yaxis_inverted()
    labels = {text.get_text(): text.get_position()[1] for text in axes.texts}
    places = [labels[name] for name in table["study"]]
    assert np.allclose(np.array(places) - heights, places[0] - heights[0])


def test_ends_of_the_diamond_are_the_interval():
    fit = StubFit(trials(8))
    (corners,) = diamonds(forest(fit))
    assert (corners[:, 0].min(), corners[:, 0].max()) == pytest.approx(fit.ends())
    assert corners[np.argmin(corners[:, 1]), 0] == pytest.approx(fit.estimate)


def test_one_diamond_for_each_group_and_one_for_all():
    groups = StubGroups(StubFit(trials(9)), "msc_source")
    axes = forest(groups, order="given")
    found = [(corners[:, 0].min(), corners[:, 0].max()) for corners in diamonds(axes)]
    expected = [fit.ends() for fit in (*groups.fits.values(), groups.overall)]
    assert np.allclose(found, expected)
    assert words(axes).count(
        "Heterogeneity"
    ) == 4 and "Test for subgroup differences: Q = 1.2, df = 2, p = 0.55" in words(axes)
    assert words(axes).index("Bone marrow") < words(axes).index("Adipose") < words(axes).index("Umbilical cord")


def test_prediction_bar_is_the_prediction_interval():
    fit = StubFit(trials(8), pi=(-20.0, 3.0))
    (shape,) = drawn(forest(fit), "prediction")
    corners = shape.get_paths()[0].vertices
    assert (corners[:, 0].min(), corners[:, 0].max()) == (-20.0, 3.0)


@pytest.mark.parametrize("seed", range(8))
def test_an_arrow_stands_where_an_interval_is_clipped_and_nowhere_else(seed):
    table = trials(9, arms="none", seed=seed)
    table.loc[2, "vi"] = 1e6
    table.loc[5, ["yi", "vi"]] = 4000.0, 9.0
    fit = StubFit(table, pi=(-1e5, 20.0))
    axes = forest(fit)
    low, high = axes.get_xlim()
    rows = fit.rows()
    clipped = {"low": (rows["ci_low"] < low).sum() + 1, "high": (rows["ci_high"] > high).sum()}
    for side, x in (("low", low), ("high", high)):
        heads = [line for line in axes.lines if line.get_label() == f"arrows {side}"]
        assert sum(len(line.get_ydata()) for line in heads) == clipped[side]
        assert all((line.get_xdata() == x).all() for line in heads)
    assert high < 500 and "Arrows: the interval reaches beyond the axis." in words(axes).replace("\n", " ")


def test_nothing_clipped_no_arrow():
    axes = forest(StubFit(trials(6, spread=2)))
    assert not [line for line in axes.lines if str(line.get_label()).startswith("arrows")]
    assert "Arrows" not in words(axes)


def test_ratios_stand_on_a_log_axis_around_one():
    fit = StubFit(trials(9, arms="events"), measure="RR")
    axes = forest(fit, mid=1.25, lower_is_better=False)
    assert axes.get_xscale() == "log"
    assert np.allclose(squares(axes).get_offsets()[:, 0], np.exp(fit.table["yi"]))
    assert upright(axes, "null") == [1]
    assert sorted(upright(axes, "mid")) == pytest.approx([0.8, 1.25])
    assert "1" in [text.get_text() for text in axes.get_xticklabels()]
    assert f"{fit.table['ai'].sum()}/{fit.table['n1i'].sum()}" in words(axes)


def test_favours_follow_the_direction_of_the_scale():
    def sides(**how):
        found = {text.get_text(): text.get_position()[0] for text in forest(StubFit(trials(5)), **how).texts}
        return found

    low = sides()
    assert low["← Favours cells"] < low["Favours control →"]
    high = sides(lower_is_better=False)
    assert high["← Favours control"] < high["Favours cells →"]
    table = trials(5)
    table.attrs["lower_is_better"] = False
    assert "Favours cells →" in words(forest(StubFit(table)))
    assert "Favours" not in words(forest(StubFit(table), favours=None))


def test_numbers_beside_the_drawing_are_those_of_the_rows():
    fit = StubFit(trials(7))
    text = words(forest(fit))
    row = fit.rows().iloc[3]
    for x in (row["estimate"], row["m1i"], row["sd2i"]):
        assert f"{x:.1f}".replace("-", "−") in text
    assert f"({row['ci_low']:.1f} to {row['ci_high']:.1f})".replace("-", "−") in text
    assert f"{row['weight']:.1f}%" in text and "100.0%" in text
    assert str(int(fit.table["n1i"].sum())) in text
    assert "-" not in "".join(part for part in text.split() if part.strip("(−-.%)0123456789") == "")


def test_excluded_rows_are_listed_without_an_estimate():
    class WithExcluded(StubFit):
        def rows(self):
            rows = super().rows()
            extra = pd.DataFrame(
                [{"label": "Left 2001", "kind": "excluded", "reason": "no_spread", "estimate": math.nan}]
            )
            out = pd.concat([rows, extra], ignore_index=True)
            out.attrs = rows.attrs
            return out

    axes = forest(WithExcluded(trials(4)))
    assert "Left 2001 (no spread)" in words(axes) and len(squares(axes).get_offsets()) == 4


def test_columns_by_name_and_an_unknown_one():
    text = words(forest(StubFit(trials(6)), columns=["comparator", "dose", "source"]))
    assert "Comparator" in text and "Dose (10⁶)" in text and "src_3" in text
    with pytest.raises(PainsynthError, match=r"'donor'.*comparator"):
        forest(StubFit(trials(3)), columns=["donor"])


@pytest.mark.parametrize("mid", [0, -10, math.nan, math.inf, "10"])
def test_an_impossible_mid_is_refused(mid):
    with pytest.raises(PainsynthError, match="minimal important difference"):
        forest(StubFit(trials(3)), mid=mid)


def test_few_studies_are_said_to_be_few():
    assert "One study: nothing was pooled" in words(forest(StubFit(trials(1))))
    assert "Two studies" in words(forest(StubFit(trials(2))))


def test_footnote_names_the_method():
    text = words(forest(StubFit(trials(5), pi=(-9.0, 1.0)))).replace("\n", " ")
    for part in (
        "lower is better",
        "Random-effects model: τ² by REML",
        "95% confidence interval: Hartung-Knapp (HKSJ)",
        "prediction interval: t(k−1)",
    ):
        assert part in text


def test_alternative_text_says_the_result():
    alt = forest(StubGroups(StubFit(trials(9)), "msc_source"), title="Knee pain").alt_text
    assert alt.startswith("Forest plot of 9 comparisons") and "Knee pain" in alt
    assert "Overall" in alt and "in favour of cells" in alt and "Adipose" in alt


def test_missing_values_and_whole_numbers_in_any_column_type():
    table = trials(4)
    table["year"] = pd.array([2019, None, 2020, 2021], dtype="Int64")
    table["comparator"] = pd.array(["saline", None, "", "usual_care"], dtype="string")
    table.loc[1, ["m1i", "sd1i"]] = math.nan
    text = words(forest(StubFit(table), columns=["year", "comparator"], mid=np.int64(10)))
    assert "2019" in text and "<NA>" not in text and "nan" not in text and "None" not in text


def test_one_column_may_be_named_without_a_list():
    assert "Comparator" in words(forest(StubFit(trials(3)), columns="comparator"))


def test_drawing_changes_no_setting_and_opens_no_figure():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    forest(StubFit(trials(3)))._repr_svg_()
    assert dict(mpl.rcParams) == before
