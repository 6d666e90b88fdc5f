"""A question is frozen, says itself in a sentence, names its files, and refuses what is not possible."""

import dataclasses

import painsynth as ps
import pytest


def test_it_is_frozen_and_equal_by_value():
    question = ps.Question(condition="knee_osteoarthritis")
    with pytest.raises(dataclasses.FrozenInstanceError):
        question.months = 6
    assert question == ps.Question(condition="knee_osteoarthritis", msc_source="any", comparator="")


@pytest.mark.parametrize("name, value, words", [
    ("condition", "knee_osteoartritis", "did you mean 'knee_osteoarthritis'"),
    ("condition", "gout", "allowed is knee_osteoarthritis"),
    ("msc_source", "fat", "adipose"), ("comparator", "salin", "did you mean 'saline'"), ("measure", "md", "MD"),
    ("outcome", "pian", "did you mean 'pain'"), ("design", "RCT", "rct"), ("months", 0, "above 0"),
    ("months", "12", "a number"), ("months", float("nan"), "a number"), ("window", "12", "'6-12'"),
    ("window", "12-6", "smaller first"), ("window", "13-24", "does not hold months"), ("paired_r", 1.0, "correlation"),
    ("mid", -1, "above 0"), ("responder", 0, "percent"), ("value_type", "final", "endpoint"),
    ("arms", "all", "combined"),
])  # fmt: skip
def test_an_impossible_value_is_refused_with_what_is_possible(name, value, words):
    with pytest.raises(ValueError, match=r"is not possible|does not hold") as caught:
        ps.Question(**({"condition": "knee_osteoarthritis"} | {name: value}))
    assert words in str(caught.value)


def test_events_are_asked_with_ratios_and_scores_with_differences():
    assert ps.Question(condition="any", outcome="serious_adverse_event", measure="RR").binary
    with pytest.raises(ValueError, match="not possible with measure MD"):
        ps.Question(condition="any", outcome="serious_adverse_event")


@pytest.mark.parametrize("months, inside, outside", [
    (3, (0.5, 1, 3), (0, 3.1)), (6, (3.1, 6), (3, 6.5)), (12, (9, 12), (6, 18)), (24, (18, 24), (12, 36)),
    (9, (12,), (6,)), (36, (36, 60), (24,)), (72, (61, 144), (60,)),
])  # fmt: skip
def test_the_default_window_is_the_review_window_that_holds_the_months(months, inside, outside):
    question = ps.Question(condition="any", months=months)
    assert all(question.holds(month) for month in inside)
    assert not any(question.holds(month) for month in outside)


def test_a_stated_window_holds_both_its_ends():
    question = ps.Question(condition="any", months=12, window="6-18")
    assert question.window == (6.0, 18.0)
    assert question.holds(6) and question.holds(18) and not question.holds(5.9)


def test_every_field_that_changes_the_answer_changes_the_slug():
    base = {"condition": "knee_osteoarthritis"}
    changes = [{}, {"outcome": "function"}, {"months": 6}, {"months": None}, {"window": "9-15"},
               {"msc_source": "adipose"},
               {"comparator": "saline"}, {"design": "controlled"}, {"measure": "SMD"}, {"measure": "RR"},
               {"measure": "RR", "responder": 30}, {"value_type": "endpoint"}, {"arms": "separate"},
               {"leave_out": "none"}, {"leave_out": "default|paired_design"}, {"leave_out": "sign_ambiguous"},
               {"paired_r": 0.3}, {"paired_r": -0.3}, {"mid": 15}, {"mid": None}]  # fmt: skip
    slugs = [ps.Question(**(base | change)).slug for change in changes]
    assert len(set(slugs)) == len(slugs)
    assert all(slug.replace("_", "").isalnum() and slug == slug.lower() for slug in slugs)


def test_the_sentence_says_condition_source_control_outcome_and_time():
    question = ps.Question(
        condition="knee_osteoarthritis", msc_source="umbilical_cord", comparator="hyaluronic_acid", months=6
    )
    for word in ("knee osteoarthritis", "umbilical cord", "hyaluronic acid", "pain", "6 months", "randomised"):
        assert word in str(question)


def test_direction_of_the_effect_scale():
    assert ps.Question(condition="any").lower_is_better
    assert not ps.Question(condition="any", measure="RR").lower_is_better, "more responders is better"
    assert ps.Question(condition="any", measure="RR", outcome="any_adverse_event").lower_is_better
