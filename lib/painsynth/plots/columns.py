"""The columns of text beside a forest plot: which there are, and what each line shows in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

import pandas as pd

from painsynth.errors import PainsynthError
from painsynth.formats import MISSING, number
from painsynth.plots import words
from painsynth.plots.sheet import Line, Sheet, weight_text

BINARY = ("RR", "OR", "RD", "PETO", "AS")

# Optional columns: name -> (heading, name in the rows table). Any other column of the table can be asked for as well.
OPTIONAL = {
    "comparator": ("Comparator", "comparator"),
    "msc_source": ("Cell source", "msc_source"),
    "dose": ("Dose (10⁶)", "dose_million_cells"),
    "months": ("Months", "months"),
    "year": ("Year", "year"),
    "instrument": ("Instrument", "instrument"),
    "flags": ("Flags", "flags"),
    "source": ("Source", "source"),
}


@dataclass(frozen=True)
class Column:
    """A column of text: one cell per line of the sheet. `wrap` is its greatest width in points before text wraps."""

    header: str
    cells: tuple[str, ...]
    align: str = "right"
    group: str = ""
    wrap: float = math.inf


def left_columns(sheet: Sheet, names: Sequence[str], arms: tuple[str, str]) -> list[Column]:
    """Study labels, the columns asked for by name, and the figures of both arms."""
    return [_labels(sheet), *(_optional(sheet, name) for name in names), *_arm_columns(sheet, arms)]


def right_columns(sheet: Sheet) -> list[Column]:
    """Effect, its interval, and the weight."""
    name, level = words.estimate_header(sheet.measure, sheet.level)
    effects = tuple(sheet.write(line.estimate) if math.isfinite(line.estimate) else "" for line in sheet.lines)
    intervals = tuple(sheet.interval(line.low, line.high) if math.isfinite(line.low) else "" for line in sheet.lines)
    weights = tuple(weight_text(line) for line in sheet.lines)
    group = f"{name}\n{level}"
    return [Column("", effects, group=group), Column("", intervals, group=group), Column("Weight", weights)]


def _labels(sheet: Sheet) -> Column:
    own_width = ("heading", "note")
    cells = tuple("" if line.kind in own_width else line.label for line in sheet.lines)
    return Column("Study", cells, align="left", wrap=170)


def _optional(sheet: Sheet, name: str) -> Column:
    header, key = OPTIONAL.get(name, (words.sentence_case(words.plain(name)), name))
    if key not in sheet.names:
        known = [word for word, (_, column) in OPTIONAL.items() if column in sheet.names]
        others = sorted(sheet.names - {"label", "kind", *(OPTIONAL[word][1] for word in known)})
        raise PainsynthError(f"columns: '{name}' is not in the table; ask for {', '.join([*known, *others])}")
    values = [line.row.get(key) if line.kind in ("study", "excluded") else "" for line in sheet.lines]
    numeric = all(isinstance(value, Real) for value in values if not isinstance(value, str) or value)
    cells = tuple(str(value) if key == "source" else _cell(value) for value in values)
    return Column(header, cells, align="right" if numeric else "left", wrap=110)


def _cell(value: object) -> str:
    if not isinstance(value, str) and pd.isna(value):
        return MISSING
    return f"{value:g}".replace("-", "−") if isinstance(value, Real) else words.plain(value)


def _arm_columns(sheet: Sheet, arms: tuple[str, str]) -> list[Column]:
    if sheet.measure in BINARY and _any(sheet, "ai", "n1i", "ci", "n2i"):
        pairs = (("ai", "n1i"), ("ci", "n2i"))
        return [_events(sheet, *pair, arm) for pair, arm in zip(pairs, arms, strict=True)]
    if _any(sheet, "n1i", "m1i", "n2i", "m2i"):
        return [column for i, arm in zip("12", arms, strict=True) for column in _mean_columns(sheet, i, arm)]
    return []


def _mean_columns(sheet: Sheet, i: str, arm: str) -> list[Column]:
    return [_counts(sheet, f"n{i}i", arm), _means(sheet, f"m{i}i", "Mean", arm), _means(sheet, f"sd{i}i", "SD", arm)]


def _any(sheet: Sheet, *names: str) -> bool:
    return sheet.names >= set(names) and any(_known(line.row.get(names[0])) for line in sheet.of("study"))


def _known(value: object) -> bool:
    return isinstance(value, Real) and math.isfinite(value)


def _counts(sheet: Sheet, key: str, arm: str) -> Column:
    totals = _totals(sheet, key)
    cells = tuple(_count(totals.get(i, line.row.get(key)), line) for i, line in enumerate(sheet.lines))
    return Column("n", cells, group=arm)


def _count(value: object, line: Line) -> str:
    """Patients; a shared control divided between two comparisons may be a half."""
    if line.kind not in ("study", "excluded", "subtotal", "pooled"):
        return ""
    if not _known(value):
        return "" if line.kind == "excluded" else MISSING
    return number(value, 0 if float(value).is_integer() else 1)


def _means(sheet: Sheet, key: str, header: str, arm: str) -> Column:
    values = [line.row.get(key) for line in sheet.of("study")]
    digits = 1 if any(abs(value) >= 10 for value in values if _known(value)) else 2
    cells = tuple(_mean(line.row.get(key), digits, line.kind) for line in sheet.lines)
    return Column(header, cells, group=arm)


def _mean(value: object, digits: int, kind: str) -> str:
    if kind in ("study", "excluded") and _known(value):
        return words.figure(value, digits)
    return MISSING if kind == "study" else ""


def _events(sheet: Sheet, events: str, total: str, arm: str) -> Column:
    sums = _totals(sheet, events), _totals(sheet, total)
    cells = []
    for i, line in enumerate(sheet.lines):
        pair = (sums[0].get(i, line.row.get(events)), sums[1].get(i, line.row.get(total)))
        cells.append("/".join(filter(None, (_count(value, line) for value in pair))))
    return Column("Events/n", tuple(cells), group=arm)


def _totals(sheet: Sheet, key: str) -> dict[int, float]:
    """Sum over the studies above each subtotal and over all studies for the pooled line, by position of the line."""
    sums, group, everything = {}, 0.0, 0.0
    for i, line in enumerate(sheet.lines):
        value = line.row.get(key)
        if line.kind == "study" and _known(value):
            group, everything = group + value, everything + value
        elif line.kind == "subtotal":
            sums[i], group = group, 0.0
        elif line.kind == "pooled":
            sums[i] = everything
    return sums
