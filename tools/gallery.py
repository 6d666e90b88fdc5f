"""Build docs/gallery from the cases in tools/gallery_*.py: `python tools/gallery.py` (`make gallery`).

One page with every picture inside, its words, its code; a README that lists them.
`python tools/gallery.py --look FOLDER [WORD ...]` writes PNGs of all cases, or of those with a word in their name.
"""

from __future__ import annotations

import argparse
import ast
import html
import importlib.util
import inspect
import os
import re
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "lib"))

from painsynth.files import write_file  # noqa: E402  (the path must be set first)
from painsynth.plots.picture import alternative_text, svg_text  # noqa: E402
from painsynth.plots.save import write_picture  # noqa: E402
from painsynth.plots.words import plain, sentence_case  # noqa: E402
from painsynth.report.cells import Highlight2HTML, code_block  # noqa: E402
from painsynth.report.links import check_page  # noqa: E402
from painsynth.report.pages import shell  # noqa: E402
from painsynth.report.svg import inline_svg  # noqa: E402

FOLDER = ROOT / "docs" / "gallery"
INTRODUCTION = (
    "Every picture of painsynth on the trials in <code>data/</code>, on published examples and on hard cases. Rows and "
    "points with a source lead to it; under the pointer they tell the figures they were computed from. Colours follow "
    "your setting for light or dark pages."
)
ORDER = ("forest", "statpics", "pics", "tables")
SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
STYLE = re.compile(r' style="([^"]*)"')
UNSEEN = ("__future__", "collections.abc", "matplotlib.axes", "functools")  # of no use to a reader of the code


@dataclass(frozen=True)
class Case:
    """One picture: the stem of its file, its caption, the function that draws it."""

    name: str
    caption: str
    draw: Callable

    @property
    def heading(self) -> str:
        """The stem in words."""
        return sentence_case(plain(self.name))

    def code(self) -> str:
        """The lines that draw it: the body of the function, after the values that were given to it."""
        draw = self.draw
        given = []
        if isinstance(draw, partial):
            bound = inspect.signature(draw.func).bind(*draw.args, **draw.keywords)
            bound.apply_defaults()
            given = [f"{name} = {value!r}" for name, value in bound.arguments.items()]
            draw = draw.func
        lines = [*given, _body_of(textwrap.dedent(inspect.getsource(draw)))]
        return re.sub(r"  # (fmt|noqa)\b.*$", "", "\n".join(lines), flags=re.MULTILINE)


def _body_of(text: str) -> str:
    """Body of a function without its docstring and `return`; of a lambda, what it gives."""
    tree = ast.parse(text.strip())
    found = next((node for node in ast.walk(tree) if isinstance(node, ast.Lambda)), None)
    function = tree.body[0]
    if not isinstance(function, ast.FunctionDef):
        return ast.get_source_segment(text.strip(), found.body)
    body = function.body[1:] if ast.get_docstring(function) else function.body
    lines = text.splitlines()
    lines[body[-1].lineno - 1] = lines[body[-1].lineno - 1].replace("return ", "", 1)
    return textwrap.dedent("\n".join(lines[body[0].lineno - 1 : function.end_lineno]))


@dataclass(frozen=True)
class Section:
    """The cases of one module, and what they share."""

    heading: str
    cases: list[Case]
    shared: str

    @property
    def name(self) -> str:
        """Its place in the page."""
        return "section-" + re.sub(r"[^a-z0-9]+", "-", self.heading.lower()).strip("-")


def sections() -> list[Section]:
    """All cases, module by module; the first line of a module is the heading of its section."""
    files = {path.stem.removeprefix("gallery_"): path for path in sorted((ROOT / "tools").glob("gallery_*.py"))}
    found = []
    for part in sorted(files, key=lambda part: (ORDER.index(part) if part in ORDER else len(ORDER), part)):
        spec = importlib.util.spec_from_file_location(f"gallery_{part}", files[part])
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        heading = module.__doc__.strip().splitlines()[0].rstrip(".")
        cases = [Case(*case) for case in module.CASES]
        found.append(Section(heading, cases, _shared(files[part].read_text("utf-8"), cases)))
    names = [case.name for section in found for case in section.cases]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two cases of the gallery have the same name: {', '.join(twice)}")
    return found


def _shared(text: str, cases: list[Case]) -> str:
    """What the cases of a module need: its code without the cases themselves."""
    draws = {getattr(case.draw, "func", case.draw).__name__ for case in cases} | {"_cases"}
    kept = [
        ast.get_source_segment(text, node)
        for node in ast.parse(text).body[1:]
        if not (isinstance(node, ast.FunctionDef) and node.name in draws)
        and "CASES" not in [getattr(target, "id", "") for target in getattr(node, "targets", [])]
        and getattr(getattr(node, "target", None), "id", "") != "CASES"
        and not (isinstance(node, ast.ImportFrom) and node.module in UNSEEN)
    ]
    return "\n".join(kept)


