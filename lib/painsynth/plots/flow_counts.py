"""The numbers of a PRISMA flow diagram: read from a mapping or a table, and checked that they add up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real

import pandas as pd

from painsynth.errors import PainsynthError

BOXES = {
    "identified": "Records identified", "removed": "Records removed before screening", "screened": "Records screened",
    "screened_out": "Records excluded", "sought": "Reports sought for retrieval",
    "not_retrieved": "Reports not retrieved", "assessed": "Reports assessed for eligibility",
    "excluded": "Reports excluded", "included": "Studies included in review",
    "reports": "Reports of included studies", "pooled": "Studies included in meta-analysis",
    "other_identified": "Records identified", "other_sought": "Reports sought for retrieval",
    "other_not_retrieved": "Reports not retrieved", "other_assessed": "Reports assessed for eligibility",
    "other_excluded": "Reports excluded",
}  # fmt: skip
# box = first minus second
_SUMS = (
    ("screened", "identified", "removed"),
    ("sought", "screened", "screened_out"),
    ("assessed", "sought", "not_retrieved"),
    ("other_assessed", "other_sought", "other_not_retrieved"),
)


@dataclass(frozen=True)
class Count:
    """A box of the diagram: its number (None where it is not recorded), and what it is made of."""

    n: int | None
    parts: tuple[tuple[str, int | None], ...] = ()


def flow_counts(counts: Mapping | pd.DataFrame) -> dict[str, Count]:
    """Read the boxes of a flow diagram; a box that is not given is not recorded.

    Parameters
    ----------
    counts : Mapping or DataFrame
        Box -> number, None, or {reason: number}; or a table with columns box, n and, where a box has parts, reason.

    Returns
    -------
    dict of str to Count
        Every box of `BOXES`.

    Raises
    ------
    PainsynthError
        For an unknown box, a number that is no count, or boxes that do not add up.

    Examples
    --------
    >>> flow_counts({"assessed": 9, "excluded": {"No control group": 4}})["excluded"].n
    4
    """
    given = _from_table(counts) if isinstance(counts, pd.DataFrame) else dict(counts)
    unknown = [str(name) for name in given if name not in BOXES]
    if unknown:
        raise PainsynthError(f"no box '{unknown[0]}' in a PRISMA flow diagram; the boxes are {', '.join(BOXES)}")
    boxes = {name: _count(name, given.get(name)) for name in BOXES}
    _check(boxes)
    return boxes


def _from_table(table: pd.DataFrame) -> dict:
    missing = [name for name in ("box", "n") if name not in table]
    if missing:
        raise PainsynthError(
            f"a table of PRISMA counts needs the columns box and n (and reason); '{missing[0]}' is missing"
        )
    reasons = table["reason"].fillna("").astype(str) if "reason" in table else pd.Series("", index=table.index)
    given: dict = {}
    for box, reason, n in zip(table["box"], reasons, table["n"], strict=True):
        parts = given.setdefault(box, {})
        if reason in parts or "" in parts or (parts and not reason):
            raise PainsynthError(f"box '{box}' is counted twice ({reason or 'without a reason'}); give one row each")
        parts[reason] = n
    return {box: parts.get("", parts) for box, parts in given.items()}


def _count(box: str, value) -> Count:
    if isinstance(value, Mapping):
        parts = tuple((str(reason), _whole(f"{box}, {reason}", n)) for reason, n in value.items())
        known = [n for _, n in parts if n is not None]
        return Count(sum(known) if parts and len(known) == len(parts) else None, parts)
    return Count(_whole(box, value))


def _whole(what: str, value) -> int | None:
    if value is None or value is pd.NA or (isinstance(value, Real) and math.isnan(value)):
        return None
    if isinstance(value, bool) or not isinstance(value, Real) or value < 0 or not float(value).is_integer():
        raise PainsynthError(f"{what} = {value!r} is not a count; give a whole number, or None if not recorded")
    return int(value)


def _check(boxes: dict[str, Count]) -> None:
    """Refuse numbers that contradict each other; where a number is not recorded, nothing can be checked."""
    n = {name: count.n for name, count in boxes.items()}
    for result, whole, part in _SUMS:
        if None not in (n[result], n[whole], n[part]) and n[result] != n[whole] - n[part]:
            raise PainsynthError(
                f"the flow does not add up: {whole} ({n[whole]}) minus {part} ({n[part]}) is {n[whole] - n[part]}, "
                f"but {result} is {n[result]}; correct one of them, or give None where a number is not known"
            )
    _check_included(n, _eligible(n))


def _eligible(n: dict[str, int | None]) -> int | None:
    """Reports found eligible, of both columns; None where it cannot be told."""
    if None in (n["assessed"], n["excluded"]):
        return None
    other = (n["other_assessed"], n["other_excluded"])
    if other == (None, None) and n["other_sought"] is None and n["other_identified"] is None:
        return n["assessed"] - n["excluded"]
    return None if None in other else n["assessed"] - n["excluded"] + other[0] - other[1]


def _check_included(n: dict[str, int | None], eligible: int | None) -> None:
    problem = None
    if eligible is not None and n["reports"] is not None and eligible != n["reports"]:
        problem = f"assessed minus excluded leaves {eligible} reports, but reports is {n['reports']}"
    elif eligible is not None and n["included"] is not None and n["included"] > eligible:
        problem = f"assessed minus excluded leaves {eligible} reports, but included is {n['included']} studies"
    elif None not in (n["included"], n["reports"]) and n["included"] > n["reports"]:
        problem = f"included ({n['included']} studies) is more than reports ({n['reports']} reports of them)"
    elif None not in (n["pooled"], n["included"]) and n["pooled"] > n["included"]:
        problem = f"pooled ({n['pooled']}) is more than included ({n['included']})"
    if problem:
        raise PainsynthError(f"the flow does not add up: {problem}; correct one of them, or give None")
