"""Figures of both arms beside a forest plot: patients, means with SDs, events, and their sums."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from numbers import Real

from painsynth.errors import PainsynthError
from painsynth.formats import MISSING, number
from painsynth.plots import words
from painsynth.plots.sheet import Line, Sheet
from painsynth.plots.table_column import Column

BINARY = ("RR", "OR", "RD", "PETO", "AS")
_HEADINGS = {"n": "n", "mean": "Mean", "sd": "SD", "mean_sd": "Mean (SD)", "events": "Events", "events_n": "Events/n"}
PARTS = tuple(_HEADINGS)
_NEEDS = {"n": "n{}i", "mean": "m{}i", "sd": "sd{}i", "mean_sd": "m{}i"}
_EVENTS = ("ai", "ci")
_SUMMED = ("study", "excluded", "subtotal", "pooled")


def arm_shown(sheet: Sheet) -> list[str]:
    """Parts that the preset shows of each arm and the table holds."""
    if sheet.measure in BINARY and _any(sheet, "ai", "n1i", "ci", "n2i"):
        return list(sheet.preset.counts)
    if _any(sheet, "n1i", "m1i", "n2i", "m2i"):
        return list(sheet.preset.means)
    return ["n"] if _any(sheet, "n1i", "n2i") else []


def arm_parts(sheet: Sheet, parts: Sequence[str]) -> Iterator[Column]:
    """Columns of the named parts, first of arm 1, then of arm 2."""
    for i, arm in enumerate(sheet.preset.arms):
        for part in parts:
            yield Column(_heading(sheet, part), _cells(sheet, part, i), group=arm, name=f"{part}_{i + 1}", role="arms")


def _heading(sheet: Sheet, part: str) -> str:
    return sheet.preset.headings.get(part, _HEADINGS[part])


def _cells(sheet: Sheet, part: str, i: int) -> tuple[str, ...]:
    key = _EVENTS[i] if part.startswith("events") else _NEEDS[part].format(i + 1)
    if key not in sheet.names:
        raise PainsynthError(f"columns: '{part}' needs {key}, which is not in the table")
    if part in ("n", "events"):
        totals = _totals(sheet, key)
        return tuple(_count(totals.get(j, line.row.get(key)), line) for j, line in enumerate(sheet.lines))
    if part == "events_n":
        return _event_cells(sheet, key, f"n{i + 1}i")
    if part == "mean_sd":
        pairs = zip(_cells(sheet, "mean", i), _cells(sheet, "sd", i), strict=True)
        return tuple(f"{mean} ({sd})" if mean else "" for mean, sd in pairs)
    return _means(sheet, key)


def _any(sheet: Sheet, *names: str) -> bool:
    return sheet.names >= set(names) and any(_known(line.row.get(names[0])) for line in sheet.of("study"))


def _known(value: object) -> bool:
    return isinstance(value, Real) and math.isfinite(value)


def _count(value: object, line: Line) -> str:
    """Patients; a shared control divided between two comparisons may be a half."""
    if line.kind not in _SUMMED or line.second:
        return ""
    if not _known(value):
        return "" if line.kind == "excluded" else MISSING
    return number(value, 0 if float(value).is_integer() else 1)


def _means(sheet: Sheet, key: str) -> tuple[str, ...]:
    values = [line.row.get(key) for line in sheet.of("study")]
    digits = 1 if any(abs(value) >= 10 for value in values if _known(value)) else 2
    return tuple(_mean(line.row.get(key), digits, line.kind) for line in sheet.lines)


def _mean(value: object, digits: int, kind: str) -> str:
    if kind in ("study", "excluded") and _known(value):
        return words.figure(value, digits)
    return MISSING if kind == "study" else ""


def _event_cells(sheet: Sheet, events: str, total: str) -> tuple[str, ...]:
    sums = _totals(sheet, events), _totals(sheet, total)
    cells = []
    for i, line in enumerate(sheet.lines):
        pair = (sums[0].get(i, line.row.get(events)), sums[1].get(i, line.row.get(total)))
        cells.append("/".join(filter(None, (_count(value, line) for value in pair))))
    return tuple(cells)


def _totals(sheet: Sheet, key: str) -> dict[int, float]:
    """Sum over the studies above each subtotal and over all studies for the pooled line, by position of the line."""
    sums, group, everything = {}, 0.0, 0.0
    for i, line in enumerate(sheet.lines):
        value = line.row.get(key)
        if line.kind == "heading":
            group = 0.0
        elif line.kind == "study" and _known(value):
            group, everything = group + value, everything + value
        elif line.kind in ("subtotal", "pooled") and not line.second:
            sums[i] = group if line.kind == "subtotal" else everything
    return sums
