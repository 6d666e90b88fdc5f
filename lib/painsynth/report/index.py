"""The overviews: `reports/index.html`, the way into all runs, and `figures/README.md`, a gallery of all figures."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from painsynth.report.evidence_nav import map_nav, place_of
from painsynth.report.markup import plain
from painsynth.report.methods import merged, method_references, methods_text
from painsynth.report.pages import shell
from painsynth.report.references import html_list
from painsynth.report.search import SCRIPT, controls, item

MARK = "<!-- written by `painsynth report`; changes made by hand are overwritten -->"
LISTED = re.compile(r"^!\[[^\n]*\]\(([^()/\s]+\.svg)\)$", re.MULTILINE)
TITLE = "All runs"
ANY = ("", "any")
COLUMNS = ("Question", "Condition", "Cell source", "k", "Answer", "Figure")
TAKE_AWAY = (
    ("reports/trials/index.html", "All trials, number by number"),
    ("reports/data_package.zip", "Data package (CSV and JSON schema)"),
    ("reports/references.bib", "References (BibTeX)"),
    ("reports/references.json", "References (CSL-JSON)"),
    ("reports/manifest.json", "What everything was made from"),
)


def index_bytes(entries: list[dict], outputs: set[str], trials: Mapping[tuple[str, str], int] | None = None) -> bytes:
    """Make the index of all runs.

    `outputs` are the paths that exist, so that no link leads nowhere; `trials` counts the trials on file by condition
    and source, for the map.
    """
    groups: dict[str, list[dict]] = {}
    for entry in entries:
        groups.setdefault(entry.get("question") or entry["notebook"], []).append(entry)
    sections = "\n".join(_section(number, *group, outputs) for number, group in enumerate(groups.items(), start=1))
    contents = "".join(
        f'<li><a href="#question-{number}">{html.escape(name)}</a> ({len(group)})</li>'
        for number, (name, group) in enumerate(groups.items(), start=1)
    )
    failed = sum(bool(entry["failed"]) for entry in entries)
    told = f"{len(entries)} runs" + (f', <span class="failed">{failed} failed</span>' if failed else "")
    body = (
        f"<header><h1>{TITLE}</h1><p>{told}; k is the number of comparisons pooled.</p>{_take_away(outputs)}</header>\n"
        f'<main>\n<section><h2 id="map">Evidence map</h2>{map_nav(entries, trials or {}, outputs)}</section>\n'
        f'<nav class="contents" aria-label="Questions"><h2>Questions</h2><ol>{contents}</ol></nav>\n'
        f"{controls(_choices(entries), 'runs')}\n{sections}\n{_methods(entries)}</main>"
    )
    return shell(TITLE, body, SCRIPT).encode()


def _take_away(outputs: set[str]) -> str:
    there = [(path, words) for path, words in TAKE_AWAY if path in outputs or path.endswith("manifest.json")]
    links = (f'<li><a href="{path.removeprefix("reports/")}">{words}</a></li>' for path, words in there)
    return f'<ul class="take">{"".join(links)}</ul>'


def _choices(entries: list[dict]) -> dict[str, list[tuple[str, str]]]:
    places = [place_of(entry) for entry in entries]
    conditions, sources = (sorted({place[i] for place in places}) for i in (0, 1))
    return {
        "condition": [(name, plain(name)) for name in conditions],
        "source": [(name, plain(name)) for name in sources],
        "result": [
            ("pooled", "pooled"),
            ("single", "one comparison"),
            ("none", "nothing pooled"),
            ("failed", "failed"),
        ],
    }


def _section(number: int, question: str, entries: list[dict], outputs: set[str]) -> str:
    rows = "\n".join(_row(entry, outputs) for entry in entries)
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    return (
        f'<section data-group><h2 id="question-{number}">{html.escape(question)}</h2>\n'
        f'<table class="runs"><caption>{len(entries)} run{"s"[: len(entries) != 1]}</caption>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></section>"
    )


def _methods(entries: list[dict]) -> str:
    account = merged(entry.get("account") or {} for entry in entries)
    text, papers = methods_text(account), method_references(account)
    if not text:
        return ""
    return (
        f'<section><h2 id="methods">Methods of all runs</h2><p>{html.escape(text)}</p>'
        f"<details><summary>{len(papers)} references</summary>{html_list(papers)}</details></section>\n"
    )


def _row(entry: Mapping, outputs: set[str]) -> str:
    name = entry["name"]
    page = f"reports/{name}/index.html" in outputs
    title = html.escape(entry["title"])
    linked = f'<a href="{quote(name)}/index.html">{title}</a>' if page else title
    condition, source = place_of(entry)
    cells = [
        f'<th scope="row">{linked}</th>',
        _cell(1, _word(entry, "condition")),
        _cell(2, _word(entry, "msc_source")),
        f'<td class="k" data-label="{COLUMNS[3]}">{_pooled(entry)}</td>',
        f"<td>{_answer(entry, page)}</td>",
        f"<td>{_thumbnail(entry, outputs)}</td>",
    ]
    return f"<tr{item(name, condition=condition, source=source, result=_result(entry))}>{''.join(cells)}</tr>"


def _result(entry: Mapping) -> str:
    k = entry["summary"].get("k", 0)
    return "failed" if entry["failed"] else "none" if not k else "single" if k == 1 else "pooled"


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
