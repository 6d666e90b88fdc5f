"""From the chosen rows of a trial to its comparisons: arms combined, a shared control divided, nobody counted twice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from painsynth.evidence.arms import combine_arms, combine_errors
from painsynth.evidence.medians import ADDED, ARMS, SKEWED
from painsynth.evidence.rows import Row, grouped, printed
from painsynth.evidence.scale import scale_factors

if TYPE_CHECKING:
    from painsynth.evidence.question import Question

TRIAL = ["study_id", "year", "condition", "design", "participants_blinded", "unit_of_analysis", "doi"]
CELLS = ["msc_source", "donor", "product", "dose_million_cells"]
SCORES = ["n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i", "ri", "estimate", "se", "ci_low", "ci_high", "p_value"]
COUNTS = ["ai", "n1i", "ci", "n2i"]
RECORD = ["instrument", "months", "value_type", "sd_from", "flags", "doubts", "confidence", "source_id", "rows",
          "location", "arms"]  # fmt: skip
DIFFERENT = ["msc_source", "donor", "product"]


def columns(question: Question) -> list[str]:
    """Name the columns of the comparisons, in order."""
    figures = COUNTS if question.binary else SCORES
    if question.conversion_error:
        figures = [*figures, *(name.format(arm) for arm in ARMS for name in ADDED)]
    return ["study", *TRIAL, *CELLS, "comparator", *figures, *RECORD]


def comparisons(rows: list[Row], question: Question, instruments: Mapping[str, Row]) -> pd.DataFrame:
    """Turn chosen rows into one row per study comparison."""
    made = []
    for trial in grouped(rows, key=lambda row: row["study_id"]).values():
        if trial[0]["kind"] == "contrast":
            made.append(_from_contrast(trial[0], instruments[trial[0]["instrument"]]))
        else:
            made += _from_arms(trial, question)
    return pd.DataFrame(made, columns=columns(question)).astype({"year": "Int64"})


def _from_arms(trial: list[Row], question: Question) -> list[Row]:
    control = [row for row in trial if row["role"] == "control"]
    cells = [row for row in trial if row["role"] == "cells"]
    by = ["arm_id"] if question.arms == "separate" else DIFFERENT
    groups = list(grouped(cells, key=lambda row: tuple(row[name] for name in by)).values())
    figures = _count_figures if question.binary else _score_figures
    made = []
    for group in groups:
        name = group[0]["label"] + (f" ({_distinction(group[0], groups)})" if len(groups) > 1 else "")
        made.append({"study": name, **_trial(group), "comparator": control[0]["comparator"],
                     **figures(group, control, len(groups), question), **_record(group + control)})  # fmt: skip
    return made


def _score_figures(cells: list[Row], control: list[Row], shares: int, question: Question) -> Row:
    n1, m1, sd1 = combine_arms(*_columns(cells, "n", "m100", "sd100"))
    n2, m2, sd2 = combine_arms(*_columns(control, "n", "m100", "sd100"))
    paired = cells[0]["unit_of_analysis"] == "paired_side"
    errors = _errors(cells, 1, 1) | _errors(control, 2, shares) if question.conversion_error else {}
    return {**errors, "n1i": n1, "m1i": m1, "sd1i": sd1, "n2i": n2 / shares, "m2i": m2, "sd2i": sd2,
            "ri": question.paired_r if paired else math.nan}  # fmt: skip


def _errors(rows: list[Row], arm: int, shares: int) -> Row:
    """What recovering means and SDs adds to the variances of an arm; a divided control counts in every share."""
    added = _columns(rows, "added_m", "added_sd", "added_cov")
    combined = combine_errors(*_columns(rows, "n", "m100", "sd100"), added)
    return {name.format(arm): shares * x for name, x in zip(ADDED, combined, strict=True)}


def _count_figures(cells: list[Row], control: list[Row], shares: int, question: Question) -> Row:
    (ai, n1), (ci, n2) = ([sum(column) for column in _columns(rows, "events", "total")] for rows in (cells, control))
    return {"ai": ai, "n1i": n1, "ci": ci / shares, "n2i": n2 / shares}


def _columns(rows: list[Row], *names: str) -> list[list[float]]:
    return [[row[name] for row in rows] for name in names]


def _from_contrast(row: Row, instrument: Row) -> Row:
    """Put a printed difference on the common scale; its limits change places when the direction flips."""
    _, slope = scale_factors(instrument, row["value_type"])
    limits = sorted([slope * row["ci_low"], slope * row["ci_high"]])
    return {"study": row["label"], **_trial([row]), "comparator": row["comparator"], "n1i": row["n"],
            "n2i": row["n_control"], "estimate": slope * row["estimate"], "se": abs(slope) * row["se"],
            "ci_low": limits[0], "ci_high": limits[1], "p_value": row["exact_p"], **_record([row])}  # fmt: skip


def _trial(cells: list[Row]) -> Row:
    doses = {row["dose_million_cells"] for row in cells}
    return {**{name: cells[0][name] for name in (*TRIAL, *DIFFERENT)},
            "dose_million_cells": doses.pop() if len(doses) == 1 else math.nan}  # fmt: skip


def _record(used: list[Row]) -> Row:
    """Say where the figures stand: rows of the file, sources, flags, how SDs came about."""

    def union(name: str, separator: str) -> str:
        return separator.join(dict.fromkeys(part for row in used for part in row.get(name, "").split("|") if part))

    numbers = ", ".join(str(number) for number in sorted(row["row"] for row in used))
    return {
        **{name: used[0][name] for name in ("instrument", "months", "value_type")},
        "sd_from": union("sd_from", "|"), "flags": union("flags", "|"), "doubts": _doubts(used),
        "confidence": union("confidence", "|"), "source_id": union("source_id", "|"),
        "rows": f"{used[0]['file']} {numbers}", "location": union("location", "; "),
        "arms": "|".join(_arms(used)),
    }  # fmt: skip


def _arms(used: list[Row]) -> list[str]:
    """Name the arms that are compared; a printed contrast names its control beside the row."""
    control = [row["control_arm_id"] for row in used if row["kind"] == "contrast"]
    return [*(row["arm_id"] for row in used), *control]


def _doubts(used: list[Row]) -> str:
    """Say what a reader should question in the figures that are used, arm by arm."""
    found = []
    for row in used:
        arm = "cells" if row["role"] == "cells" else "control"
        n = row["n"] if "n" in row and printed(row, "n") else row.get("total", math.nan)
        if n > row["n_randomised"]:
            found.append(f"{arm}: {n:g} analysed, {row['n_randomised']:g} randomised")
        if row.get("skewed"):
            found.append(f"{arm}: {SKEWED}")
    return "; ".join(dict.fromkeys(found))


def _distinction(row: Row, groups: list[list[Row]]) -> str:
    """Name what tells one comparison of a trial from the others."""
    for name in (*DIFFERENT, "arm_id"):
        if len({group[0][name] for group in groups}) == len(groups):
            return row[name].removeprefix(f"{row['study_id']}_").replace("_", " ")
    return ", ".join(row[name].replace("_", " ") for name in DIFFERENT)
