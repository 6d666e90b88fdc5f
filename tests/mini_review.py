"""A review of a few made-up trials, written to a folder: the smallest tables on which a rule can be shown."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from painsynth.evidence.dictionary import TABLES

DEFAULTS = {
    "studies": {"condition": "knee_osteoarthritis", "design": "rct", "participants_blinded": "yes",
                "unit_of_analysis": "patient", "source_id": "src"},
    "arms": {"source_id": "src"},
    "outcomes": {"outcome": "pain", "instrument": "VAS 0-10", "months": "12", "value_type": "endpoint", "n": "20",
                 "source_id": "src", "confidence": "primary_table"},
    "contrasts": {"outcome": "pain", "instrument": "VAS 0-10", "months": "12", "value_type": "change_from_baseline",
                  "measure": "adjusted_difference", "source_id": "src", "confidence": "primary_table"},
    "events": {"event": "serious_adverse_event", "source_id": "src", "confidence": "primary_table"},
    "excluded": {"condition": "knee_osteoarthritis", "reason": "no_data_reachable", "direction_reported": "unclear"},
}  # fmt: skip
INSTRUMENTS = [
    {"instrument": "VAS 0-10", "construct": "pain", "minimum": "0", "maximum": "10", "higher_is_worse": "true"},
    {"instrument": "VAS sport 0-10", "construct": "pain", "minimum": "0", "maximum": "10", "higher_is_worse": "true"},
    {"instrument": "WOMAC pain 0-20", "construct": "pain", "minimum": "0", "maximum": "20", "higher_is_worse": "true"},
    {"instrument": "KOOS pain 0-100", "construct": "pain", "minimum": "0", "maximum": "100",
     "higher_is_worse": "false"},
    {"instrument": "VAS (scale not stated)", "construct": "pain", "higher_is_worse": "true"},
    {"instrument": "Unclear", "construct": "pain", "minimum": "0", "maximum": "10"},
]  # fmt: skip
FLAGS = [{"code": code, "meaning": "made up"} for code in
         ("sign_ambiguous", "arms_combined", "paired_design", "possibly_sem_not_sd", "duplicate_source", "ci_of_median",
          "ci_inconsistent")]  # fmt: skip


def trial(name: str, *, source: str = "bone_marrow", comparator: str = "saline", **facts) -> dict[str, list[dict]]:
    """One trial with a cell arm and a control arm, as rows of studies and arms."""
    cells = {"study_id": name, "arm_id": f"{name}_cells", "label": "cells", "role": "cells", "msc_source": source,
             "donor": "autologous", "product": "culture_expanded"}  # fmt: skip
    control = {
        "study_id": name,
        "arm_id": f"{name}_ctrl",
        "label": "control",
        "role": "control",
        "comparator": comparator,
    }
    return {"studies": [{"study_id": name, "label": name.title(), **facts}], "arms": [cells, control]}


def scores(name: str, cells, control, **what) -> dict[str, list[dict]]:
    """Mean and SD of both arms of a trial as rows of outcomes."""
    rows = [{"study_id": name, "arm_id": f"{name}_{arm}", "mean": str(mean), "sd": str(sd), **what}
            for arm, (mean, sd) in (("cells", cells), ("ctrl", control))]  # fmt: skip
    return {"outcomes": rows}


def write_review(folder: Path, *parts: dict[str, list[dict]]) -> Path:
    """Write the parts, with instruments, flags and one source, as CSV files; give the folder."""
    tables: dict[str, list[dict]] = {"sources": [{"source_id": "src", "kind": "trial_report", "citation": "Made up."}],
                                     "instruments": list(INSTRUMENTS), "flags": list(FLAGS)}  # fmt: skip
    for part in parts:
        for name, rows in part.items():
            tables.setdefault(name, []).extend(rows)
    if "outcomes" not in tables:  # the table has to be there: a baseline score that no question asks for
        first = tables["arms"][0]
        tables["outcomes"] = [{"study_id": first["study_id"], "arm_id": first["arm_id"], "outcome": "stiffness",
                               "months": "0", "mean": "5", "sd": "2"}]  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        _write(folder / f"{name}.csv", TABLES[name].names, [DEFAULTS.get(name, {}) | row for row in rows])
    return folder


def _write(path: Path, header: list[str], rows: Iterable[dict]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
