"""A forest plot in words, for readers who cannot see it and for machines that index figures."""

from __future__ import annotations

import math
from numbers import Real

from painsynth.formats import percent
from painsynth.plots import words
from painsynth.plots.assumed import assumption
from painsynth.plots.sheet import Line, Sheet

_NAMES = {
    "leave_one_out": "Forest plot of the pooled effect leaving out one study at a time",
    "cumulate": "Cumulative forest plot, one study added at a time",
    "choice": "Forest plot of the pooled effect by other methods",
}


def describe(sheet: Sheet, title: str | None = None, left_out: int = 0) -> str:
    """One paragraph: how many comparisons, the pooled effect with its interval, how consistent, group by group."""
    fit = sheet.overall
    heading = f": {' '.join(title.split()).rstrip('.')}" if title else ""
    parts = [f"{_opening(sheet)}{heading}.", f"{words.scale(sheet.measure, sheet.attrs)}."]
    pooled = sheet.of("pooled")
    if pooled:
        parts.append(f"Overall {_interval(sheet, pooled[0])}{_favoured(sheet, pooled[0])}.")
    elif sheet.reading.of in _NAMES or fit is None or fit.k > 1:
        parts += _range(sheet)
    else:
        parts += [f"{line.label}: {_interval(sheet, line)}{_favoured(sheet, line)}." for line in sheet.of("study")]
    parts += [f"{line.label} {_interval(sheet, line)}." for line in pooled[1:]]
    parts += [f"{_title_of(sheet, line)} {_interval(sheet, line)}." for line in sheet.of("subtotal")]
    for line in sheet.of("prediction"):
        parts.append(f"Prediction interval {sheet.write(line.low)} to {sheet.write(line.high)}.")
    if fit is not None and fit.k > 1 and sheet.reading.of == "study" and math.isfinite(fit.i2):
        parts.append(f"Heterogeneity: I² {percent(fit.i2)}.")
    parts += filter(None, [assumption([line.row for line in sheet.of("study")])])
    if left_out:
        parts.append(f"{left_out} trials or reports that were not pooled are listed.")
    return " ".join(parts)


def _opening(sheet: Sheet) -> str:
    studies = len(sheet.of("study"))
    if sheet.reading.of in _NAMES:
        return f"{_NAMES[sheet.reading.of]}, {studies} lines"
    return f"Forest plot of {studies} comparison{'' if studies == 1 else 's'}{_patients(sheet)}"


def _range(sheet: Sheet) -> list[str]:
    effects = [line.estimate for line in sheet.of("study") if math.isfinite(line.estimate)]
    if not effects:
        return []
    return [f"The effects run from {sheet.write(min(effects))} to {sheet.write(max(effects))}."]


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
    name = headings[-1] if headings else subtotal.label
    return f"{name}, other model," if subtotal.second else name


def _favoured(sheet: Sheet, line: Line) -> str:
    null, favours = 1.0 if sheet.ratio else 0.0, sheet.preset.favours
    if favours is None or not math.isfinite(line.estimate):
        return ""
    if line.low <= null <= line.high:
        return ", the interval includes no effect"
    better = (line.high < null) == words.lower_is_better(sheet.attrs)
    return f", in favour of {favours[0] if better else favours[1]}"
