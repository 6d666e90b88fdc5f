"""Risk of bias: rules read recorded facts only, unknown stays unknown, a person overrules a rule."""

import runpy

import painsynth as ps
import pytest
from conftest import ROOT
from mini_review import scores, trial, write_review


def review(folder, *parts):
    return ps.load_evidence(write_review(folder, *parts))


def judged(evidence, name):
    table = ps.risk_of_bias(evidence, [name])
    return dict(zip(table["domain"], table["judgement"], strict=True))


@pytest.mark.parametrize(("blinded", "measurement", "overall"),
                         [("yes", "low", "some_concerns"), ("no", "high", "high"),
                          ("not_reported", "no_information", "some_concerns")])  # fmt: skip
def test_pain_told_by_participants_is_as_sound_as_their_blinding(tmp_path, blinded, measurement, overall):
    evidence = review(tmp_path, trial("one", participants_blinded=blinded), scores("one", (3, 1), (5, 1)))
    found = judged(evidence, "one")
    assert (found["D4"], found["overall"]) == (measurement, overall)


def test_what_is_not_on_file_is_no_information(tmp_path):
    evidence = review(tmp_path, trial("one", participants_blinded="not_reported"))
    found = judged(evidence, "one")
    assert found == {"D1": "some_concerns", "D2": "no_information", "D3": "no_information", "D4": "no_information",
                     "D5": "no_information", "overall": "some_concerns"}  # fmt: skip


@pytest.mark.parametrize(("analysed", "judgement"), [("20", "low"), ("18", "some_concerns"), ("12", "high")])
def test_missing_results_by_the_share_of_the_randomised(tmp_path, analysed, judgement):
    parts = trial("one")
    for arm in parts["arms"]:
        arm["n_randomised"] = "20"
    evidence = review(tmp_path, parts, scores("one", (3, 1), (5, 1), n=analysed))
    assert judged(evidence, "one")["D3"] == judgement


def test_a_trial_without_randomisation_is_judged_by_the_other_tool(tmp_path):
    evidence = review(tmp_path, trial("one", design="nonrandomised"), scores("one", (3, 1), (5, 1)))
    table = ps.risk_of_bias(evidence)
    assert set(table["tool"]) == {"ROBINS-I"}
    assert table["judgement"].iloc[-1] == "serious"


def test_a_person_overrules_the_rule_and_the_overall_judgement_follows(tmp_path):
    own = {
        "risk_of_bias": [
            {
                "study_id": "one",
                "tool": "RoB 2",
                "domain": domain,
                "judgement": "low",
                "support": "read in the report",
                "assessor": "AB",
            }
            for domain in ("D1", "D2", "D3", "D5")
        ]
    }
    evidence = review(tmp_path, trial("one"), scores("one", (3, 1), (5, 1)), own)
    table = ps.risk_of_bias(evidence).set_index("domain")
    assert table.loc["D1", "assessor"] == "AB"
    assert table.loc["D4", "assessor"] == "rule"
    assert table.loc["overall", "judgement"] == "low"


def test_every_row_by_rule_names_its_rule_and_the_shipped_file_is_what_the_rules_give():
    evidence = ps.load_evidence(ROOT / "data")
    rows = evidence.risk_of_bias
    provisional = rows[rows["assessor"] == "rule"]
    assert (provisional["rule"] != "").all()
    controlled = evidence.studies["design"].isin(["rct", "nonrandomised"])
    assert set(provisional["study_id"]) == set(evidence.studies.loc[controlled, "study_id"])
    tool = runpy.run_path(str(ROOT / "tools" / "risk_of_bias.py"))
    assert tool["TARGET"].read_text(encoding="utf-8") == tool["content"](), "run: python tools/risk_of_bias.py"


def test_the_row_order_of_the_asked_trials_is_kept():
    evidence = ps.load_evidence(ROOT / "data")
    names = list(evidence.studies.loc[evidence.studies["design"] == "rct", "study_id"])[:3][::-1]
    assert list(ps.risk_of_bias(evidence, names)["study_id"].drop_duplicates()) == names
