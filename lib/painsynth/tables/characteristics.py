"""Characteristics of studies: who was treated, with which cells, against what, for how long, measured how."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pandas as pd

from painsynth.errors import PainsynthError
from painsynth.plots.words import plain, sentence_case
from painsynth.tables.facts import facts_of_comparisons, facts_of_evidence, results_used
from painsynth.tables.record import UNKNOWN, Cell, Column, Row, Table
from painsynth.tables.writing import NOT_REPORTED, sentences, whole

_WORDS = {"rct": "RCT", "nonrandomised": "non-randomised", "svf": "SVF", "prp": "PRP", "not_reported": ""}
_UNITS = {
    "paired_side": "Both treatments in each patient: n counts sides.", "hip": "n counts hips, not patients.",
    "knee": "n counts knees, not patients.", "tendon": "n counts tendons, not patients.",
}  # fmt: skip
_ANALYSED = "Number analysed: the number randomised to each arm was not reported in what could be read."
_DOSE = "Dose: millions of cells per injection"
_COMPARED = "Patients: the numbers that are compared"
_DASH = f"{NOT_REPORTED.rstrip('.')}, or not one value for arms that were combined"
_ABBREVIATIONS = {"RCT": "randomised controlled trial", "SVF": "stromal vascular fraction",
                  "PRP": "platelet-rich plasma", "ACL": "anterior cruciate ligament"}  # fmt: skip


def characteristics_table(evidence, comparisons: pd.DataFrame | None = None, *, condition: str | None = None,
                          title: str = "Characteristics of studies") -> Table:  # fmt: skip
    """Table of the characteristics of studies: one row per study, grouped by condition.

    Parameters
    ----------
    evidence : Evidence or DataFrame
        The tables of a review; or a table from `compare`, which knows less (no country, follow-up, funding,
        registration): such columns are then left out.
    comparisons : DataFrame, optional
        With an Evidence: only the studies of this table from `compare`, with the results they contribute.
    condition : str, optional
        Only studies of this condition.
    title : str

    Returns
    -------
    Table
        Studies are linked to their DOI, PubMed record or the page that was read. An em dash stands for what was not
        reported in what could be read; nothing is filled in. Numbers per arm are randomised ones, else analysed ones
        with a footnote; arms are joined by a plus sign. Doses are millions of cells per injection.

    Raises
    ------
    PainsynthError
        When no study is left to print.

    Examples
    --------
    >>> import painsynth as ps
    >>> ps.characteristics_table(ps.load_evidence())            # doctest: +SKIP
    Characteristics of studies (123 rows, 17 columns)
    """
    facts = _facts(evidence, comparisons)
    if condition is not None and len(facts):
        facts = facts[facts["condition"] == condition].reset_index(drop=True)
    if facts.empty:
        where = f" of condition '{condition}'" if condition else ""
        raise PainsynthError(f"no study{where} to print; the conditions on file are in studies.csv")
    shown = [name for name in _COLUMNS if name in facts.columns]
    footnotes = _footnotes(facts)
    rows = tuple(_row(record, shown, footnotes) for record in facts.to_dict("records"))
    texts = " ".join(cell.text for row in rows for cell in row.cells)
    short = [f"{name}: {words}" for name, words in _ABBREVIATIONS.items() if name in texts]
    dash, counted = (NOT_REPORTED, "") if "n_randomised" in shown else (_DASH, _COMPARED)
    notes = sentences([dash if UNKNOWN in texts else "", counted, _DOSE, "; ".join(short)])
    columns = tuple(_COLUMNS[name][0] for name in shown)
    return Table(title=title, columns=columns, rows=rows, raw=facts, footnotes=footnotes, notes=notes)


def _facts(evidence, comparisons: pd.DataFrame | None) -> pd.DataFrame:
    if isinstance(evidence, pd.DataFrame):
        return facts_of_comparisons(evidence)
    if comparisons is None:
        return facts_of_evidence(evidence)
    facts = facts_of_evidence(evidence, comparisons["study_id"])
    used = {name: results_used(mine) for name, mine in comparisons.groupby("study_id")}
    return facts.assign(result=facts["study_id"].map(used)) if len(facts) else facts


def _row(record: Mapping, shown: list[str], footnotes: tuple[str, ...]) -> Row:
    cells = []
    for name in shown:
        text = _COLUMNS[name][1](record[name])
        marks = _marks(record, footnotes) if name == "n_cells" else ()
        cells.append(Cell(text, record["url"] if name == "study" else "", marks))
    return Row(tuple(cells), sentence_case(plain(record["condition"])))


def _remarks(record: Mapping) -> list[str]:
    """Footnotes of one study: what its numbers per arm count."""
    known = any(not math.isnan(n) for n in (*record["n_cells"], *record["n_control"]))
    unit = _UNITS.get(record["unit_of_analysis"]) if known else None
    return ([_ANALYSED] if record["n_analysed"] else []) + ([unit] if unit else [])


def _footnotes(facts: pd.DataFrame) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for record in facts.to_dict("records") for text in _remarks(record)))


def _marks(record: Mapping, footnotes: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(sorted(footnotes.index(text) for text in _remarks(record)))


# ---- how a fact is written


def _text(value: str) -> str:
    return value or UNKNOWN


def _code(code: str) -> str:
    return _WORDS.get(code, plain(code)) or UNKNOWN


def _codes(codes: tuple[str, ...]) -> str:
    return "; ".join(_code(code) for code in codes) or UNKNOWN


def _counts(numbers: tuple[float, ...]) -> str:
    if all(math.isnan(n) for n in numbers):
        return UNKNOWN
    return "\u00a0+\u00a0".join(whole(n) for n in numbers)


def _short(number: float) -> str:
    return UNKNOWN if math.isnan(number) else f"{number:g}"


def _doses(numbers: tuple[float, ...]) -> str:
    return "; ".join(map(_short, numbers)) or UNKNOWN


_COLUMNS: dict[str, tuple[Column, Callable]] = {
    "study": (Column("Study", width=1.7), _text),
    "year": (Column("Year", "center", width=0.7), _short),
    "country": (Column("Country", width=1.2), _text),
    "design": (Column("Design", width=1.2), _code),
    "participants_blinded": (Column("Patients blinded", "center", width=0.9), _code),
    "n_randomised": (Column("All", "center", "Patients", 0.8), whole),
    "n_cells": (Column("Cells", "center", "Patients", 1.1), _counts),
    "n_control": (Column("Control", "center", "Patients", 1.0), _counts),
    "msc_source": (Column("Source", "left", "Cells", 1.1), _codes),
    "donor": (Column("Donor", "left", "Cells", 1.1), _codes),
    "product": (Column("Product", "left", "Cells", 1.2), _codes),
    "dose": (Column("Dose", "center", "Cells", 0.9), _doses),
    "comparator": (Column("Comparator", width=1.4), _codes),
    "followup_months": (Column("Months followed", "center", width=0.9), _short),
    "outcomes": (Column("Outcomes", width=1.6), _codes),
    "result": (Column("Result used", width=1.4), "; ".join),
    "funding": (Column("Funding", width=1.2), _text),
    "registry_id": (Column("Registration", width=1.5), _text),
}
