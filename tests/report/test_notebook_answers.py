"""Notebooks 00, 02, 03, 11 run: their sentence is the API's, and it changes with the parameters; empty is an answer."""

import ast
import csv

import painsynth as ps
import pytest
from conftest import ROOT
from painsynth.report.parameters import code_cells, read_notebook, source

NOTEBOOKS = ROOT / "notebooks"
KNEE = "knee_osteoarthritis"


def told(name, monkeypatch, folder, **parameters):
    """Run the cells of a notebook up to and with its bottom line, as papermill would; give the summary."""
    monkeypatch.chdir(NOTEBOOKS)
    monkeypatch.setenv("PAINSYNTH_FIGURES", str(folder))
    names: dict = {}
    for number, (_, cell) in enumerate(code_cells(read_notebook(NOTEBOOKS / f"{name}.ipynb"))):
        text = source(cell)
        if "report_line(" in text:
            tree = ast.parse(text)
            last = ast.Expression(tree.body.pop().value)
            exec(compile(tree, name, "exec"), names)
            return eval(compile(last, name, "eval"), names)
        exec(text, names)
        if number == 0:
            names |= parameters
    raise AssertionError(f"{name} has no bottom line")


def test_02_says_what_the_api_says_and_how_sure(monkeypatch, tmp_path):
    summary = told("02_pool", monkeypatch, tmp_path, months=6.0)
    found = ps.answer(ps.load_evidence(ROOT / "data"), ps.Question(condition=KNEE, months=6))
    assert summary.sentence == found.bottom_line
    assert summary.sentence.endswith(f"{found.certainty}.")
    assert summary.k == found.k


@pytest.mark.parametrize("changed", [{"msc_source": "adipose"}, {"tau2": "DL"}, {"mid": 5.0}, {"level": 0.9}])
def test_02_changes_with_its_parameters(monkeypatch, tmp_path, changed):
    one, other = told("02_pool", monkeypatch, tmp_path), told("02_pool", monkeypatch, tmp_path, **changed)
    assert one.sentence != other.sentence and one.figure != other.figure


def test_03_changes_with_what_makes_the_groups(monkeypatch, tmp_path):
    said = [told("03_compare", monkeypatch, tmp_path, by=by) for by in ("msc_source", "product", "msc_source+product")]
    assert len({one.sentence for one in said}) == len({one.figure for one in said}) == 3


@pytest.mark.parametrize("name", ["02_pool", "03_compare"])
def test_what_cannot_be_pooled_says_what_would_be_needed(monkeypatch, tmp_path, name):
    summary = told(name, monkeypatch, tmp_path, condition="tendinopathy")
    assert summary.k == 0 and summary.sentence.startswith("Nothing can be pooled") and "Needed: " in summary.sentence


def test_03_refuses_a_wrong_group_with_the_possible_ones(monkeypatch, tmp_path):
    with pytest.raises(ps.PainsynthError, match=r"groups can be made by .*msc_source"):
        told("03_compare", monkeypatch, tmp_path, by="cells")


def test_00_counts_the_fields_of_the_map(monkeypatch, tmp_path):
    asked = {"condition": KNEE, "months": 24.0}
    summary = told("00_evidence", monkeypatch, tmp_path, **asked)
    found = ps.answers(ps.load_evidence(ROOT / "data"), ps.Question(**asked))
    assert ps.fields_sentence(found) in summary.sentence
    fields = [one for one in found if one.question.msc_source]
    pooled = sum(one.fit is not None for one in fields)
    assert f"Of {len(fields)} combinations of condition and cell source on file {pooled} have" in summary.sentence


@pytest.mark.slow
def test_11_counts_verdicts_and_fields(monkeypatch, tmp_path):
    evidence = ps.load_evidence(ROOT / "data")
    tests = ps.claim_tests(evidence)
    claims = ps.verdicts(evidence, tests)
    monkeypatch.setattr(ps, "claim_tests", lambda _: tests)
    one = told("11_certainty", monkeypatch, tmp_path, condition="rheumatoid_arthritis")
    other = told("11_certainty", monkeypatch, tmp_path, condition=KNEE, msc_source="adipose")
    assert one.sentence != other.sentence
    for word, times in claims["verdict"].value_counts().items():
        assert f"{times} {'is' if times == 1 else 'are'} {word}" in one.sentence
    assert claims["verdict"].equals(ps.verdicts(evidence)["verdict"])


def test_every_figure_of_a_claim_is_drawn_by_a_row_of_the_plan():
    """Stems of figures are those of questions: each claim that was tested has its page."""
    with (NOTEBOOKS / "plan.csv").open(newline="", encoding="utf-8") as file:
        plan = list(csv.DictReader(file))
    asked = {(row["condition"], row["msc_source"], row["months"], row["outcome"] or "pain", row["by"]) for row in plan}
    evidence = ps.load_evidence(ROOT / "data")
    for row in evidence.claims.query("rule in ['benefit', 'benefit_in_each', 'differs', 'can_fail']").itertuples():
        months = f"{row.months:g}"
        if row.condition == "hip_osteoarthritis":
            continue  # not on file; its page says so under its own name
        assert (row.condition or "any", row.msc_source, months, row.outcome, row.by) in asked, row.test
