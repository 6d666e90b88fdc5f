"""The gap map: areas as patients, colours and circles as certainty, gaps as gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from painsynth.errors import NothingToPool, PainsynthError
from painsynth.plots.gap_map import gap_map
from painsynth.plots.palette import CERTAINTY
from plots.plot_looks import outside, overlapping, words

ROWS = [
    ("knee_osteoarthritis", "adipose", 34, 10, 2400, 0), ("knee_osteoarthritis", "bone_marrow", 25, 11, 600, 2),
    ("knee_osteoarthritis", "not_reported", 1, 1, 50, 0), ("degenerative_disc_disease", "bone_marrow", 14, 0, 150, 1),
    ("tendinopathy", "adipose", 1, 0, 0, 1),
]  # fmt: skip
KNEE = {("knee_osteoarthritis", "adipose"): "low", ("knee_osteoarthritis", "bone_marrow"): "very_low"}


def table(rows=ROWS):
    columns = ["condition", "msc_source", "trials", "poolable", "patients", "trials_without_patients"]
    return pd.DataFrame(rows, columns=columns)


def bubbles(axes, count=5):
    found = [c for c in axes.collections if c.get_label() == "bubble"][:count]
    return found


def test_area_is_as_the_patients():
    sizes = [bubble.get_sizes()[0] for bubble in bubbles(gap_map(table()))]
    # in the order of the map: knee (bone marrow, adipose, not reported), disc, tendon
    assert np.isclose(sizes[1] / sizes[0], 4.0) and np.isclose(sizes[0] / sizes[3], 4.0)


def test_every_combination_without_a_trial_is_a_gap():
    axes = gap_map(table())
    gaps = [patch for patch in axes.patches if patch.get_label() == "gap"]
    assert len(gaps) == 3 * 3 - 5
    assert "4 of 9 combinations without any trial" in axes.alt_text


def test_what_cannot_be_pooled_is_hollow_and_unknown_numbers_are_dotted():
    knee, *_, disc, tendon = bubbles(gap_map(table()))
    assert to_hex(disc.get_facecolor()[0]) == "#ffffff" != to_hex(knee.get_facecolor()[0])
    assert disc.get_linestyle()[0][1] is None and tendon.get_linestyle()[0][1] is not None
    said = words(gap_map(table())).replace("\n", " ")
    assert "not on file for 4 trials" in said and "34 (10)" in said


def test_certainty_in_colour_and_in_circles():
    axes = gap_map(table(), certainty=KNEE)
    found = bubbles(axes)
    assert to_hex(found[1].get_facecolor()[0]) == CERTAINTY["low"]
    assert to_hex(found[0].get_facecolor()[0]) == CERTAINTY["very_low"]
    assert "Low certainty" in words(axes) and "Not rated" in words(axes)
    circles = [c.get_label() for c in axes.collections if c.get_label().startswith("certainty ")]
    assert circles[:3] == ["certainty very_low", "certainty low", "certainty none"]
    assert "1 trial, 1 poolable, 50 patients, not rated" in axes.alt_text
    frame = pd.DataFrame([(*place, level) for place, level in KNEE.items()],
                         columns=["condition", "msc_source", "certainty"])  # fmt: skip
    assert gap_map(table(), certainty=frame).alt_text == axes.alt_text


@pytest.mark.parametrize(
    "frame",
    [
        table(),
        table([("a_very_long_name_of_a_painful_condition_of_the_joints_that_is_rare", "umbilical_cord", 1, 0, 0, 1)]),
        table([(f"condition_{i}", f"source_{j}", 1 + i, i % 2, 10**j, 0) for i in range(9) for j in range(6)]),
    ],
    ids=["real", "one", "many"],
)
@pytest.mark.parametrize("rated", [True, False])
def test_texts_are_apart_and_inside(frame, rated):
    certainty = dict(zip(zip(frame["condition"], frame["msc_source"], strict=True), ["high", "none", "low"] * 99,
                         strict=False)) if rated else None  # fmt: skip
    axes = gap_map(frame, certainty=certainty, title="Gaps")
    assert overlapping(axes.figure) == [] and outside(axes.figure) == []


@pytest.mark.parametrize(
    ("frame", "certainty", "error", "message"),
    [
        (table([]), None, NothingToPool, "no trial is on file"),
        (table().drop(columns="patients"), None, PainsynthError, "'patients' is missing"),
        (table(), {("knee_osteoarthritis", "adipose"): "sure"}, PainsynthError, "'sure' is not a level"),
        (table(), {("headache", "adipose"): "low"}, PainsynthError, "no such cell"),
        (table(), "low", PainsynthError, "give a mapping"),
        (table(), pd.DataFrame({"condition": []}), PainsynthError, "'msc_source' is missing"),
    ],
)
def test_faulty_calls_are_refused(frame, certainty, error, message):
    with pytest.raises(error, match=message):
        gap_map(frame, certainty=certainty)


def test_on_given_axes():
    ax = Figure(figsize=(6, 5)).subplots()
    assert gap_map(table(), ax=ax) is ax
    assert overlapping(ax.figure) == []
