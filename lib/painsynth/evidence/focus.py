"""The evidence of one condition: what a run on that condition is given, so that it can depend on nothing else.

A report runs a notebook anew only when something it depends on has changed. It need not guess what that is: a run whose
question names a condition is given the rows of that condition's trials and the small tables shared by all, and no
others. Only the map of what exists elsewhere is still counted over everything, and a run that looks at it says so.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from painsynth.evidence.vocabularies import CONDITIONS

if TYPE_CHECKING:
    import pandas as pd

    from painsynth.evidence.tables import Evidence

CONDITION = "PAINSYNTH_CONDITION"  # set by a report: the condition whose trials a kernel is given
READS = "PAINSYNTH_READS"  # set by a report: the file in which a kernel says what else it looked at
COVERAGE = "coverage"  # the map of conditions by sources
EVERYTHING = "everything"


@dataclass(frozen=True)
class Focus:
    """One condition and the trials that study it; tells which rows of a table belong to them."""

    condition: str
    trials: Collection[str] = field(repr=False)

    def rule(self, columns: Iterable[str]) -> tuple[str, Collection[str]] | None:
        """Give the column of a table that decides, and its values that belong; None where every row does.

        Examples
        --------
        >>> Focus("tendinopathy", ("a_2020",)).rule(["study_id", "arm_id"])
        ('study_id', ('a_2020',))
        >>> Focus("tendinopathy", ("a_2020",)).rule(["code", "meaning"]) is None
        True
        """
        if "study_id" not in columns:
            return None
        return ("condition", (self.condition,)) if "condition" in columns else ("study_id", self.trials)

    def rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give the rows of a table that belong; they keep the number a spreadsheet shows."""
        rule = self.rule(list(frame.columns))
        return frame if rule is None else frame[frame[rule[0]].isin(list(rule[1]))]


def one_condition(word: object) -> str:
    """Give the word if it is one condition; else, as for "any", an empty text: everything is needed.

    Examples
    --------
    >>> one_condition("tendinopathy"), one_condition("any"), one_condition(3)
    ('tendinopathy', '', '')
    """
    return word if isinstance(word, str) and word in CONDITIONS else ""


def in_focus(evidence: Evidence) -> Evidence:
    """Give the evidence of the condition that a report asks for; outside a report, the evidence as it is."""
    condition = one_condition(os.environ.get(CONDITION, ""))
    if not condition:
        return evidence
    studies = evidence.studies
    focus = Focus(condition, frozenset(studies.loc[studies["condition"] == condition, "study_id"]))
    tables = {name: focus.rows(frame) for name, frame in evidence.tables.items()}
    return replace(evidence, tables=tables, whole=evidence)


def note_read(what: str) -> None:
    """Say, in the file a report named, that something beyond the given rows was looked at."""
    place = os.environ.get(READS)
    if place:
        with open(place, "a", encoding="utf-8") as file:
            file.write(f"{what}\n")
