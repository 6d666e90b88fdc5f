"""Build docs/gallery from the cases in tools/gallery_*.py: `python tools/gallery.py` (`make gallery`).

One page with every picture inside, its words, its code; each picture as an SVG file; a README that lists them.
`python tools/gallery.py --look FOLDER [WORD ...]` writes PNGs of all cases, or of those with a word in their name.
"""

from __future__ import annotations

import argparse
import ast
import html
import importlib.util
import inspect
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "lib"))

from painsynth.plots.picture import alternative_text, svg_text  # noqa: E402  (the path must be set first)
from painsynth.plots.save import write_picture  # noqa: E402
from painsynth.plots.words import plain, sentence_case  # noqa: E402
from painsynth.report.cells import Highlight2HTML, code_block  # noqa: E402
from painsynth.report.links import check_page  # noqa: E402
from painsynth.report.pages import shell  # noqa: E402
from painsynth.report.svg import inline_svg  # noqa: E402

FOLDER = ROOT / "docs" / "gallery"
TITLE = "Gallery"
INTRODUCTION = (
    "Every picture of painsynth on the trials in <code>data/</code>, on published examples and on hard cases. Rows and "
    "points with a source lead to it; under the pointer they tell the figures they were computed from. Colours follow "
    "your setting for light or dark pages."
)
ORDER = ("forest", "statpics", "pics", "tables")


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
        """The lines that draw it: the body of the function."""
        text = textwrap.dedent(inspect.getsource(self.draw)).strip()
        found = next((node for node in ast.walk(_parsed(text)) if isinstance(node, ast.FunctionDef | ast.Lambda)), None)
        if isinstance(found, ast.Lambda):
            return ast.get_source_segment(_parsable(text), found.body)
        body = found.body[1:] if ast.get_docstring(found) else found.body
        lines = text.splitlines()[body[0].lineno - 1 : found.end_lineno]
        return textwrap.dedent("\n".join(lines)).replace("\nreturn ", "\n").removeprefix("return ")


def _parsable(text: str) -> str:
    """A lambda's source is the line it stands on, perhaps a piece of a list."""
    for candidate in (text, text.rstrip(","), f"({text})", f"[{text}]", f"[{text.rstrip(',')}"):
        try:
            ast.parse(candidate)
        except SyntaxError:
            continue
        return candidate
    raise ValueError(f"the code of this case cannot be read; write a function instead of a lambda: {text}")


def _parsed(text: str) -> ast.Module:
    return ast.parse(_parsable(text))


def sections() -> dict[str, list[Case]]:
    """All cases: heading of a section (first line of its module) to its cases."""
    files = {path.stem.removeprefix("gallery_"): path for path in sorted((ROOT / "tools").glob("gallery_*.py"))}
    found = {}
    for part in sorted(files, key=lambda part: (ORDER.index(part) if part in ORDER else len(ORDER), part)):
        spec = importlib.util.spec_from_file_location(f"gallery_{part}", files[part])
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        heading = (module.__doc__ or part).strip().splitlines()[0].rstrip(".")
        found[heading] = [Case(*case) for case in module.CASES]
    names = [case.name for cases in found.values() for case in cases]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two cases of the gallery have the same name: {', '.join(twice)}")
    return found


def build() -> dict[str, bytes]:
    """Give the files of the gallery: name to content."""
    files, parts, listed = {}, [], []
    highlight = Highlight2HTML(pygments_lexer="python")
    number = 0
    for heading, cases in sections().items():
        parts.append(f'<section aria-labelledby="s-{_slug(heading)}"><h2 id="s-{_slug(heading)}">{heading}</h2>')
        listed.append(f"\n## {heading}\n")
        for case in cases:
            number += 1
            piece, svg = _article(case, number, highlight)
            parts.append(piece)
            if svg:
                files[f"{case.name}.svg"] = svg.encode()
            place = f"{case.name}.svg" if svg else f"index.html#{case.name}"
            listed.append(f"- [{case.heading}]({place}): {case.caption}")
        parts.append("</section>")
    page = shell(f"{TITLE}: pictures of painsynth", _body(parts))
    check_page(page)
    return {"index.html": page.encode(), "README.md": _readme(listed).encode(), **files}


def _article(case: Case, number: int, highlight: Callable) -> tuple[str, str]:
    """The piece of the page for one case, and its SVG (empty for a table)."""
    drawn = case.draw()
    svg = ""
    if not hasattr(drawn, "as_raw_html"):
        figure = drawn.get_figure(root=True)
        svg, alt = svg_text(figure, case.heading), alternative_text(figure)
        shown = inline_svg(svg, f"g{number}-", alt or case.caption)
        words = f"<details><summary>In words</summary><p>{html.escape(alt)}</p></details>" if alt else ""
        words += f'<p class="files"><a href="{case.name}.svg" download>{case.name}.svg</a></p>'
    else:
        shown, words = drawn.as_raw_html(), ""
    kind = "figure" if svg else "html"
    piece = (
        f'<article aria-labelledby="{case.name}"><h3 id="{case.name}">{html.escape(case.heading)}</h3>\n'
        f"<p>{html.escape(case.caption)}</p>\n"
        f'<div class="output {kind}" tabindex="0" role="group" aria-label="{html.escape(case.heading)}">{shown}</div>\n'
        f'{words}<details class="code"><summary>Code</summary>{code_block(case.code(), highlight)}</details></article>'
    )
    return piece, svg


def _body(parts: list[str]) -> str:
    headings = [part for part in parts if part.startswith("<section")]
    items = "".join(
        f'<li class="level2"><a href="#s-{_slug(name)}">{name}</a></li>'
        for name in (part.partition("<h2 id=")[2].partition(">")[2].removesuffix("</h2>") for part in headings)
    )
    contents = f'<nav class="contents" aria-label="Contents"><h2>Contents</h2><ol>{items}</ol></nav>'
    header = f"<header><h1>{TITLE}</h1><p>{INTRODUCTION}</p></header>"
    return "\n".join([header, contents, "<main>", *parts, "</main>"])


def _slug(heading: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in heading.lower())


def _readme(listed: list[str]) -> str:
    head = (
        "# Gallery\n\nEvery picture of painsynth on real data and on hard cases. [index.html](index.html) shows them "
        "in one page with links, tooltips, words and code; it needs no network.\n\nWritten by `make gallery` "
        "(`python tools/gallery.py`) from `tools/gallery_*.py`; changes made by hand are overwritten.\n"
    )
    return head + "\n".join(listed) + "\n"


def write(files: dict[str, bytes]) -> None:
    """Write the gallery; pictures that no case draws any more are removed."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.svg"):
        if path.name not in files:
            path.unlink()
    for name, content in files.items():
        (FOLDER / name).write_bytes(content)


def look(folder: Path, words: list[str]) -> None:
    """Write the cases as PNG, to look at."""
    for case in (case for cases in sections().values() for case in cases):
        if not words or any(word in case.name for word in words):
            drawn = case.draw()
            if not hasattr(drawn, "as_raw_html"):
                print(write_picture(drawn, folder / f"{case.name}.png"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--look", type=Path, metavar="FOLDER", help="write PNGs into this folder instead")
    parser.add_argument("words", nargs="*", help="with --look: only cases with one of these words in their name")
    given = parser.parse_args()
    if given.look:
        look(given.look, given.words)
        return
    files = build()
    write(files)
    print(f"{len(files) - 2} pictures, {sum(map(len, files.values())) / 2**20:.1f} MB in {FOLDER.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
