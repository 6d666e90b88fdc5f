"""Look at what is on an Axes: where its texts lie, and what was drawn."""

from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from painsynth.plots.style import house_style


def text_boxes(figure):
    """Extents (n, 4: left, bottom, right, top, pixels) of all texts that are seen, with the texts themselves."""
    with house_style():
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
        texts = [
            text
            for text in texts
            if text.axes is None or text.axes.yaxis.get_visible() or text not in _y_texts(text.axes)
        ]
        return np.array([text.get_window_extent(renderer).extents for text in texts]), [
            text.get_text() for text in texts
        ]


def _y_texts(axes):
    return set(axes.yaxis.findobj(Text))


def overlapping(figure):
    """Pairs of texts that overlap by more than a tenth of a point."""
    boxes, texts = text_boxes(figure)
    slack = 0.1 * figure.dpi / 72
    left, bottom, right, top = boxes.T
    across = np.minimum.outer(right, right) - np.maximum.outer(left, left) > slack
    down = np.minimum.outer(top, top) - np.maximum.outer(bottom, bottom) > slack
    rows, columns = np.nonzero(np.triu(across & down, 1))
    return [(texts[i], texts[j]) for i, j in zip(rows, columns, strict=True)]


def outside(figure):
    """Texts that reach beyond the figure."""
    boxes, texts = text_boxes(figure)
    left, bottom, right, top = boxes.T
    bad = (left < 0) | (bottom < 0) | (right > figure.bbox.width) | (top > figure.bbox.height)
    return [text for text, out in zip(texts, bad, strict=True) if out]


def drawn(axes, label):
    """The collections and lines with a label, in the order of drawing."""
    return [artist for artist in (*axes.collections, *axes.lines) if artist.get_label() == label]


def words(axes):
    """All texts on an Axes, one string."""
    return "\n".join(text.get_text() for text in axes.texts)
