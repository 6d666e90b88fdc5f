"""Summary of findings after GRADE: relative and absolute effects, certainty, and a sentence for each outcome."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtr

from painsynth.evidence.translations import risk_difference
from painsynth.formats import number
from painsynth.judgement.answers import Answer, answer
from painsynth.judgement.certainty import important_difference
from painsynth.judgement.needs import needed
from painsynth.judgement.words import plain

if TYPE_CHECKING:
    from painsynth.evidence.question import Question
    from painsynth.evidence.tables import Evidence

MILD = 30.0  # points on 0-100: above it pain is moderate (Collins 1997, Pain 72:95-97)
COLUMNS = ["question", "condition", "msc_source", "outcome", "months", "k", "patients", "measure", "estimate", "ci_low",
           "ci_high", "comparator", "comparator_value", "absolute", "per_100", "per_100_low", "per_100_high",
           "per_100_of", "certainty", "symbol", "taken_off", "finding", "needed", "slug"]  # fmt: skip
_HOW_SURE = {"high": "Cells {}", "moderate": "Cells probably {}", "low": "Cells may {}",
             "very_low": "It is very uncertain whether cells {}"}  # fmt: skip


def summary_of_findings(evidence: Evidence, questions: Iterable[Question | Answer], **how) -> pd.DataFrame:
    """Summarise what is known for several questions, one row each, also where nothing can be pooled.

    Parameters
    ----------
    evidence : Evidence
    questions : iterable of Question or Answer
        Measures MD, RR or OR; what is answered already (`answers`) is not answered again.
    **how
        Options of `pool`.

    Returns
    -------
    DataFrame
        question, condition, msc_source, outcome, months, k, patients, measure, estimate, ci_low, ci_high (ratios as
        ratios), comparator (what the control group has, in words) and comparator_value, absolute (effect in points, or
        in patients of 100, in words), per_100 with its interval and per_100_of (which patients are counted), certainty,
        symbol, taken_off (domains), finding (a sentence), needed (what would have to be on
        file, where nothing is pooled), slug. Numbers are NaN where nothing is pooled.

    Notes
    -----
    Mean differences are turned into patients of 100 with no more than mild pain (30 points of 100; Collins 1997) by the
    normal distribution, from the mean and the SD of the control groups that print a final score; the spread is taken to
    be the same in both groups (Cochrane Handbook, chapter 15). Ratios are applied to the share of events in
    the pooled control groups.

    Examples
    --------
    >>> import painsynth as ps
    >>> evidence, question = ps.load_evidence(), ps.Question(condition="knee_osteoarthritis")    # doctest: +SKIP
    >>> ps.summary_of_findings(evidence, [question])                                             # doctest: +SKIP
    """
    found = (asked if isinstance(asked, Answer) else answer(evidence, asked, **how) for asked in questions)
    return pd.DataFrame([finding(one) for one in found], columns=COLUMNS)


def finding(found: Answer) -> dict:
    """Row of the summary for one answer."""
    question, certainty = found.question, found.certainty
    steps = [f"{plain(row.domain)} {number(row.step, 0)}" for row in certainty.domains.itertuples() if row.step]
    row = dict.fromkeys(COLUMNS, math.nan) | {
        "question": question.title, "condition": question.condition, "msc_source": question.msc_source,
        "outcome": question.outcome, "months": question.months, "k": found.k, "patients": found.patients,
        "measure": question.measure, "comparator": "", "absolute": "", "per_100_of": "",
        "certainty": certainty.level, "symbol": certainty.symbol, "taken_off": ", ".join(steps),
        "finding": "Nothing can be pooled.", "needed": needed(found), "slug": question.slug,
    }  # fmt: skip
    if found.fit is None:
        return row
    shown = found.fit.back()
    row |= {"estimate": shown.estimate, "ci_low": shown.ci[0], "ci_high": shown.ci[1]}
    row |= _events(found) if question.binary else _points(found)
    return row | {"finding": _sentence(found, row)}


def _points(found: Answer) -> dict:
    """Points, and patients of 100 with no more than mild pain, from the controls that print a final score."""
    fit, table = found.fit, found.comparisons
    unit = "points of 100" if found.question.measure == "MD" else "standard deviations"
    digits = 1 if found.question.measure == "MD" else 2
    shift, *ends = (_way(x, digits, ("lower", "higher")) for x in (fit.estimate, *fit.ci))
    size, way = shift.split(" ")
    row = {"absolute": f"{size} {unit} {way} (from {ends[0]} to {ends[1]})"}
    final = table[(table["value_type"] == "endpoint") & table["m2i"].notna() & table["sd2i"].notna()]
    if final.empty or found.question.measure != "MD" or found.question.outcome != "pain":
        return row
    mean = float(np.average(final["m2i"], weights=final["n2i"]))
    sd = float(np.sqrt(np.average(final["sd2i"] ** 2, weights=final["n2i"] - 1)))
    base = 100 * float(ndtr((MILD - mean) / sd))
    more = [100 * float(ndtr((MILD - mean - x) / sd)) - base for x in (fit.estimate, fit.ci[1], fit.ci[0])]
    return row | {
        "comparator": f"mean {number(mean, 0)} of 100; {number(base, 0)} of 100 patients with no more than mild pain",
        "comparator_value": mean, "per_100": more[0], "per_100_low": more[1], "per_100_high": more[2],
        "per_100_of": "patients with no more than mild pain",
    }  # fmt: skip


def _events(found: Answer) -> dict:
    """Patients of 100 with the event, from the pooled controls' share of events."""
    fit, table = found.fit, found.comparisons
    risk = float(table["ci"].sum() / table["n2i"].sum())
    counted = plain(found.question.outcome)
    if found.question.outcome == "pain":
        counted = f"at least {found.question.responder:g} % pain relief"
    what = f"patients with {counted}"
    row = {"comparator": f"{number(100 * risk, 1)} of 100 {what}", "comparator_value": 100 * risk}
    if found.question.measure == "RD":
        more = (100 * fit.estimate, 100 * fit.ci[0], 100 * fit.ci[1])
    elif 0 < risk < 1:
        changed = risk_difference(fit, control_risk=risk)
        more = (changed.estimate, *changed.ci)
    else:
        return row
    change, *ends = (_way(x, 1, ("fewer", "more")) for x in more)
    return row | {"absolute": f"{change} of 100 (from {ends[0]} to {ends[1]})", "per_100": more[0],
                  "per_100_low": more[1], "per_100_high": more[2], "per_100_of": what}  # fmt: skip


def _way(x: float, digits: int, words: tuple[str, str]) -> str:
    return f"{number(abs(x), digits)} {words[x > 0]}"


def _sentence(found: Answer, row: dict) -> str:
    """State the finding with the words GRADE gives to each level (Santesso 2020, J Clin Epidemiol 119:126-135)."""
    fit, question = found.fit, found.question
    low, high = fit.ci
    what = plain(question.outcome)
    if question.binary:
        what = "the chance of pain relief" if question.outcome == "pain" else f"the risk of {what}"
    mid = important_difference(question, found.comparisons, fit.measure)
    if low <= 0 <= high and not (mid and low > -mid and high < mid):
        said = f"The data do not tell whether cells change {what}"
    elif low <= 0 <= high:
        said = _HOW_SURE[found.certainty.level].format(f"make little or no difference to {what}")
    else:
        verbs = ("reduce", "increase") if question.binary else ("improve", "worsen")
        said = _HOW_SURE[found.certainty.level].format(f"{verbs[high >= 0]} {what}")
    return f"{said}: {row['absolute']}." if row["absolute"] else f"{said}."
