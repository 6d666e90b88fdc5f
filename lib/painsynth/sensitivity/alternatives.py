"""The same trials under other choices: every alternative is one more row of the batched engine."""

from __future__ import annotations

import numpy as np
import pandas as pd

from painsynth.errors import EffectsError
from painsynth.stats.pool import pool
from painsynth.stats.table import missing_column, studies_of

ESTIMATORS = ("REML", "DL", "PM", "ML")
INTERVALS = ("HKSJ", "HKSJ-guarded", "Wald")


def other_methods(effects: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Pool the same effects under every estimator and interval, and under the common-effect model.

    Parameters
    ----------
    effects : DataFrame
        An effects table (study, yi, vi).
    level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        model, tau2 (method), ci (method), estimate, ci_low, ci_high, tau2_value, i2, pi_low, pi_high; on the natural
        scale (ratios exponentiated), effect units as the table's.

    Raises
    ------
    NothingToPool
        For an empty table.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"study": ["a", "b", "c"], "yi": [0.1, 0.3, 0.5], "vi": [0.01, 0.02, 0.03]})
    >>> len(other_methods(table))
    13
    """
    rows = [
        _row("random", tau2, ci, pool(effects, tau2=tau2, ci=ci, level=level))
        for tau2 in ESTIMATORS
        for ci in INTERVALS
    ]
    rows.append(_row("common", "none", "Wald", pool(effects, model="common", level=level)))
    table = pd.DataFrame(rows)
    kept = ("measure", "lower_is_better", "question", "outcome")
    known = {name: effects.attrs[name] for name in kept if name in effects.attrs}
    table.attrs = {"rows_of": "choice", "level": level, **known}
    return table


def _row(model: str, tau2: str, ci: str, fit) -> dict:
    shown = fit.back()
    return {"model": model, "tau2": tau2, "ci": ci, "estimate": shown.estimate, "ci_low": shown.ci[0],
            "ci_high": shown.ci[1], "tau2_value": fit.tau2, "i2": fit.i2, "pi_low": shown.pi[0],
            "pi_high": shown.pi[1]}  # fmt: skip


def without_flags(effects: pd.DataFrame, *, tau2: str = "REML", ci: str = "HKSJ", level: float = 0.95) -> pd.DataFrame:
    """Pool without the rows that carry a doubt, one doubt at a time, and without any.

    Parameters
    ----------
    effects : DataFrame
        An effects table with a column `flags` (codes joined by ``|``).
    tau2, ci, level
        As in `pool`.

    Returns
    -------
    DataFrame
        left_out, k_left_out, studies (whose), k, estimate, ci_low, ci_high, pi_low, pi_high, on the natural scale.
        Where nothing is left the estimate is NaN: the row stays, so that it is seen.

    Raises
    ------
    EffectsError, NothingToPool
        No column `flags`; what `pool` refuses.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"study": list("abc"), "yi": [0.1, 0.3, 0.5], "vi": [0.01] * 3, "flags": ["", "x", ""]})
    >>> without_flags(table)["k"].tolist()
    [3, 2, 2]
    """
    labels = np.array(studies_of(effects).label, dtype=object)
    if "flags" not in effects:
        raise EffectsError(missing_column("flags", list(effects.columns)))
    flags = [set(filter(None, text.split("|"))) if isinstance(text, str) else set() for text in effects["flags"]]
    codes = sorted(set().union(*flags))
    masks = {"nothing": np.ones(len(effects), bool)}
    masks |= {code: np.array([code not in mine for mine in flags]) for code in codes}
    masks["any flag"] = np.array([not mine for mine in flags])
    how = {"tau2": tau2, "ci": ci, "level": level}
    return pd.DataFrame([_left(name, keep, effects, labels, how) for name, keep in masks.items()])


def _left(name: str, keep: np.ndarray, effects: pd.DataFrame, labels: np.ndarray, how: dict) -> dict:
    record = {"left_out": name, "k_left_out": int((~keep).sum()), "studies": ", ".join(labels[~keep]),
              "k": int(keep.sum()), "estimate": np.nan, "ci_low": np.nan, "ci_high": np.nan, "pi_low": np.nan,
              "pi_high": np.nan}  # fmt: skip
    if keep.any():
        fit = pool(effects[keep], **how).back()
        record |= dict(zip(list(record)[4:], (fit.estimate, *fit.ci, *fit.pi), strict=True))
    return record
