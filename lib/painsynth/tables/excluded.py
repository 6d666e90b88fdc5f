"""What was left out: trials with their reasons, and rows of the files that were not used."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from painsynth.errors import PainsynthError
from painsynth.plots.words import plain, sentence_case
from painsynth.tables.facts import address
from painsynth.tables.record import UNKNOWN, Cell, Column, Row, Table
from painsynth.tables.writing import NOT_REPORTED, en_dashed, plain_cells, sentences, whole

_KINDS = {"not usable": "Asked for, but nothing can be pooled", "other time": "Measured at another time",
          "not asked": "Outside the question"}  # fmt: skip
_SAYS = {"favours_cells": "favours cells", "no_difference": "no difference", "favours_control": "favours control",
         "unclear": "unclear"}  # fmt: skip
_NEEDED = ("study", "reason", "direction_reported", "n_randomised", "msc_source")
_UNREAD = "What the report says: the direction of its pain results, where that could be read"


def excluded_table(excluded: pd.DataFrame, evidence=None, *, title: str = "Trials and reports left out") -> Table:
    """Table of the trials and reports that give nothing to a pool, with the reason and what their reports say.

    Parameters
    ----------
    excluded : DataFrame
        What `compare` returned, or its ``attrs["excluded"]``, or ``evidence.excluded``.
    evidence : Evidence, optional
        Links each study to its DOI, PubMed record or the page that was read.
    title : str

    Returns
    -------
    Table
        Grouped by kind (asked for but not usable, measured at another time, outside the question), where it is known.

    Raises
    ------
    PainsynthError
        When nothing was left out, or the table is of another kind.

    Examples
    --------
    >>> import pandas as pd, painsynth as ps
    >>> left = pd.DataFrame({"study": ["Ash 2020"], "reason": ["no control group"], "direction_reported": ["unclear"],
    ...                      "n_randomised": [20.0], "msc_source": ["adipose"]})
    >>> [cell.text for cell in ps.excluded_table(left).rows[0].cells]
    ['Ash 2020', 'Adipose', '20', 'No control group', 'unclear']
    """
    left = excluded.attrs.get("excluded", excluded).rename(columns={"label": "study"}).reset_index(drop=True)
    _check(left, _NEEDED, "trial", "excluded")
    kinds = list(_KINDS)
    if "kind" in left:
        left = left.sort_values("kind", key=lambda kind: kind.map(kinds.index), kind="stable", ignore_index=True)
    urls = _addresses(evidence)
    rows = tuple(_trial(record, urls) for record in left.to_dict("records"))
    texts = [cell.text for row in rows for cell in row.cells]
    notes = sentences([_UNREAD, NOT_REPORTED if UNKNOWN in texts else ""])
    columns = (Column("Study", width=1.6), Column("Cell source", width=1.4), Column("Patients", "right", width=0.8),
               Column("Why it gives nothing to the pool", width=3.6),
               Column("What the report says", width=1.3))  # fmt: skip
    return Table(title=title, columns=columns, rows=rows, raw=pd.DataFrame(left), notes=notes)


def ledger_table(ledger: pd.DataFrame, *, title: str = "Rows on file that were not used") -> Table:
    """Table of the rows that a comparison did not use, counted by reason, with the trials they belong to.

    Parameters
    ----------
    ledger : DataFrame
        What `compare` returned, or its ``attrs["ledger"]``.
    title : str

    Returns
    -------
    Table
        The commonest reason first.

    Raises
    ------
    PainsynthError
        When every row was used, or the table is of another kind.

    Examples
    --------
    >>> import pandas as pd, painsynth as ps
    >>> rows = pd.DataFrame({"study": ["Ash", "Ash", "Elm"], "used": [True, False, False],
    ...                      "reason": ["", "baseline value", "baseline value"]})
    >>> [cell.text for cell in ps.ledger_table(rows).rows[0].cells]
    ['Baseline value', '2', '2', 'Ash; Elm']
    """
    ledger = ledger.attrs.get("ledger", ledger)
    _check(ledger, ("study", "used", "reason"), "row", "ledger")
    left = ledger[~ledger["used"].astype(bool)]
    _check(left, (), "row", "ledger")
    counted = [
        {"reason": reason, "rows": len(mine), "studies": tuple(dict.fromkeys(mine["study"]))}
        for reason, mine in left.groupby("reason", sort=True)
    ]
    counted.sort(key=lambda one: -one["rows"])
    rows = tuple(_reason(one) for one in counted)
    note = f"{len(ledger) - len(left)} of {len(ledger)} rows on file were used; the others stand here"
    columns = (Column("Why the rows were not used", width=2.6), Column("Rows", "right", width=0.5),
               Column("Trials", "right", width=0.5), Column("Which trials", width=4.0))  # fmt: skip
    return Table(title=title, columns=columns, rows=rows, raw=pd.DataFrame(counted), notes=sentences([note]))


def _check(table: pd.DataFrame, needed: tuple[str, ...], noun: str, name: str) -> None:
    missing = [column for column in needed if column not in table.columns]
    if missing:
        raise PainsynthError(f"the table lacks the columns {', '.join(missing)}; give what compare returned, or its "
                             f"attrs['{name}']")  # fmt: skip
    if table.empty:
        raise PainsynthError(f"no {noun} was left out, so there is nothing to print")


def _trial(record: Mapping, urls: Mapping[str, str]) -> Row:
    n = record["n_randomised"]
    source = "" if record["msc_source"] == "not_reported" else plain(record["msc_source"])
    texts = (record["study"], sentence_case(source) or UNKNOWN, whole(np.nan if n is None else n),
             sentence_case(_words(record["reason"])), _SAYS.get(record["direction_reported"], UNKNOWN))  # fmt: skip
    first = Cell(texts[0], urls.get(record.get("study_id", ""), "") or urls.get(record.get("source_id", ""), ""))
    kind = record.get("kind", "")
    return Row((first, *plain_cells(*texts[1:])), _KINDS.get(kind, kind))


def _reason(one: Mapping) -> Row:
    names = one["studies"]
    return Row(plain_cells(sentence_case(_words(one["reason"])), str(one["rows"]), str(len(names)), "; ".join(names)))


def _words(reason: str) -> str:
    return en_dashed(plain(reason.replace("|", ", ")))


def _addresses(evidence) -> dict[str, str]:
    """Addresses of studies and of sources by their identifiers."""
    if evidence is None:
        return {}
    found = {row.source_id: address(row.doi, "", row.url) for row in evidence.sources.itertuples()}
    return found | {row.study_id: address(row.doi, row.pmid, found.get(row.source_id, ""))
                    for row in evidence.studies.itertuples()}  # fmt: skip
