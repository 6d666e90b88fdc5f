"""Plain SVG text made into a speaking one: title, description, tooltips and links, ready to stand beside others."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

MARK = "speaks"  # prefix of the identifiers that say which group of the drawing belongs to which speech
_GROUP = re.compile(rf'<g\b(?: id="{MARK}(\d+)-\w+")?[^>]*?(/?)>|</g>')
_SEQUENTIAL = re.compile(r'<g id="[\w.]+_\d+">')  # matplotlib's own names: they collide when figures share a page
_NAMED = re.compile(r'(?:\bid="|url\(#|href="#)[^")]+')
_INDENT = re.compile(r"^ +", re.MULTILINE)
# A rule for the whole page, were the picture inlined; the root's own attributes say the same to the picture alone.
_STYLE = re.compile(r"\s*<defs>\s*<style[^>]*>\*\{stroke-linejoin: round; stroke-linecap: butt\}</style>\s*</defs>")
_JOINS = 'stroke-linejoin="round" stroke-linecap="butt"'


@dataclass(frozen=True)
class Speech:
    """What a part of a picture says under the pointer, its name for screen readers, and where a click leads."""

    text: str
    name: str
    url: str | None = None

    def head(self) -> str:
        """Opening tags around the part. An area that is not painted answers the pointer, too."""
        title = f"<title>{escape(self.text)}</title>" if self.text else ""
        group = '<g pointer-events="all">'
        if not self.url:
            return group + title
        url, name = quoteattr(self.url), quoteattr(self.name or self.url)
        return f'<a xlink:href={url} href={url} target="_blank" rel="noopener" aria-label={name}>{group}{title}'

    def tail(self) -> str:
        """Closing tags."""
        return "</g></a>" if self.url else "</g>"


def dress(svg: str, title: str, alt: str, speeches: Sequence[Speech]) -> str:
    """Put in title, description and speeches; take out document type, sequential identifiers and the style sheet.

    A picture without links is one image; one with links is a document in whose parts a reader can step.
    """
    svg = _STYLE.sub("", svg[svg.index("<svg") :], count=1)
    svg = _INDENT.sub("", _SEQUENTIAL.sub("<g>", svg))
    salt = hashlib.sha256("\n".join((title, alt, repr(speeches), svg)).encode()).hexdigest()[:8]
    svg = _NAMED.sub(rf"\g<0>-{salt}", svg)  # before the speeches: their links keep their addresses
    svg = _speaking(svg, speeches) if speeches else svg
    role = "graphics-document document" if "<a " in svg else "img"
    names = f'{_JOINS} role="{role}" aria-labelledby="t-{salt}" aria-describedby="d-{salt}"'
    body = f'<title id="t-{salt}">{escape(title)}</title>\n<desc id="d-{salt}">{escape(alt)}</desc>\n'
    head, _, rest = svg.partition(">")
    return f"{head} {names}>\n{body}{rest.lstrip()}"


def _speaking(svg: str, speeches: Sequence[Speech]) -> str:
    """Replace each marked group, from its opening to its own closing tag."""
    pieces, end, open_groups = [], 0, []
    for tag in _GROUP.finditer(svg):
        if tag[2]:
            continue
        closing = tag[0] == "</g>"
        if not closing:
            open_groups.append(speeches[int(tag[1])] if tag[1] else None)
        speech = open_groups.pop() if closing else open_groups[-1]
        if speech is not None:
            pieces += [svg[end : tag.start()], speech.tail() if closing else speech.head()]
            end = tag.end()
    return "".join([*pieces, svg[end:]])
