"""Pooled results side by side: one row per question, also where nothing can be pooled, with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from painsynth.errors import NothingToPool, PainsynthError
from painsynth.evidence.compare import compare
from painsynth.evidence.effects import effects
from painsynth.evidence.question import Question
from painsynth.judgement.fields import field_questions
from painsynth.plots import words
from painsynth.stats.fit import Fit
from painsynth.stats.pool import pool

COLUMNS = ("group", "label", "k", "patients", "estimate", "ci_low", "ci_high", "pi_low", "pi_high", "tau2", "tau2_low",
           "tau2_high", "i2", "p", "measure", "level", "notes", "reason")  # fmt: skip
ALL = "All"
_SECOND = "second report of "
_OTHER_CELLS = ("cells from", "compared with")  # reasons that say: another question's trial
SHOWN_REASONS = 3


def results_by(evidence, questions, *, tau2: str = "REML", ci: str = "HKSJ", level: float = 0.95) -> pd.DataFrame:
    """Pool the answer to every question; a question without poolable trials keeps its row, with the reason.

    Parameters
    ----------
    evidence : Evidence
    questions : Question or iterable of Question
        One question is asked for every condition and cell source on file that it leaves open (and for all sources of a
        condition together, where there are several). Several questions are asked as they are.
    tau2, ci, level
        As in `pool`.

    Returns
    -------
    DataFrame
        group (condition), label (cell source), k, patients (NaN where a trial does not say), estimate, ci_low, ci_high,
        pi_low, pi_high (natural scale), tau2, tau2_low, tau2_high, i2 (scale of the analysis), p, measure, level, notes
        (what a reader must know, joined by ``|``), reason (why nothing was pooled). `results_table` prints it.

    Raises
    ------
    PainsynthError
        When no question is asked.

    Examples
    --------
    >>> import painsynth as ps
    >>> question = ps.Question(condition="knee_osteoarthritis", months=12)
    >>> ps.results_by(ps.load_evidence(), question)[["label", "k", "estimate"]]   # doctest: +SKIP
    """
    asked = list(field_questions(evidence, questions) if isinstance(questions, Question) else questions)
    if not asked:
        raise PainsynthError("no question was asked; give a Question, or several")
    fits = [_answer(evidence, question, {"tau2": tau2, "ci": ci, "level": level}) for question in asked]
    varying = _varying(asked)
    rows = [pooled_row(fit, _condition(one), _label(one, varying)) for one, fit in zip(asked, fits, strict=True)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    table.attrs = {"scale": words.scale(asked[0].measure, {"question": asked[0]}), "method": method_of(fits)}
    return table


def pooled_row(result: Fit | str, group: str, label: str) -> dict:
    """One row of COLUMNS; a text in place of a fit is the reason why there is none."""
    row = dict.fromkeys(COLUMNS, np.nan) | {"group": group, "label": label, "k": 0, "notes": "", "reason": ""}
    if isinstance(result, str):
        return row | {"patients": 0.0, "measure": "", "reason": result}
    shown = result.back()
    row |= {name: getattr(result, name) for name in ("k", "tau2", "i2", "p", "measure", "level")}
    if result.k < 2:
        row |= {"tau2": np.nan, "i2": np.nan}  # of one trial neither is known
    elif result.model == "random":
        row |= {"tau2_low": result.tau2_ci[0], "tau2_high": result.tau2_ci[1]}
    return row | {"patients": _patients(result.table), "estimate": shown.estimate, "ci_low": shown.ci[0],
                  "ci_high": shown.ci[1], "pi_low": shown.pi[0], "pi_high": shown.pi[1],
                  "notes": "|".join(words.cautions(result))}  # fmt: skip


def method_of(results: Iterable[Fit | str]) -> str:
    """The sentence that says how the fits were made; of the fit with the most trials."""
    fits = [fit for fit in results if not isinstance(fit, str)]
    return words.method(max(fits, key=lambda fit: fit.k), {})[1] if fits else ""


def _answer(evidence, question: Question, how: Mapping) -> Fit | str:
    comparisons = compare(evidence, question)
    if not len(comparisons):
        return _why_nothing(comparisons.attrs["excluded"])
    try:
        return pool(effects(comparisons, measure=question.measure), **how)
    except NothingToPool as error:
        return str(error)


def _why_nothing(excluded: pd.DataFrame) -> str:
    """Say what stopped the trials of this condition and source; trials of other cells are other rows' business."""
    own = excluded[~excluded["reason"].str.startswith(_OTHER_CELLS)]
    if own.empty:
        return "no trial on file"
    counts = own["reason"].map(_short).value_counts(sort=False)
    order = sorted(counts.index, key=lambda reason: (-counts[reason], reason))
    parts = [f"{reason} ({counts[reason]})" for reason in order[:SHOWN_REASONS]]
    rest = sum(counts[reason] for reason in order[SHOWN_REASONS:])
    parts += [f"other reasons ({rest})"] if rest else []
    return f"nothing poolable among {len(own)} on file: {'; '.join(parts)}"


def _short(reason: str) -> str:
    """The first reason of several, without names: what many trials share."""
    first = reason.partition(";")[0]
    return f"{_SECOND}another trial" if first.startswith(_SECOND) else words.plain(first)


def _patients(table: pd.DataFrame) -> float:
    """Patients compared; both sides of a paired patient count once."""
    if not {"n1i", "n2i"} <= set(table.columns):
        return np.nan
    both = table["n1i"].to_numpy(float) + table["n2i"].to_numpy(float)
    paired = (table["unit_of_analysis"] == "paired_side").to_numpy() if "unit_of_analysis" in table else False
    return float(np.where(paired, both / 2, both).sum())


def _condition(question: Question) -> str:
    return words.sentence_case(words.plain(question.condition or "any_condition"))


def _varying(questions: list[Question]) -> list[str]:
    names = ("comparator", "outcome", "months", "design")
    return [name for name in names if len({getattr(question, name) for question in questions}) > 1]


def _label(question: Question, varying: list[str]) -> str:
    source = words.sentence_case(words.plain(question.msc_source or "all_sources"))
    source = "Source not reported" if question.msc_source == "not_reported" else source
    said = {"comparator": f"against {words.plain(question.comparator or 'any_control')}",
            "outcome": words.plain(question.outcome), "design": words.plain(question.design),
            "months": "longest follow-up" if question.months is None else f"{question.months:g} months"}  # fmt: skip
    return ", ".join([source, *(said[name] for name in varying)])
