"""Pooled effects over time as one tidy table, from fits or from a table."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from painsynth.errors import NothingToPool, PainsynthError

COLUMNS = ("group", "months", "k", "estimate", "ci_low", "ci_high")
ALL = "All sources"


def time_course_table(results: Mapping) -> pd.DataFrame:
    """Put pooled effects at several times into one table, a row per group and time.

    Parameters
    ----------
    results : Mapping
        Months -> Fit or Groups; a Fit is the group "All sources".

    Returns
    -------
    DataFrame
        group, months, k, n (patients, where the tables of effects say), estimate, ci_low, ci_high (ratios as ratios);
        attrs: measure, level and what the effects tables say of themselves.

    Examples
    --------
    >>> import painsynth as ps
    >>> import pandas as pd
    >>> trials = pd.DataFrame({"study": ["A", "B"], "yi": [-8.0, -4.0], "vi": [4.0, 4.0]})
    >>> ps.time_course_table({6: ps.pool(trials), 12: ps.pool(trials)})["months"].tolist()
    [6.0, 12.0]
    """
    rows, attrs = [], {}
    for months, result in results.items():
        fits = getattr(result, "fits", None) or {ALL: result}
        for group, fit in fits.items():
            if not hasattr(fit, "ci"):
                raise PainsynthError(
                    f"months = {months}: a {type(fit).__name__} is no pooled result; give Fit or Groups"
                )
            shown = fit.back()
            attrs = {**getattr(fit.table, "attrs", {}), "measure": fit.measure, "level": fit.level} | attrs
            rows.append({"group": group, "months": float(months), "k": fit.k, "n": _patients(fit.table),
                         "estimate": shown.estimate, "ci_low": shown.ci[0], "ci_high": shown.ci[1]})  # fmt: skip
    table = pd.DataFrame(rows, columns=["group", "months", "k", "n", "estimate", "ci_low", "ci_high"])
    table.attrs.update({key: value for key, value in attrs.items() if key in _KEPT})
    return table


_KEPT = ("measure", "level", "question", "lower_is_better", "outcome", "responder", "scale")


def _patients(table: pd.DataFrame) -> float:
    if not {"n1i", "n2i"} <= set(table):
        return float("nan")
    total = table["n1i"] + table["n2i"]
    if "unit_of_analysis" in table:  # both sides of a patient are counted in n; the patient counts once
        total = total / table["unit_of_analysis"].map(lambda unit: 2 if unit == "paired_side" else 1)
    return float(total.sum()) if total.notna().all() else float("nan")


def course_of(table: pd.DataFrame | Mapping) -> pd.DataFrame:
    """Read what a picture over time was given: a mapping of results, or the tidy table itself, in order of time.

    Raises
    ------
    PainsynthError
        For a missing column, a group that has two rows for one time, or a time that is not a number.
    NothingToPool
        When no row has an estimate.
    """
    table = table if isinstance(table, pd.DataFrame) else time_course_table(table)
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise PainsynthError(f"a table of effects over time needs {', '.join(COLUMNS)}; '{missing[0]}' is missing")
    if table["months"].isna().any():
        raise PainsynthError("months is empty in a row; give the time of every estimate")
    twice = table[table.duplicated(["group", "months"])]
    if len(twice):
        first = twice.iloc[0]
        raise PainsynthError(f"group '{first['group']}' has two rows at {first['months']:g} months; keep one")
    if not table["estimate"].notna().any():
        raise NothingToPool("no row has an estimate, so there is no course over time to draw")
    return table.sort_values("months", kind="stable")
