"""The trials a question does not use, each with its reason: reporting bias is shown, not hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from painsynth.evidence.question import Question
    from painsynth.evidence.tables import Evidence

COLUMNS = ["study", "study_id", "reason", "kind", "direction_reported", "n_randomised", "msc_source", "source_id"]
RECORDED = {
    "no_data_reachable": "no results could be read", "registered_no_results": "registered, no results published",
    "no_pain_numbers": "reports no pain numbers", "incomplete_numbers": "numbers incomplete",
    "no_spread": "no SD, standard error or interval is printed", "baseline_only": "only baseline values could be read",
    "time_not_reported": "the time of measurement is not printed",
    "sign_ambiguous": "it is not clear which sign means improvement", "no_control": "no control group",
    "no_cell_free_control": "no control group without cells", "not_msc": "the product is not mesenchymal cells",
    "mixed_cell_product": "cells mixed with other products", "duplicate_report_of": "second report of",
}  # fmt: skip
_ABOUT_PAIN = ("no_pain_numbers", "no_spread", "baseline_only", "incomplete_numbers", "sign_ambiguous")
OUTSIDE, OTHER_TIME, UNUSABLE = "not asked", "other time", "not usable"
_WINDOW = "measured outside the window"


def left_out(evidence: Evidence, question: Question, ledger: pd.DataFrame) -> pd.DataFrame:
    """List every trial of the condition that is not compared, with its reason.

    Returns
    -------
    DataFrame
        study, study_id, reason, kind (``not asked``: outside the question; ``other time``: measured, but not in the
        window; ``not usable``: asked for, but nothing can be pooled), direction_reported (what its
        report says, from excluded.csv), n_randomised, msc_source, source_id.
    """
    used = set(ledger.loc[ledger["reason"] == "", "study_id"])
    recorded = evidence.excluded.drop_duplicates("study_id").set_index("study_id")
    found = [_trial(trial, question, ledger, evidence, recorded) for trial in evidence.studies.itertuples()
             if trial.study_id not in used and question.condition in (None, trial.condition)]  # fmt: skip
    registered = set(evidence.studies["study_id"])
    found += [_report(study_id, row, evidence, question) for study_id, row in recorded.iterrows()
              if study_id not in registered and question.condition in (None, row["condition"])]  # fmt: skip
    return pd.DataFrame(found, columns=COLUMNS).sort_values(
        ["kind", "study"], ascending=[False, True], ignore_index=True
    )


def _trial(trial, question: Question, ledger: pd.DataFrame, evidence: Evidence, recorded: pd.DataFrame) -> tuple:
    arms = evidence.arms[evidence.arms["study_id"] == trial.study_id]
    sources = list(dict.fromkeys(arms.loc[arms["role"] == "cells", "msc_source"]))
    outside = _outside(trial, arms, sources, question)
    own = recorded.loc[trial.study_id] if trial.study_id in recorded.index else None
    reason = outside or _reason(trial, ledger, own, evidence, question)
    kind = OUTSIDE if outside else OTHER_TIME if reason.startswith(_WINDOW) else UNUSABLE
    direction = "" if own is None else own["direction_reported"]
    joined = "|".join(sources)
    return (trial.label, trial.study_id, reason, kind, direction, trial.n_randomised, joined, trial.source_id)


def _outside(trial, arms: pd.DataFrame, sources: list[str], question: Question) -> str:
    """Say why the trial is not what was asked for; empty if it is."""
    if question.msc_source and question.msc_source not in sources:
        return f"cells from {_plain(' and '.join(sources))}"
    if trial.design == "single_arm":
        return "no control group"
    if trial.design == "nonrandomised" and question.design == "rct":
        return "not a randomised trial"
    if trial.design == "":
        return "the design is not reported"
    controls = set(arms.loc[arms["role"] == "control", "comparator"])
    if question.comparator and question.comparator not in controls:
        return f"compared with {_plain(' and '.join(sorted(controls)) or 'no control without cells')}"
    return ""


def _reason(trial, ledger: pd.DataFrame, recorded: pd.Series | None, evidence: Evidence, question: Question) -> str:
    """Give what stopped the trial's most promising rows; where it has none, what the register says."""
    reasons = ledger.loc[(ledger["study_id"] == trial.study_id) & (ledger["reason"] != "baseline value"), "reason"]
    words = "; ".join(dict.fromkeys(reasons))
    of_pain = question.outcome == "pain" or (recorded is not None and recorded["reason"] not in _ABOUT_PAIN)
    if recorded is not None and not words and of_pain:
        return _recorded(recorded["reason"], evidence)
    what = "pain responders" if question.binary and question.outcome == "pain" else _plain(question.outcome)
    return words or f"no usable {what} results on file"


def _report(study_id: str, row: pd.Series, evidence: Evidence, question: Question) -> tuple:
    sources = row["msc_source"].split("|") if row["msc_source"] else []
    outside = bool(question.msc_source) and question.msc_source not in sources
    other = f"cells from {_plain(' and '.join(sources)) or 'an unreported source'}"
    reason = other if outside else _recorded(row["reason"], evidence)
    return (row["label"], study_id, reason, OUTSIDE if outside else UNUSABLE, row["direction_reported"],
            row["n_randomised"], row["msc_source"], row["source_id"])  # fmt: skip


def _recorded(reason: str, evidence: Evidence) -> str:
    """Write a recorded reason in words; a second report names its trial by label."""
    code, _, other = reason.partition(" ")
    labels = evidence.studies.loc[evidence.studies["study_id"] == other, "label"]
    return " ".join([RECORDED[code], *labels])


def _plain(words: str) -> str:
    return words.replace("_", " ")
