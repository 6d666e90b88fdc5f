"""Sentences that are computed, never typed: what a fit says, in the words of a clinician, with its doubts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from painsynth.evidence.coverage import poolable_pairs
from painsynth.formats import interval, number, p_value, percent

if TYPE_CHECKING:
    from painsynth.evidence.question import Question
    from painsynth.evidence.tables import Evidence
    from painsynth.stats.fit import Fit
    from painsynth.stats.subgroups import Groups

FEW = 5
_VOICES = (("no_difference", "no difference"), ("favours_cells", "a result in favour of cells"),
           ("favours_control", "a result in favour of the control"))  # fmt: skip
_NAMES = {"MD": "mean difference", "SMD": "standardised mean difference", "RR": "risk ratio", "OR": "odds ratio",
          "RD": "risk difference"}  # fmt: skip


def sentence(question: Question, fit: Fit | None, table: pd.DataFrame) -> str:
    """Answer a question in words, every number computed from the fit and the comparisons.

    Parameters
    ----------
    question : Question
    fit : Fit or None
        None when nothing can be pooled: then the sentence says what does exist.
    table : DataFrame
        From `compare`, with the trials left out in ``.attrs["excluded"]``.

    Returns
    -------
    str
        Two to six sentences: the estimate and its direction, the minimal important difference, what a new trial would
        find, how few the trials are, what is missing.

    Examples
    --------
    >>> import painsynth as ps
    >>> question = ps.Question(condition="rheumatoid_arthritis", msc_source="umbilical_cord")
    >>> table = ps.compare(ps.load_evidence(), question)    # doctest: +SKIP
    >>> ps.sentence(question, None, table)                  # doctest: +SKIP
    'Nothing can be pooled for rheumatoid arthritis, cells from umbilical cord, pain at 12 months. ...'
    """
    if fit is None:
        return " ".join([f"Nothing can be pooled for {_topic(question)}.", _what_exists(table)])
    parts = [
        _estimate(question, fit, table),
        _zeros(fit),
        _narrow(question, fit),
        _mid(question, fit),
        _prediction(question, fit),
        _few(fit),
        _missing(table),
    ]
    return " ".join(part for part in parts if part)


def _topic(question: Question) -> str:
    source = f"cells from {_plain(question.msc_source)}" if question.msc_source else "cells from any source"
    against = f" against {_plain(question.comparator)}" if question.comparator else ""
    outcome = _plain(question.outcome)
    if question.binary and question.outcome == "pain":
        outcome = f"at least {question.responder:g} % pain relief"
    when = "at the longest follow-up" if question.months is None else f"at {question.months:g} months"
    return f"{_plain(question.condition or 'any condition')}, {source}{against}, {outcome} {when}"


def _estimate(question: Question, fit: Fit, table: pd.DataFrame) -> str:
    shown = fit.back()
    unit = " points on 0-100" if question.measure == "MD" else ""
    count = f"{_count(fit.k, 'comparison')} ({patients(table)} patients)"
    value = number(shown.estimate, _digits(question))
    spread = interval(*shown.ci, _digits(question))
    verb = "gives" if fit.k == 1 else "give"
    return (f"{_capital(_topic(question))}: {count} {verb} a {_NAMES[question.measure]} of {value}{unit} "
            f"({percent(100 * fit.level)} CI {spread}), {_direction(question, fit)}.")  # fmt: skip


def _direction(question: Question, fit: Fit) -> str:
    low, high = fit.ci
    if low <= 0 <= high:
        return "which is compatible with no difference"
    return f"in favour of {'cells' if (high < 0) == question.lower_is_better else 'the control'}"


def _zeros(fit: Fit) -> str:
    """Say how many comparisons have no event at all, and that a correction carries them."""
    if "zero_events" not in fit.table:
        return ""
    none = int((fit.table["zero_events"] == "both arms").sum())
    return f"In {none} of them nobody had the event; they enter with 0.5 added to each cell." if none else ""


def _narrow(question: Question, fit: Fit) -> str:
    """Warn when the Hartung-Knapp interval claims more than the Wald interval does (pitfall of k small, tau2 zero)."""
    if fit.method_ci != "HKSJ" or fit.k < 2 or fit.ci[1] - fit.ci[0] >= fit.ci_wald[1] - fit.ci_wald[0]:
        return ""
    wald = fit.back().ci_wald
    return f"The Wald interval is wider, {interval(*wald, _digits(question))}; it is the safer one here."


def _mid(question: Question, fit: Fit) -> str:
    """Set the interval against the minimal important difference (mean differences only)."""
    if question.measure != "MD" or question.mid is None:
        return ""
    low, high = fit.ci
    mid = f"the minimal important difference of {question.mid:g} points"
    if high <= -question.mid:
        return f"The whole interval lies beyond {mid}."
    if low > -question.mid and high < question.mid:
        return f"The whole interval lies within {mid}: an important difference is unlikely."
    return f"The interval does not settle whether the difference reaches {mid}."


def _prediction(question: Question, fit: Fit) -> str:
    if fit.k < 3 or math.isnan(fit.pi[0]):
        return ""
    low, high = fit.pi
    shown = interval(*fit.back().pi, _digits(question))
    meaning = (
        "a new trial may well find no difference, or the opposite"
        if low <= 0 <= high
        else "a new trial is expected to point the same way"
    )
    spread = f"I² {percent(fit.i2)}; {percent(100 * fit.level)} prediction interval {shown}"
    return f"Between trials the effect varies ({spread}): {meaning}."


def _few(fit: Fit) -> str:
    if fit.k == 1:
        return "This is one comparison, not a synthesis."
    return f"With only {fit.k} comparisons all of this is fragile." if fit.k < FEW else ""


def _missing(table: pd.DataFrame) -> str:
    """Say how many trials that were asked for give no number, and what those say that do speak."""
    out = table.attrs["excluded"]
    out = out[out["kind"] == "not usable"]
    if out.empty:
        return ""
    randomised = out["n_randomised"].sum()
    said = out["direction_reported"].value_counts()
    voices = [f"{said[word]} report{'s' if said[word] == 1 else ''} {text}" for word, text in _VOICES if said.get(word)]
    known = f" ({number(randomised, 0)} randomised patients where the number is known)" if randomised else ""
    tail = f"; {', '.join(voices)}" if voices else ""
    noun = "trial or report" if len(out) == 1 else "trials or reports"
    return f"Not in this pool: {len(out)} {noun}{known}{tail}."


def _what_exists(table: pd.DataFrame) -> str:
    """Describe what is on file for a question that has no poolable result."""
    out = table.attrs["excluded"]
    asked = out[out["kind"] != "not asked"]
    if asked.empty:
        return f"No trial of this kind is on file. {_elsewhere(table)}".strip()
    randomised = asked["n_randomised"].sum()
    known = f" with {number(randomised, 0)} randomised patients where the number is known" if randomised else ""
    reasons = asked["reason"].value_counts()
    listed = "; ".join(f"{reason} ({times})" for reason, times in reasons.items())
    noun = "trial or report" if len(asked) == 1 else "trials or reports"
    return f"On file: {len(asked)} {noun}{known}: {listed}. {_elsewhere(table)}".strip()


def _elsewhere(table: pd.DataFrame) -> str:
    """Name the fields of the map that do have poolable pain results, those of the same condition first."""
    coverage = table.attrs.get("coverage")
    if coverage is None or not coverage["poolable"].any():
        return ""
    some = coverage[coverage["poolable"] > 0]
    same = some[some["condition"] == table.attrs["question"].condition]
    shown = same if len(same) else some
    fields = [
        f"{_plain(row.condition)} with cells from {_plain(row.msc_source)} ({row.poolable})"
        for row in shown.itertuples()
    ]
    return f"Poolable pain results at any time, in randomised trials: {'; '.join(fields)}."


def difference_sentence(groups: Groups | None, question: Question, table: pd.DataFrame) -> str:
    """Say whether groups of trials differ, with the test and how much it can bear.

    Parameters
    ----------
    groups : Groups or None
        None when nothing can be pooled: then the sentence says what does exist.
    question : Question
    table : DataFrame
        From `compare`.

    Returns
    -------
    str
        The groups with their k, the test, the smallest group, what is missing.

    Examples
    --------
    >>> import painsynth as ps
    >>> ps.difference_sentence(groups, question, table)     # doctest: +SKIP
    'Knee osteoarthritis ...: across 3 groups by msc source, ... the effects do not differ beyond chance ...'
    """
    if groups is None:
        return sentence(question, None, table)
    names = ", ".join(f"{_plain(str(name))} ({fit.k})" for name, fit in groups.fits.items())
    if len(groups.fits) < 2:
        alone = f"only one group by {_plain(groups.by)} has results, {names}."
        return f"{_capital(_topic(question))}: {alone} {_missing(table)}"
    differ = groups.q_between_p < 1 - groups.overall.level
    test = f"Q = {number(groups.q_between)}, df = {groups.q_between_df:g}, {p_value(groups.q_between_p)}"
    return " ".join(filter(None, [
        f"{_capital(_topic(question))}: across {len(groups.fits)} groups by {_plain(groups.by)}, {names}, the effects "
        f"{'differ' if differ else 'do not differ beyond chance'} ({test}).",
        _smallest(groups, differ),
        "Trials were not randomised between groups: a difference may stem from anything else that sets them apart.",
        _missing(table),
    ]))  # fmt: skip


def _smallest(groups: Groups, differ: bool) -> str:
    least = min(fit.k for fit in groups.fits.values())
    if least >= FEW:
        return ""
    meaning = "the contrast rests on very few trials" if differ else "not finding a difference is no evidence of none"
    return f"The smallest group holds {_count(least, 'comparison')}: {meaning}."


def evidence_sentence(evidence: Evidence, condition: str | None = None) -> str:
    """Say what the tables hold and how little of it can be pooled, for one condition or all.

    Examples
    --------
    >>> import painsynth as ps
    >>> ps.evidence_sentence(ps.load_evidence())            # doctest: +SKIP
    'On file: 123 trials (95 randomised) ...'
    """
    studies, coverage, out = evidence.studies, evidence.coverage(), evidence.excluded
    if condition is not None:
        studies, coverage, out = (frame[frame["condition"] == condition] for frame in (studies, coverage, out))
    if studies.empty:
        return f"No trial in {_plain(condition)} is on file."
    randomised = studies[studies["design"] == "rct"]
    pooled = poolable_pairs(evidence)["study_id"].unique()
    usable = randomised[randomised["study_id"].isin(pooled)]
    where = ", ".join(_plain(word) for word in sorted(set(usable["condition"]))) or "none of the conditions"
    said = out["direction_reported"].value_counts()
    voices = ", ".join(f"{said.get(word, 0)} {text}" for word, text in _VOICES)
    sources = [_plain(word) for word in sorted(set(coverage["msc_source"]) - {"not_reported"})]
    conditions = studies["condition"].nunique()
    return (
        f"On file: {_count(len(studies), 'trial')} ({len(randomised)} randomised) in "
        f"{_count(conditions, 'painful condition')} with cells from {', '.join(sources)}. "
        f"{_count(len(usable), 'randomised trial')} ({where}) with controlled pain results that can be pooled. "
        f"{len(out)} trials or reports give nothing to such a pool; of these report: {voices}; the rest do not say or "
        f"could not be read."
    )


def _count(times: int, noun: str) -> str:
    return f"{times} {noun}{'' if times == 1 else 's'}"


def patients(table: pd.DataFrame) -> int:
    """Count patients: a paired trial's sides belong to one patient."""
    both = table["n1i"] + table["n2i"]
    paired = table["unit_of_analysis"] == "paired_side" if "unit_of_analysis" in table else False
    return round(both.where(~paired, both / 2).sum()) if len(table) else 0


def _digits(question: Question) -> int:
    return 1 if question.measure == "MD" else 2


def _plain(words: str) -> str:
    if words == "not_reported":
        return "an unreported source"
    return words.replace("_both_arms", " in both arms").replace("_", " ")


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
