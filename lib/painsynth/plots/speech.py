"""A forest plot in words, for readers who cannot see it and for machines that index figures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real

from painsynth.formats import percent
from painsynth.plots import words
from painsynth.plots.sheet import Line, Sheet


def describe(sheet: Sheet, attrs: Mapping, favours: tuple[str, str] | None, title: str | None = None) -> str:
    """One paragraph: how many comparisons, the pooled effect with its interval, how consistent, group by group."""
    fit = sheet.overall
    count = f"{fit.k} comparison{'' if fit.k == 1 else 's'}"
    heading = f": {' '.join(title.split()).rstrip('.')}" if title else ""
    parts = [f"Forest plot of {count}{_patients(sheet)}{heading}.", f"{words.scale(sheet.measure, attrs)}."]
    pooled = sheet.of("pooled")
    if pooled:
        parts.append(f"Overall {_interval(sheet, pooled[-1])}{_favoured(sheet, pooled[-1], attrs, favours)}.")
    parts += [f"{_title_of(sheet, line)} {_interval(sheet, line)}." for line in sheet.of("subtotal")]
    parts += [f"Prediction interval {sheet.interval(line.low, line.high)[1:-1]}." for line in sheet.of("prediction")]
    if fit.k > 1:
        parts.append(f"Heterogeneity: I² {percent(fit.i2)}.")
    return " ".join(parts)


def _patients(sheet: Sheet) -> str:
    totals = [line.row.get(key) for line in sheet.of("study") for key in ("n1i", "n2i")]
    if not totals or any(not isinstance(n, Real) or not math.isfinite(n) for n in totals):
        return ""
    return f" (n = {sum(totals):.0f})"


def _interval(sheet: Sheet, line: Line) -> str:
    low, high = sheet.write(line.low), sheet.write(line.high)
    return f"{sheet.write(line.estimate)} ({sheet.level * 100:g}% CI {low} to {high})"


def _title_of(sheet: Sheet, subtotal: Line) -> str:
    """Name of the group a subtotal belongs to: the heading above it."""
    before = sheet.lines[: sheet.lines.index(subtotal)]
    headings = [line.label for line in before if line.kind == "heading"]
    return headings[-1] if headings else subtotal.label


def _favoured(sheet: Sheet, line: Line, attrs: Mapping, favours: tuple[str, str] | None) -> str:
    null = 1.0 if sheet.ratio else 0.0
    if favours is None or not math.isfinite(line.estimate):
        return ""
    if line.low <= null <= line.high:
        return ", the interval includes no effect"
    better = (line.high < null) == words.lower_is_better(attrs)
    return f", in favour of {favours[0] if better else favours[1]}"
