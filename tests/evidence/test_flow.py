"""The counts of the flow come from the tables, and what the tables do not record stays unknown."""

from __future__ import annotations

import pytest
from mini_review import scores, trial, write_review
from painsynth.errors import QuestionError
from painsynth.evidence.flow import prisma_counts
from painsynth.evidence.tables import load_evidence


@pytest.fixture
def evidence(tmp_path):
    return load_evidence(write_review(
        tmp_path, trial("a"), scores("a", (3, 1), (5, 1)), trial("b"), trial("c", condition="hip_osteoarthritis"),
        {"excluded": [{"study_id": "b", "label": "B", "reason": "no_pain_numbers"},
                      {"study_id": "a2", "label": "A2", "reason": "duplicate_report_of a"},
                      {"study_id": "r", "label": "R", "reason": "registered_no_results"}]},
    ))  # fmt: skip


def test_every_trial_is_counted_once(evidence):
    counts = prisma_counts(evidence)
    assert counts["sought"] == 5 and counts["assessed"] == 4 and counts["included"] == 1
    assert counts["not_retrieved"] == {"Registered, no results published": 1}
    # c gives nothing and nobody wrote down why: it is counted, not lost
    assert counts["excluded"] == {"Second report of another trial": 1, "Reports no pain numbers": 1,
                                  "No reason recorded": 1}  # fmt: skip
    assert counts["identified"] is None and counts["screened"] is None


def test_one_condition(evidence):
    assert prisma_counts(evidence, condition="hip_osteoarthritis")["sought"] == 1
    with pytest.raises(QuestionError, match="hip_osteoarthritis, knee_osteoarthritis"):
        prisma_counts(evidence, condition="tendinopathy")


def test_the_real_tables_add_up(project_root):
    from painsynth.plots.flow_counts import flow_counts

    real = load_evidence(project_root / "data")
    boxes = flow_counts(prisma_counts(real))
    assert boxes["sought"].n == len(set(real.studies["study_id"]) | set(real.excluded["study_id"]))
    assert boxes["assessed"].n - boxes["excluded"].n == boxes["included"].n
