"""The tables as plain records: every printed result with its arm and its trial, as the rules of selection read it.

Made once for an `Evidence` (`Evidence.rows`) and never changed: a question works on copies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from painsynth.evidence.tables import Evidence

Row = dict[str, Any]
_ARM = ("role", "msc_source", "donor", "product", "dose_million_cells", "comparator", "combined_from", "n_randomised")
_STUDY = ("label", "year", "condition", "design", "participants_blinded", "unit_of_analysis", "doi")


@dataclass(frozen=True)
class Rows:
    """Records of the tables, in the order of the files.

    Attributes
    ----------
    outcomes, events, contrasts : tuple of dict
        Results of arms, counts of arms, differences between arms as printed; each with `file`, `row`, `kind` (``arm``
        or ``contrast``) and the facts of its arm and its trial.
    trials : tuple of dict
        Rows of studies.csv with `sources`, what the cells of the trial come from, and `controls`, what it compares
        them with.
    arms : Mapping[str, dict]
        Rows of arms.csv by `arm_id`.
    recorded : Mapping[str, dict]
        Rows of excluded.csv by `study_id`.
    instruments : Mapping[str, dict]
        Rows of instruments.csv by name.
    """

    outcomes: tuple[Row, ...]
    events: tuple[Row, ...]
    contrasts: tuple[Row, ...]
    trials: tuple[Row, ...]
    arms: Mapping[str, Row]
    recorded: Mapping[str, Row]
    instruments: Mapping[str, Row]


def rows_of(evidence: Evidence) -> Rows:
    """Join every result with its arm and its trial."""
    arms = by_name(records(evidence.arms), "arm_id")
    studies = by_name(records(evidence.studies), "study_id")
    outcomes, events = (_joined(getattr(evidence, name), name, arms, studies) for name in ("outcomes", "events"))
    # A printed difference is told by its cell arm; the control is what that arm was compared with.
    names = {"experimental_arm_id": "arm_id", "n_experimental": "n"}
    contrasts = _joined(evidence.contrasts.rename(columns=names), "contrasts", arms, studies)
    return Rows(
        outcomes=tuple(outcomes),
        events=tuple({**row, "instrument": row["event"], "value_type": "endpoint"} for row in events),
        contrasts=tuple({**row, "comparator": arms[row["control_arm_id"]]["comparator"]} for row in contrasts),
        trials=tuple(_with_arms(trial, arms.values()) for trial in studies.values()),
        arms=arms,
        recorded=by_name(records(evidence.excluded), "study_id"),
        instruments=by_name(records(evidence.instruments), "instrument"),
    )


def records(table: pd.DataFrame) -> list[Row]:
    """Give the rows of a table as records, in order, `row` as a spreadsheet counts them."""
    return table.rename_axis("row").reset_index().sort_values("row").to_dict("records")


def by_name(rows: Iterable[Row], name: str) -> dict[str, Row]:
    """Rows by what stands in a column; the first where it stands twice.

    Examples
    --------
    >>> by_name([{"code": "a", "x": 1}, {"code": "b", "x": 2}, {"code": "a", "x": 3}], "code")["a"]["x"]
    1
    """
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(row[name], row)
    return found


def grouped(rows: Iterable[Row], key: Callable[[Row], Hashable]) -> dict[Any, list[Row]]:
    """Rows that have a key in common, in the order of their first rows.

    Examples
    --------
    >>> grouped([{"x": "b"}, {"x": "a"}, {"x": "b"}], key=lambda row: row["x"])
    {'b': [{'x': 'b'}, {'x': 'b'}], 'a': [{'x': 'a'}]}
    """
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def printed(row: Row, *names: str) -> bool:
    """Tell whether all these numbers stand in a row.

    Examples
    --------
    >>> printed({"q1": 20.0, "q3": float("nan")}, "q1"), printed({"q1": 20.0, "q3": float("nan")}, "q1", "q3")
    (True, False)
    """
    return not any(math.isnan(row[name]) for name in names)


def _joined(table: pd.DataFrame, name: str, arms: Mapping[str, Row], studies: Mapping[str, Row]) -> list[Row]:
    place = {"file": f"{name}.csv", "kind": "contrast" if name == "contrasts" else "arm"}
    return [{**row, **place, **{fact: arms[row["arm_id"]][fact] for fact in _ARM},
             **{fact: studies[row["study_id"]][fact] for fact in _STUDY}} for row in records(table)]  # fmt: skip


def _with_arms(trial: Row, arms: Iterable[Row]) -> Row:
    own = [arm for arm in arms if arm["study_id"] == trial["study_id"]]
    sources = dict.fromkeys(arm["msc_source"] for arm in own if arm["role"] == "cells")
    controls = {arm["comparator"] for arm in own if arm["role"] == "control"}
    return {**trial, "sources": tuple(sources), "controls": frozenset(controls)}
