"""The trials a question does not use, each with its reason: reporting bias is shown, not hidden."""

from __future__ import annotations

from dataclasses import dataclass
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
    asked = evidence.studies[~evidence.studies["study_id"].isin(used)]
    if question.condition is not None:
        asked = asked[asked["condition"] == question.condition]
    known = _Known.of(evidence, ledger, recorded)
    found = [_trial(trial, question, known, evidence) for trial in asked.itertuples()]
    registered = set(evidence.studies["study_id"])
    found += [_report(study_id, row, evidence, question) for study_id, row in recorded.iterrows()
              if study_id not in registered and question.condition in (None, row["condition"])]  # fmt: skip
    return pd.DataFrame(found, columns=COLUMNS).sort_values(
        ["kind", "study"], ascending=[False, True], ignore_index=True
    )


@dataclass(frozen=True)
class _Known:
    """What stands about each trial, looked up once for all of them."""

    sources: dict[str, list[str]]
    controls: dict[str, list[str]]
    reasons: dict[str, list[str]]
    recorded: dict[str, dict]

    @classmethod
    def of(cls, evidence: Evidence, ledger: pd.DataFrame, recorded: pd.DataFrame) -> _Known:
        arms = evidence.arms
        rows = ledger[ledger["reason"] != "baseline value"]
        return cls(
            _words(arms[arms["role"] == "cells"], "msc_source"), _words(arms[arms["role"] == "control"], "comparator"),
            _words(rows, "reason"), recorded.to_dict("index"),
        )  # fmt: skip


def _words(rows: pd.DataFrame, column: str) -> dict[str, list[str]]:
    """Give the distinct words of a column by trial, in their order."""
    found: dict[str, dict[str, None]] = {}
    for study_id, word in zip(rows["study_id"], rows[column], strict=True):
        found.setdefault(study_id, {})[word] = None
    return {study_id: list(words) for study_id, words in found.items()}


def _trial(trial, question: Question, known: _Known, evidence: Evidence) -> tuple:
    sources = known.sources.get(trial.study_id, [])
    outside = _outside(trial, known.controls.get(trial.study_id, []), sources, question)
    own = known.recorded.get(trial.study_id)
    reason = outside or _reason(known.reasons.get(trial.study_id, []), own, evidence, question)
    kind = OUTSIDE if outside else OTHER_TIME if reason.startswith(_WINDOW) else UNUSABLE
    direction = "" if own is None else own["direction_reported"]
    joined = "|".join(sources)
    return (trial.label, trial.study_id, reason, kind, direction, trial.n_randomised, joined, trial.source_id)


def _outside(trial, controls: list[str], sources: list[str], question: Question) -> str:
    """Say why the trial is not what was asked for; empty if it is."""
    if question.msc_source and question.msc_source not in sources:
        return f"cells from {_plain(' and '.join(sources))}"
    if trial.design == "single_arm":
        return "no control group"
    if trial.design == "nonrandomised" and question.design == "rct":
        return "not a randomised trial"
    if trial.design == "":
        return "the design is not reported"
    if question.comparator and question.comparator not in controls:
        return f"compared with {_plain(' and '.join(sorted(controls)) or 'no control without cells')}"
    return ""


def _reason(reasons: list[str], recorded: dict | None, evidence: Evidence, question: Question) -> str:
    """Give what stopped the trial's most promising rows; where it has none, what the register says."""
    words = "; ".join(reasons)
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
