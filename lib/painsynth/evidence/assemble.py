"""From the chosen rows of a trial to its comparisons: arms combined, a shared control divided, nobody counted twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from painsynth.evidence.arms import combine_arms, combine_errors
from painsynth.evidence.medians import ADDED, ARMS, SKEWED
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


def comparisons(rows: pd.DataFrame, question: Question, instruments: pd.DataFrame) -> pd.DataFrame:
    """Turn chosen rows into one row per study comparison."""
    made = []
    for _, trial in rows.groupby("study_id", sort=False):
        if trial["kind"].iloc[0] == "contrast":
            made.append(_from_contrast(trial.iloc[0], instruments))
        else:
            made += _from_arms(trial, question)
    return pd.DataFrame(made, columns=columns(question)).astype({"year": "Int64"})


def _from_arms(trial: pd.DataFrame, question: Question) -> list[dict]:
    control = trial[trial["role"] == "control"]
    cells = trial[trial["role"] == "cells"]
    by = ["arm_id"] if question.arms == "separate" else DIFFERENT
    groups = [group for _, group in cells.groupby(by, sort=False)]
    figures = _count_figures if question.binary else _score_figures
    made = []
    for group in groups:
        used = pd.concat([group, control])
        name = group["label"].iloc[0] + (f" ({_distinction(group, groups)})" if len(groups) > 1 else "")
        made.append({"study": name, **_trial(group), "comparator": control["comparator"].iloc[0],
                     **figures(group, control, len(groups), question), **_record(used)})  # fmt: skip
    return made


def _score_figures(cells: pd.DataFrame, control: pd.DataFrame, shares: int, question: Question) -> dict:
    n1, m1, sd1 = combine_arms(cells["n"], cells["m100"], cells["sd100"])
    n2, m2, sd2 = combine_arms(control["n"], control["m100"], control["sd100"])
    paired = cells["unit_of_analysis"].iloc[0] == "paired_side"
    errors = _errors(cells, 1, 1) | _errors(control, 2, shares) if question.conversion_error else {}
    return {**errors, "n1i": n1, "m1i": m1, "sd1i": sd1, "n2i": n2 / shares, "m2i": m2, "sd2i": sd2,
            "ri": question.paired_r if paired else float("nan")}  # fmt: skip


def _errors(rows: pd.DataFrame, arm: int, shares: int) -> dict:
    """What recovering means and SDs adds to the variances of an arm; a divided control counts in every share."""
    added = [rows[name] for name in ("added_m", "added_sd", "added_cov")]
    combined = combine_errors(rows["n"], rows["m100"], rows["sd100"], added)
    return {name.format(arm): shares * x for name, x in zip(ADDED, combined, strict=True)}


def _count_figures(cells: pd.DataFrame, control: pd.DataFrame, shares: int, question: Question) -> dict:
    return {"ai": cells["events"].sum(), "n1i": cells["total"].sum(),
            "ci": control["events"].sum() / shares, "n2i": control["total"].sum() / shares}  # fmt: skip


def _from_contrast(row: pd.Series, instruments: pd.DataFrame) -> dict:
    """Put a printed difference on the common scale; its limits change places when the direction flips."""
    _, slope = scale_factors(instruments.set_index("instrument").loc[row["instrument"]], row["value_type"])
    limits = sorted([slope * row["ci_low"], slope * row["ci_high"]])
    return {"study": row["label"], **_trial(pd.DataFrame([row])), "comparator": row["comparator"], "n1i": row["n"],
            "n2i": row["n_control"], "estimate": slope * row["estimate"], "se": abs(slope) * row["se"],
            "ci_low": limits[0], "ci_high": limits[1], "p_value": row["exact_p"],
            **_record(pd.DataFrame([row]))}  # fmt: skip


def _trial(cells: pd.DataFrame) -> dict:
    first = cells.iloc[0]
    doses = set(cells["dose_million_cells"])
    dose = first["dose_million_cells"] if len(doses) == 1 else float("nan")
    return {**{name: first[name] for name in (*TRIAL, *DIFFERENT)}, "dose_million_cells": dose}


def _record(used: pd.DataFrame) -> dict:
    """Say where the figures stand: rows of the file, sources, flags, how SDs came about."""

    def union(name: str, separator: str) -> str:
        return separator.join(
            dict.fromkeys(part for text in used[name] if isinstance(text, str) for part in text.split("|") if part)
        )

    file = used["file"].iloc[0]
    return {
        **{name: used[name].iloc[0] for name in ("instrument", "months", "value_type")},
        "sd_from": union("sd_from", "|") if "sd_from" in used else "",
        "flags": union("flags", "|"), "doubts": _doubts(used), "confidence": union("confidence", "|"),
        "source_id": union("source_id", "|"),
        "rows": f"{file} " + ", ".join(str(row) for row in sorted(used["row"])), "location": union("location", "; "),
        "arms": "|".join(_arms(used)),
    }  # fmt: skip


def _arms(used: pd.DataFrame) -> list[str]:
    """Name the arms that are compared; a printed contrast names its control beside the row."""
    control = used["control_arm_id"].dropna() if used["kind"].iloc[0] == "contrast" else []
    return [*used["arm_id"], *control]


def _doubts(used: pd.DataFrame) -> str:
    """Say what a reader should question in the figures that are used, arm by arm."""
    found = []
    for row in used.to_dict("records"):
        arm = "cells" if row["role"] == "cells" else "control"
        n = row.get("total", float("nan")) if pd.isna(row.get("n")) else row["n"]
        if n > row["n_randomised"]:
            found.append(f"{arm}: {n:g} analysed, {row['n_randomised']:g} randomised")
        if row.get("skewed") is True:
            found.append(f"{arm}: {SKEWED}")
    return "; ".join(dict.fromkeys(found))


def _distinction(group: pd.DataFrame, groups: list[pd.DataFrame]) -> str:
    """Name what tells one comparison of a trial from the others."""
    for name in (*DIFFERENT, "arm_id"):
        words = [str(other[name].iloc[0]) for other in groups]
        if len(set(words)) == len(groups):
            word = str(group[name].iloc[0])
            return word.removeprefix(f"{group['study_id'].iloc[0]}_").replace("_", " ")
    return ", ".join(str(group[name].iloc[0]).replace("_", " ") for name in DIFFERENT)
