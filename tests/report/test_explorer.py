"""The explorer: every control redraws, what cannot be done is said, and nothing is offered that is not on file."""

import painsynth as ps
import pytest
from conftest import ROOT


@pytest.fixture
def explorer():
    evidence = ps.load_evidence(ROOT / "data")
    box = ps.explore(evidence)
    controls, answer = box.children
    return {control.description: control for control in controls.children}, answer


def test_the_first_answer_is_the_default_question_s(explorer):
    _, answer = explorer
    question = ps.Question(condition="knee_osteoarthritis", leave_out="default")
    said = ps.answer(ps.load_evidence(ROOT / "data"), question).sentence
    assert said in answer.value
    assert "<svg" in answer.value


@pytest.mark.parametrize(
    ("control", "value"), [("cells from", "adipose"), ("time", 6), ("τ²", "DL"), ("interval", "Wald")]
)
def test_a_change_gives_another_answer(explorer, control, value):
    controls, answer = explorer
    before = answer.value
    controls[control].value = value
    assert answer.value != before
    assert "<svg" in answer.value


def test_what_cannot_be_pooled_is_said_instead_of_drawn(explorer):
    controls, answer = explorer
    controls["condition"].value = "rheumatoid_arthritis"
    assert answer.value.startswith("<p><strong>Nothing can be pooled")
    assert "<svg" not in answer.value


def test_only_words_on_file_are_offered(explorer):
    controls, _ = explorer
    evidence = ps.load_evidence(ROOT / "data")
    offered = {value for _, value in controls["condition"].options}
    assert offered <= set(evidence.studies["condition"])


def test_it_starts_from_a_question(monkeypatch):
    question = ps.Question(condition="knee_osteoarthritis", msc_source="bone_marrow", months=6)
    evidence = ps.load_evidence(ROOT / "data")
    box = ps.explore(evidence, question)
    shown = {control.description: control.value for control in box.children[0].children}
    assert (shown["cells from"], shown["time"]) == ("bone_marrow", 6)
    assert "bone marrow" in box.children[1].value
