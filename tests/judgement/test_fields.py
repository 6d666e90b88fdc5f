"""Fields of the map: each asked once; where nothing is pooled, what would be needed counts every trial once."""

import re

import painsynth as ps
import pytest
from conftest import ROOT
from mini_review import scores, trial, write_review

KNEE = "knee_osteoarthritis"


@pytest.fixture(scope="module")
def evidence():
    return ps.load_evidence(ROOT / "data")


def test_every_field_of_the_map_is_asked_once(evidence):
    asked = ps.field_questions(evidence, ps.Question(condition="any"))
    fields = [(one.condition, one.msc_source) for one in asked]
    assert len(set(fields)) == len(fields)
    known = evidence.coverage()
    assert set(zip(known["condition"], known["msc_source"], strict=True)) <= set(fields)


def test_what_a_question_names_is_kept(evidence):
    asked = ps.field_questions(evidence, ps.Question(condition=KNEE, msc_source="adipose", months=6))
    assert asked == [ps.Question(condition=KNEE, msc_source="adipose", months=6)]


def test_a_summary_of_answers_is_the_summary_of_their_questions(evidence):
    question = ps.Question(condition="rheumatoid_arthritis", msc_source="adipose")
    by_question = ps.summary_of_findings(evidence, [question])
    assert ps.summary_of_findings(evidence, [ps.answer(evidence, question)]).equals(by_question)


def test_what_is_needed_counts_every_trial_under_one_reason(evidence):
    found = ps.answer(evidence, ps.Question(condition="tendinopathy"))
    counts = [int(n) for n in re.findall(r"(\d+) trial", ps.needed(found))]
    assert sum(counts) == len(found.comparisons.attrs["excluded"])


def test_a_field_without_a_trial_needs_the_first(tmp_path):
    evidence = ps.load_evidence(write_review(tmp_path, trial("a"), scores("a", (3, 2), (5, 2))))
    found = ps.answer(evidence, ps.Question(condition="neuropathic_pain"))
    assert ps.needed(found) == "Needed: a first randomised trial."
    assert ps.needed(ps.answer(evidence, ps.Question(condition=KNEE))) == ""
    late = ps.answer(evidence, ps.Question(condition=KNEE, months=3))
    assert ps.needed(late) == "Needed: results of this time (1 trial measured at others)."
