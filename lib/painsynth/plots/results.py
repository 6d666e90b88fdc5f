"""What a forest plot can be drawn from: every result is read into rows of the glossary and what is known about them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pandas as pd

from painsynth.errors import NothingToPool, PainsynthError
from painsynth.plots.words import plain

_STUDY_LABELS = ("label", "study", "left_out")


@dataclass(frozen=True, eq=False)
class Reading:
    """Rows of the glossary with their origin.

    rows: label, kind, estimate, ci_low, ci_high ...; `fit` and `groups` are None where a table was given; `attrs` are
    those of the effects table; `of` says what each line is: study, leave_one_out, cumulate or choice; `reference` is
    an effect that every line is compared with.
    """

    rows: pd.DataFrame
    fit: object | None
    groups: object | None
    attrs: Mapping
    measure: str
    level: float
    of: str = "study"
    reference: float = math.nan


def read_result(result) -> Reading:
    """Read a Fit, Groups or a table; say what is possible when it is something else.

    Raises
    ------
    NothingToPool
        For a table without rows.
    PainsynthError
        For anything that a forest plot cannot show.
    """
    if isinstance(result, pd.DataFrame):
        if result.empty:
            raise NothingToPool("a forest plot needs at least one row; the table given has none")
        return _read_table(result)
    if not callable(getattr(result, "rows", None)):
        none = "; None often means that nothing could be pooled" if result is None else ""
        raise PainsynthError(
            f"forest draws what pool, pool_by, leave_one_out, cumulate and other_methods return, or a table with "
            f"label, estimate, ci_low, ci_high; given: {type(result).__name__}{none}"
        )
    table = result.rows()
    fit = next((getattr(result, name) for name in ("overall", "fit") if hasattr(result, name)), result)
    if not (hasattr(fit, "measure") and hasattr(fit, "i2_ci")):
        raise PainsynthError(
            f"a {type(result).__name__} has no pooled effect to draw a diamond of; forest draws pooled analyses, their "
            "tables and effects tables; a regression is drawn by bubble"
        )
    groups = result if hasattr(result, "fits") else None
    attrs = dict(getattr(getattr(fit, "table", None), "attrs", {}))
    return Reading(
        table, fit, groups, attrs, table.attrs.get("measure", fit.measure), table.attrs.get("level", fit.level)
    )


def _read_table(table: pd.DataFrame) -> Reading:
    attrs, of = dict(table.attrs), table.attrs.get("rows_of", "study")
    if {"model", "tau2", "ci", "estimate"} <= set(table) and "label" not in table:
        table, of = _choices(table), "choice"
    elif {"yi", "vi"} <= set(table) and not {"label", "kind"} & set(table):
        table = _effects(table)
    table = _labelled(table, of)
    missing = [name for name in ("label", "estimate", "ci_low", "ci_high") if name not in table]
    if missing:
        raise PainsynthError(f"a table for a forest plot needs {', '.join(missing)}; it has {', '.join(table.columns)}")
    if "kind" not in table:
        table = table.assign(kind="study")
    whole = attrs.get("overall")
    reference = whole["estimate"] if whole else math.nan
    if whole and of == "leave_one_out":
        last = pd.DataFrame([{"label": "All studies", "kind": "pooled", **whole}])
        table = pd.concat([table.assign(kind="study"), last], ignore_index=True)
    table.attrs = {key: attrs[key] for key in ("scale",) if key in attrs}
    measure, level = attrs.get("measure", "GEN"), attrs.get("level", 0.95)
    if of == "choice" or "left_out" in table:
        table.attrs["scale"] = "natural"
    return Reading(table, _how(attrs, measure, level), None, attrs, measure, level, of, reference)


def _how(attrs: Mapping, measure: str, level: float) -> object | None:
    """What a footnote needs to know of the pooling behind a table of pooled effects."""
    names = ("model", "method_tau2", "method_ci")
    if not all(name in attrs for name in names):
        return None
    facts = {name: attrs[name] for name in names} | {"measure": measure, "level": level}
    return SimpleNamespace(**facts, k=int(attrs["overall"]["k"]), pi=None, method_pi="none", notes=(), how=None)


def _labelled(table: pd.DataFrame, of: str) -> pd.DataFrame:
    source = next((name for name in _STUDY_LABELS if name in table), None)
    if source is None:
        return table
    labels = [str(value) for value in table[source]]
    if of == "leave_one_out":
        labels = [f"Omitting {label}" for label in labels]
    elif of == "cumulate":
        added = table["added"] if "added" in table else [None] * len(labels)
        labels = [_added(label, value) for label, value in zip(labels, added, strict=True)]
    elif source == "left_out":
        labels = ["All rows" if label == "nothing" else f"Without {plain(label)}" for label in labels]
    return table.assign(label=labels)


def _added(label: str, value: object) -> str:
    text = "" if value is None or pd.isna(value) else f"{value:g}" if isinstance(value, float) else str(value)
    return f"+ {label}" if not text or text in label else f"+ {label} ({text})"


def _choices(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of `other_methods`: the choice is the label."""
    names = [
        "Common effect" if model == "common" else f"{tau2}, {ci}"
        for model, tau2, ci in zip(table["model"], table["tau2"], table["ci"], strict=True)
    ]
    return table.assign(label=names)


def _effects(table: pd.DataFrame) -> pd.DataFrame:
    """Studies that were not pooled, with normal intervals."""
    yi, half = table["yi"].astype(float), 1.959963984540054 * np.sqrt(table["vi"].astype(float))
    return table.assign(estimate=yi, ci_low=yi - half, ci_high=yi + half)
