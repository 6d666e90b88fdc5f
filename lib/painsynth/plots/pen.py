"""A pen that writes on an Axes in the points of a forest plot's layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, ScaledTranslation, blended_transform_factory

from painsynth.plots.layout import Layout
from painsynth.plots.presets import Preset
from painsynth.plots.style import INK

CAP = 0.36  # half the height of a capital, in ems: puts a baseline so that the line looks centred


@dataclass(frozen=True)
class Pen:
    """Writes on an Axes in the points of the layout, `scale` times as large on paper."""

    ax: Axes
    layout: Layout
    preset: Preset
    scale: float
    transform: object

    @classmethod
    def on(cls, ax: Axes, layout: Layout, preset: Preset, scale: float) -> Pen:
        """Prepare an Axes whose box is the drawing's panel: x in points from the sheet's left edge, y as the layout."""
        figure = ax.get_figure(root=False)
        corner = ScaledTranslation(ax.get_position().x0, 0, figure.transSubfigure)
        from_panel = Affine2D().translate(-layout.panel[0], 0).scale(scale / 72) + figure.dpi_scale_trans + corner
        down = Affine2D().scale(1, -1 / layout.rows).translate(0, 1) + ax.transAxes
        return cls(ax, layout, preset, scale, blended_transform_factory(from_panel, down))

    def write(self, x: float, y: float, text: str, *, size: float, align="left", bold=False, colour=INK) -> Text:
        """Write one line of text, its middle at height y."""
        return self.ax.text(
            x, y + CAP * size, text, transform=self.transform, ha=align, va="baseline", color=colour,
            fontsize=size * self.scale, fontweight="bold" if bold else "normal", parse_math=False, clip_on=False,
        )  # fmt: skip

    def stack(self, x: float, y: float, texts: Sequence[str], pitch: float, **how) -> list[Text]:
        """Write lines of text below each other, their common middle at height y."""
        first = y - (len(texts) - 1) / 2 * pitch
        return [self.write(x, first + i * pitch, text, **how) for i, text in enumerate(texts)]

    def rule(self, left: float, right: float, y: float, width: float = 0.7, colour: str = INK) -> None:
        """Draw a horizontal hairline."""
        look = {"linewidth": width * self.scale, "color": colour, "clip_on": False, "label": "rule"}
        self.ax.add_artist(Line2D([left, right], [y, y], transform=self.transform, **look))
