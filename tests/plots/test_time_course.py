"""Pooled effects over time: every estimate at its place, with its interval and its number of trials."""

from __future__ import annotations

import math

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from matplotlib.figure import Figure
from painsynth.errors import NothingToPool, PainsynthError
from painsynth.plots.palette import SOURCES
from painsynth.plots.time_course import time_course
from plots.plot_looks import drawn, outside, overlapping, words

ROWS = [
    ("adipose", 3, 7, -14.7, -22.3, -7.1), ("adipose", 6, 9, -13.8, -23.5, -4.2), ("adipose", 12, 6, -21, -37.5, -4.6),
    ("bone_marrow", 3, 9, -8.0, -16.0, -0.1), ("bone_marrow", 12, 9, -8.3, -16.6, 0.0),
    ("bone_marrow", 24, 1, -8, -15.1, -0.9), ("placenta", 6, 1, 8.0, -19.6, 35.6),
]  # fmt: skip
COLUMNS = ["group", "months", "k", "estimate", "ci_low", "ci_high"]


def table(rows=ROWS, **attrs):
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame.attrs.update(attrs)
    return frame


def many(groups, months):
    rng = np.random.default_rng(1)
    rows = [(g, m, int(rng.integers(1, 150)), e, e - w, e + w) for g in groups for m in months
            for e, w in [(rng.normal(-10, 8), rng.gamma(2, 5))]]  # fmt: skip
    return table(rows)


def test_points_and_intervals_stand_where_the_table_says():
    axes = time_course(table(), mid=10)
    for group, rows in table().groupby("group"):
        points = drawn(axes, f"point {group}")
        assert [point.get_ydata()[0] for point in points] == rows["estimate"].tolist()
        assert [line.get_ydata().tolist() for line in drawn(axes, f"ci {group}")] == rows[COLUMNS[4:]].values.tolist()
        hollow = [point.get_markerfacecolor() == "white" for point in points]
        assert hollow == (rows["k"] == 1).tolist()
        assert {point.get_markeredgecolor() for point in points} == {SOURCES[group].colour}
    assert [line.get_ydata()[0] for line in drawn(axes, "mid")] == [-10, 10]


def test_groups_at_one_time_stand_apart_and_in_one_order():
    axes = time_course(table())
    first = [drawn(axes, f"point {group}")[0].get_xdata()[0] for group in ("adipose", "bone_marrow")]
    assert first[0] < first[1] <= 3


@pytest.mark.parametrize(
    "frame",
    [
        table(),
        table(ROWS[:1]),
        table([("A very long name of a group of patients who were treated " * 2, 12, 1, -3, -9, 3)]),
        many(list(SOURCES), [1, 3, 6, 12, 24, 36, 60, 120]),
        many(["a", "b"], [1, 2, 3]),
    ],
    ids=["real", "one", "long", "many", "close"],
)
def test_texts_are_apart_and_inside(frame):
    axes = time_course(frame, mid=10, title="Pain over time")
    assert outside(axes.figure) == []
    numbers = {text.get_text() for text in axes.texts if text.get_fontweight() == "bold" and text.get_text().isdigit()}
    assert [pair for pair in overlapping(axes.figure) if not set(pair) & numbers] == []


def test_numbers_of_trials_at_one_time_do_not_touch():
    assert overlapping(time_course(many(list(SOURCES), [6, 12])).figure) == []


def test_times_are_to_scale_where_there_is_room_and_the_reader_is_told_where_not():
    axes = time_course(table())
    assert list(axes.get_xticks()) == [3, 6, 12, 24] and "drawn to scale" not in words(axes)
    axes = time_course(many(list(SOURCES), [1, 3, 24, 120]))
    assert list(axes.get_xticks()) == [0, 1, 2, 3] and "Times are not drawn to scale." in words(axes)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "3", "24", "120"]


def test_the_direction_of_the_scale_says_who_is_favoured():
    low = {t.get_text(): t.get_position()[1] for t in time_course(table()).texts if "avours" in t.get_text()}
    assert low["← Favours cells"] < low["Favours control →"]
    high = time_course(table(lower_is_better=False), favours=("MSC", "saline"))
    assert "← Favours saline" in words(high)


def test_what_reaches_beyond_the_axis_has_an_arrow_and_what_is_missing_is_said():
    frame = table(
        [*ROWS, ("placenta", 12, 2, -5.0, -5000.0, 5000.0), ("placenta", 24, 0, math.nan, math.nan, math.nan)]
    )
    axes = time_course(frame)
    assert len(drawn(axes, "arrow")) == 2
    assert "Arrows:" in words(axes) and "No estimate: Placenta, 24 months." in words(axes).replace("\n", " ")


def test_an_estimate_without_an_interval_is_a_point():
    axes = time_course(table([("adipose", 3, 2, -5.0, math.nan, math.nan), ("adipose", 6, 2, -7.0, -9.0, -5.0)]))
    assert len(drawn(axes, "point adipose")) == 2 and len(drawn(axes, "ci adipose")) == 1


def test_ratios_stand_on_a_logarithmic_axis():
    axes = time_course(table([("a", 3, 2, 0.8, 0.5, 1.3)], measure="RR"), mid=1.25)
    assert axes.get_yscale() == "log" and [line.get_ydata()[0] for line in drawn(axes, "mid")] == [0.8, 1.25]
    with pytest.raises(PainsynthError, match="not logarithms"):
        time_course(table([("a", 3, 2, -0.2, -0.5, 0.1)], measure="RR"))


def test_results_become_a_table():
    trials = pd.DataFrame({"study": ["A", "B", "C"], "yi": [-8.0, -4.0, -6.0], "vi": [4.0, 4.0, 2.0],
                           "s": ["adipose", "adipose", "placenta"], "n1i": 10.0, "n2i": [10.0, 12.0, 8.0],
                           "unit_of_analysis": ["patient", "patient", "paired_side"]})  # fmt: skip
    found = ps.time_course_table({6: ps.pool_by(trials, "s"), 12: ps.pool(trials)})
    assert found[["group", "months", "k", "n"]].values.tolist() == [
        ["adipose", 6.0, 2, 42.0], ["placenta", 6.0, 1, 9.0], ["All sources", 12.0, 3, 51.0]
    ]  # fmt: skip
    axes = time_course({6: ps.pool_by(trials, "s"), 12: ps.pool(trials)})
    assert "12 months" in axes.alt_text and "3 trials, 51 patients" in axes.alt_text


@pytest.mark.parametrize(
    ("frame", "error", "message"),
    [
        (table().drop(columns="k"), PainsynthError, "'k' is missing"),
        (table([*ROWS, ROWS[0]]), PainsynthError, "'adipose' has two rows at 3 months"),
        (table([("a", math.nan, 1, 1, 0, 2)]), PainsynthError, "months is empty"),
        (table([]), NothingToPool, "no row has an estimate"),
        ({3: "fit"}, PainsynthError, "give Fit or Groups"),
    ],
)
def test_faulty_tables_are_refused(frame, error, message):
    with pytest.raises(error, match=message):
        time_course(frame)


def test_impossible_mid_and_given_axes():
    with pytest.raises(PainsynthError, match="mid = 0"):
        time_course(table(), mid=0)
    ax = Figure(figsize=(6, 5)).subplots()
    assert time_course(table(), ax=ax) is ax
