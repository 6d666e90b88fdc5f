"""A table as CSV: the raw values, at full precision, under one header row."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from numbers import Integral, Real

import numpy as np

from painsynth.tables.record import Table


def comma_separated(table: Table) -> str:
    """CSV of a table: UTF-8, line feeds, empty cells for what is unknown; numbers read back exactly.

    Several values of one cell are joined by ``|``, as in the data files.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(table.raw.columns)
    writer.writerows([_value(x) for x in row] for row in table.raw.itertuples(index=False, name=None))
    return buffer.getvalue()


def _value(x: object) -> str:
    if x is None or isinstance(x, str):
        return x or ""
    if isinstance(x, bool | np.bool_):
        return "true" if x else "false"
    if isinstance(x, Integral):
        return str(int(x))
    if isinstance(x, Real):
        x = float(x)
        if math.isnan(x):
            return ""
        return str(int(x)) if x.is_integer() and abs(x) < 2**53 else repr(x)
    if isinstance(x, Iterable):
        return "|".join(_value(part) for part in x)
    return "" if str(x) in ("<NA>", "NaT") else str(x)
