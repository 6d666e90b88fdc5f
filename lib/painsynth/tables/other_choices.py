"""The same question under other choices, as rows of one form: what was done, k, estimate, intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from painsynth.errors import PainsynthError
from painsynth.plots import words
from painsynth.sensitivity.alternatives import other_methods, without_flags
from painsynth.sensitivity.subsets import leave_one_out
from painsynth.stats.fit import Fit
from painsynth.stats.intervals import prediction_interval
from painsynth.stats.words import CI, MODEL

MAIN = "Main analysis"
FIGURES = ("k", "estimate", "ci_low", "ci_high", "pi_low", "pi_high")
NAMED = 3  # studies left out together that are named; of more only the number is given


def default_analyses(fit: Fit) -> dict[str, pd.DataFrame]:
    """Other methods, one study left out, flagged rows left out: whatever the fit's own table allows."""
    if getattr(fit, "how", None) or fit.method_ci not in CI or fit.model not in MODEL:
        raise PainsynthError(f"the analyses of '{main_name(fit)}' cannot be redone here by its own method; make them, "
                             "and give them as analyses={'One study left out': ...}")  # fmt: skip
    effects, level = fit.table, {"level": fit.level}
    how = {"tau2": fit.method_tau2, "ci": fit.method_ci} if fit.model == "random" and fit.k > 1 else {}
    found = {"Other methods": other_methods(effects, **level)}
    if fit.k > 1:
        found["One study left out"] = leave_one_out(effects, model=fit.model, **how, **level)
    if "flags" in effects and fit.model == "random":
        found["Doubtful rows left out"] = without_flags(effects, **how, **level)
    return found


def analysis_rows(fit: Fit, analyses: Mapping) -> pd.DataFrame:
    """Rows of every analysis, the main one first: section, analysis, then FIGURES on the natural scale."""
    shown = fit.back()
    rows = [{"section": MAIN, "analysis": main_name(fit)}
            | dict(zip(FIGURES, (fit.k, shown.estimate, *shown.ci, *shown.pi), strict=True))]  # fmt: skip
    for section, result in analyses.items():
        rows += [{"section": str(section)} | row for row in _rows_of(str(section), result, fit)]
    return pd.DataFrame(rows, columns=["section", "analysis", *FIGURES])


def main_name(fit: Fit) -> str:
    """An analysis by its methods."""
    if getattr(fit, "how", None):  # a method of its own, such as Mantel-Haenszel, says itself what it is
        return words.sentence_case(fit.how.partition(";")[0])
    if fit.model == "random":
        return f"{fit.method_tau2}, {fit.method_ci}"
    kind = "Common effect" if fit.model == "common" else words.sentence_case(words.plain(fit.model))
    return f"{kind}, {fit.method_ci}"


def _rows_of(section: str, result, fit: Fit) -> Iterator[dict]:
    if isinstance(result, pd.DataFrame):
        columns = set(result.columns)
        for needed, rows in ((_METHODS, _methods), (_FLAGS, _flags), (_SUBSETS, _subsets)):
            if needed <= columns:
                yield from rows(result, fit)
                return
    elif hasattr(result, "back"):
        if result.measure != fit.measure:
            raise PainsynthError(f"'{section}' is a {result.measure}, the main analysis a {fit.measure}; compare like "
                                 "with like")  # fmt: skip
        shown = result.back()
        yield {"analysis": main_name(result)} | dict(
            zip(FIGURES, (result.k, shown.estimate, *shown.ci, *shown.pi), strict=True)
        )
        return
    raise PainsynthError(f"'{section}' is not a sensitivity analysis that can be printed; give what other_methods, "
                         "leave_one_out, cumulate or without_flags returned, or a Fit")  # fmt: skip


_METHODS = {"model", "tau2", "ci", "estimate", "ci_low", "ci_high"}
_FLAGS = {"left_out", "k_left_out", "studies", "k", "estimate", "ci_low", "ci_high"}
_SUBSETS = {"label", "k", "estimate", "se", "ci_low", "ci_high", "tau2"}


def _methods(table: pd.DataFrame, fit: Fit) -> Iterator[dict]:
    for row in table.to_dict("records"):
        name = f"Common effect, {row['ci']}" if row["model"] == "common" else f"{row['tau2']}, {row['ci']}"
        if name != main_name(fit):  # that one is the main analysis itself
            yield {"analysis": name} | _figures(row | {"k": fit.k})


def _flags(table: pd.DataFrame, fit: Fit) -> Iterator[dict]:
    for row in table.to_dict("records"):
        if row["k_left_out"] == 0:
            continue
        names = row["studies"] if row["k_left_out"] <= NAMED else f"{row['k_left_out']} comparisons"
        what = "any doubt" if row["left_out"] == "any flag" else f"“{words.plain(row['left_out'])}”"
        yield {"analysis": f"Without {what} ({names})"} | _figures(row)


def _subsets(table: pd.DataFrame, fit: Fit) -> Iterator[dict]:
    """Leave-one-out or cumulative tables; they stand on the scale of the analysis and carry no prediction interval."""
    verb = "Without" if len(table) > 1 and (table["k"] == len(table) - 1).all() else "Up to"
    ends = np.full((2, len(table)), np.nan)
    if fit.model == "random" and fit.method_pi == "t(k-1)":
        figures = (table[name].to_numpy(float) for name in ("estimate", "se", "tau2"))
        ends = prediction_interval(*figures, table["k"].to_numpy(float) - 1, level=fit.level)
    table = table.assign(pi_low=ends[0], pi_high=ends[1])
    if words.is_ratio(fit.measure):
        table[list(FIGURES[1:])] = np.exp(table[list(FIGURES[1:])])
    for row in table.to_dict("records"):
        yield {"analysis": f"{verb} {row['label']}"} | _figures(row)


def _figures(row: Mapping) -> dict:
    return {name: row.get(name, np.nan) for name in FIGURES}
