"""Pieces of HTML that the written pages share: tables that become cards on a phone, lists of facts, links."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

LETTERS = re.compile(r"\b(acl|msc|prp|svf)\b")
ADDRESS = re.compile(r"https?://[^\s\"'<>]+")


def escape(value: object) -> str:
    """Write a value as text of a page."""
    return html.escape(str(value))


def plain(word: str) -> str:
    """Write a word of a vocabulary as people do.

    Examples
    --------
    >>> plain("hyaluronic_acid_both_arms")
    'hyaluronic acid in both arms'
    """
    words = word.replace("_both_arms", " in both arms").replace("_", " ")
    return LETTERS.sub(lambda found: found[0].upper(), words)


def heading(word: str) -> str:
    """Write a word of a vocabulary as the beginning of a line.

    Examples
    --------
    >>> heading("post_acl_reconstruction")
    'Post ACL reconstruction'
    """
    text = plain(word)
    return text[:1].upper() + text[1:]


def figure(value: float) -> str:
    """Write a number as it stands on file, nothing where there is none.

    Examples
    --------
    >>> figure(-2.5), figure(float("nan"))
    ('−2.5', '')
    """
    return "" if math.isnan(value) else f"{value:.10g}".replace("-", "−")


def link(address: str, text: str) -> str:
    """Link a text (HTML) to a web address; what is none is not linked."""
    return f'<a href="{html.escape(address)}">{text}</a>' if ADDRESS.fullmatch(address) else text


def doi(name: str) -> str:
    """Link a DOI."""
    return link(f"https://doi.org/{quote(name, safe='/()._-;:')}", f"doi:{escape(name)}") if name else ""


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """List names with what is known (HTML); what is not known is left out."""
    items = "".join(f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in pairs if value)
    return f'<dl class="facts">{items}</dl>' if items else ""


def cards(caption: str, head: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Give a table of HTML cells whose rows become cards on a phone; each row is (attributes of the row, cells).

    The first cell of a row names it. Columns that are empty in every row are left out.
    """
    rows = [(attributes, list(cells)) for attributes, cells in rows]
    kept = [i for i in range(len(head)) if i == 0 or any(cells[i] for _, cells in rows)]
    columns = "".join(f'<th scope="col">{escape(head[i])}</th>' for i in kept)
    body = "\n".join(f"<tr{attributes}>{_cells(cells, kept, head)}</tr>" for attributes, cells in rows)
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="{escape(caption)}"><table class="cards">'
        f"<caption>{escape(caption)}</caption><thead><tr>{columns}</tr></thead><tbody>\n{body}\n</tbody></table></div>"
    )


def _cells(cells: Sequence[str], kept: Sequence[int], head: Sequence[str]) -> str:
    named = f'<th scope="row">{cells[0]}</th>'
    return named + "".join(f'<td data-label="{escape(head[i])}">{cells[i]}</td>' for i in kept[1:])
