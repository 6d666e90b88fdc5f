"""Between-arm results as printed (an estimate with SE, interval or exact p), as candidates of a question."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from painsynth.evidence.candidates import Rule, design_rule, row_rules, time_rules, value_rule, with_reasons
from painsynth.evidence.rows import Row, printed

if TYPE_CHECKING:
    from painsynth.evidence.question import Question
    from painsynth.evidence.tables import Evidence


def contrast_rows(evidence: Evidence, question: Question) -> list[Row]:
    """Collect printed contrasts of the question's condition and outcome, each with the reason why it cannot be used."""
    rows = ({**row, "exact_p": _exact_p(row["p_value"])} for row in evidence.rows.contrasts
            if row["outcome"] == question.outcome)  # fmt: skip
    return with_reasons(rows, question, _rules(question))


def _exact_p(text: str) -> float:
    value = float(text) if re.fullmatch(r"0?\.\d+", text) else math.nan
    return value if value > 0 else math.nan


def _rules(question: Question) -> Iterator[Rule]:
    """Yield the rules in the order in which they are tried: the first that holds is the row's reason."""
    yield design_rule(question)
    source, comparator = question.msc_source, question.comparator
    if source:
        yield f"cells not from {source.replace('_', ' ')}", lambda row: row["msc_source"] != source
    if comparator:
        yield f"the control is not {comparator.replace('_', ' ')}", lambda row: row["comparator"] != comparator
    else:
        yield "the control received other cells", lambda row: row["comparator"] == "cells_other"
    yield from row_rules(question)
    yield "only a p-value is printed, no estimate", lambda row: not printed(row, "estimate")
    yield from time_rules(question)
    if question.value_type != "any":
        yield value_rule(question)
    if question.measure == "SMD":
        yield "a printed difference cannot be standardised without arm figures", lambda row: True
    yield "an interval of no width", lambda row: not printed(row, "se") and row["ci_low"] >= row["ci_high"]
    yield ("a difference of 0 with a p-value only",
           lambda row: row["estimate"] == 0 and not printed(row, "se") and not printed(row, "ci_low"))  # fmt: skip
    yield "no standard error, interval or exact p is printed", lambda row: not _uncertainty(row)


def _uncertainty(row: Row) -> bool:
    return printed(row, "se") or printed(row, "ci_low", "ci_high") or printed(row, "exact_p")