def build() -> dict[str, bytes]:
    """Give the files of the gallery: name to content."""
    parts, listed = [], []
    highlight = Highlight2HTML(pygments_lexer="python")
    found = sections()
    for section in found:
        name, heading = section.name, html.escape(section.heading)
        parts.append(f'<section aria-labelledby="{name}"><h2 id="{name}">{heading}</h2>')
        parts.append(_folded("What the code below shares", code_block(section.shared, highlight)))
        listed.append(f"\n## {section.heading}\n")
        for case in section.cases:
            parts.append(_article(case, len(listed), highlight))
            listed.append(f"- {case.heading}: {case.caption.rstrip('.')}.")
        parts.append("</section>")
    body = "\n".join([*_head(found), "<main>", *parts, "</main>"])
    page = _classed(shell("Gallery: the pictures of painsynth", body))
    check_page(page)
    return {"index.html": page.encode(), "README.md": _readme(listed).encode()}


def _classed(page: str) -> str:
    """The page with each look said once: a third of its bytes are the same few styles of lines and letters."""
    names: dict[str, str] = {}

    def named(found: re.Match) -> str:
        return f' class="{names.setdefault(found[1], f"d{len(names)}")}"'

    page = SVG.sub(lambda svg: STYLE.sub(named, svg[0]), page)
    rules = "".join(f".{name}{{{look}}}\n" for look, name in names.items())
    return page.replace("</style>", f"{rules}</style>", 1)


def _folded(summary: str, content: str) -> str:
    return f'<details class="code"><summary>{summary}</summary>{content}</details>'


def _article(case: Case, number: int, highlight: Callable) -> str:
    """The piece of the page for one case."""
    drawn = case.draw()
    kind, shown, words = "html", "", ""
    if _is_picture(drawn):
        figure = drawn.get_figure(root=True)
        alt = alternative_text(figure)
        kind, shown = "figure", inline_svg(svg_text(figure, case.heading), f"g{number}-", alt or case.caption)
        words = f"<details><summary>In words</summary><p>{html.escape(alt)}</p></details>\n" if alt else ""
    return (
        f'<article aria-labelledby="{case.name}"><h3 id="{case.name}">{html.escape(case.heading)}</h3>\n'
        f"<p>{html.escape(case.caption.rstrip('.'))}.</p>\n"
        f'<div class="output {kind}" tabindex="0" role="group" aria-label="{html.escape(case.heading)}">'
        f"{shown or drawn._repr_html_()}</div>\n{words}{_folded('Code', code_block(case.code(), highlight))}</article>"
    )


def _is_picture(drawn: object) -> bool:
    return hasattr(drawn, "get_figure")


def _head(found: list[Section]) -> list[str]:
    items = "".join(
        f'<li><a href="#{section.name}">{html.escape(section.heading)}</a>: '
        + ", ".join(f'<a href="#{case.name}">{html.escape(case.heading)}</a>' for case in section.cases)
        + "</li>"
        for section in found
    )
    return [
        f"<header><h1>Gallery</h1><p>{INTRODUCTION}</p></header>",
        f'<nav class="contents" aria-label="Contents"><h2>Contents</h2><ol>{items}</ol></nav>',
    ]


def _readme(listed: list[str]) -> str:
    head = (
        "# Gallery\n\nEvery picture of painsynth on real data and on hard cases. [index.html](index.html) shows them "
        "in one page with links, tooltips, words and code; it needs no network.\n\nWritten by `make gallery` "
        "(`python tools/gallery.py`) from `tools/gallery_*.py`; changes made by hand are overwritten.\n"
    )
    return head + "\n".join(listed) + "\n"


def look(folder: Path, words: list[str]) -> None:
    """Write the cases as PNG, to look at."""
    for case in (case for section in sections() for case in section.cases):
        if not words or any(word in case.name for word in words):
            drawn = case.draw()
            if _is_picture(drawn):
                print(write_picture(drawn, folder / f"{case.name}.png"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--look", type=Path, metavar="FOLDER", help="write PNGs into this folder instead")
    parser.add_argument("words", nargs="*", help="with --look: only cases with one of these words in their name")
    given = parser.parse_args()
    folder = given.look and given.look.absolute()
    os.chdir(ROOT)  # where the cases find data/
    if folder:
        look(folder, given.words)
        return
    for name, content in build().items():
        write_file(FOLDER / name, content)
        print(f"{FOLDER.relative_to(ROOT)}/{name}: {len(content) / 2**20:.2f} MB")


if __name__ == "__main__":
    main()
