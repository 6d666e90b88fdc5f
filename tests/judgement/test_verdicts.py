"""Claims: each rule says supported, contradicted, uncertain or untested from the fit, and names its numbers."""

import painsynth as ps
import pytest
from conftest import ROOT
from mini_review import scores, trial, write_review
from painsynth.judgement.verdicts import wilson

CLAIM = {"claim_id": "c", "test": "t", "claim": "It helps.", "rule": "benefit", "condition": "knee_osteoarthritis",
         "outcome": "pain", "months": "12", "measure": "MD"}  # fmt: skip


def verdict(folder, differences, *, sd=1.0, n="400", **claim):
    """Verdict on trials of cells against control with these differences (points on 0-10), blinded and complete."""
    parts = []
    for i, difference in enumerate(differences):
        name = f"t{i}"
        own = [{"study_id": name, "tool": "RoB 2", "domain": domain, "judgement": "low", "support": "read",
                "assessor": "AB"} for domain in ("D1", "D2", "D3", "D4", "D5", "overall")]  # fmt: skip
        parts += [trial(name), scores(name, (5 + difference, sd), (5, sd), n=n), {"risk_of_bias": own}]
    evidence = ps.load_evidence(write_review(folder, *parts, {"claims": [CLAIM | claim]}))
    return ps.claim_tests(evidence).iloc[0]


def test_a_sure_benefit_supports_the_claim(tmp_path):
    found = verdict(tmp_path, [-3.0, -3.01, -2.99, -3.0])
    assert (found["verdict"], found["k"], found["certainty"]) == ("supported", 4, "high")
    assert "MD −30.0" in found["reason"]


def test_a_sure_lack_of_benefit_contradicts_it(tmp_path):
    assert verdict(tmp_path, [0.0, 0.01, -0.01, 0.0])["verdict"] == "contradicted"


def test_few_patients_leave_it_uncertain(tmp_path):
    assert verdict(tmp_path, [-3.0, 2.0, -1.0], sd=2.0, n="12")["verdict"] == "uncertain"


def test_nothing_on_file_leaves_it_untested(tmp_path):
    found = verdict(tmp_path, [-3.0], condition="hip_osteoarthritis")
    assert (found["verdict"], found["k"], found["result"]) == ("untested", 0, "")


def test_what_nobody_measured_is_untested_and_says_what_is_needed(tmp_path):
    found = verdict(tmp_path, [-3.0], rule="not_measured", needs="markers by arm")
    assert (found["verdict"], found["reason"]) == ("untested", "Not on file: markers by arm.")


def test_one_group_cannot_differ(tmp_path):
    assert verdict(tmp_path, [-3.0, -2.0], rule="differs", by="msc_source")["verdict"] == "untested"


def test_wilson_limits_are_those_of_the_score_equation():
    """Both limits solve |p - x/n| = z sqrt(p (1 - p) / n)."""
    for end in wilson(8, 20):
        assert abs(end - 0.4) == pytest.approx(1.959964 * (end * (1 - end) / 20) ** 0.5, rel=1e-6)


@pytest.fixture(scope="module")
def answered():
    evidence = ps.load_evidence(ROOT / "data")
    return ps.claim_tests(evidence), ps.verdicts(evidence)


def test_every_claim_is_answered_once_from_all_its_tests(answered):
    tests, claims = answered
    assert list(claims["claim_id"]) == list(tests["claim_id"].drop_duplicates())
    assert claims["tests"].sum() == len(tests)


def test_a_claim_is_no_stronger_than_its_tests(answered):
    tests, claims = answered
    by_claim = tests.groupby("claim_id")["verdict"].agg(set)
    for row in claims.itertuples():
        if row.verdict == "supported":
            assert by_claim[row.claim_id] == {"supported"}
        if row.verdict == "untested":
            assert by_claim[row.claim_id] == {"untested"}
        assert ("contradicted" in by_claim[row.claim_id]) == (row.verdict == "contradicted")
