"""Results as HTML for notebooks: plain tables that take colours and width from the page, light or dark."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

LEFT = ' style="text-align:left"'  # notebooks set table cells to the right, which suits numbers only


def noted(body: str, notes: Iterable[str]) -> str:
    """Put the notes below a piece of HTML.

    Examples
    --------
    >>> noted("<p>x</p>", ["a < b"])
    '<p>x</p><ul><li>a &lt; b</li></ul>'
    """
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"{body}<ul>{items}</ul>" if items else body


def paragraph(*lines: object) -> str:
    """Lines of one paragraph."""
    return f"<p>{'<br>'.join(escape(str(line)) for line in lines)}</p>"


def named_lines(lines: Iterable[tuple[str, str]]) -> str:
    """Table of names and values."""
    body = "".join(f"<tr><th scope='row'>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in lines)
    return f"<table><tbody>{body}</tbody></table>"


def grid(head: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """Table with column heads; the first cell of each row names it."""
    top = "".join(f"<th>{escape(x)}</th>" for x in head)
    body = "".join(
        f"<tr><th scope='row'>{escape(first)}</th>{''.join(f'<td>{escape(x)}</td>' for x in rest)}</tr>"
        for first, *rest in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def in_words(table: str) -> str:
    """Set the cells of a table to the left, as words are.

    Examples
    --------
    >>> in_words("<table><tbody><tr><th>a</th><td>b</td></tr></tbody></table>")
    '<table><tbody><tr><th style="text-align:left">a</th><td style="text-align:left">b</td></tr></tbody></table>'
    """
    for tag in ("<th", "<td"):
        table = table.replace(f"{tag}>", f"{tag}{LEFT}>").replace(f"{tag} scope='row'>", f"{tag} scope='row'{LEFT}>")
    return table
