"""Small pieces that sentences share: counts, plain words, what reports say of the direction."""

from __future__ import annotations

VOICES = (("no_difference", "no difference"), ("favours_cells", "a result in favour of cells"),
           ("favours_control", "a result in favour of the control"))  # fmt: skip


def count(times: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{times} {noun}{'' if times == 1 else 's'}"


def plain(words: str) -> str:
    """Write a word of the vocabulary as people do."""
    return words.replace("_both_arms", " in both arms").replace("_", " ")


def capital(text: str) -> str:
    """Begin a sentence."""
    return text[0].upper() + text[1:]
