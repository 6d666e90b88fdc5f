"""Who the patients of a comparison were at the start: mean age and mean baseline score, where the tables say so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from painsynth.evidence.candidates import has_flag
from painsynth.evidence.choose import instrument_rank
from painsynth.evidence.rows import printed
from painsynth.evidence.scale import scale_factors, scale_problem

if TYPE_CHECKING:
    from painsynth.evidence.question import Question
    from painsynth.evidence.tables import Evidence


def patients_at_start(table: pd.DataFrame, evidence: Evidence, question: Question) -> pd.DataFrame:
    """Describe the patients of each comparison before treatment; what is not on file for every arm stays empty.

    Parameters
    ----------
    table : DataFrame
        Comparisons, with the columns ``arms`` (identifiers joined by ``|``) and ``instrument``.
    evidence : Evidence
    question : Question
        Its outcome is the score that is looked up at 0 months; rows with a flag of `leave_out` are not read.

    Returns
    -------
    DataFrame
        ``age_mean`` (years) and ``baseline`` (points on 0-100, higher is worse), rows in the order of `table`. Means
        over the arms, weighted by the numbers randomised (alike where one of them is not on file); a combined arm
        without a mean of its own has that of its components. The baseline is read on the instrument of the result,
        else on the preferred one of those that all arms have.

    Examples
    --------
    >>> import painsynth as ps
    >>> table = ps.compare(ps.load_evidence(), ps.Question(condition="knee_osteoarthritis"))    # doctest: +SKIP
    >>> table[["study", "age_mean", "baseline"]]                                                # doctest: +SKIP
    """
    arms = evidence.rows.arms
    sizes = {arm: row["n_randomised"] for arm, row in arms.items()}
    parts = {arm: row["combined_from"].split("|") for arm, row in arms.items() if row["combined_from"]}
    ages = {arm: row["age_mean"] for arm, row in arms.items() if printed(row, "age_mean")}
    scores = _scores_at_start(evidence, question)
    found = []
    for text, own in zip(table["arms"], table["instrument"], strict=True):
        names = text.split("|")
        age = _mean(names, ages, sizes, parts)
        order = sorted(scores, key=lambda name, own=own: (name != own, *instrument_rank(name), name))
        known = (_mean(names, scores[name], sizes, parts) for name in order)
        found.append((age, next((score for score in known if not math.isnan(score)), math.nan)))
    return pd.DataFrame(found, columns=["age_mean", "baseline"], index=table.index, dtype=float)


def _scores_at_start(evidence: Evidence, question: Question) -> dict[str, dict[str, float]]:
    """Mean scores at 0 months on 0-100, by instrument and arm; instruments without range or direction are left out."""
    scores: dict[str, dict[str, float]] = {}
    for row in evidence.rows.outcomes:
        if not (row["months"] == 0 and row["outcome"] == question.outcome and row["value_type"] == "endpoint"
                and printed(row, "mean")):  # fmt: skip
            continue
        scale = evidence.rows.instruments[row["instrument"]]
        if scale_problem(scale, "MD", question.outcome) or any(has_flag(row, flag) for flag in question.leave_out):
            continue
        intercept, slope = scale_factors(scale, "endpoint")
        scores.setdefault(row["instrument"], {}).setdefault(row["arm_id"], intercept + slope * row["mean"])
    return scores


def _mean(names: list[str], known: Mapping, sizes: Mapping, parts: Mapping) -> float:
    """Mean over arms, NaN unless every arm (or every component of it) is known."""
    arms: list[str] = []
    for name in names:
        arms += [name] if name in known else parts.get(name, [name])
    if not all(arm in known for arm in arms):
        return math.nan
    weights = [sizes.get(arm, math.nan) for arm in arms]
    if any(math.isnan(weight) for weight in weights):
        weights = [1.0] * len(arms)
    return sum(w * known[arm] for w, arm in zip(weights, arms, strict=True)) / sum(weights)
