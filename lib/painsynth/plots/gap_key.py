"""Bubbles, GRADE's circles, and the key of the gap map."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from painsynth.judgement.certainty import SYMBOLS
from painsynth.plots.board import MARGIN, Board
from painsynth.plots.gap_cells import LEVELS, UNRATED, Cell, certainty_words
from painsynth.plots.grid import EMPTY
from painsynth.plots.palette import CERTAINTY
from painsynth.plots.style import INK, SMALL_SIZE, STUDY, text_width

RADIUS = 15.0  # of the largest bubble, in points
LEAST = 2.2  # of the smallest: it can still be seen
CIRCLE = 7.6  # from one of GRADE's circles to the next
SAMPLE, SWATCH = 4.5, 5.0  # half the size of a sample of colour: a bubble, a gap
Entry = tuple[float | None, str, str]  # radius (None: a gap), fill, and a text or a level of certainty


def radius_scale(cells: Mapping[tuple[str, str], Cell]) -> float:
    """Points of radius per root of a patient: areas are as the numbers of patients."""
    return RADIUS / math.sqrt(max([1, *(cell.patients for cell in cells.values())]))


def draw_circles(board: Board, start: tuple[float, float], level: str) -> None:
    """GRADE's four circles from left to right, crossed as far as the certainty goes."""
    crossed = SYMBOLS[level].count("⊕")
    xs, side = [start[0] + (i + 0.5) * CIRCLE for i in range(4)], (CIRCLE - 1.4) * board.scale
    look = {"linewidth": 0.7 * board.scale, "zorder": 3, "clip_on": False}
    board.ax.scatter(
        xs, [start[1]] * 4, s=side**2, facecolor="white", edgecolor=INK, label=f"certainty {level}", **look
    )
    if crossed:
        spots = xs[:crossed], [start[1]] * crossed
        board.ax.scatter(*spots, s=side**2, marker="+", color=INK, label="_crosses", **look)


def draw_bubble(board: Board, spot: tuple[float, float], radius: float, fill: str, *, known: bool = True) -> None:
    """Draw a bubble; dotted where the number of patients is not known."""
    side = 2 * max(radius, LEAST) * board.scale
    board.ax.scatter(*spot, s=side**2, facecolor=fill if known else "white", edgecolor=INK, zorder=3, clip_on=False,
                     linewidth=0.8 * board.scale, linestyle="-" if known else ":", label="bubble")  # fmt: skip


def gap_key(cells: Mapping[tuple[str, str], Cell], rated: bool, width: float
            ) -> tuple[list[tuple[float, float, Callable]], float]:  # fmt: skip
    """Place the entries of the key: (x, y of the row's top, how to draw it) each, and the height of all."""
    rows: list[list[tuple[float, Entry]]] = [[]]
    x = MARGIN
    for entry in _entries(cells, rated):
        wide = 2 * _half(entry) + 5 + _wide(entry[2])
        if rows[-1] and x + wide > width - MARGIN:
            rows.append([])
            x = MARGIN
        rows[-1].append((x, entry))
        x += wide + 12
    placed, y = [], 0.0
    for row in rows:
        high = max(SMALL_SIZE * 1.5, *(2 * _half(entry) for _, entry in row))
        placed += [(x, y, _sample(entry, high / 2)) for x, entry in row]
        y += high + 4
    return placed, y + 2


def _entries(cells: Mapping[tuple[str, str], Cell], rated: bool) -> list[Entry]:
    most = max(cell.patients for cell in cells.values())
    entries: list[Entry] = [
        (radius_scale(cells) * math.sqrt(n), "white", f"{n:,} patients") for n in _round_sizes(most) if most
    ]
    if rated:
        found = {cell.level for cell in cells.values() if cell.poolable}
        entries += [(SAMPLE, CERTAINTY.get(level, UNRATED), level) for level in LEVELS if level in found]
    else:
        entries.append((SAMPLE, STUDY, "Can be pooled (number in brackets)"))
    return [*entries, (SAMPLE, "white", "Nothing to pool"), (None, EMPTY, "No trial on file")]


def _half(entry: Entry) -> float:
    return SWATCH if entry[0] is None else max(entry[0], LEAST)


def _wide(text: str) -> float:
    return text_width(_key_words(text), SMALL_SIZE) + (4 * CIRCLE + 3 if text in LEVELS else 0.0)


def _key_words(text: str) -> str:
    return certainty_words(text) if text in LEVELS else text


def _sample(entry: Entry, middle: float) -> Callable:
    radius, fill, text = entry
    r = _half(entry)

    def draw(board: Board, x: float, y: float) -> None:
        if radius is None:
            board.box(x, y + middle - r, 2 * r, 2 * r, fill=fill, edge="#bdbdbd", label="key")
        else:
            draw_bubble(board, (x + r, y + middle), radius, fill)
        left = x + 2 * r + 5
        if text in LEVELS:
            draw_circles(board, (left, y + middle), text)
            left += 4 * CIRCLE + 3
        board.write(left, y + middle, _key_words(text), size=SMALL_SIZE)

    return draw


def _round_sizes(most: int) -> list[int]:
    """One or two round numbers of patients: the largest below the most, and about a quarter of it."""
    steps = [factor * 10**power for power in range(7) for factor in (1, 2, 5)]
    largest = max((n for n in steps if n <= most), default=1)
    return sorted({largest, max((n for n in steps if n <= largest / 4), default=largest)})
