"""The sets of effects that different choices about the data give: few selections, many cheap variations of each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from painsynth.errors import PainsynthError
from painsynth.evidence.compare import selection
from painsynth.evidence.effects import effects
from painsynth.evidence.question import Question
from painsynth.evidence.tables import Evidence

# Choices that need no new selection, because a trial is chosen by itself: which of the chosen trials enter.
LATER = {
    "trials": {
        "all": {}, "blinded participants": {"participants_blinded": "yes"},
        "culture-expanded cells": {"product": "culture_expanded"}, "printed spread": {"sd_from": "printed"},
    },
}  # fmt: skip
_FIELDS = {field.name for field in fields(Question)} - {"condition", "outcome", "mid"}


@dataclass(frozen=True, eq=False)
class DataSet:
    """One set of effects: the labels of the choices that made it, yi and vi (k,)."""

    choices: dict
    yi: np.ndarray
    vi: np.ndarray


def data_sets(
    evidence: Evidence, question: Question, choices: Mapping[str, Mapping]
) -> tuple[list[DataSet], pd.DataFrame]:
    """Every set of effects under the given choices, and the combinations that give none, with the reason.

    Raises
    ------
    PainsynthError
        For a choice that is neither a field of the question nor `trials`.
    """
    for name, options in choices.items():
        if name not in _FIELDS | set(LATER):
            raise PainsynthError(f"choices: '{name}' is no choice; possible are {', '.join(sorted(_FIELDS))}, "
                                 f"{', '.join(LATER)}, tau2, ci")  # fmt: skip
        unknown = [option for option in options.values() if name in LATER and option not in LATER[name]]
        if unknown:
            raise PainsynthError(
                f"choices: {name} = '{unknown[0]}' is not possible; allowed is {', '.join(LATER[name])}"
            )
    # Selected once with the widest design and any correlation; the rest of these choices is a mask and a column.
    later = {name: choices[name] for name in ("design", "trials", "paired_r") if name in choices}
    early = {name: options for name, options in choices.items() if name not in later}
    found, lost = [], []
    for head in _crossed(early):
        for data, reason in _varied(evidence, question, head, later):
            if reason:
                lost.append(data.choices | {"reason": reason})
            else:
                found.append(data)
    return found, pd.DataFrame(lost, columns=[*choices, "reason"])


def _crossed(choices: Mapping[str, Mapping]) -> Iterator[tuple[dict, dict]]:
    """Every combination: labels by choice, values by choice."""
    for items in itertools.product(*(options.items() for options in choices.values())):
        labels, values = ([item[i] for item in items] for i in (0, 1))
        yield dict(zip(choices, labels, strict=True)), dict(zip(choices, values, strict=True))


Head = tuple[dict, dict]


def _varied(evidence: Evidence, question: Question, head: Head, later: Mapping) -> Iterator[tuple[DataSet, str]]:
    widest = "controlled" if "controlled" in later.get("design", {}).values() else question.design
    table, _ = selection(evidence, replace(question, **head[1], design=widest))
    done: dict[tuple, tuple] = {}  # many choices keep the same trials: computed once
    for labels, choices in _crossed(later):
        kept, paired_r = _kept(table, choices), choices.get("paired_r")
        paired_r = paired_r if "ri" in table and table.loc[kept, "ri"].notna().any() else None
        key = (kept.tobytes(), paired_r)
        if key not in done:
            done[key] = _tried(table[kept], paired_r, head[1].get("measure", question.measure), question.measure)
        reason, yi, vi = done[key]
        yield DataSet(head[0] | labels, yi, vi), reason


def _kept(table: pd.DataFrame, choices: Mapping) -> np.ndarray:
    """Mask (k,) of the trials that a choice of design and trials keeps."""
    keep = np.ones(len(table), bool)
    if choices.get("design") == "rct" and len(table):
        keep &= (table["design"] == "rct").to_numpy()
    for column, wanted in LATER["trials"][choices.get("trials", "all")].items():
        if len(table) and column in table:
            keep &= (table[column] == wanted).to_numpy()
    return keep


def _tried(
    chosen: pd.DataFrame, paired_r: float | None, measure: str, shown: str
) -> tuple[str, np.ndarray, np.ndarray]:
    """Compute the effects of some trials; where that cannot be done, the reason and no effects."""
    if chosen.empty:
        return "no trial is left", np.empty(0), np.empty(0)
    if paired_r is not None:
        chosen = chosen.assign(ri=chosen["ri"].where(chosen["ri"].isna(), paired_r))
    try:
        return ("", *_effects(chosen, measure, shown))
    except PainsynthError as error:
        return " ".join(str(error).splitlines()[:2]), np.empty(0), np.empty(0)


def _effects(table: pd.DataFrame, measure: str, shown: str) -> tuple[np.ndarray, np.ndarray]:
    """Compute yi and vi; standardised differences beside differences in points are turned into points."""
    computed = effects(table, measure=measure)
    yi, vi = computed["yi"].to_numpy(float), computed["vi"].to_numpy(float)
    if measure == "SMD" and shown == "MD":
        sd = float(np.nanmedian(computed["sd2i"]))
        return yi * sd, vi * sd**2
    return yi, vi
