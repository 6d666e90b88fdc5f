"""What a notebook really did: which names it used, which fits it made, which rows of which trials went into them.

The last cell of every notebook shows `provenance()`. What is shown there carries this account as data, so that methods,
references and the pages of the trials are written from what was run and not from what somebody meant to run. Every name
of a notebook is assigned once and every table is shown: its names and outputs hold all results.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass

MIME = "application/vnd.painsynth.account+json"
METHODS = ("model", "method", "method_tau2", "method_ci", "method_pi", "method_tau2_ci", "measure")
CITED = ("label", "year", "title", "journal", "doi")
DEPTH = 3  # an Answer holds a Fit, which holds a table
ROWS_OF_A_TRIAL = {"study_id", "yi", "rows"}


def account() -> dict:
    """Give the account of the notebook that runs in this process; an empty one outside a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        return {}
    painsynth = sys.modules["painsynth"]
    used = [name for name in painsynth.__all__ if name in vars(painsynth)]
    return account_of(shell.user_ns, used)


def account_of(namespace: Mapping, names: Iterable[str]) -> dict:
    """Give the account of a namespace.

    `names` used and kinds of results made, `fits` by their methods, `studies` with the rows used of each.
    """
    own = [value for name, value in namespace.items() if not name.startswith("_") and name not in ("In", "Out")]
    shown = namespace.get("Out") or {}
    found = list(_walk([*own, *shown.values()], DEPTH, set()))
    pooled = [each for each in found if hasattr(each, "method_ci") and getattr(each, "k", 2) > 1]
    fits = {tuple(_methods(each).items()) for each in pooled}
    trials = next((each.studies for each in found if _is_evidence(each)), None)
    rows: dict[str, set[str]] = {}
    for table in found:
        if set(getattr(table, "columns", ())) >= ROWS_OF_A_TRIAL:
            for study, place in zip(table["study_id"], table["rows"], strict=True):
                if isinstance(study, str) and isinstance(place, str):  # a trial made up by a method has neither
                    rows.setdefault(study, set()).add(place)
    studies = {study: {**_cited(trials, study), "rows": sorted(rows[study])} for study in sorted(rows)}
    records = {type(each).__name__ for each in found if is_dataclass(each)}
    return {"names": sorted({*names, *records}), "fits": [dict(fit) for fit in sorted(fits)], "studies": studies}


def _walk(values: Iterable, depth: int, seen: set[int]) -> Iterator:
    """Yield records of painsynth and tables, also those inside records, lists and dicts."""
    for value in values:
        if id(value) in seen:
            continue
        seen.add(id(value))
        own = type(value).__module__.startswith("painsynth.")
        if own or hasattr(value, "columns"):
            yield value
        if depth and own and is_dataclass(value) and not _is_evidence(value):
            yield from _walk(vars(value).values(), depth - 1, seen)  # with what was worked out on demand
        elif depth and isinstance(value, Mapping):
            yield from _walk(value.values(), depth - 1, seen)
        elif depth and isinstance(value, list | tuple):
            yield from _walk(value, depth - 1, seen)


def _is_evidence(value: object) -> bool:
    return type(value).__name__ == "Evidence"


def _methods(fit: object) -> dict[str, str]:
    told = {name: getattr(fit, name, None) for name in METHODS}
    return {"record": type(fit).__name__} | {
        name: word for name, word in told.items() if isinstance(word, str) and word
    }


def _cited(trials, study: str) -> dict[str, str]:
    known = trials[trials["study_id"] == study] if trials is not None else ()
    if not len(known):
        return {}
    return {name: _text(known.iloc[0][name]) for name in CITED}


def _text(value: object) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:g}"
    return str(value)
