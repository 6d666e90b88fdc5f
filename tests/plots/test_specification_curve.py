"""The specification curve: every specification once, in order, over the choices that made it."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from painsynth.errors import NothingToPool, PainsynthError
from painsynth.plots.specification_curve import specification_curve
from plots.plot_looks import outside, overlapping, words


def table(n_seed=0, **attrs):
    rng = np.random.default_rng(n_seed)
    grid = itertools.product(["REML", "DL"], ["HKSJ", "Wald"], [6, 12], [True, False])
    frame = pd.DataFrame(grid, columns=["tau2", "ci", "months", "blinded"]).rename(columns={"tau2": "estimator"})
    frame["estimate"] = rng.normal(-8, 6, len(frame))
    half = rng.uniform(2, 12, len(frame))
    frame["ci_low"], frame["ci_high"], frame["unit"] = frame["estimate"] - half, frame["estimate"] + half, "patient"
    frame.attrs.update(attrs)
    return frame


def big(n):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"a": rng.integers(0, 3, n), "b": rng.choice(["x", "y"], n)})
    frame["estimate"] = -6 + 2.0 * frame["a"] + rng.normal(0, 2, n)
    half = rng.gamma(9, 0.5, n)
    return frame.assign(ci_low=frame["estimate"] - half, ci_high=frame["estimate"] + half)


def curve_of(axes):
    return axes.child_axes[0]


def of(panel, label):
    return [artist for artist in (*panel.collections, *panel.lines) if artist.get_label() == label]


def test_estimates_stand_in_order_and_are_told_apart_by_their_interval():
    frame = table()
    panel = curve_of(specification_curve(frame))
    points = {word: of(panel, f"estimate {word}")[0].get_offsets() for word in ("better", "neither", "worse")}
    together = np.concatenate([np.asarray(spots).reshape(-1, 2) for spots in points.values()])
    together = together[np.argsort(together[:, 0])]
    assert np.allclose(together[:, 0], np.arange(1, 17))
    assert np.allclose(together[:, 1], np.sort(frame["estimate"]))
    assert len(points["better"]) == (frame["ci_high"] < 0).sum()
    assert len(points["worse"]) == (frame["ci_low"] > 0).sum()


def test_the_matrix_marks_each_specification_once_per_choice():
    frame = table()
    axes = specification_curve(frame)
    order = frame.sort_values("estimate", kind="stable").reset_index()
    for option, column, value in (("REML", "estimator", "REML"), ("12", "months", 12), ("Yes", "blinded", True)):
        (strokes,) = of(axes, f"option {option}")
        marked = sorted(round(path.vertices[0, 0]) for path in strokes.get_paths())
        assert marked == (order.index[order[column] == value] + 1).tolist()
    labels = [label.get_text().strip() for label in axes.get_yticklabels()]
    assert labels[:3] == ["Estimator", "REML", "DL"] and "Unit" not in labels
    assert "The same in all: Unit: Patient." in words(axes).replace("\n", " ")


def test_the_footnote_counts():
    frame = table().assign(estimate=[-12.0] * 12 + [1.0] * 4, ci_low=-20.0, ci_high=[-4.0] * 8 + [9.0] * 8)
    axes = specification_curve(frame, mid=10)
    assert "favours cells in 75% and control in 25%" in axes.alt_text
    assert "excludes 0 in favour of cells in 50%, of control in 0%" in axes.alt_text
    assert "important difference in favour of cells in 75%" in axes.alt_text
    turned = specification_curve(frame, mid=10, lower_is_better=False)
    assert "favours control in 75% and cells in 25%" in turned.alt_text
    assert "in favour of cells in 0%, of control in 50%" in turned.alt_text


def test_few_of_many_are_not_rounded_to_none():
    frame = big(3000)
    frame.loc[0, ["estimate", "ci_low", "ci_high"]] = 50.0, 49.0, 51.0
    frame.loc[1:, ["estimate", "ci_low", "ci_high"]] = -5.0, -6.0, -4.0
    assert "of control in 0.033%" in specification_curve(frame).alt_text


def test_the_main_specification_is_found_by_its_choices_its_index_or_its_column():
    frame = table()
    choice = {"estimator": "DL", "ci": "Wald", "months": 6, "blinded": True}
    row = frame[(frame[list(choice)] == pd.Series(choice)).all(axis=1)]
    for axes in (specification_curve(frame, main=choice), specification_curve(frame, main=row.index[0]),
                 specification_curve(frame.assign(main=frame.index == row.index[0]))):  # fmt: skip
        (diamond,) = of(curve_of(axes), "main estimate")
        assert diamond.get_ydata()[0] == row["estimate"].iloc[0]
        assert "Main specification:" in axes.alt_text
    with pytest.raises(PainsynthError, match="main: 8 specifications"):
        specification_curve(frame, main={"estimator": "DL"})


def test_many_specifications_are_binned_and_the_reader_is_told():
    frame = big(20_000)
    axes = specification_curve(frame, mid=10)
    assert "drawn together in 360 bins" in words(axes).replace("\n", " ")
    edges = np.linspace(0, len(frame), 361).round().astype(int)
    marked = frame.sort_values("estimate", kind="stable")["b"].eq("x").to_numpy()
    (area,) = of(axes, "option X")
    filled = area.get_paths()[0].vertices[:, 1]  # along the top and back along the foot of the row
    assert np.isclose(np.ptp(filled) / 7.56, max(marked[a:b].mean() for a, b in itertools.pairwise(edges)))
    line = of(curve_of(axes), "median estimate")[0].get_ydata()
    assert len(line) == 360 and (np.diff(line) >= 0).all()
    labels = [label.get_text().strip() for label in axes.get_yticklabels()]
    assert labels[0] == "Conclusion"


@pytest.mark.parametrize(
    "frame",
    [table(), table().iloc[:1], big(1500), big(2500), big(40).drop(columns=["a", "b"]),
     table().assign(estimator=["A choice that takes very many words to say what it is about " * 2, "DL"] * 8)],
    ids=["16", "one", "1500", "2500", "no choice", "long"],
)  # fmt: skip
def test_texts_are_apart_and_inside(frame):
    axes = specification_curve(frame, mid=10, title="Specifications")
    assert overlapping(axes.figure) == [] and outside(axes.figure) == []


def test_missing_estimates_and_long_intervals_are_said():
    frame = table()
    frame.loc[3, ["estimate", "ci_low", "ci_high"]] = np.nan
    frame.loc[4, ["ci_low", "ci_high"]] = -1e5, 1e5
    axes = specification_curve(frame)
    said = words(axes).replace("\n", " ")
    assert "1 without an estimate are not drawn" in said and "1 interval reaches beyond the axis (arrows)." in said
    assert len(of(curve_of(axes), "arrow")) == 2


def test_ratios_stand_on_a_logarithmic_axis():
    frame = table(measure="RR")
    frame[["estimate", "ci_low", "ci_high"]] = np.exp(frame[["estimate", "ci_low", "ci_high"]] / 20)
    panel = curve_of(specification_curve(frame, mid=1.25))
    assert panel.get_yscale() == "log" and "1" in [label.get_text() for label in panel.get_yticklabels()]


@pytest.mark.parametrize(
    ("frame", "options", "error", "message"),
    [
        (table().drop(columns="ci_low"), {}, PainsynthError, "'ci_low' is missing"),
        (table().iloc[:0], {}, NothingToPool, "no specification has an estimate"),
        (table(), {"choices": ["dose"]}, PainsynthError, "'dose' is not a column"),
        (table(), {"main": {"dose": 1}}, PainsynthError, "'dose' is not a column"),
        (big(40).assign(a=range(40)), {"choices": ["a"]}, PainsynthError, "more than 30 values"),
        (table(), {"mid": -1}, PainsynthError, "mid = -1"),
    ],
)
def test_faulty_calls_are_refused(frame, options, error, message):
    with pytest.raises(error, match=message):
        specification_curve(frame, **options)


def test_on_given_axes():
    ax = Figure(figsize=(7, 8)).subplots()
    assert specification_curve(table(), ax=ax) is ax
    assert overlapping(ax.figure) == []
