"""The page of one run: what was asked, with which parameters, the notebook's argument, and the files to take away."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from painsynth.report.cells import contents, render
from painsynth.report.execute import summary
from painsynth.report.links import check_page, localise
from painsynth.report.plan import Run

IN_REPORTS = "../files"  # from a run's folder to the copies of project files


@dataclass(frozen=True)
class Page:
    """A run's page: `html` is the text, `files` are the project files it links to (relative to the root)."""

    html: str
    files: tuple[str, ...] = ()


def make_page(run: Run, notebook: Mapping, figures: tuple[str, ...], root: Path, *, single: bool = False) -> Page:
    """Make the page of a run from its normalised notebook.

    `figures` are the names of the files saved by the run, which lie beside the page; a `single` page stands alone: it
    has no index above it, and its copies of project files lie below it. RunError when a link leads nowhere.
    """
    body, files = localise(render(notebook, run.title), run.notebook.parent, root, "files" if single else IN_REPORTS)
    parts = [
        "" if single else '<nav class="up" aria-label="Up"><a href="../index.html">All runs</a></nav>',
        f"<header><h1>{html.escape(run.title)}</h1>{_answer(summary(notebook))}</header>",
        _contents(body),
        f"<main>\n{_parameters(run)}\n{body}\n</main>",
        _downloads(run, figures),
    ]
    page = shell(run.title, "\n".join(filter(None, parts)))
    check_page(page)
    return Page(page, files)


def shell(title: str, body: str) -> str:
    """Put a body into a whole page: one style sheet inside, no script, nothing to fetch."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{style()}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


@cache
def style() -> str:
    """Give the style sheet of all pages."""
    return (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def _answer(told: Mapping) -> str:
    return f'<p class="answer">{html.escape(told["sentence"])}</p>' if told else ""


def _contents(body: str) -> str:
    headings = contents(body)
    if not headings:
        return ""
    items = "".join(f'<li class="level{level}"><a href="#{name}">{text}</a></li>' for level, name, text in headings)
    return f'<nav class="contents" aria-label="Contents"><h2>Contents</h2><ol>{items}</ol></nav>'


def _parameters(run: Run) -> str:
    if not run.defaults:
        return ""
    rows = "".join(
        f'<tr{_set(name in run.parameters)}><th scope="row"><code>{name}</code></th>'
        f"<td>{html.escape(str(value))}</td><td>{html.escape(run.defaults[name].comment)}</td></tr>"
        for name, value in run.settings().items()
    )
    head = (
        '<thead><tr><th scope="col">Parameter</th><th scope="col">Value</th><th scope="col">Meaning</th></tr></thead>'
    )
    return (
        '<details class="parameters"><summary>Parameters of this run</summary><div class="scroll" tabindex="0" '
        f'role="group" aria-label="Parameters"><table>{head}<tbody>{rows}</tbody></table></div></details>'
    )


def _set(given: bool) -> str:
    return ' class="given"' if given else ""


def _downloads(run: Run, figures: tuple[str, ...]) -> str:
    names = [f"{run.name}.ipynb", *figures]
    items = "".join(f'<li><a href="{html.escape(name)}" download>{html.escape(name)}</a></li>' for name in names)
    return f'<footer><h2 id="downloads">Files of this run</h2><ul class="files">{items}</ul></footer>'
