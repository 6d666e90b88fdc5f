"""Links of a page: each must lead somewhere, and none may load anything from the network.

A link to a file of the project leads to a copy inside `reports/`: the reports can be sent or served as they are.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Container, Mapping
from functools import lru_cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, unquote

from painsynth.errors import RunError

LOADING = {"src", "srcset", "poster", "data"}  # attributes that make a browser fetch something by itself
OUTSIDE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)
FETCHING_STYLE = re.compile(r"@import|url\(\s*['\"]?(?:https?:)?//", re.IGNORECASE)
SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
CELL = re.compile(r"(<t[dh]\b[^>]*>)([^<>]+)(</t[dh]>)")
LINK = re.compile(r"""(<[a-zA-Z][^<>]*?\s(?:href|src)=)(["'])(.*?)\2""", re.DOTALL)


class Found(HTMLParser):
    """What a page refers to: links, things it loads, identifiers it has."""

    def __init__(self, page: str):
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.loads: list[str] = []
        self.names: list[str] = []
        self.scripts = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Collect what one tag refers to."""
        self.scripts += tag == "script"
        for name, value in attributes:
            if name == "id":
                self.names.append(value or "")
            elif name in LOADING or (name in ("href", "xlink:href") and tag in ("link", "use", "image")):
                self.loads.append(value or "")
            elif name == "href":
                self.links.append(value or "")
            elif name == "style" and FETCHING_STYLE.search(value or ""):
                self.loads.append(value or "")


def localise(
    body: str, folder: Path, root: Path, copies: str, *, own: Container[str] = ()
) -> tuple[str, tuple[str, ...]]:
    """Turn links to project files into links to their copies.

    Parameters
    ----------
    body
        HTML made from a notebook.
    folder
        Folder of the notebook: its links are relative to it.
    root
        The project; a link may not leave it.
    copies
        Path from the page to the folder of copies.
    own
        Files that lie beside the page; links to them stay.

    Returns
    -------
    The changed HTML, and the files to copy (relative to `root`, as posix paths). RunError names a link to nothing.
    """
    files: dict[str, None] = {}

    def replaced(found: re.Match) -> str:
        url = found[3]
        if not url or url.startswith("#") or OUTSIDE.match(url) or url in own:
            return found[0]
        path, mark, place = url.partition("#")
        target = _file(folder, unquote(path), root)
        files[target] = None
        return f"{found[1]}{found[2]}{copies}/{quote(target)}{mark}{place}{found[2]}"

    figures = SVG.findall(body)
    pieces = SVG.split(body)
    changed = [LINK.sub(replaced, piece) for piece in pieces]
    whole = "".join(part for pair in zip(changed, [*figures, ""], strict=True) for part in pair)
    return whole, tuple(files)


def _file(folder: Path, path: str, root: Path) -> str:
    target = (folder / path).resolve()
    if target.is_dir() and (target / "README.md").is_file():
        target = target / "README.md"
    if not target.is_relative_to(root.resolve()) or not target.is_file():
        raise RunError(f"the notebook links to '{path}', which is no file of the project")
    return target.relative_to(root.resolve()).as_posix()


def trial_labels(root: Path, condition: str = "") -> Mapping[str, str]:
    """Give the identifier of each trial on file by its label; a label of several trials leads nowhere.

    For a page on one `condition` its own trials only: the page does not depend on the others.
    """
    paths = [root / "data" / f"{name}.csv" for name in ("studies", "excluded")]
    if not paths[0].is_file():
        return {}
    return _labels(tuple((path, path.stat().st_mtime_ns) for path in paths if path.is_file()), condition)


@lru_cache(maxsize=64)
def _labels(stamps: tuple[tuple[Path, int], ...], condition: str) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for path, _ in stamps:
        for row in csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()):
            if not condition or row.get("condition") == condition:
                found.setdefault(row.get("label") or "", set()).add(row.get("study_id") or "")
    return {label: ids.pop() for label, ids in found.items() if len(ids) == 1 and label}


def link_trials(body: str, labels: Mapping[str, str], folder: str) -> str:
    """Link the label of a trial, where it is the whole cell of a table, to the page of that trial."""

    def replaced(found: re.Match) -> str:
        name = labels.get(unescape(found[2]).strip())
        return f'{found[1]}<a href="{folder}/{name}.html">{found[2]}</a>{found[3]}' if name else found[0]

    return CELL.sub(replaced, body)


def check_page(page: str) -> None:
    """Refuse a page that would load something from elsewhere, or whose links inside it lead nowhere."""
    found = Found(page)
    loads = [url for url in found.loads if OUTSIDE.match(url) and not url.startswith("data:")]
    loads += FETCHING_STYLE.findall("".join(re.findall(r"<style\b[^>]*>(.*?)</style>", page, re.DOTALL)))
    if loads:
        raise RunError(f"the page would load '{loads[0]}' from the network: put the file into the project")
    missing = [url for url in found.links if url.startswith("#") and unquote(url[1:]) not in found.names and url != "#"]
    if missing:
        raise RunError(f"the link '{missing[0]}' leads to no place in the notebook")
