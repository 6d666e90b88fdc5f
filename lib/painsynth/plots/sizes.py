"""Sizes of letters and spaces of a forest plot, in points: all spaces follow the size of the text."""

from __future__ import annotations

from dataclasses import dataclass

from painsynth.plots.style import SMALL_SIZE, TEXT_SIZE

MARGIN = 9.0  # white around everything
PITCH = 12.5  # from one line of text to the next
SMALL_PITCH = 10.0


@dataclass(frozen=True)
class Sizes:
    """How large texts are and how wide cells may become before they wrap.

    label, cell, heading: greatest width of study labels, other cells, and the least room of a heading over columns;
    effects: whether an interval stands beside its effect or, for lack of room, below it; stacked: roles of columns
    that go under the labels; panel: least width of the drawing.
    """

    text: float = TEXT_SIZE
    small: float = SMALL_SIZE
    label: float = 170.0
    cell: float = 110.0
    heading: float = 90.0
    panel: float = 180.0
    tight: bool = False
    effects_below: bool = False
    stacked: frozenset[str] = frozenset()

    @property
    def unit(self) -> float:
        """Size of the text against the ordinary one."""
        return self.text / TEXT_SIZE

    @property
    def margin(self) -> float:
        """White around everything."""
        return 4.0 if self.tight else MARGIN

    @property
    def gap(self) -> float:
        """Between columns."""
        return 5.5 if self.tight else 9.0 * self.unit

    @property
    def group_gap(self) -> float:
        """Between groups of columns, and around the drawing."""
        return 8.0 if self.tight else 15.0 * self.unit

    @property
    def pitch(self) -> float:
        """From one line of text to the next."""
        return PITCH * self.unit

    @property
    def wrap_pitch(self) -> float:
        """Inside a wrapped cell: closer, so that it reads as one."""
        return 10.5 * self.unit

    @property
    def small_pitch(self) -> float:
        """Between lines of small text."""
        return SMALL_PITCH * self.small / SMALL_SIZE

    @property
    def ticks(self) -> float:
        """Height of ticks and their labels."""
        return 6.0 + 10.0 * self.small / SMALL_SIZE

    @property
    def space(self) -> float:
        """An empty line between groups."""
        return 5.0
