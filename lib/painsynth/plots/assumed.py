"""Trials without results that entered with an assumed effect are told apart: grey, and named as assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

GREY = "#9a9a9a"
WORD = "(assumed)"


def is_assumed(row: Mapping) -> bool:
    """Whether a row is a trial whose effect is an assumption (column `assumed` of `enter_missing`).

    Examples
    --------
    >>> is_assumed({"assumed": True}), is_assumed({"assumed": float("nan")}), is_assumed({})
    (True, False, False)
    """
    return row.get("assumed") == True  # noqa: E712  (NaN and None are no assumption; numpy's truth is)


def assumption(rows: Sequence[Mapping]) -> str:
    """Sentence for the footnote; empty where every effect was found."""
    times = sum(map(is_assumed, rows))
    if not times:
        return ""
    what = "a trial without usable results, entered" if times == 1 else "trials without usable results, entered"
    return f"Grey, {WORD}: {what} by size with an assumed effect."
