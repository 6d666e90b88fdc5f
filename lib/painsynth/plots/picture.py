"""A figure that shows itself: drawn once as SVG, in any notebook, without pyplot and its hidden list of figures.

JupyterLab, VS Code and nbconvert show the last value of a cell through `_repr_svg_`. That works in every kernel, also
in a forked or headless one in which pyplot's inline backend was never set up and ordinary figures vanish.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from xml.sax.saxutils import escape

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from painsynth.plots.style import FAMILIES, covering_family, house_style, missing_letters

# Switched off one by one: the version of a library or today's date must not change the bytes of a figure.
_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


class PictureAxes(Axes):
    """Axes that display as their whole picture when they are the last value of a notebook cell.

    `alt_text` describes the picture in words; `save` writes it into every file.
    """

    alt_text = ""

    def _repr_svg_(self) -> tuple[str, dict[str, str]]:
        return self.get_figure(root=True).svg(), {"alt": self.alt_text}


class Picture(Figure):
    """A figure outside pyplot which draws itself as SVG once and remembers it until something on it changes."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._svg = None
        self.stale_callback = _forget

    def svg(self) -> str:
        """The picture as SVG text: text stays text, identical bytes every time, with title and description inside."""
        if self._svg is None:
            self._svg = svg_text(self)
        return self._svg

    def _repr_svg_(self) -> tuple[str, dict[str, str]]:
        return self.svg(), {"alt": alternative_text(self)}


def _forget(picture: Picture, stale: bool) -> None:
    if stale:
        picture._svg = None


def new_picture(width: float, height: float, *, rect=(0.0, 0.0, 1.0, 1.0), **figure_options) -> PictureAxes:
    """An empty picture of `width` x `height` inches; its Axes on `rect` (fractions: left, bottom, width, height)."""
    picture = Picture(figsize=(width, height), dpi=100, facecolor="white", **figure_options)
    return picture.add_axes(rect, axes_class=PictureAxes)


def alternative_text(figure: Figure) -> str:
    """Description of a figure in words: the `alt_text` of its Axes, one after the other."""
    return " ".join(filter(None, (getattr(axes, "alt_text", "") for axes in figure.axes)))


def svg_text(figure: Figure, title: str = "") -> str:
    """Draw any figure as SVG text with a role, a title and a description for screen readers.

    Identifiers inside are seeded by what the figure says, so that two pictures in one page never share one.
    """
    alt = alternative_text(figure)
    words = "\n".join([title, alt, *(text.get_text() for text in figure.findobj(Text))])
    salt = hashlib.sha256(words.encode()).hexdigest()[:12]
    buffer = io.StringIO()
    with house_style(salt):
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA)
    return _dressed(buffer.getvalue(), salt, title or alt.partition(". ")[0], alt)


def _dressed(svg: str, salt: str, title: str, alt: str) -> str:
    """Take out the sequential ids (they collide when inlined) and the document type; put in title and description."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'<g id="[\w.]+_\d+">', "<g>", svg)
    svg = re.sub(r"^ +", "", svg, flags=re.MULTILINE)
    names = f'role="img" aria-labelledby="t{salt} d{salt}"'
    body = f'<title id="t{salt}">{escape(title)}</title>\n<desc id="d{salt}">{escape(alt)}</desc>\n'
    head, _, rest = svg.partition(">")
    return f"{head} {names}>\n{body}{rest.lstrip()}"


@contextmanager
def borrowed_fonts(figure: Figure) -> Iterator[None]:
    """While drawing pixels or PDF, write letters that the house typeface lacks in an installed font that has them.

    An SVG needs none of this: its viewer finds a font by itself, and the file must not depend on this machine's fonts.
    """
    changed = []
    for text in figure.findobj(Text):
        letters = missing_letters(text.get_text().replace("\n", ""))
        family = covering_family(letters) if letters else None
        if family:
            changed.append((text, text.get_fontfamily()))
            text.set_fontfamily([FAMILIES[0], family])
    try:
        yield
    finally:
        for text, before in changed:
            text.set_fontfamily(before)
