"""The public claims and their verdicts for publication: what was tested, by which rule, with which result."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from painsynth.errors import PainsynthError
from painsynth.plots.words import plain, sentence_case
from painsynth.tables.record import UNKNOWN, Column, Row, Table
from painsynth.tables.writing import plain_cells, sentences

_COLUMNS = (Column("Tested on", width=2.4), Column("Rule", width=1.0), Column("k", "right", width=0.4),
            Column("Result", width=1.7), Column("Certainty", width=0.9), Column("Verdict", width=1.0),
            Column("Why", width=2.6), Column("Figure", width=1.6))  # fmt: skip
_NOTE = "A claim is as sure as its weakest test: one contradiction contradicts it, only all tests together support it"
_DASH = f"{UNKNOWN} nothing was pooled"


def claims_table(tests: pd.DataFrame, claims: pd.DataFrame, *, title: str = "Claims and verdicts") -> Table:
    """Table of the tests behind each claim, grouped by claim with its verdict.

    Parameters
    ----------
    tests : DataFrame
        From `claim_tests`.
    claims : DataFrame
        From `verdicts`.
    title : str

    Returns
    -------
    Table

    Raises
    ------
    PainsynthError
        When no claim is on file, or a table is of another kind.

    Examples
    --------
    >>> import painsynth as ps
    >>> tests = ps.claim_tests(ps.load_evidence())                                          # doctest: +SKIP
    >>> ps.claims_table(tests, ps.verdicts(evidence, tests))                                # doctest: +SKIP
    """
    if tests.empty or not {"asked", "figure"} <= set(tests.columns) or "verdict" not in claims:
        raise PainsynthError("there is no claim to print; give what claim_tests and verdicts returned")
    together = claims.set_index("claim_id")["verdict"]
    rows = tuple(_row(record, together) for record in tests.to_dict("records"))
    dash = _DASH if any(cell.text == UNKNOWN for row in rows for cell in row.cells) else ""
    return Table(
        title=title, columns=_COLUMNS, rows=rows, raw=tests.reset_index(drop=True), notes=sentences([_NOTE, dash])
    )


def _row(test: Mapping, together: pd.Series) -> Row:
    pooled = bool(test["k"])
    texts = (test["asked"], plain(test["rule"]), str(test["k"]), test["result"] or UNKNOWN,
             plain(test["certainty"]) if pooled else UNKNOWN, sentence_case(test["verdict"]), test["reason"],
             test["figure"].replace("_", "_\N{ZERO WIDTH SPACE}") or UNKNOWN)  # fmt: skip
    return Row(plain_cells(*texts), f"{test['claim']} {sentence_case(together[test['claim_id']])}.")
