"""Every row that could answer a question, and for each row that cannot, the reason. No row disappears here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from painsynth.evidence.question import Question
    from painsynth.evidence.tables import Evidence

_ARM_COLUMNS = ["arm_id", "role", "msc_source", "donor", "product", "dose_million_cells", "comparator", "combined_from",
                "n_randomised"]  # fmt: skip
_STUDY_COLUMNS = ["study_id", "label", "year", "condition", "design", "participants_blinded", "unit_of_analysis", "doi"]
_RELIEF = re.compile(r"(\d+(?:\.\d+)?)\s?%")
_PAIN_WORDS = re.compile(r"\b(pain|vas|nrs|nprs|nps)\b", re.IGNORECASE)
_OTHER_WORDS = re.compile(r"\b(acr\d*|odi|womac|koos|function|disability|eular|oarsi|and|or|combined)\b", re.IGNORECASE)

DESIGNS = {"rct": ("rct",), "controlled": ("rct", "nonrandomised")}


def pain_relief_percent(event: str) -> float | None:
    """Read the share of pain relief that makes a responder from the name of an event; None if it is not that.

    Only definitions by pain alone, with one percentage, count: composite definitions (with function, with a second
    criterion) and ACR responses are not pain relief and never enter a pain pool.

    Examples
    --------
    >>> pain_relief_percent("responder: VAS reduction of at least 50%")
    50.0
    >>> pain_relief_percent("responder: ACR20") is None
    True
    """
    if not event.startswith("responder: ") or not _PAIN_WORDS.search(event) or _OTHER_WORDS.search(event):
        return None
    shares = _RELIEF.findall(event)
    return float(shares[0]) if len(shares) == 1 else None


def candidate_rows(evidence: Evidence, question: Question) -> pd.DataFrame:
    """Collect the arm rows of the question's condition and outcome, each with the reason why it cannot be used.

    Returns
    -------
    DataFrame
        Rows of outcomes.csv (or events.csv) joined with arm and trial; `row` is the row in the file, `reason` is
        empty where the row can be used.
    """
    rows = _event_rows(evidence, question) if question.binary else _score_rows(evidence, question)
    rows = arm_and_study(rows, evidence, question)
    for reason, wrong in _rules(rows, question):
        rows.loc[(rows["reason"] == "") & wrong, "reason"] = reason
    return rows


def arm_and_study(rows: pd.DataFrame, evidence: Evidence, question: Question) -> pd.DataFrame:
    """Join rows with their arm and trial, keep the question's condition, start with no reason against any."""
    rows = rows.merge(evidence.arms[_ARM_COLUMNS], on="arm_id").merge(evidence.studies[_STUDY_COLUMNS], on="study_id")
    if question.condition:
        rows = rows[rows["condition"] == question.condition]
    return rows.sort_values("row").reset_index(drop=True).assign(reason="")


def _score_rows(evidence: Evidence, question: Question) -> pd.DataFrame:
    rows = evidence.outcomes[evidence.outcomes["outcome"] == question.outcome]
    return rows.reset_index()


def _event_rows(evidence: Evidence, question: Question) -> pd.DataFrame:
    rows = evidence.events.reset_index()
    if question.outcome == "pain":
        rows = rows[rows["event"].str.startswith("responder: ").astype(bool)]
        rows = rows.assign(relief=[pain_relief_percent(event) for event in rows["event"]])
    else:
        rows = rows[rows["event"] == question.outcome]
    return rows.assign(instrument=rows["event"], value_type="endpoint")


def _rules(rows: pd.DataFrame, question: Question):
    """Yield (reason, mask) in the order in which they are given: the first that holds is the row's reason."""
    cells = rows["role"] == "cells"
    yield "not a randomised trial", ~rows["design"].isin(DESIGNS[question.design])
    if question.msc_source:
        yield f"cells not from {_plain(question.msc_source)}", cells & (rows["msc_source"] != question.msc_source)
    if question.comparator:
        yield f"the control is not {_plain(question.comparator)}", ~cells & (rows["comparator"] != question.comparator)
    else:
        yield "the control received other cells", ~cells & (rows["comparator"] == "cells_other")
    yield "baseline value", rows["months"] == 0
    for flag in question.leave_out:
        yield f"left out for its flag {flag}", has_flag(rows, flag)
    yield from time_rules(rows, question)
    yield from (_event_rules(rows, question) if question.binary else _score_rules(rows, question))


def has_flag(rows: pd.DataFrame, flag: str) -> pd.Series:
    """Tell which rows carry a flag."""
    return pd.Series([flag in text.split("|") for text in rows["flags"]], index=rows.index, dtype=bool)


def time_rules(rows: pd.DataFrame, question: Question):
    """Yield the reasons that have to do with time; none when the longest follow-up is asked for."""
    if question.months is None:
        return
    yield "the time of measurement is not printed", rows["months"].isna()
    outside = pd.Series([not question.holds(months) for months in rows["months"]], index=rows.index, dtype=bool)
    yield f"measured outside the window ({question.window_words})", outside


def _score_rules(rows: pd.DataFrame, question: Question):
    change = rows["value_type"] != "endpoint"
    if question.value_type != "any":
        yield f"not {_plain(question.value_type)} values", change != (question.value_type == "change")
    yield "the number analysed is not printed", rows["n"].isna()
    with_mean = rows["mean"].notna()
    yield "an interval of a median: no mean and SD can be recovered", has_flag(rows, "ci_of_median")
    interval = rows["ci_low"].notna() & rows["ci_high"].notna()
    yield "no SD, standard error or interval is printed", with_mean & rows[["sd", "se"]].isna().all(axis=1) & ~interval
    quartiles = rows[["q1", "q3"]].notna().all(axis=1) | rows[["minimum", "maximum"]].notna().all(axis=1)
    yield "a median without quartiles or range", ~with_mean & ~quartiles
    yield "one patient in the arm: no SD", rows["n"] < 2
    yield "a median of two patients: no SD can be recovered", ~with_mean & (rows["n"] < 3)
    flat = (rows["q1"] == rows["q3"]) | (rows["minimum"] == rows["maximum"])
    yield "all quantiles are equal: no SD can be recovered", ~with_mean & flat
    by_interval = with_mean & rows[["sd", "se"]].isna().all(axis=1)
    yield "an interval of no width: no SD can be recovered", by_interval & (rows["ci_low"] >= rows["ci_high"])


def _event_rules(rows: pd.DataFrame, question: Question):
    if question.outcome == "pain":
        yield "another definition of responder", rows["relief"] != question.responder
    yield "only a percentage is printed, no count", rows["events"].isna()
    yield "the number at risk is not printed", rows["total"].isna()
    yield "paired sides of a patient: their counts are not independent", rows["unit_of_analysis"] == "paired_side"


def _plain(word: str) -> str:
    return word.replace("_", " ")
