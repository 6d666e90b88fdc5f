"""Pooled results in a table: every row stays, unknown is empty, reasons and warnings are said."""

from __future__ import annotations

import csv
import io

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from mini_review import scores, trial, write_review
from painsynth.errors import PainsynthError
from painsynth.tables.spreadsheet import comma_separated
from painsynth.tables.writing import Scale, scale_of

TRIALS = pd.DataFrame({"study": list("ABCD"), "yi": [-9.0, -12.0, -3.0, -8.0], "vi": [9.0, 4.0, 16.0, 9.0],
                       "n1i": [20.0] * 4, "n2i": [19.0] * 4, "cells": ["fat", "fat", "cord", "fat"]})  # fmt: skip


def texts(table) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table.rows]


@pytest.fixture
def evidence(tmp_path):
    parts = [
        *(part for i, name in enumerate(("ash", "birch", "cedar"))
          for part in (trial(name, source="adipose"), scores(name, (3 + i, 2), (5, 2)))),
        trial("dill"), scores("dill", (4, 2), (5, 2)),
        trial("elm", source="placenta", condition="tendinopathy"), trial("fir", source="placenta"),
    ]  # fmt: skip
    return ps.load_evidence(write_review(tmp_path / "data", *parts))


def test_one_row_per_condition_and_source_with_reasons(evidence):
    results = ps.results_by(evidence, ps.Question(condition="any", months=12))
    assert results[["group", "label", "k"]].values.tolist() == [
        ["Knee osteoarthritis", "Adipose", 3], ["Knee osteoarthritis", "Bone marrow", 1],
        ["Knee osteoarthritis", "Placenta", 0], ["Knee osteoarthritis", "All sources", 4],
        ["Tendinopathy", "Placenta", 0],
    ]  # fmt: skip
    assert results["patients"].tolist() == [120, 40, 0, 160, 0]
    table = ps.results_table(results)
    assert table.rows[2].cells[-1].text == "Nothing poolable among 1 on file: no usable pain results on file (1)"
    assert {cell.text for cell in table.rows[2].cells[3:-1]} == {"–"}
    assert table.rows[1].cells[3].marks == (0,) and table.footnotes[0].startswith("One study")
    assert table.rows[3].strong and not table.rows[4].strong
    assert any(note.startswith("Mean difference in pain") for note in table.notes)
    assert any("REML" in note for note in table.notes)


def test_the_numbers_are_those_of_the_fit_to_the_last_digit(evidence):
    question = ps.Question(condition="knee_osteoarthritis", msc_source="adipose", months=12)
    fit = ps.pool(ps.effects(ps.compare(evidence, question)))
    (record,) = csv.DictReader(io.StringIO(comma_separated(ps.results_table(ps.results_by(evidence, [question])))))
    assert float(record["estimate"]) == fit.estimate
    assert (float(record["ci_low"]), float(record["pi_high"])) == (fit.ci[0], fit.pi[1])


def test_questions_that_differ_in_time_say_so(evidence):
    asked = [ps.Question(condition="knee_osteoarthritis", months=months) for months in (6, 12)]
    table = ps.results_table(ps.results_by(evidence, asked))
    assert [row.cells[0].text for row in table.rows] == ["All sources, 6 months", "All sources, 12 months"]


def test_groups_and_fits_side_by_side():
    groups = ps.pool_by(TRIALS, "cells")
    alone = ps.results_table(groups)
    assert [row.cells[0].text for row in alone.rows] == ["Fat", "Cord", "All"] and alone.columns[0].label == "Cells"
    assert alone.columns[-1].label == "p"  # no reason is needed, so there is no such column
    assert any(note.startswith("Test for subgroup differences: Q = ") for note in alone.notes)
    both = ps.results_table({"By cells": groups, "Fixed": ps.pool(TRIALS, model="common")})
    assert [row.group for row in both.rows] == ["By cells"] * 3 + ["Fixed"]
    assert both.rows[-1].cells[4].text == "–"  # a common-effect model predicts nothing


def test_ratios_are_printed_as_ratios():
    trials = pd.DataFrame({"study": list("AB"), "yi": np.log([2.0, 2.0]), "vi": [0.1, 0.1]})
    trials.attrs["measure"] = "RR"
    table = ps.results_table({"All": ps.pool(trials, ci="Wald")})
    assert texts(table)[0][3].startswith("2.00 [1.29 to 3.1") and table.raw["estimate"][0] == pytest.approx(2)
    assert any("logarithms" in note for note in table.notes)


def test_what_is_not_nil_is_not_printed_as_nil():
    assert Scale("MD", 1).write(-0.036) == "−0.04" and Scale("MD", 1).write(0.0) == "0.0"
    assert Scale("RR", 1).write(0.998) == "0.998" and Scale("RR", 1).write(1.0) == "1.00"
    assert Scale("MD", 1).write(1e-9) == "0.0000"
    assert scale_of("MD", [np.nan], [np.nan]).digits == 1 and scale_of("SMD", [-0.4], [0.1]).digits == 2


def test_unknown_patients_stay_empty():
    table = ps.results_table({"All": ps.pool(TRIALS.drop(columns="n1i"))})
    assert texts(table)[0][2] == "—" and any(note.startswith("—") for note in table.notes)


def test_results_that_cannot_share_a_column_are_refused():
    other = TRIALS.copy()
    other.attrs["measure"] = "SMD"
    with pytest.raises(PainsynthError, match=r"differ in measure.*make a table of each"):
        ps.results_table({"one": ps.pool(TRIALS), "two": ps.pool(other)})
    with pytest.raises(PainsynthError, match="there is no result to print"):
        ps.results_table({})
    with pytest.raises(PainsynthError, match="is not a set of results"):
        ps.results_table(3)
    with pytest.raises(PainsynthError, match="lack the columns"):
        ps.results_table(TRIALS)
