"""Characteristics of studies: what is known is shown as it stands, what is not stays empty."""

from __future__ import annotations

import csv
import io
import math

import painsynth as ps
import pytest
from mini_review import scores, trial, write_review
from painsynth.errors import PainsynthError
from painsynth.tables.spreadsheet import comma_separated


def arm(name: str, part: str, **facts) -> dict:
    """One more row of arms for a trial."""
    given = {"study_id": name, "arm_id": f"{name}_{part}", "label": part} | facts
    return {"arms": [given]}


def cells(**facts) -> dict:
    return {"role": "cells", "msc_source": "adipose", "donor": "allogeneic", "product": "svf"} | facts


@pytest.fixture
def evidence(tmp_path):
    ash = trial("ash", source="adipose", year="2019", doi="10.1000/a<1>b", country="Spain; Italy", funding="A & B",
                registry_id="NCT0000", followup_months="24", n_randomised="45")  # fmt: skip
    ash["arms"][0] |= {"n_randomised": "20", "dose_million_cells": "10"}
    ash["arms"][1] |= {"n_randomised": "25"}
    doses = trial("birch")
    doses["arms"] = doses["arms"][1:]
    return ps.load_evidence(write_review(
        tmp_path / "data", ash, scores("ash", (3, 2), (5, 2)), {"events": [
            {"study_id": "ash", "arm_id": "ash_cells", "event": "any_adverse_event", "events": "1", "total": "20"}]},
        doses, arm("birch", "low", **cells(dose_million_cells="5")),
        arm("birch", "high", **cells(dose_million_cells="50", donor="not_reported")),
        arm("birch", "cells", **cells(combined_from="birch_low|birch_high", n_randomised="30")),
        scores("birch", (3, 2), (5, 2), n="29"),
        trial("cedar", pmid="123", condition="tendinopathy", design="single_arm", unit_of_analysis="tendon"),
    ))  # fmt: skip


def shown(table) -> dict[str, dict[str, str]]:
    labels = [f"{column.spanner}: {column.label}".removeprefix(": ") for column in table.columns]
    return {row.cells[0].text: dict(zip(labels, [cell.text for cell in row.cells], strict=True)) for row in table.rows}


def test_every_fact_stands_in_its_column(evidence):
    table = ps.characteristics_table(evidence)
    assert shown(table)["Ash"] == {
        "Study": "Ash", "Year": "2019", "Country": "Spain; Italy", "Design": "RCT", "Patients blinded": "yes",
        "Patients: All": "45", "Patients: Cells": "20", "Patients: Control": "25", "Cells: Source": "adipose",
        "Cells: Donor": "autologous", "Cells: Product": "culture expanded", "Cells: Dose": "10",
        "Comparator": "saline", "Months followed": "24", "Outcomes": "pain; harms", "Funding": "A & B",
        "Registration": "NCT0000",
    }  # fmt: skip
    assert [row.cells[0].url for row in table.rows] == [
        "https://doi.org/10.1000/a%3C1%3Eb", "", "https://pubmed.ncbi.nlm.nih.gov/123/",
    ]  # fmt: skip
    assert [row.group for row in table.rows] == ["Knee osteoarthritis"] * 2 + ["Tendinopathy"]


def test_unknown_stays_visibly_empty(evidence):
    row = shown(ps.characteristics_table(evidence))["Cedar"]
    empty = {"Year", "Country", "Patients: All", "Patients: Cells", "Cells: Dose", "Months followed", "Funding",
             "Registration", "Outcomes"}  # fmt: skip
    assert all(row[name] == "—" for name in empty) and row["Design"] == "single arm"
    assert any(note.startswith("— not reported") for note in ps.characteristics_table(evidence).notes)


def test_doses_come_from_the_arms_and_numbers_from_whoever_has_them(evidence):
    table = ps.characteristics_table(evidence)
    row = shown(table)["Birch"]
    assert (row["Cells: Dose"], row["Cells: Product"], row["Cells: Donor"]) == ("5; 50", "SVF", "allogeneic; —")
    assert (row["Patients: Cells"], row["Patients: Control"]) == ("30", "29")
    (marks,) = (line.cells[6].marks for line in table.rows if line.cells[0].text == "Birch")
    assert table.footnotes[marks[0]].startswith("Number analysed")
    assert any("stromal vascular fraction" in note for note in table.notes)


def test_only_the_studies_of_a_comparison_with_their_results(evidence):
    comparisons = ps.compare(evidence, ps.Question(condition="knee_osteoarthritis", months=12))
    both, alone = ps.characteristics_table(evidence, comparisons), ps.characteristics_table(comparisons)
    assert [row.cells[0].text for row in both.rows] == ["Ash", "Birch"]
    assert shown(both)["Ash"]["Result used"] == "VAS 0–10, 12 months"
    assert shown(both)["Ash"]["Country"] == "Spain; Italy"
    assert "Country" not in shown(alone)["Ash"] and shown(alone)["Birch"]["Patients: Cells"] == "29"
    assert any("numbers that are compared" in note for note in alone.notes) and not alone.footnotes


def test_one_condition_or_none(evidence):
    assert len(ps.characteristics_table(evidence, condition="tendinopathy").rows) == 1
    with pytest.raises(PainsynthError, match="no study of condition 'gout'"):
        ps.characteristics_table(evidence, condition="gout")
    with pytest.raises(PainsynthError, match="no study to print"):
        ps.characteristics_table(ps.compare(evidence, ps.Question(condition="hip_osteoarthritis")))


def test_csv_keeps_the_codes(evidence):
    records = list(csv.DictReader(io.StringIO(comma_separated(ps.characteristics_table(evidence)))))
    assert (records[1]["dose"], records[1]["donor"], records[1]["product"]) == ("5|50", "allogeneic|", "svf")
    assert records[2]["year"] == "" and records[0]["n_cells"] == "20"


def test_real_studies_all_stand_in_the_table(project_root):
    evidence = ps.load_evidence(project_root / "data")
    table = ps.characteristics_table(evidence)
    assert {row.cells[0].text for row in table.rows} == set(evidence.studies["label"])
    years = dict(zip(evidence.studies["label"], evidence.studies["year"], strict=True))
    assert all((cells[1].text == "—") == math.isnan(years[cells[0].text]) for cells in (r.cells for r in table.rows))
    assert all(row.cells[0].url.startswith("http") for row in table.rows)
