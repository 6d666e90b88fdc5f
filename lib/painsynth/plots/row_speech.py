"""What a row of a forest plot says under the pointer: the extracted numbers, where they stand, the doubts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from numbers import Real

from painsynth.plots import words
from painsynth.plots.sheet import Line, Sheet

_RESOLVER = "https://doi.org/"


def row_speech(sheet: Sheet, line: Line) -> str:
    """All that is known of a study row, as short sentences."""
    parts = [*_arms(sheet, line.row), _effect(sheet, line), *_record(line.row)]
    return " ".join(part for part in parts if part)


def address(row: Mapping) -> str | None:
    """Address of the trial: the row's own `url`, else its DOI."""
    url, doi = (_text(row.get(name)) for name in ("url", "doi"))
    if url.startswith(("http://", "https://")):
        return url
    return f"{_RESOLVER}{doi.removeprefix(_RESOLVER)}" if doi else None


def _effect(sheet: Sheet, line: Line) -> str:
    if not math.isfinite(line.estimate):
        return ""
    interval = f"{sheet.write(line.low)} to {sheet.write(line.high)}"
    name = words.measure_name(sheet.measure)
    return f"{name} {sheet.write(line.estimate)} ({sheet.level * 100:g}% CI {interval})."


def _arms(sheet: Sheet, row: Mapping) -> Iterator[str]:
    for i, arm, events in zip("12", sheet.preset.arms, ("ai", "ci"), strict=True):
        n, mean, sd = (row.get(name.format(i)) for name in ("n{}i", "m{}i", "sd{}i"))
        facts = [("n", n), ("mean", mean), ("SD", sd)]
        if _known(row.get(events)):
            facts = [("events", row.get(events)), ("of", n)]
        said = ", ".join(f"{name} {_figure(value)}" for name, value in facts if _known(value))
        if said:
            yield f"{arm}: {said}."


def _record(row: Mapping) -> Iterator[str]:
    measured = [words.plain(_text(row.get(name))) for name in ("instrument", "value_type")]
    if _known(row.get("months")):
        measured.append(f"{row['months']:g} months")
    if any(measured):
        yield f"{'; '.join(filter(None, measured))}."
    places = [_text(row.get(name)) for name in ("source", "location", "rows")]
    if any(places):
        yield f"Read in: {'; '.join(filter(None, places))}."
    flags = words.plain(_text(row.get("flags")))
    if flags:
        yield f"Flags: {flags}."


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _known(value: object) -> bool:
    return isinstance(value, Real) and math.isfinite(value)


def _figure(value: float) -> str:
    return f"{value:.6g}".replace("-", "−") if abs(value) >= 100 else f"{value:.4g}".replace("-", "−")
