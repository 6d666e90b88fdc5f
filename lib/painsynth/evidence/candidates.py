"""Every row that could answer a question, and for each row that cannot, the reason. No row disappears here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from painsynth.evidence.rows import Row, printed

if TYPE_CHECKING:
    from painsynth.evidence.question import Question
    from painsynth.evidence.tables import Evidence

_RELIEF = re.compile(r"(\d+(?:\.\d+)?)\s?%")
_PAIN_WORDS = re.compile(r"\b(pain|vas|nrs|nprs|nps)\b", re.IGNORECASE)
_OTHER_WORDS = re.compile(r"\b(acr\d*|odi|womac|koos|function|disability|eular|oarsi|and|or|combined)\b", re.IGNORECASE)

Rule = tuple[str, Callable[[Row], bool]]  # a reason, and when it holds against a row
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


def candidate_rows(evidence: Evidence, question: Question) -> list[Row]:
    """Collect the arm rows of the question's condition and outcome, each with the reason why it cannot be used.

    Returns
    -------
    list of dict
        Rows of outcomes.csv (or events.csv) with the facts of arm and trial; `row` is the row in the file, `reason` is
        empty where the row can be used.
    """
    rows = _event_rows(evidence, question) if question.binary else _score_rows(evidence, question)
    return with_reasons(rows, question, _rules(question))


def with_reasons(rows: Iterable[Row], question: Question, rules: Iterable[Rule]) -> list[Row]:
    """Copy the rows of the question's condition; `reason` is the first rule that holds against a row, or empty."""
    rules = tuple(rules)
    return [{**row, "reason": next((reason for reason, wrong in rules if wrong(row)), "")}
            for row in rows if question.condition in (None, row["condition"])]  # fmt: skip


def _score_rows(evidence: Evidence, question: Question) -> Iterator[Row]:
    return (row for row in evidence.rows.outcomes if row["outcome"] == question.outcome)


def _event_rows(evidence: Evidence, question: Question) -> Iterator[Row]:
    if question.outcome != "pain":
        return (row for row in evidence.rows.events if row["event"] == question.outcome)
    responders = (row for row in evidence.rows.events if row["event"].startswith("responder: "))
    return ({**row, "relief": pain_relief_percent(row["event"])} for row in responders)


def _rules(question: Question) -> Iterator[Rule]:
    """Yield the rules in the order in which they are tried: the first that holds is the row's reason."""
    yield design_rule(question)
    source, comparator = question.msc_source, question.comparator
    if source:
        yield f"cells not from {_plain(source)}", lambda row: _cells(row) and row["msc_source"] != source
    if comparator:
        yield f"the control is not {_plain(comparator)}", lambda row: _control(row) and row["comparator"] != comparator
    else:
        yield "the control received other cells", lambda row: _control(row) and row["comparator"] == "cells_other"
    yield from row_rules(question)
    yield from time_rules(question)
    yield from (_event_rules(question) if question.binary else _score_rules(question))


def design_rule(question: Question) -> Rule:
    """Give the rule about the design of the trial."""
    return "not a randomised trial", lambda row: row["design"] not in DESIGNS[question.design]


def row_rules(question: Question) -> Iterator[Rule]:
    """Yield the rules about baseline values and flags."""
    yield "baseline value", lambda row: row["months"] == 0
    for flag in question.leave_out:
        yield f"left out for its flag {flag}", lambda row, flag=flag: has_flag(row, flag)


def has_flag(row: Row, flag: str) -> bool:
    """Tell whether a row carries a flag."""
    return flag in row["flags"].split("|")


def time_rules(question: Question) -> Iterator[Rule]:
    """Yield the rules about time; none when the longest follow-up is asked for."""
    if question.months is None:
        return
    yield "the time of measurement is not printed", lambda row: not printed(row, "months")
    yield (f"measured outside the window ({question.window_words})", lambda row: not question.holds(row["months"]))


def _score_rules(question: Question) -> Iterator[Rule]:
    if question.value_type != "any":
        yield value_rule(question)
    yield "the number analysed is not printed", lambda row: not printed(row, "n")
    yield "an interval of a median: no mean and SD can be recovered", lambda row: has_flag(row, "ci_of_median")
    yield (
        "no SD, standard error or interval is printed",
        lambda row: _mean(row) and not _spread(row) and not _interval(row),
    )
    yield "a median without quartiles or range", lambda row: not _mean(row) and not _quantiles(row)
    yield "one patient in the arm: no SD", lambda row: row["n"] < 2
    yield "a median of two patients: no SD can be recovered", lambda row: not _mean(row) and row["n"] < 3
    yield "all quantiles are equal: no SD can be recovered", lambda row: not _mean(row) and _flat(row)
    yield "an interval of no width: no SD can be recovered", lambda row: _mean(row) and not _spread(row) and _empty(row)


def value_rule(question: Question) -> Rule:
    """Give the rule about endpoints and changes."""
    change = question.value_type == "change"
    return f"not {question.value_type} values", lambda row: (row["value_type"] != "endpoint") != change


def _event_rules(question: Question) -> Iterator[Rule]:
    if question.outcome == "pain":
        yield "another definition of responder", lambda row: row["relief"] != question.responder
    yield "only a percentage is printed, no count", lambda row: not printed(row, "events")
    yield "the number at risk is not printed", lambda row: not printed(row, "total")
    yield ("paired sides of a patient: their counts are not independent",
           lambda row: row["unit_of_analysis"] == "paired_side")  # fmt: skip


def _cells(row: Row) -> bool:
    return row["role"] == "cells"


def _control(row: Row) -> bool:
    return row["role"] != "cells"


def _mean(row: Row) -> bool:
    return printed(row, "mean")


def _spread(row: Row) -> bool:
    return printed(row, "sd") or printed(row, "se")


def _interval(row: Row) -> bool:
    return printed(row, "ci_low", "ci_high")


def _empty(row: Row) -> bool:
    return row["ci_low"] >= row["ci_high"]


def _quantiles(row: Row) -> bool:
    return printed(row, "q1", "q3") or printed(row, "minimum", "maximum")


def _flat(row: Row) -> bool:
    return row["q1"] == row["q3"] or row["minimum"] == row["maximum"]


def _plain(word: str) -> str:
    return word.replace("_", " ")
