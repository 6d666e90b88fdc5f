"""How many people took part in each study, as far as an effects table says."""

from __future__ import annotations

import numpy as np

from painsynth.errors import EffectsError
from painsynth.stats.table import missing_column

# Columns that give the total together, in the order of preference
TOTALS = (("ni",), ("n1i", "n2i"), ("ai", "bi", "ci", "di"), ("n",))


def sample_sizes(effects, label: list[str], column: str | None = None) -> np.ndarray:
    """Total sample size of every study.

    Parameters
    ----------
    effects : DataFrame
        With `ni`, or `n1i` and `n2i`, or the four cells `ai bi ci di`, or `n`: the first of these that is complete.
    label : list of str
        Names of the studies, for messages.
    column : str, optional
        Take this column instead.

    Returns
    -------
    ndarray (k,)

    Raises
    ------
    EffectsError
        No such columns, or a size that is not a number above 0: names the study.

    Examples
    --------
    >>> import pandas as pd
    >>> sample_sizes(pd.DataFrame({"n1i": [10, 20], "n2i": [12, 18]}), ["A", "B"])
    array([22., 38.])
    """
    if column is not None:
        if column not in effects.columns:
            raise EffectsError(missing_column(column, list(effects.columns)))
        return positive(effects, column, label)
    present = [names for names in TOTALS if all(name in effects.columns for name in names)]
    if not present:
        raise EffectsError(
            "no sample sizes: the table needs ni, or n1i and n2i, or ai, bi, ci and di; or name a column with n="
        )
    if len(present[0]) < 4:
        return sum(positive(effects, name, label) for name in present[0])
    total = sum(numbers(effects, name) for name in present[0])
    refuse(~(np.isfinite(total) & (total > 0)), total, "ai + bi + ci + di", label)
    return total


def numbers(effects, column: str) -> np.ndarray:
    """Values of a column as floats, NaN where they are none."""
    import pandas as pd

    return pd.to_numeric(effects[column], errors="coerce").to_numpy(float, na_value=np.nan)


def positive(effects, column: str, label: list[str]) -> np.ndarray:
    """Values of a column, all above 0."""
    values = numbers(effects, column)
    refuse(~(np.isfinite(values) & (values > 0)), values, column, label)
    return values


def refuse(bad: np.ndarray, values: np.ndarray, column: str, label: list[str]) -> None:
    """Raise EffectsError that names the studies where `bad` is True."""
    rows = np.flatnonzero(bad)
    if rows.size:
        shown = "; ".join(f"study '{label[i]}', column {column}: {values[i]:g}" for i in rows[:5])
        more = f" and {rows.size - 5} more" if rows.size > 5 else ""
        raise EffectsError(f"{shown}{more}; a size must be a number above 0")
