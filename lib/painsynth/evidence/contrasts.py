"""Between-arm results as printed (an estimate with SE, interval or exact p), as candidates of a question."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import pandas as pd

from painsynth.evidence.candidates import DESIGNS, arm_and_study, has_flag, time_rules

if TYPE_CHECKING:
    from painsynth.evidence.question import Question
    from painsynth.evidence.tables import Evidence


def contrast_rows(evidence: Evidence, question: Question) -> pd.DataFrame:
    """Collect printed contrasts of the question's condition and outcome, each with the reason why it cannot be used."""
    rows = evidence.contrasts.reset_index()
    if rows.empty:
        return rows
    rows = rows[rows["outcome"] == question.outcome].rename(columns={"experimental_arm_id": "arm_id"})
    rows = arm_and_study(rows, evidence, question)
    control = evidence.arms.set_index("arm_id")["comparator"]
    rows["comparator"] = rows["control_arm_id"].map(control)
    rows["exact_p"] = [_exact_p(text) for text in rows["p_value"]]
    for reason, wrong in _rules(rows, question):
        rows.loc[(rows["reason"] == "") & wrong, "reason"] = reason
    return rows.rename(columns={"n_experimental": "n"})


def _exact_p(text: str) -> float:
    value = float(text) if re.fullmatch(r"0?\.\d+", text) else math.nan
    return value if value > 0 else math.nan


def _rules(rows: pd.DataFrame, question: Question):
    yield "not a randomised trial", ~rows["design"].isin(DESIGNS[question.design])
    if question.msc_source:
        yield f"cells not from {question.msc_source.replace('_', ' ')}", rows["msc_source"] != question.msc_source
    if question.comparator:
        wrong = rows["comparator"] != question.comparator
        yield f"the control is not {question.comparator.replace('_', ' ')}", wrong
    else:
        yield "the control received other cells", rows["comparator"] == "cells_other"
    yield "baseline value", rows["months"] == 0
    for flag in question.leave_out:
        yield f"left out for its flag {flag}", has_flag(rows, flag)
    yield "only a p-value is printed, no estimate", rows["estimate"].isna()
    yield from time_rules(rows, question)
    if question.value_type != "any":
        wrong = (rows["value_type"] != "endpoint") != (question.value_type == "change")
        yield f"not {question.value_type} values", wrong
    yield (
        "a printed difference cannot be standardised without arm figures",
        pd.Series(question.measure == "SMD", index=rows.index),
    )
    yield "an interval of no width", rows["se"].isna() & (rows["ci_low"] >= rows["ci_high"])
    yield "a difference of 0 with a p-value only", (rows["estimate"] == 0) & rows[["se", "ci_low"]].isna().all(axis=1)
    unusable = rows["se"].isna() & (rows["ci_low"].isna() | rows["ci_high"].isna()) & rows["exact_p"].isna()
    yield "no standard error, interval or exact p is printed", unusable
