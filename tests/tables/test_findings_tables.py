"""Summary of findings, certainty and claims for print: a row for every question, words for codes."""

import painsynth as ps
import pytest
from conftest import ROOT


@pytest.fixture(scope="module")
def found():
    evidence = ps.load_evidence(ROOT / "data")
    asked = [("knee_osteoarthritis", "umbilical_cord"), ("tendinopathy", "adipose"), ("knee_osteoarthritis", None)]
    return ps.answers(evidence, [ps.Question(condition=condition, msc_source=source) for condition, source in asked])


def test_every_question_has_a_row_under_its_condition(found):
    table = ps.findings_table(ps.summary_of_findings(found[0].evidence, found))
    rows = [(row.group, row.cells[0].text) for row in table.rows]
    assert rows == [("Knee osteoarthritis", "Umbilical cord"), ("Knee osteoarthritis", "All sources"),
                    ("Tendinopathy", "Adipose")]  # fmt: skip
    assert "Needed: " in table.rows[-1].cells[-1].text and not table.wide
    assert [row.cells[1].text for row in table.rows] == ["1", str(found[2].k), "0"]


def test_the_domains_of_what_was_pooled(found):
    table = ps.certainty_table(found)
    assert len(table.rows) == 5 * sum(one.fit is not None for one in found)
    reasons = [row.cells[2].text for row in table.rows]
    assert reasons == [reason for one in found if one.fit is not None for reason in one.certainty.domains["reason"]]
    with pytest.raises(ps.PainsynthError, match="nothing was pooled"):
        ps.certainty_table(found[1:2])


@pytest.mark.slow
def test_claims_name_rule_result_and_figure():
    evidence = ps.load_evidence(ROOT / "data")
    tests = ps.claim_tests(evidence)
    table = ps.claims_table(tests, ps.verdicts(evidence, tests))
    assert len(table.rows) == len(tests) and not table.wide
    figures = [row.cells[-1].text.replace("\N{ZERO WIDTH SPACE}", "") for row in table.rows]
    assert figures == [name or "\N{EM DASH}" for name in tests["figure"]]
    assert all((test.figure == "") == (test.k == 0) for test in tests.itertuples())
