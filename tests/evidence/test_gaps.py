"""A missing column hides no fault of the others, and makes none up."""

from __future__ import annotations

import painsynth as ps
import pandas as pd
import pytest
from mini_review import scores, trial, write_review
from painsynth.evidence.dictionary import TABLES


def faults_without(folder, table, column, *parts):
    path = write_review(folder, *parts) / f"{table}.csv"
    pd.read_csv(path, dtype=str, keep_default_na=False).drop(columns=column).to_csv(path, index=False)
    with pytest.raises(ps.EvidenceError) as caught:
        ps.load_evidence(folder)
    return caught.value.faults


def test_rules_of_rows_hold_beside_a_missing_column(tmp_path):
    wrong = scores("a", (3, 2), (5, 2))
    wrong["outcomes"][0] |= {"mean": "30", "q1": "5", "median": "4", "q3": "3"}
    for column in ("minimum", "flags"):
        told = faults_without(tmp_path / column, "outcomes", column, trial("a"), wrong)
        assert {"the column is missing", "outside the scale: VAS 0-10 runs from 0 to 10"} <= {x.problem for x in told}
        assert any("is above" in x.problem for x in told), column


FEW = [("arms", "role"), ("outcomes", "value_type"), ("instruments", "maximum")]
ALL = [(name, column) for name in ("studies", "arms", "outcomes", "events", "contrasts", "instruments", "excluded")
       for column in TABLES[name].names]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "column"), [*FEW, *(pytest.param(*case, marks=pytest.mark.slow) for case in ALL if case not in FEW)]
)
def test_a_missing_column_makes_no_fault_up(table, column, tmp_path):
    """Sound tables but for one column: only that it is missing is told, and what points to it."""
    more = {"events": [{"study_id": "a", "arm_id": "a_cells", "events": "1", "total": "20"}],
            "contrasts": [{"study_id": "a", "experimental_arm_id": "a_cells", "control_arm_id": "a_ctrl",
                           "estimate": "-1", "ci_low": "-2", "ci_high": "0"}],
            "excluded": [{"study_id": "b", "label": "B", "reason": "duplicate_report_of a",
                          "source_id": "src"}]}  # fmt: skip
    told = faults_without(tmp_path / "data", table, column, trial("a"), scores("a", (3, 2), (5, 2)), more)
    assert [x for x in told if x.problem == "the column is missing"]
    others = {(x.file, x.column, x.problem) for x in told if x.problem != "the column is missing"}
    assert not others or all(problem.startswith("not found in") or "is not in" in problem for _, _, problem in others)
