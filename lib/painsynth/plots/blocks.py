"""The groups of a forest plot in an order that a reader expects."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from painsynth.plots.results import Reading

_LAST = ("other", "mixed", "unknown", "not_reported", "unclear", "")


@dataclass(frozen=True, eq=False)
class Block:
    """Rows that stay together: a group with heading and subtotal, or all rows outside groups. `fit` pools them."""

    name: str
    rows: tuple[Mapping, ...]
    fit: object | None


def blocks_of(rows: list[dict], reading: Reading, order: str) -> list[Block]:
    """Cut the rows into groups, sort these, and leave everything else where it is."""
    groups, rest, current = [], [], None
    for row in rows:
        if row["kind"] == "heading":
            current = [row]
            groups.append(current)
        elif row["kind"] == "pooled" or current is None:
            current = None
            rest.append(row)
        else:
            current.append(row)
    fits = list(reading.groups.fits.values()) if reading.groups is not None else []
    fits += [None] * (len(groups) - len(fits))
    blocks = [Block(str(part[0]["label"]), tuple(part), fit) for part, fit in zip(groups, fits, strict=False)]
    if order == "size":
        blocks.sort(key=_place(blocks, reading))
    return [*blocks, Block("", tuple(rest), reading.fit)]


def _place(blocks: list[Block], reading: Reading) -> Callable[[Block], tuple]:
    """Categories as they are ordered, numbers ascending, words by their weight; what is not known comes last."""
    names = [block.name for block in blocks]
    column = getattr(getattr(reading.fit, "table", None), "get", lambda _: None)(getattr(reading.groups, "by", ""))
    if isinstance(getattr(column, "dtype", None), pd.CategoricalDtype):
        categories = [str(category) for category in column.cat.categories]
        return lambda block: (categories.index(block.name) if block.name in categories else len(categories),)
    if all(_number(name) is not None for name in names if name not in _LAST):
        return lambda block: (block.name in _LAST, _number(block.name) or 0.0)
    return lambda block: (block.name in _LAST, -_weight(block))


def _number(name: str) -> float | None:
    try:
        return float(name)
    except ValueError:
        return None


def _weight(block: Block) -> float:
    studies = [row for row in block.rows if row["kind"] == "study"]
    shares = [row["weight"] for row in studies]
    return round(sum(shares), 6) if all(map(math.isfinite, shares)) else float(len(studies))
