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

import math
from typing import TYPE_CHECKING

from painsynth.evidence.rows import Row, grouped, printed
from painsynth.evidence.vocabularies import ACTIVE_COMPARATORS, ADD_ON_COMPARATORS, COMPARATORS, INERT_COMPARATORS

if TYPE_CHECKING:
    from painsynth.evidence.question import Question

FAMILIES = ("rating", "WOMAC", "KOOS", "other")
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


def components(arm: Row) -> frozenset[str]:
    """Give the randomised arms a row stands for: its components when combined, else itself."""
    return frozenset(arm["combined_from"].split("|")) if arm["combined_from"] else frozenset({arm["arm_id"]})


def choose(rows: list[Row], question: Question) -> list[Row]:
    """Keep one result per trial; every other row gets the reason why it was not taken.

    Parameters
    ----------
    rows : list of dict
        From `candidate_rows` and `contrast_rows`; rows with an empty `reason` compete. Reasons are written into them.

    Returns
    -------
    list of dict
        The rows that will be compared: those whose `reason` is still empty.
    """
    for rule in (_choose_result, _choose_arms):
        for trial in grouped(_standing(rows), key=lambda row: row["study_id"]).values():
            rule(trial, question)
    return _standing(rows)


def _standing(rows: list[Row]) -> list[Row]:
    return [row for row in rows if not row["reason"]]


def _say(rows: list[Row], reason: str) -> None:
    for row in rows:
        row["reason"] = reason


def _choose_result(trial: list[Row], question: Question) -> None:
    results = []
    for group in grouped(trial, key=_result).values():
        unpaired = "" if question.binary else _unpaired(group)
        roles = {row["role"] for row in group}
        if unpaired:
            _say(group, unpaired)
        elif group[0]["kind"] == "contrast" or {"cells", "control"} <= roles:
            results.append((_rank(group, question), group))
        else:
            other = "control" if "cells" in roles else "cell"
            _say(group, f"no usable {other} arm result on the same instrument and time")
    best = min((rank for rank, _ in results), default=None)
    for rank, group in results:
        if rank != best:
            _say(group, _why_not(rank, best))


def _result(row: Row) -> tuple:
    """Tell results apart: arm rows by instrument, time and type of value; a printed contrast stands for itself."""
    alone = (row["file"], row["row"]) if row["kind"] == "contrast" else None
    return row["instrument"], row["months"] if printed(row, "months") else None, row["value_type"], alone


def _unpaired(group: list[Row]) -> str:
    """Say why arm rows of paired sides make no pairs; empty where they do, and for every other design."""
    if group[0]["kind"] == "contrast" or group[0]["unit_of_analysis"] != "paired_side":
        return ""
    if len({row["n"] for row in group}) > 1:
        return "paired sides with different numbers analysed: no pairs can be formed"
    sides = [row["role"] for row in group if not row["combined_from"]]
    return "several arms on one side of a pair: no pairs can be formed" if len(set(sides)) < len(sides) else ""


_RULES = ("another result is nearer to the asked time", "another result covers more of the trial's arms",
          "another instrument is preferred", "another kind of value is preferred",
          "another source of the same result is preferred", "another row of the same result stands first")  # fmt: skip


def _rank(group: list[Row], question: Question) -> tuple:
    first = group[0]
    covered = frozenset().union(*(components(row) for row in group if row["role"] != "control"))
    duplicate = any("duplicate_source" in row["flags"] for row in group)
    confidence = max(_CONFIDENCE[row["confidence"]] for row in group)
    kind = 0 if first["kind"] == "contrast" else 2 if first["value_type"] == "endpoint" else 1
    return (_time_rank(first["months"], question), -len(covered), instrument_rank(first["instrument"]), kind,
            (int(duplicate), confidence), min(row["row"] for row in group))  # fmt: skip


def _time_rank(months: float, question: Question) -> tuple[float, float]:
    if question.months is None:  # longest follow-up; a result without a printed time is of the whole trial
        return (0.0, 0.0) if math.isnan(months) else (1.0, -months)
    return abs(months - question.months), -months


def _why_not(rank: tuple, best: tuple) -> str:
    return next(rule for rule, mine, first in zip(_RULES, rank, best, strict=True) if mine != first)


def _choose_arms(trial: list[Row], question: Question) -> None:
    """Never an arm twice: combined or separate arms, and one kind of control."""
    if trial[0]["kind"] == "contrast":
        return
    controls = [row for row in trial if row["role"] == "control"]
    kind = min((row["comparator"] for row in controls), key=comparator_rank)
    others = [row for row in controls if row["comparator"] != kind]
    _say(others, f"the control {kind.replace('_', ' ')} of the same trial is preferred")
    for role in ("cells", "control"):
        mine = [row for row in _standing(trial) if row["role"] == role]
        combined = _without_overlap([row for row in mine if row["combined_from"]])
        parts = frozenset().union(*(components(row) for row in combined))
        single = [row for row in mine if row["arm_id"] in parts]
        whole = {row["arm_id"] for row in single} == parts
        if single and (question.arms == "combined" or role == "control" or not whole):
            _say(single, "already inside the combined arm")
        elif single:
            _say(combined, "the arms it combines enter separately")


def _without_overlap(combined: list[Row]) -> list[Row]:
    """Keep combined arms that share no patient; the one with the most arms first, then the order of the file."""
    kept: list[Row] = []
    for row in sorted(combined, key=lambda row: -len(components(row))):
        if any(components(row) & components(other) for other in kept):
            _say([row], "its arms are already inside another combined arm")
        else:
            kept.append(row)
    return kept


def comparator_rank(comparator: str) -> tuple[int, int]:
    """Rank a kind of control: shared co-treatment, inert, active, unknown; then the vocabulary's order."""
    groups = (ADD_ON_COMPARATORS, INERT_COMPARATORS, ACTIVE_COMPARATORS)
    group = next((i for i, words in enumerate(groups) if comparator in words), len(groups))
    return group, COMPARATORS.index(comparator)
