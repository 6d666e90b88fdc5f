"""What a sentence says in numbers, so that a test can derive each of them again."""

from __future__ import annotations

import re


def figures(words: str) -> set[str]:
    """Every number of a sentence as it is written, without the percent sign; hyphenated words are no numbers."""
    return set(re.findall(r"(?<![\w.])−?\d+(?:,\d{3})*(?:\.\d+)?", words))


def written(*texts) -> set[str]:
    """Numbers in the texts given: what a sentence may say."""
    return set().union(*(figures(str(text)) for text in texts))
