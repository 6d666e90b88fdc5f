"""The flow diagram: what is known is written, what is not is said, what does not add up is refused."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.figure import Figure
from painsynth.errors import PainsynthError
from painsynth.plots.flow_counts import flow_counts
from painsynth.plots.prisma import prisma
from plots.plot_looks import outside, overlapping, words

FULL = {
    "identified": {"Embase": 1234, "MEDLINE": 998, "CENTRAL": 412, "Registers": 130},
    "removed": {"Duplicate records": 812, "Other reasons": 12},
    "screened": 1950, "screened_out": 1700, "sought": 250, "not_retrieved": 13, "assessed": 237,
    "excluded": {"No control group": 100, "A product of which the cells were never described in any way": 47},
    "included": 80, "reports": 95, "pooled": 60,
    "other_identified": {"Websites": 5, "Citation searching": 12}, "other_sought": 17, "other_not_retrieved": 2,
    "other_assessed": 15, "other_excluded": {"Second report": 10},
}  # fmt: skip


def boxes(axes):
    known = {"heading", "phase"}
    return {patch.get_label(): patch for patch in axes.patches if hasattr(patch, "get_xy") and patch.get_label()
            and patch.get_label() not in known and " to " not in patch.get_label()}  # fmt: skip


def plain(axes):
    return words(axes).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("counts", [FULL, {}, {"excluded": {"W" * 90: 3, "b": 0}, "assessed": 9}])
def test_every_text_is_apart_and_inside_its_figure(counts):
    axes = prisma(counts)
    assert overlapping(axes.figure) == [] and outside(axes.figure) == []


@pytest.mark.parametrize("counts", [FULL, {"assessed": 9, "excluded": {"W" * 90: 3}}])
def test_boxes_hold_their_texts(counts):
    axes = prisma(counts)
    axes.figure.canvas.draw()
    frames = [box.get_window_extent() for box in axes.patches]
    for text in axes.texts:
        extent = text.get_window_extent()
        assert any(f.x0 <= extent.x0 and extent.x1 <= f.x1 and f.y0 <= extent.y0 and extent.y1 <= f.y1 for f in frames)


def test_numbers_reasons_and_arrows():
    axes = prisma(FULL)
    said = plain(axes)
    assert "Records identified (n = 2,774):" in said and "Duplicate records (n = 812)" in said
    assert "Studies included in review\n(n = 80)" in said and "(n = 60)" in said
    arrows = [patch.get_label() for patch in axes.patches if " to " in patch.get_label()]
    assert "screened to sought" in arrows and "other_assessed to included" in arrows
    assert "Reports excluded, other methods: 10 (Second report 10)." in axes.alt_text


def test_what_is_not_known_is_said_and_other_methods_stand_only_where_given():
    axes = prisma({"assessed": 103, "excluded": 79, "included": 24})
    assert "Records identified (not recorded)" in plain(axes)
    assert set(boxes(axes)) == {"identified", "removed", "screened", "screened_out", "sought", "not_retrieved",
                                "assessed", "excluded", "included"}  # fmt: skip
    assert "Records screened: not recorded." in axes.alt_text and "other methods" not in axes.alt_text


def test_a_table_reads_as_the_mapping_does():
    rows = [(box, reason, n) for box, value in FULL.items()
            for reason, n in (value.items() if isinstance(value, dict) else [("", value)])]  # fmt: skip
    table = pd.DataFrame(rows, columns=["box", "reason", "n"])
    assert flow_counts(table) == flow_counts(FULL)


def test_a_part_that_is_not_known_leaves_the_sum_unknown():
    assert flow_counts({"removed": {"Duplicates": 5, "Other": None}})["removed"].n is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"screened": 1951}, r"identified \(2774\) minus removed \(824\) is 1950, but screened is 1951"),
        ({"assessed": 200}, r"sought \(250\) minus not_retrieved \(13\) is 237, but assessed is 200"),
        ({"other_assessed": 16}, "other_assessed is 16"),
        ({"reports": 94}, "leaves 95 reports, but reports is 94"),
        ({"reports": None, "included": 96}, "included is 96"),
        ({"pooled": 81}, r"pooled \(81\) is more than included \(80\)"),
        ({"sought": 2.5}, "not a count"),
        ({"screened": -1}, "not a count"),
        ({"retrieved": 4}, "no box 'retrieved'"),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(change, message):
    with pytest.raises(PainsynthError, match=message):
        prisma(FULL | change)


def test_a_table_counts_a_box_once():
    with pytest.raises(PainsynthError, match="counted twice"):
        flow_counts(pd.DataFrame({"box": ["sought", "sought"], "n": [1, 2]}))


def test_on_given_axes():
    ax = Figure(figsize=(3, 3)).subplots()
    assert prisma(FULL, ax=ax) is ax
    assert overlapping(ax.figure) == [] and outside(ax.figure) == []
