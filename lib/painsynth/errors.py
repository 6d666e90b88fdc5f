"""What went wrong, in words that name the place, the value and the remedy."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault in one cell (or row, or file) of a table.

    `row` counts as a spreadsheet shows it: the header is row 1, the first record row 2; None where the fault is of the
    whole file. `value` is the text of the cell, exactly as it stands in the file.
    """

    file: str
    row: int | None
    column: str
    value: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += f", row {self.row}"
        if self.column:
            place += f", column {self.column}"
        given = f": '{self.value}'" if self.value != "" else ""
        return f"{place}{given}: {self.problem}; {self.remedy}"


class PainsynthError(ValueError):
    """Base of every error painsynth raises on purpose.

    In a notebook it shows the line that asked and the message, not the inside of the library.
    """

    def _render_traceback_(self) -> list[str]:
        """Give IPython what to show: the last line of the notebook that led here, and what is possible."""
        frames = [frame for frame in traceback.extract_tb(self.__traceback__) if _is_cell(frame.filename)]
        asked = [f"Cell line {frame.lineno}\n----> {frame.lineno} {frame.line}" for frame in frames[-1:]]
        return [*asked, f"{type(self).__name__}: {self}"]


def _is_cell(file: str) -> bool:
    return "ipykernel" in file or file.startswith("<ipython-input")


class EvidenceError(PainsynthError):
    """The tables cannot be trusted; `faults` lists every fault that was found, not only the first."""

    def __init__(self, faults: Iterable[Fault]):
        self.faults = tuple(faults)
        count = len(self.faults)
        head = f"{count} fault{'' if count == 1 else 's'} in the tables"
        super().__init__("\n".join([head, *(str(fault) for fault in self.faults)]))


class QuestionError(PainsynthError):
    """A question asks for something that is not on file or not possible; the message says what is."""


class EffectsError(PainsynthError):
    """A table cannot be turned into effect sizes; the message names the rows."""


class NothingToPool(PainsynthError):
    """No comparison is left to pool; the message says what was removed and why."""


class RunError(PainsynthError):
    """A run of a notebook cannot start or has failed; the message is the cause in a few lines."""
