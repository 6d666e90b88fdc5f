"""The cells of the gap map: trials, patients and certainty of each condition and cell source, and their words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from painsynth.errors import PainsynthError
from painsynth.plots.grid import arranged, labels_of
from painsynth.plots.palette import CERTAINTY
from painsynth.plots.style import STUDY
from painsynth.plots.words import plain

LEVELS = ("high", "moderate", "low", "very_low", "none")
UNRATED = "#e6e6e6"


@dataclass(frozen=True)
class Cell:
    """One combination of condition and source."""

    trials: int
    poolable: int
    patients: int
    unknown: int  # trials whose number of patients is not on file
    level: str | None

    @property
    def fill(self) -> str:
        """Colour of the bubble: hollow where nothing can be pooled."""
        if not self.poolable:
            return "white"
        return STUDY if self.level is None else CERTAINTY.get(self.level, UNRATED)


def levels_of(certainty, counts: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Certainty of each cell from a mapping or a table."""
    if certainty is None:
        return {}
    if isinstance(certainty, pd.DataFrame):
        missing = [name for name in ("condition", "msc_source", "certainty") if name not in certainty]
        if missing:
            raise PainsynthError(f"certainty needs condition, msc_source and certainty; '{missing[0]}' is missing")
        certainty = {(row.condition, row.msc_source): row.certainty for row in certainty.itertuples()}
    if not isinstance(certainty, Mapping):
        raise PainsynthError("certainty: give a mapping (condition, msc_source) -> level, or a table")
    for place, level in certainty.items():
        if level not in LEVELS:
            raise PainsynthError(f"certainty of {place}: '{level}' is not a level; those are {', '.join(LEVELS)}")
        if place[0] not in counts.index or place[1] not in counts.columns:
            raise PainsynthError(f"certainty of {place}: there is no such cell on the map")
    return dict(certainty)


def cells_of(table: pd.DataFrame, counts: pd.DataFrame, levels: Mapping) -> dict[tuple[str, str], Cell]:
    """What stands in each cell that has a trial."""
    poolable, patients = arranged(table, "poolable"), arranged(table.fillna({"patients": 0}), "patients")
    unknown = arranged(table, "trials_without_patients") if "trials_without_patients" in table else 0 * counts
    return {
        (condition, source): Cell(
            int(n), int(poolable.at[condition, source]), int(patients.at[condition, source]),
            int(unknown.at[condition, source]), levels.get((condition, source), "none") if levels else None,
        )
        for condition in counts.index for source, n in counts.loc[condition].items() if n
    }  # fmt: skip


def notes_of(cells: Mapping[tuple[str, str], Cell]) -> list[str]:
    """Sentences of the footnote."""
    notes = [
        "Under each bubble: trials on file, in brackets randomised trials whose pain results can be pooled. Area "
        "of a bubble: patients of the trials on file; a trial of several cell sources counts in each."
    ]
    unknown = sum(cell.unknown for cell in cells.values())
    if unknown:
        trials = "1 trial" if unknown == 1 else f"{unknown} trials"
        notes.append(f"The number of patients is not on file for {trials}, which no bubble counts.")
    if not all(cell.patients for cell in cells.values()):
        notes.append(
            "Dotted: it is not on file for any trial of the cell." if unknown else "Dotted: patients not on file."
        )
    return [" ".join(notes)]


def certainty_words(level: str) -> str:
    """A level of certainty in words."""
    return "Not rated" if level == "none" else f"{plain(level).capitalize()} certainty"


def cell_words(source: str, cell: Cell) -> str:
    """A cell in words, its source first."""
    patients = f"{cell.patients:,} patients" if cell.patients else "patients not on file"
    said = f"{source} {cell.trials} trial{'s'[: cell.trials != 1]}, {cell.poolable} poolable, {patients}"
    return said + (f", {certainty_words(cell.level).lower()}" if cell.level and cell.poolable else "")


def in_words(counts: pd.DataFrame, cells: Mapping[tuple[str, str], Cell]) -> str:
    """The whole map in words."""
    rows, columns = counts.shape
    gaps = rows * columns - len(cells)
    said = [f"Evidence gap map of {rows} condition{'s'[: rows != 1]} by {columns} cell source{'s'[: columns != 1]}, "
            f"{gaps} of {rows * columns} combinations without any trial."]  # fmt: skip
    for condition, label in zip(counts.index, labels_of(counts.index), strict=True):
        found = [cell_words(plain(source), cells[condition, source]) for source in counts.columns
                 if (condition, source) in cells]  # fmt: skip
        said.append(f"{label}: {'; '.join(found)}.")
    return " ".join(said)
