"""The overviews: `reports/index.html`, a table of all runs, and `figures/README.md`, a gallery of all figures."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from painsynth.report.pages import shell

MARK = "<!-- written by `painsynth report`; changes made by hand are overwritten -->"
LISTED = re.compile(r"^!\[[^\n]*\]\(([^()/\s]+\.svg)\)$", re.MULTILINE)
TITLE = "All runs"
ANY = ("", "any")
COLUMNS = ("Question", "Condition", "Cell source", "k", "Answer", "Figure")


def index_bytes(entries: list[dict], outputs: set[str]) -> bytes:
    """Make the index of all runs; `outputs` are the paths that exist, so that no link leads nowhere."""
    rows = "\n".join(_row(entry, outputs) for entry in entries)
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    failed = sum(bool(entry["failed"]) for entry in entries)
    told = f"{len(entries)} runs" + (f', <span class="failed">{failed} failed</span>' if failed else "")
    body = (
        f"<header><h1>{TITLE}</h1><p>{told}; k is the number of comparisons pooled. "
        '<a href="manifest.json">What they were made from</a>.</p></header>\n'
        f'<main><table class="runs"><caption>One row per run of the plan</caption><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table></main>"
    )
    return shell(TITLE, body).encode()


def _row(entry: Mapping, outputs: set[str]) -> str:
    name = entry["name"]
    page = f"reports/{name}/index.html" in outputs
    title = html.escape(entry["title"])
    linked = f'<a href="{quote(name)}/index.html">{title}</a>' if page else title
    cells = [
        f'<th scope="row">{linked}</th>',
        _cell(1, _word(entry, "condition")),
        _cell(2, _word(entry, "msc_source")),
        f'<td class="k" data-label="{COLUMNS[3]}">{_pooled(entry)}</td>',
        f"<td>{_answer(entry, page)}</td>",
        f"<td>{_thumbnail(entry, outputs)}</td>",
    ]
    return f'<tr id="{html.escape(name)}">{"".join(cells)}</tr>'


def _pooled(entry: Mapping) -> str:
    """Give the number of comparisons; nothing where a run drew a picture without pooling."""
    k = entry["summary"].get("k", "")
    return "" if k == 0 and picture(entry) else str(k)


def _cell(column: int, text: str) -> str:
    return f'<td data-label="{COLUMNS[column]}">{html.escape(text)}</td>'


def _word(entry: Mapping, name: str) -> str:
    """Give a condition or source in words: as the run told it, else as its parameter says."""
    word = str(entry["summary"].get(name) or entry["settings"].get(name, ""))
    return "any" if word in ANY and name in entry["settings"] else word.replace("_", " ")


def _answer(entry: Mapping, page: bool) -> str:
    sentence = _folded(entry["summary"].get("sentence", ""))
    if not entry["failed"]:
        return sentence
    link = f'<a href="failed/{quote(entry["name"])}.ipynb">its notebook</a>'
    older = f" What follows is from an earlier run: {sentence}" if page else ""
    return f'<span class="failed">Failed</span>: {html.escape(entry["failed"][0])} ({link}).{older}'


def first_sentence(text: str) -> str:
    """Give the first sentence of an answer.

    Examples
    --------
    >>> first_sentence("Pain falls by 12.1 points. Trials differ.")
    'Pain falls by 12.1 points.'
    """
    return re.split(r"(?<=[.?!]) (?=[A-Z0-9])", text, maxsplit=1)[0]


def _folded(text: str) -> str:
    """Show the first sentence; the caveats that follow it unfold below."""
    first = first_sentence(text)
    rest = text[len(first) :].strip()
    if not rest:
        return html.escape(first)
    return f"<details><summary>{html.escape(first)}</summary>{html.escape(rest)}</details>"


def picture(entry: Mapping) -> str:
    """Give the file name of the SVG that stands for a run: the one its summary names, else the first forest plot."""
    figures = [name for name in entry["figures"] if name.endswith(".svg")]
    named = [name for name in figures if Path(name).stem == entry["summary"].get("figure")]
    forests = [name for name in figures if name.endswith("_forest.svg")]
    return (named + forests + figures + [""])[0]


def _thumbnail(entry: Mapping, outputs: set[str]) -> str:
    name, file = entry["name"], picture(entry)
    if not file or f"reports/{name}/{file}" not in outputs:
        return ""
    alt = html.escape(first_sentence(entry["summary"].get("sentence", "")) or entry["title"])
    link = f'<a href="{quote(name)}/index.html" tabindex="-1">'
    return f'{link}<img src="{quote(name)}/{quote(file)}" alt="{alt}" loading="lazy"></a>'


def gallery_bytes(entries: list[dict]) -> bytes:
    """Make the gallery: every figure with its title and its sentence."""
    parts = ["# Figures", MARK, "Every figure is drawn by a run of `notebooks/plan.csv` from the tables in `data/`."]
    for entry in entries:
        sentence = " ".join(entry["summary"].get("sentence", "").split())
        figures = [name for name in entry["figures"] if name.endswith(".svg")]
        if figures:
            parts += [f"## {entry['title']}", sentence]
            parts += [f"![{_alt(first_sentence(sentence) or entry['title'])}]({name})" for name in figures]
    return ("\n\n".join(filter(None, parts)) + "\n").encode()


def gallery_figures(text: str) -> tuple[str, ...] | None:
    """Give the figures a gallery lists; None when the text is not a gallery written by a report."""
    return tuple(LISTED.findall(text)) if MARK in text else None


def _alt(text: str) -> str:
    return text.replace("[", "(").replace("]", ")")
