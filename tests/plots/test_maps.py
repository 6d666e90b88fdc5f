"""The evidence map shows every combination, also the empty ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from painsynth.errors import NothingToPool
from painsynth.plots.maps import evidence_map
from plots.plot_looks import outside, overlapping, words

ROWS = [
    ("knee_osteoarthritis", "adipose", 34, 20, 14), ("knee_osteoarthritis", "bone_marrow", 25, 15, 12),
    ("knee_osteoarthritis", "not_reported", 40, 1, 0), ("degenerative_disc_disease", "bone_marrow", 14, 8, 4),
    ("neuropathic_pain_after_spinal_cord_injury", "umbilical_cord", 1, 1, 0),
]  # fmt: skip


class Stub:
    """An Evidence with nothing but its coverage."""

    def __init__(self, rows=ROWS):
        self.rows = rows

    def coverage(self):
        return pd.DataFrame(self.rows, columns=["condition", "msc_source", "trials", "randomised", "poolable"])


def test_every_combination_has_a_cell_and_empty_ones_are_blank():
    axes = evidence_map(Stub())
    (mesh,) = axes.collections
    counts = np.ma.filled(mesh.get_array().reshape(3, 4), 0)
    assert counts.sum() == 114 and (counts > 0).sum() == 5
    bold = [text.get_text() for text in axes.texts if text.get_fontweight() == "bold"]
    assert sorted(bold) == sorted(str(row[2]) for row in ROWS)
    assert "14 poolable" in words(axes)


def test_texts_are_apart_and_inside():
    axes = evidence_map(Stub())
    assert overlapping(axes.figure) == [] and outside(axes.figure) == []


def test_sources_without_a_name_come_last_and_the_most_studied_condition_first():
    axes = evidence_map(Stub())
    assert axes.get_xticklabels()[-1].get_text() == "Not reported"
    assert [text.get_text() for text in axes.get_yticklabels()][:2] == [
        "Knee osteoarthritis",
        "Degenerative disc disease",
    ]


def test_a_map_on_given_axes_and_of_one_cell():
    from matplotlib.figure import Figure

    ax = Figure(layout="constrained").subplots()
    assert evidence_map(Stub(ROWS[:1]), ax=ax) is ax
    assert "adipose 34 trials, 14 poolable" in ax.alt_text


def test_nothing_on_file():
    with pytest.raises(NothingToPool, match="no trial is on file"):
        evidence_map(Stub([]))
