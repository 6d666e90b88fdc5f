"""Under a forest plot: the trials that were not pooled, the keys, the footnotes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from painsynth.errors import PainsynthError
from painsynth.plots.bias_dots import KNOWN
from painsynth.plots.sizes import Sizes
from painsynth.plots.style import text_width
from painsynth.plots.wrapping import wrap

_DIRECTIONS = {"favours_cells": "favours cells", "favours_control": "favours control", "no_difference": "no difference"}


@dataclass(frozen=True)
class Foot:
    """Small texts (x, y, text, bold) and dots (x, y, judgement), y from the top of the foot."""

    texts: tuple[tuple[float, float, str, bool], ...]
    dots: tuple[tuple[float, float, str], ...]
    height: float


NO_FOOT = Foot((), (), 0.0)


def foot_of(
    sizes: Sizes, width: float, *, left_out: Sequence[tuple[str, str]], judgements: Sequence[str], notes: Iterable[str]
) -> Foot:
    """Set the listing, then the key of the dots, then the footnotes, on the width that there is."""
    texts: list[tuple[float, float, str, bool]] = []
    y = _listing(texts, left_out, sizes, width)
    dots, y = _key(texts, judgements, sizes, width, y)
    for note in notes:
        for text in wrap(note, width - 2 * sizes.margin, sizes.small):
            texts.append((sizes.margin, y + sizes.small_pitch / 2, text, False))
            y += sizes.small_pitch
    return Foot(tuple(texts), tuple(dots), y)


def _listing(texts: list, left_out: Sequence[tuple[str, str]], sizes: Sizes, width: float) -> float:
    if not left_out:
        return 0.0
    pitch, margin = sizes.small_pitch, sizes.margin
    count = len(left_out)
    texts.append((margin, pitch / 2, f"Not pooled ({count} trial{'s' if count > 1 else ''} or reports)", True))
    y, room = pitch, width - 2 * margin
    labels = [wrap(label, 0.35 * room, sizes.small) for label, _ in left_out]
    indent = max(text_width(text, sizes.small) for label in labels for text in label) + sizes.gap
    for label, (_, reason) in zip(labels, left_out, strict=True):
        reasons = wrap(reason, room - indent, sizes.small)
        texts += [(margin, y + (i + 0.5) * pitch, text, False) for i, text in enumerate(label)]
        texts += [(margin + indent, y + (i + 0.5) * pitch, text, False) for i, text in enumerate(reasons)]
        y += max(len(label), len(reasons)) * pitch
    return y + 4


def _key(texts: list, judgements: Sequence[str], sizes: Sizes, width: float, y: float) -> tuple[list, float]:
    dots, x, pitch = [], sizes.margin, sizes.small_pitch + 1
    for judgement in judgements:
        word = KNOWN[judgement]
        step = 12.0 + text_width(word, sizes.small) + 10.0
        if x > sizes.margin and x + step - 10 > width - sizes.margin:
            x, y = sizes.margin, y + pitch
        dots.append((x + 4, y + pitch / 2, judgement))
        texts.append((x + 12, y + pitch / 2, word, False))
        x += step
    return dots, y + pitch if judgements else y


def left_out_of(excluded: object, attrs) -> list[tuple[str, str]]:
    """Name and reason of what was asked for but not pooled.

    `excluded` is a table with study and reason, or True for the one that `compare` left with the effects table: there,
    trials outside the question are not listed.

    Raises
    ------
    PainsynthError
        Where there is no such table.
    """
    if excluded is None or excluded is False:
        return []
    table = attrs.get("excluded") if excluded is True else excluded
    if not isinstance(table, pd.DataFrame):
        raise PainsynthError(
            "excluded=True needs the list that compare() leaves in the table's attrs['excluded']; there is none: "
            "give a table with study and reason instead"
        )
    missing = [name for name in ("study", "reason") if name not in table]
    if missing:
        raise PainsynthError(f"excluded needs a table with study and reason; missing: {', '.join(missing)}")
    if excluded is True and "kind" in table:
        table = table[table["kind"] != "not asked"]
    directions = table["direction_reported"] if "direction_reported" in table else [""] * len(table)
    rows = zip(table["study"], table["reason"], directions, strict=True)
    return [(" ".join(str(study).split()), _reason(reason, direction)) for study, reason, direction in rows]


def _reason(reason: object, direction: object) -> str:
    words = " ".join(str(reason).replace("_", " ").split())
    told = _DIRECTIONS.get(str(direction))
    return f"{words}; its report: {told}" if told else words
