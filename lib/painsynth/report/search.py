"""Search and filter of a list in plain JavaScript inside the page; without it everything is simply there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from painsynth.report.markup import escape

SCRIPT = (Path(__file__).parent / "search.html").read_text(encoding="utf-8")


def controls(choices: Mapping[str, Sequence[tuple[str, str]]], what: str) -> str:
    """Give the form above a list: a search field and one selection per choice, hidden until the script works.

    `choices` holds, by name of the attribute, values and their words; `what` names the things in the list.
    """
    selections = "".join(
        f'<label>{escape(name.replace("_", " ").capitalize())} <select name="{name}"><option value="">all</option>'
        + "".join(f'<option value="{escape(value)}">{escape(words)}</option>' for value, words in options)
        + "</select></label>"
        for name, options in choices.items()
    )
    return (
        f'<form class="search" role="search" data-search="{escape(what)}" hidden>'
        f'<label>Search <input type="search" name="text"></label>{selections}'
        '<button type="reset">Show all</button><p role="status"></p></form>'
    )


def item(identifier: str, **attributes: str) -> str:
    """Give the attributes of one thing in a list that `controls` search: its identifier and its values."""
    told = "".join(f' data-{name}="{escape(value)}"' for name, value in attributes.items())
    return f' id="{escape(identifier)}" data-item{told}'
