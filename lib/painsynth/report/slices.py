"""Hashes of the data: of whole tables, or of the rows that belong to one condition, with their place in the file."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

from painsynth.errors import EvidenceError
from painsynth.evidence.focus import Focus

STUDIES = "studies.csv"


def data_hashes(folder: Path, condition: str = "") -> dict[str, str]:
    """Give the SHA-256 of every table in the data folder, by file name; of a condition, of the rows it is given."""
    paths = sorted(Path(folder).glob("*.csv"))
    if not condition:
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    focus = _focus(Path(folder) / STUDIES, condition)
    return {path.name: _rows_hash(path, focus) for path in paths}


def coverage_hash(folder: Path) -> str:
    """Give the SHA-256 of the map of conditions and sources that the tables give."""
    from painsynth.evidence.coverage import coverage_table
    from painsynth.evidence.tables import load_evidence

    try:
        evidence = load_evidence(folder)
    except EvidenceError:  # told elsewhere; whatever stands there now, it is not what stood there before
        return json.dumps(data_hashes(folder))
    return hashlib.sha256(coverage_table(evidence.whole or evidence).to_csv().encode()).hexdigest()


def _focus(studies: Path, condition: str) -> Focus:
    header, rows = _table(studies)
    column = {name: header.index(name) if name in header else None for name in ("condition", "study_id")}
    if None in column.values():
        return Focus(condition, frozenset())
    trials = (row[column["study_id"]] for _, row in rows if row[column["condition"]] == condition)
    return Focus(condition, frozenset(trials))


def _rows_hash(path: Path, focus: Focus) -> str:
    """Hash header and rows of a table, each row with its number: a result says where in the file its numbers stand."""
    header, rows = _table(path)
    rule = focus.rule(header)
    if rule is not None:
        column = header.index(rule[0])
        rows = [(number, row) for number, row in rows if row[column] in rule[1]]
    return hashlib.sha256(json.dumps([header, rows]).encode()).hexdigest()


def _table(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Read header and numbered rows; a short row (a fault that is told elsewhere) gets its empty cells."""
    text = path.read_text(encoding="utf-8-sig", errors="replace") if path.is_file() else ""
    lines = list(csv.reader(io.StringIO(text, newline="")))
    header = lines[0] if lines else []
    padding = [""] * len(header)
    return header, [(number, [*row, *padding[len(row) :]]) for number, row in enumerate(lines[1:], start=2)]
