"""Age and baseline score of a comparison: means of its arms, and empty where one arm's is not on file."""

import math

import painsynth as ps
import pytest
from conftest import ROOT
from mini_review import scores, trial, write_review

QUESTION = ps.Question(condition="knee_osteoarthritis")


def start(tmp_path, parts, *more):
    evidence = ps.load_evidence(write_review(tmp_path, parts, scores("one", (3, 1), (5, 1)), *more))
    table = ps.compare(evidence, QUESTION)
    return table[["age_mean", "baseline"]].iloc[0].tolist()


def aged(cells, control, **sizes):
    parts = trial("one")
    for arm, age, n in zip(parts["arms"], (cells, control), sizes.get("n", ("", "")), strict=True):
        arm |= {"age_mean": age, "n_randomised": n}
    return parts


def test_means_are_weighted_by_the_numbers_randomised(tmp_path):
    assert start(tmp_path, aged("50", "60", n=("30", "10")))[0] == pytest.approx(52.5)


def test_without_all_numbers_arms_count_alike(tmp_path):
    assert start(tmp_path, aged("50", "60", n=("30", "")))[0] == pytest.approx(55)


def test_one_arm_unknown_leaves_it_empty(tmp_path):
    assert math.isnan(start(tmp_path, aged("50", ""))[0])


def test_the_baseline_is_on_the_common_scale_and_on_the_instrument_of_the_result(tmp_path):
    womac = scores("one", (20, 1), (20, 1), months="0", instrument="WOMAC pain 0-20")
    own = scores("one", (6, 1), (8, 1), months="0")
    assert start(tmp_path / "own", trial("one"), womac, own)[1] == pytest.approx(70)
    assert start(tmp_path / "other", trial("one"), womac)[1] == pytest.approx(100)


def test_a_scale_that_points_up_is_turned(tmp_path):
    koos = scores("one", (40, 1), (40, 1), months="0", instrument="KOOS pain 0-100")
    assert start(tmp_path, trial("one"), koos)[1] == pytest.approx(60)


def test_a_flagged_baseline_is_not_read(tmp_path):
    doubtful = scores("one", (6, 1), (8, 1), months="0", flags="sign_ambiguous")
    assert math.isnan(start(tmp_path, trial("one"), doubtful)[1])


def test_a_combined_arm_has_the_mean_of_its_components(tmp_path):
    parts = aged("50", "60", n=("10", "10"))
    cells = parts["arms"][0]
    parts["arms"] += [cells | {"arm_id": "one_more", "label": "more", "age_mean": "70", "n_randomised": "30"},
                      cells | {"arm_id": "one_both", "label": "both", "age_mean": "", "n_randomised": "40",
                               "combined_from": "one_cells|one_more"}]  # fmt: skip
    both = {"outcomes": [{"study_id": "one", "arm_id": "one_both", "mean": "3", "sd": "1", "flags": "arms_combined"}]}
    found = start(tmp_path, parts, both)[0]
    assert found == pytest.approx((10 * 50 + 30 * 70 + 10 * 60) / 50)


def test_every_comparison_names_arms_of_its_own_trial():
    evidence = ps.load_evidence(ROOT / "data")
    owner = evidence.arms.set_index("arm_id")["study_id"]
    for row in ps.compare(evidence, QUESTION).itertuples():
        assert {owner[arm] for arm in row.arms.split("|")} == {row.study_id}
