"""A figure inside a page: an SVG whose identifiers are its own, with a name for readers who cannot see it."""

from __future__ import annotations

import html
import re

from painsynth.plots.themes import themed

HEAD = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->", re.DOTALL)
METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
IDENTIFIER = re.compile(r'(?<=\s)id="([^"]+)"')
REFERENCE = re.compile(r'url\(#([^)]+)\)|((?:xlink:)?href)="#([^"]+)"')
NAMING = re.compile(r'(aria-(?:labelledby|describedby))="([^"]+)"')


def inline_svg(svg: str, prefix: str, alt: str) -> str:
    """Prepare an SVG for a page that holds others, too.

    Every identifier and every reference to one gets the prefix (two matplotlib figures share most of theirs, and the
    second would then show pieces of the first). A figure that does not name itself is named by `alt`. Its colours
    follow the reader's choice of a light or a dark page.
    """
    svg = METADATA.sub("", HEAD.sub("", svg)).strip()
    svg = IDENTIFIER.sub(lambda found: f'id="{prefix}{found[1]}"', svg)
    svg = REFERENCE.sub(lambda found: _reference(found, prefix), svg)
    start, close, rest = svg.partition(">")
    start = NAMING.sub(lambda found: f'{found[1]}="{_each(found[2], prefix)}"', start)
    if "role=" not in start:
        start = start.replace("<svg", '<svg role="img"', 1)
    if "aria-label" not in start:
        start = start.replace("<svg", f'<svg aria-label="{html.escape(alt)}"', 1)
    return themed(start + close + rest)


def described(svg: str) -> str:
    """Give what an SVG says of itself in its description or title, or an empty text."""
    for name in ("desc", "title"):
        found = re.search(rf"<{name}\b[^>]*>(.*?)</{name}>", svg, re.DOTALL)
        if found and found[1].strip():
            return html.unescape(" ".join(found[1].split()))
    return ""


def _reference(found: re.Match, prefix: str) -> str:
    return f"url(#{prefix}{found[1]})" if found[1] else f'{found[2]}="#{prefix}{found[3]}"'


def _each(names: str, prefix: str) -> str:
    return " ".join(prefix + name for name in names.split())
