"""What stands in each line of a forest plot: the rows of a result, its test lines, and the number to draw in each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Real

import numpy as np

from painsynth.formats import percent
from painsynth.plots import words

NATURAL = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")
INTERVALS = ("study", "subtotal", "pooled", "prediction")


@dataclass(frozen=True, eq=False)
class Line:
    """One line of the sheet. Numbers are on the axis' scale (ratios as ratios), NaN where nothing is drawn.

    kind: heading, study, excluded, subtotal, pooled, prediction, note or gap. `pieces` are the parts of a note that
    must not be torn apart; `row` holds the cells of the result's table.
    """

    kind: str
    label: str = ""
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    weight: float = math.nan
    pieces: tuple[str, ...] = ()
    row: Mapping = field(default_factory=dict)

    @property
    def bold(self) -> bool:
        """Headings and pooled figures stand out."""
        return self.kind in ("heading", "subtotal", "pooled")


@dataclass(frozen=True)
class Sheet:
    """All lines of a forest plot with what the whole picture needs to know about them."""

    lines: tuple[Line, ...]
    names: frozenset[str]  # columns of the result's table
    measure: str
    level: float
    digits: int
    overall: object
    groups: object | None

    @property
    def ratio(self) -> bool:
        """Whether the axis is logarithmic and no effect is 1."""
        return words.is_ratio(self.measure)

    def of(self, *kinds: str) -> list[Line]:
        """Lines of the given kinds, in order."""
        return [line for line in self.lines if line.kind in kinds]

    def write(self, x: float) -> str:
        """An effect as it stands in the table."""
        return words.ratio_figure(x) if self.ratio else words.figure(x, self.digits)

    def interval(self, low: float, high: float) -> str:
        """An interval as it stands in the table."""
        return f"({self.write(low)} to {self.write(high)})"


def sheet_of(result) -> Sheet:
    """Read a Fit or Groups (anything with `rows()` after the rows glossary) into lines."""
    table = result.rows()
    overall = getattr(result, "overall", result)
    groups = result if hasattr(result, "fits") else None
    measure = table.attrs.get("measure", overall.measure)
    logarithms = words.is_ratio(measure) and table.attrs.get("scale") != "natural"
    rows = [_natural(row, logarithms) for row in table.to_dict("records")]
    lines = tuple(_lines(rows, overall, groups))
    level = table.attrs.get("level", overall.level)
    return Sheet(lines, frozenset(table.columns), measure, level, _digits(rows), overall, groups)


def _natural(row: dict, logarithms: bool) -> dict:
    """Turn the figures of a row into floats on the axis' scale; what is missing is NaN."""
    figures = {name: _known(row.get(name)) for name in (*NATURAL, "weight")}
    if logarithms:
        figures |= {name: math.exp(min(figures[name], 700.0)) for name in NATURAL}
    return row | figures


def _known(value: object) -> float:
    return float(value) if isinstance(value, Real) else math.nan


def _lines(rows: list[dict], overall, groups) -> Iterator[Line]:
    fits = iter(groups.fits.values()) if groups is not None else iter(())
    for row in rows:
        if row["kind"] == "pooled":
            yield Line("gap")
        yield _line(row)
        if row["kind"] == "subtotal":
            yield Line("note", pieces=tuple(words.heterogeneity(next(fits))))
            yield Line("gap")
        if row["kind"] == "pooled":
            yield from _conclusion(row, overall, groups)


def _line(row: dict) -> Line:
    label = " ".join(str(row["label"]).split())
    if row["kind"] in ("heading", "subtotal"):
        label = words.sentence_case(words.plain(label))
    if row["kind"] == "excluded":
        reason = words.plain(row.get("reason"))
        return Line("excluded", f"{label} ({reason})" if reason else label, row=row)
    return Line(row["kind"], label, row["estimate"], row["ci_low"], row["ci_high"], row["weight"], row=row)


def _conclusion(row: dict, overall, groups) -> Iterator[Line]:
    if math.isfinite(row["pi_low"]) and math.isfinite(row["pi_high"]):
        name = f"{overall.level * 100:g}% prediction interval"
        yield Line("prediction", name, low=row["pi_low"], high=row["pi_high"])
    for pieces in (words.heterogeneity(overall), words.overall_test(overall)):
        if pieces:
            yield Line("note", pieces=tuple(pieces))
    if groups is not None:
        yield Line("note", pieces=tuple(words.subgroup_test(groups)))


def _digits(rows: list[dict]) -> int:
    """Decimals for differences: two digits of an ordinary study's half interval, at least one decimal below 100."""
    halves = [(row["ci_high"] - row["ci_low"]) / 2 for row in rows if row["kind"] == "study"]
    halves = [half for half in halves if math.isfinite(half) and half > 0]
    if not halves:
        return 1
    half = float(np.median(halves))
    return min(6, max(1 if half < 1000 else 0, 1 - math.floor(math.log10(half))))


def weight_text(line: Line) -> str:
    """Weight in percent with one decimal; empty where none is stated."""
    return percent(line.weight, 1) if math.isfinite(line.weight) else ""
