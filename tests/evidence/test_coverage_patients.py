"""Patients of the trials on file: randomised, or in all arms, each once."""

from __future__ import annotations

from mini_review import scores, trial, write_review
from painsynth.evidence.tables import load_evidence


def test_patients_come_from_the_trial_or_from_all_of_its_arms(tmp_path):
    evidence = load_evidence(write_review(
        tmp_path, trial("a", n_randomised="90"), scores("a", (3, 1), (5, 1)), trial("b"), scores("b", (3, 1), (5, 1)),
        trial("c"), {"outcomes": [{"study_id": "c", "arm_id": "c_cells", "mean": "3", "sd": "1"}]},
        trial("d", unit_of_analysis="paired_side"), scores("d", (3, 1), (5, 1)),
    ))  # fmt: skip
    (row,) = evidence.coverage().itertuples()
    # a: 90 randomised; b: 20 in each arm; d: 20 knees on each side of 20 patients; c: nobody knows its control arm
    assert row.patients == 90 + 40 + 20 and row.trials_without_patients == 1
