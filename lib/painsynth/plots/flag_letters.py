"""Doubts about a study as small letters beside it, with their key under the plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_lowercase

from painsynth.plots import words


def flag_letters(studies: Sequence) -> dict[str, str]:
    """Letter of every flag in use, in the order in which they first appear from top to bottom."""
    found = [code.strip() for line in studies for code in str(line.row.get("flags") or "").split("|")]
    codes = [code for code in dict.fromkeys(found) if code and code not in ("nan", "<NA>")]
    return {code: _letter(i) for i, code in enumerate(codes)}


def _letter(i: int) -> str:
    more, last = divmod(i, len(ascii_lowercase))
    return (ascii_lowercase[more - 1] if more else "") + ascii_lowercase[last]


def flag_key(letters: Mapping[str, str]) -> str:
    """The key as one sentence; empty without flags.

    Examples
    --------
    >>> flag_key({"sd_from_ci": "a", "arms_combined": "b"})
    'Flags: a = SD from CI; b = arms combined.'
    """
    if not letters:
        return ""
    return "Flags: " + "; ".join(f"{letter} = {words.plain(code)}" for code, letter in letters.items()) + "."
