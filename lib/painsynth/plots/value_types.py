"""Scores at a visit and changes from baseline may stand in one pool of differences, but must be told apart in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

MARK = "†"
CHANGES = ("change_from_baseline", "improvement", "change")


def marked(rows: Sequence[Mapping]) -> bool:
    """Whether any of the rows shows changes from baseline.

    Examples
    --------
    >>> marked([{"value_type": "endpoint"}, {"value_type": "change_from_baseline"}])
    True
    """
    return any(row.get("value_type") in CHANGES for row in rows)


def explained(rows: Sequence[Mapping]) -> str:
    """Sentence for the footnote; empty where nothing needs to be told apart."""
    if not marked(rows):
        return ""
    adjusted = any("adjusted_effect" in str(row.get("flags")) for row in rows)
    more = "; adjusted effects as printed" if adjusted else ""
    return f"{MARK} Change from baseline{more}; without the mark: score at follow-up."
