"""What was left out, in words: no trial and no row is lost on the way into the table."""

from __future__ import annotations

import painsynth as ps
import pandas as pd
import pytest
from painsynth.errors import PainsynthError


@pytest.fixture(scope="module")
def evidence(project_root):
    return ps.load_evidence(project_root / "data")


@pytest.fixture(scope="module")
def comparisons(evidence):
    return ps.compare(evidence, ps.Question(condition="knee_osteoarthritis", months=12))


def test_every_trial_left_out_stands_in_the_table(evidence, comparisons):
    left = comparisons.attrs["excluded"]
    table = ps.excluded_table(comparisons, evidence)
    assert sorted(row.cells[0].text for row in table.rows) == sorted(left["study"])
    assert {row.group for row in table.rows} == {
        "Asked for, but nothing can be pooled", "Measured at another time", "Outside the question"}  # fmt: skip
    assert all(row.cells[0].url.startswith("http") for row in table.rows)
    assert not any("_" in cell.text or "|" in cell.text for row in table.rows for cell in row.cells[1:])
    assert table.raw["reason"].tolist() != [] and set(table.raw["study"]) == set(left["study"])


def test_the_register_itself_can_be_printed(evidence):
    table = ps.excluded_table(evidence.excluded)
    assert len(table.rows) == len(evidence.excluded) and not table.rows[0].group


def test_every_unused_row_is_counted(comparisons):
    ledger = comparisons.attrs["ledger"]
    for table in (ps.ledger_table(comparisons), ps.ledger_table(ledger)):
        assert table.raw["rows"].sum() == (~ledger["used"]).sum()
        assert table.raw["rows"].is_monotonic_decreasing
        assert table.notes[0].startswith(f"{ledger['used'].sum()} of {len(ledger)} rows")
        assert all("0-100" not in row.cells[0].text for row in table.rows)


def test_nothing_left_out_is_said(comparisons):
    ledger = comparisons.attrs["ledger"]
    with pytest.raises(PainsynthError, match="no row was left out"):
        ps.ledger_table(pd.DataFrame(ledger)[ledger["used"]])
    with pytest.raises(PainsynthError, match="no trial was left out"):
        ps.excluded_table(pd.DataFrame(comparisons.attrs["excluded"])[:0])
    with pytest.raises(PainsynthError, match="lacks the columns study"):
        ps.excluded_table(pd.DataFrame({"x": [1]}))
