"""One result per trial: the documented preferences between times, arms, instruments, sources and kinds of value.

Order of the rules (data/README.md repeats them for readers):

1. nearest to the asked months inside the window, the later one when two are equally near;
2. the result that covers most of the trial's cell arms;
3. a pain rating (VAS, NRS) over WOMAC pain over KOOS pain over any other instrument, and among ratings pain in general
   over pain in one place or activity;
4. an effect adjusted for baseline over change from baseline over endpoint (Handbook 10.5.2);
5. the primary source over a review, and a row that is not marked as a second copy (`duplicate_source`);
6. the order of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from painsynth.evidence.vocabularies import ACTIVE_COMPARATORS, ADD_ON_COMPARATORS, COMPARATORS, INERT_COMPARATORS

if TYPE_CHECKING:
    from painsynth.evidence.question import Question

FAMILIES = ("rating", "WOMAC", "KOOS", "other")
KEY = ["instrument", "months", "value_type"]
_READ = [*KEY, "study_id", "arm_id", "file", "row", "kind", "role", "combined_from", "comparator", "unit_of_analysis",
         "n", "flags", "confidence", "reason"]  # fmt: skip
_CONFIDENCE = {"primary_table": 0, "primary_abstract": 1, "secondary_review": 2, "derived": 3}


def instrument_rank(instrument: str) -> tuple[int, int]:
    """Rank an instrument: its family, then general pain before pain in one place or activity.

    Examples
    --------
    >>> instrument_rank("NPRS 0-10") < instrument_rank("VAS sport 0-10") < instrument_rank("WOMAC pain 0-20")
    True
    """
    first, *rest = instrument.split()
    family = first.split("-")[0].upper()
    if family in ("VAS", "NRS", "NPRS", "NPS"):
        special = first.upper() != family or (bool(rest) and rest[0][0].isalpha())
        return 0, int(special)
    return (FAMILIES.index(family) if family in FAMILIES else len(FAMILIES) - 1), 0


def components(arm: pd.Series) -> frozenset[str]:
    """Give the randomised arms a row stands for: its components when combined, else itself."""
    return frozenset(arm["combined_from"].split("|")) if arm["combined_from"] else frozenset({arm["arm_id"]})


def choose(rows: pd.DataFrame, question: Question) -> pd.DataFrame:
    """Keep one result per trial; every other row gets the reason why it was not taken.

    Parameters
    ----------
    rows : DataFrame
        From `candidate_rows` (and contrasts); rows with an empty `reason` compete.

    Returns
    -------
    DataFrame
        The same rows; `reason` is empty only for the rows that will be compared.
    """
    judged = rows[[name for name in _READ if name in rows]].copy()  # of 47 columns: taking rows costs by column
    for _, trial in judged[judged["reason"] == ""].groupby("study_id", sort=False):
        _choose_result(judged, trial, question)
    for _, trial in judged[judged["reason"] == ""].groupby("study_id", sort=False):
        _choose_arms(judged, trial, question)
    return rows.assign(reason=judged["reason"])


def _choose_result(rows: pd.DataFrame, trial: pd.DataFrame, question: Question) -> None:
    results = {}
    # A printed contrast stands for itself; arm rows are compared on the same instrument, time and type of value.
    alone = (trial["file"] + trial["row"].astype(str)).where(trial["kind"] == "contrast", "")
    for key, group in trial.groupby([*(trial[name] for name in KEY), trial["kind"], alone], sort=False, dropna=False):
        unpaired = "" if question.binary else _unpaired(group)
        if unpaired:
            rows.loc[group.index, "reason"] = unpaired
        elif group["kind"].iloc[0] == "contrast" or {"cells", "control"} <= set(group["role"]):
            results[key] = group
        else:
            other = "control" if "cells" in set(group["role"]) else "cell"
            rows.loc[group.index, "reason"] = f"no usable {other} arm result on the same instrument and time"
    if not results:
        return
    ranks = {key: _rank(group, question) for key, group in results.items()}
    best = min(ranks, key=ranks.get)
    for key, group in results.items():
        if key != best:
            rows.loc[group.index, "reason"] = _why_not(ranks[key], ranks[best])


def _unpaired(group: pd.DataFrame) -> str:
    """Say why arm rows of paired sides make no pairs; empty where they do, and for every other design."""
    if group["kind"].iloc[0] == "contrast" or group["unit_of_analysis"].iloc[0] != "paired_side":
        return ""
    if group["n"].nunique() > 1:
        return "paired sides with different numbers analysed: no pairs can be formed"
    several = group.loc[group["combined_from"] == "", "role"].value_counts()
    return "several arms on one side of a pair: no pairs can be formed" if (several > 1).any() else ""


_RULES = ("another result is nearer to the asked time", "another result covers more of the trial's arms",
          "another instrument is preferred", "another kind of value is preferred",
          "another source of the same result is preferred", "another row of the same result stands first")  # fmt: skip


def _rank(group: pd.DataFrame, question: Question) -> tuple:
    first = group.iloc[0]
    covered = frozenset().union(*(components(row) for _, row in group[group["role"] != "control"].iterrows()))
    duplicate = group["flags"].str.contains("duplicate_source").any()
    confidence = max(_CONFIDENCE[word] for word in group["confidence"])
    kind = 0 if first["kind"] == "contrast" else 2 if first["value_type"] == "endpoint" else 1
    return (_time_rank(first["months"], question), -len(covered), instrument_rank(first["instrument"]), kind,
            (int(duplicate), confidence), group["row"].min())  # fmt: skip


def _time_rank(months: float, question: Question) -> tuple[float, float]:
    if question.months is None:  # longest follow-up; a result without a printed time is of the whole trial
        return (0.0, 0.0) if pd.isna(months) else (1.0, -months)
    return abs(months - question.months), -months


def _why_not(rank: tuple, best: tuple) -> str:
    return next(rule for rule, mine, first in zip(_RULES, rank, best, strict=True) if mine != first)


def _choose_arms(rows: pd.DataFrame, trial: pd.DataFrame, question: Question) -> None:
    """Never an arm twice: combined or separate arms, and one kind of control."""
    if trial["kind"].iloc[0] == "contrast":
        return
    control = trial[trial["role"] == "control"]
    kinds = sorted(set(control["comparator"]), key=comparator_rank)
    rows.loc[control.index[control["comparator"] != kinds[0]], "reason"] = (
        f"the control {kinds[0].replace('_', ' ')} of the same trial is preferred"
    )
    for role in ("cells", "control"):
        mine = trial[(trial["role"] == role) & (rows.loc[trial.index, "reason"] == "")]
        combined = _without_overlap(rows, mine[mine["combined_from"] != ""])
        parts = (
            frozenset().union(*(components(row) for _, row in combined.iterrows())) if len(combined) else frozenset()
        )
        single = mine[mine["arm_id"].isin(parts)]
        whole = frozenset(single["arm_id"]) == parts
        if len(single) and (question.arms == "combined" or role == "control" or not whole):
            rows.loc[single.index, "reason"] = "already inside the combined arm"
        elif len(single):
            rows.loc[combined.index, "reason"] = "the arms it combines enter separately"


def _without_overlap(rows: pd.DataFrame, combined: pd.DataFrame) -> pd.DataFrame:
    """Keep combined arms that share no patient; the one with the most arms first, then the order of the file."""
    taken: frozenset[str] = frozenset()
    kept = []
    for index in sorted(combined.index, key=lambda i: -len(components(combined.loc[i]))):
        mine = components(combined.loc[index])
        if mine & taken:
            rows.loc[index, "reason"] = "its arms are already inside another combined arm"
        else:
            kept.append(index)
            taken |= mine
    return combined.loc[sorted(kept)]


def comparator_rank(comparator: str) -> tuple[int, int]:
    """Rank a kind of control: shared co-treatment, inert, active, unknown; then the vocabulary's order."""
    groups = (ADD_ON_COMPARATORS, INERT_COMPARATORS, ACTIVE_COMPARATORS)
    group = next((i for i, words in enumerate(groups) if comparator in words), len(groups))
    return group, COMPARATORS.index(comparator)
