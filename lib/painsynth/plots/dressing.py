"""Plain SVG text made into a speaking one: title, description, tooltips and links, ready to stand beside others."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from painsynth.plots.style import FAMILIES

MARK = "speaks"  # prefix of the identifiers that say which group of the drawing belongs to which speech
_GROUP = re.compile(rf'<g(?: id="{MARK}(\d+)-\w+")?([^>]*?)(/?)>\s*|</g>\s*')
_SEQUENTIAL = re.compile(r'(<g) id="[\w.]+_\d+"')  # matplotlib's own names: they collide when figures share a page
_NAMED = re.compile(r'(?:\bid="|url\(#|href="#)[^")]+')
_INDENT = re.compile(r"^ +", re.MULTILINE)
# A rule for the whole page, were the picture inlined; the root's own attributes say the same to the picture alone.
_STYLE = re.compile(r"\s*<defs>\s*<style[^>]*>\*\{stroke-linejoin: round; stroke-linecap: butt\}</style>\s*</defs>")
_FONT = ", ".join([*(f"'{name}'" for name in FAMILIES), "sans-serif"])
_ROOT = f'stroke-linejoin="round" stroke-linecap="butt" font-family="{_FONT}"'
_NO_TURN = re.compile(r' transform="rotate\(-0 [-\d. ]+\)"')
_PLACES = re.compile(r' (?:d|x|y)="[-\d.MLCQz\s]*"')
_DIGITS = re.compile(r"(\.\d{3})\d+")  # a thousandth of a point: no eye and no printer tells the rest
_BREAKS = re.compile(r"\s*\n\s*")


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
    svg = _lean(_STYLE.sub("", svg[svg.index("<svg") :], count=1))
    salt = hashlib.sha256("\n".join((title, alt, repr(speeches), svg)).encode()).hexdigest()[:8]
    svg = _NAMED.sub(rf"\g<0>-{salt}", svg)  # before the speeches: their links keep their addresses
    svg = _speaking(svg, speeches)
    role = "graphics-document document" if "<a " in svg else "img"
    names = f'{_ROOT} role="{role}" aria-labelledby="t-{salt}" aria-describedby="d-{salt}"'
    body = f'<title id="t-{salt}">{escape(title)}</title>\n<desc id="d-{salt}">{escape(alt)}</desc>\n'
    head, _, rest = svg.partition(">")
    return f"{head} {names}>\n{body}{rest.lstrip()}"


def _lean(svg: str) -> str:
    """The same drawing in half the bytes: what is the default, or said once by the root, is not said again."""
    svg = _INDENT.sub("", _SEQUENTIAL.sub(r"\1", svg))
    svg = svg.replace(f"font-family: {_FONT}; ", "").replace("text-anchor: start; ", "")
    return _PLACES.sub(_short, _NO_TURN.sub("", svg))


def _short(found: re.Match) -> str:
    return _BREAKS.sub("", _DIGITS.sub(r"\1", found[0]))


def _speaking(svg: str, speeches: Sequence[Speech]) -> str:
    """Replace each marked group, from its opening to its own closing tag; groups that say nothing are opened up."""
    pieces, end, open_groups = [], 0, []
    for tag in _GROUP.finditer(svg):
        number, attributes, empty = tag[1], tag[2], tag[3]
        if attributes is None:
            said = open_groups.pop()[1]
        elif empty:
            said = tag[0] if attributes else ""
        else:
            open_groups.append(_tags(speeches[int(number)] if number else None, attributes))
            said = open_groups[-1][0]
        pieces += [svg[end : tag.start()], said]
        end = tag.end()
    return "".join([*pieces, svg[end:]])


def _tags(speech: Speech | None, attributes: str) -> tuple[str, str]:
    """Opening and closing tags of a group."""
    if speech is not None:
        return f"{speech.head()}\n", f"{speech.tail()}\n"
    return (f"<g{attributes}>\n", "</g>\n") if attributes else ("", "")
