"""The table behind a picture: what it was drawn from, as rows a reader can take away and draw again."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

MOST_ROWS = 20_000  # a cloud of a million subsets is no table a reader opens
DIGITS = "%.10g"  # beyond, machines differ


def table_behind(drawn_from: object) -> pd.DataFrame | None:
    """Give the rows of what a picture was drawn from: a result, a table, or counts by name; None of anything else.

    Examples
    --------
    >>> table_behind({"screened": 120, "included": 8})
           name  value
    0  screened    120
    1  included      8
    """
    if isinstance(drawn_from, pd.DataFrame):
        return drawn_from
    if isinstance(drawn_from, Mapping):
        return pd.DataFrame({"name": list(drawn_from), "value": list(drawn_from.values())})
    rows = getattr(drawn_from, "rows", None)
    found = rows() if callable(rows) else None
    return found if isinstance(found, pd.DataFrame) else None


def csv_behind(drawn_from: object) -> bytes:
    r"""Write the table behind a picture as CSV, the same bytes on every machine; nothing where there is none.

    Examples
    --------
    >>> csv_behind({"included": 8})
    b'name,value\nincluded,8\n'
    """
    table = table_behind(drawn_from)
    if table is None or len(table) > MOST_ROWS:
        return b""
    named = not isinstance(table.index, pd.RangeIndex) and table.index.name is not None
    return table.to_csv(index=named, float_format=DIGITS, lineterminator="\n").encode()
