"""The gallery: what it shows of each case, and that no picture is left out."""

from __future__ import annotations

import inspect
import re
import sys
from functools import partial

import painsynth as ps
import pytest

PICTURES = [
    name
    for name, home in sorted(ps._HOME.items())
    if home.startswith("plots.") and inspect.signature(getattr(ps, name)).return_annotation == "Axes"
]


@pytest.fixture(scope="module")
def gallery(project_root):
    sys.path.insert(0, str(project_root / "tools"))
    try:
        import gallery
    finally:
        sys.path.pop(0)
    return gallery


def drawn(layout: str, width: str = "auto"):
    """Not shown."""
    axes = ps.forest(layout, width)
    return axes


@pytest.mark.parametrize(
    ("draw", "code"),
    [
        (drawn, "axes = ps.forest(layout, width)\naxes"),
        (partial(drawn, "jama"), "layout = 'jama'\nwidth = 'auto'\naxes = ps.forest(layout, width)\naxes"),
        (lambda: ps.funnel("fit"), 'ps.funnel("fit")'),
    ],
)
def test_the_code_of_a_case_is_what_draws_it(gallery, draw, code):
    assert gallery.Case("x", "y", draw).code() == code


def test_names_in_words(gallery):
    assert gallery.Case("forest_jama_single", "", drawn).heading == "Forest jama single"


def test_every_picture_has_a_case(project_root):
    text = "\n".join(path.read_text("utf-8") for path in (project_root / "tools").glob("gallery_*.py"))
    missing = [name for name in PICTURES if not re.search(rf"\b{name}\b", text)]
    assert PICTURES and not missing, f"no case in tools/gallery_*.py draws {', '.join(missing)}"


def test_the_committed_gallery_shows_every_picture(project_root):
    page = (project_root / "docs" / "gallery" / "index.html").read_text("utf-8")
    text = re.sub(r"<[^>]+>", "", page.replace("<span", " <span"))
    missing = [name for name in PICTURES if not re.search(rf"\b{name}\b", text)]
    assert not missing, f"docs/gallery lacks {', '.join(missing)}: make gallery"


@pytest.mark.slow
def test_the_committed_gallery_is_what_the_cases_give(gallery, project_root, monkeypatch):
    monkeypatch.chdir(project_root)
    folder = project_root / "docs" / "gallery"
    committed = {path.name: path.read_bytes() for path in folder.iterdir()}
    built = gallery.build()
    differing = sorted(name for name in {*built, *committed} if built.get(name) != committed.get(name))
    assert not differing, f"make gallery changes {', '.join(differing)}: look at the difference, then commit it"
