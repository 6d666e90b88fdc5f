"""One question over several values: the same rows as asked one by one, and what is left out every time."""

import painsynth as ps
import pytest
from conftest import ROOT
from painsynth.errors import PainsynthError


@pytest.fixture(scope="module")
def evidence():
    return ps.load_evidence(ROOT / "data")


QUESTION = ps.Question(condition="knee_osteoarthritis", msc_source="adipose")


def test_the_rows_are_those_of_each_question(evidence):
    stacked = ps.across(evidence, QUESTION, months=(6, 24))
    for months, rows in stacked.groupby("asked"):
        alone = ps.compare(evidence, ps.Question(condition="knee_osteoarthritis", msc_source="adipose", months=months))
        assert rows["rows"].tolist() == alone["rows"].tolist()
    assert stacked.attrs["question"] == QUESTION
    assert set(stacked.attrs["ledger"]["asked"]) == {6, 24}


def test_left_out_is_what_gives_nothing_at_any_time(evidence):
    stacked = ps.across(evidence, QUESTION, months=(6, 24))
    out = stacked.attrs["excluded"]
    assert out["study_id"].is_unique
    assert not set(out["study_id"]) & set(stacked["study_id"])
    assert set(out["study_id"]) | set(stacked["study_id"]) >= set(
        evidence.studies.loc[evidence.studies["condition"] == "knee_osteoarthritis", "study_id"]
    )


def test_outcomes_can_be_asked_too_and_effects_follow(evidence):
    stacked = ps.across(evidence, QUESTION, outcome=["pain", "function"])
    effects = ps.effects(stacked, measure="MD")
    assert list(dict.fromkeys(effects["asked"])) == ["pain", "function"]
    assert len(effects) == len(stacked)


def test_nothing_anywhere_says_what_exists(evidence):
    stacked = ps.across(evidence, ps.Question(condition="rheumatoid_arthritis"), months=(3, 6))
    assert stacked.empty
    assert stacked.attrs["coverage"]["poolable"].any()
    assert "asked" in stacked


@pytest.mark.parametrize("values", [{}, {"months": (3,), "outcome": ("pain",)}, {"moon": (1,)}, {"months": ()}])
def test_one_field_with_values_is_needed(evidence, values):
    with pytest.raises(PainsynthError, match=r"across|no value"):
        ps.across(evidence, QUESTION, **values)


def test_an_impossible_value_is_refused(evidence):
    with pytest.raises(PainsynthError, match="outcome"):
        ps.across(evidence, QUESTION, outcome=("pain", "happiness"))
