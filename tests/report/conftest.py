"""A small project in a temporary folder, and a place with a warm process shared by all tests of a file."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

PARAMETERS = "word: str = 'knee'  # what to draw\nmonths: int = 12  # when\nshare: float = 0.5  # of one\n"
FIGURE = (
    "import os\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots(figsize=(2, 1))\nax.plot([0, months])\n"
    "for kind in ('svg', 'png'):\n"
    "    fig.savefig(os.path.join(os.environ['PAINSYNTH_FIGURES'], f'{word}_{months}_forest.{kind}'))"
)
LINE = (
    "from types import SimpleNamespace as Record\nfrom painsynth.report.summary import report_line\n"
    "report_line(Record(slug=word, condition=word, msc_source=None), Record(k=3), f'At {months} months.', "
    "figure=f'{word}_{months}_forest')"
)
WIDE = "import pandas as pd\npd.DataFrame([range(30)])"  # pandas shows it in another way outside a notebook
PROVENANCE = "from painsynth.report.provenance import provenance\nprovenance()"


def code(text: str, *tags: str) -> dict:
    metadata = {"tags": list(tags)} if tags else {}
    return {"cell_type": "code", "metadata": metadata, "source": text, "outputs": [], "execution_count": None}


def text(words: str) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": words}


def write_notebook(path: Path, cells: list[dict]) -> Path:
    cells = [{"id": f"made-{number}", **cell} for number, cell in enumerate(cells)]
    spec = {"name": "laptop-of-the-author", "display_name": "mine", "language": "python"}
    notebook = {"cells": cells, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


GOOD = [
    text("# Does it help?\n\nSee [the data](../data/README.md) and [a paper](https://doi.org/10.1002/x)."),
    code(PARAMETERS, "parameters"),
    text("## Picture"),
    code(FIGURE),
    text("## Answer\n\nBack to [the picture](#Picture)."),
    code(LINE),
    code(WIDE),
    code(PROVENANCE),
]


class _Nesting(HTMLParser):
    """Notes tags that are closed in the wrong order or never."""

    VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
    OPTIONAL = frozenset({"p", "li", "td", "th", "tr"})

    def __init__(self, page: str):
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(page)
        self.wrong += self.open

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass  # inside an SVG

    def handle_endtag(self, tag):
        while self.open and self.open[-1] != tag and self.open[-1] in self.OPTIONAL:
            self.open.pop()
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")


def assert_valid(page: str) -> None:
    """Hold a page to be well nested, and to HTML5's own grammar where a parser of it is installed."""
    assert page.startswith("<!DOCTYPE html>\n<html lang=")
    assert _Nesting(page).wrong == []
    if importlib.util.find_spec("html5lib"):
        import html5lib

        html5lib.HTMLParser(strict=True).parse(page)


@pytest.fixture
def make_project(tmp_path) -> Callable[..., Path]:
    """Write a project (data, notebooks, plan) and give the path of its plan."""

    def make(plan: str, **notebooks: list[dict]) -> Path:
        return project(tmp_path / "project", plan, **notebooks)

    return make


def project(root: Path, plan: str, **notebooks: list[dict]) -> Path:
    (root / "data").mkdir(parents=True, exist_ok=True)
    (root / "data" / "t.csv").write_text("a\n1\n")
    (root / "data" / "README.md").write_text("# Data\n")
    for name, cells in notebooks.items():
        write_notebook(root / "notebooks" / f"{name}.ipynb", cells)
    (root / "notebooks" / "plan.csv").write_text(plan, encoding="utf-8")
    return root / "notebooks" / "plan.csv"
