"""Write docs/validation.md: how far the package's numbers agree with the reference results, function by function.

usage: python tools/validation.py [--check]

The reference file is found as the tests find it (PAINSYNTH_GOLDEN); without it the page is left as it is.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "validation.md"
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "tests")]

import golden_file  # noqa: E402  (the path must be set first)
import test_golden as golden  # noqa: E402

HEAD = """# Agreement with reference results

Written by `python tools/validation.py`. Each check compares the package with a result of an established R package (or
of a published formula) on published meta-analyses and on random numbers; it is met when every value differs by at most
the tolerance that stands with the check, absolute + relative. The file of results is not part of this repository; the
tests drive every check from it (`tests/test_golden.py`).

*Met*: all values within tolerance. *Exception*: a value of the reference is itself off, and a test proves it each time
(`tests/golden_exceptions.py`). *Not built*: counted, never skipped silently. *Largest deviation*: the next power of ten
above the largest relative difference of any met check, over the values for which the relative part of the tolerance is
the larger one; a dash where there is no such value. *Tolerance*: the widest relative tolerance of the function's checks
(wide where the reference draws random numbers, or maximises a flat likelihood).
"""


def numbers(expect, got) -> list[tuple[float, float]]:
    """Every (reference, ours) pair of finite numbers."""
    if isinstance(expect, dict):
        return [
            pair for key, x in expect.items() if isinstance(got, dict) and key in got for pair in numbers(x, got[key])
        ]
    if isinstance(expect, list):
        values = np.asarray(got, dtype=object).reshape(-1) if np.ndim(got) == 0 else list(np.asarray(got, dtype=object))
        return [pair for x, y in zip(expect, values, strict=False) for pair in numbers(x, y)]
    if expect is None or isinstance(expect, bool | str) or got is None or isinstance(got, str):
        return []
    return [(float(expect), float(np.asarray(got, float).reshape(())))]


def deviation(check) -> float:
    """Largest relative difference of a met check; NaN where no value is judged relatively."""
    rel, absolute = check.tol["rel"], check.tol["abs"]
    pairs = numbers(check.expect, golden.ADAPTERS[check.fn](check))
    found = [abs(ours - theirs) / abs(theirs) for theirs, ours in pairs if rel * abs(theirs) > absolute]
    return max(found, default=math.nan)


def bound(x: float) -> str:
    """The next power of ten above x."""
    if math.isnan(x):
        return "–"
    return "< 1e-16" if x < 1e-16 else f"< 1e{math.floor(math.log10(x)) + 1:d}"


def row(fn: str) -> tuple[Counter, str]:
    """Outcomes of one function, and its line of the table."""
    places = [i for i, check in enumerate(golden.CHECKS) if check.fn == fn]
    outcomes = [golden.outcome(i)[0] for i in places]
    counts = Counter(outcomes)
    met = [golden.CHECKS[i] for i, result in zip(places, outcomes, strict=True) if result == "met"]
    worst = max((x for x in map(deviation, met) if not math.isnan(x)), default=math.nan)
    tolerance = max(golden.CHECKS[i].tol["rel"] for i in places)
    numbers_of = (len(places), counts["met"], counts["exception"], counts["not built"], counts["failed"])
    shown = " | ".join(str(n) if n else "" for n in numbers_of)
    return counts, f"| `{fn}` | {shown} | {bound(worst) if met else ''} | {tolerance:g} |"


def page() -> str:
    """The whole page."""
    meta = json.loads(golden.PATH.read_text(encoding="utf-8"))["meta"]
    rows = {fn: row(fn) for fn, _ in golden.BY_FUNCTION.most_common()}
    total = sum((counts for counts, _ in rows.values()), Counter())
    values = {fn: names for fn, names in golden.NOT_BUILT_VALUES.items() if names and fn in rows}
    left_out = [f"- `{fn}`: {', '.join(names)}" for fn, names in sorted(values.items())]
    versions = ", ".join(f"{name} {version}" for name, version in meta["packages"].items())
    return "\n".join([
        HEAD,
        f"References: {meta['r'].split(' (')[0]}; {versions}. Results of {meta['created']}, SHA-256 "
        f"{golden_file.checksum(golden.PATH)[:12]}.",
        "",
        f"{total.total():,} checks of {len(rows)} functions: {total['met']:,} met, {total['exception']} by exception, "
        f"{total['not built']:,} not built, {total['failed']} failed.",
        "",
        "| reference function | checks | met | exception | not built | failed | largest deviation | tolerance |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        *(line for _, line in rows.values()),
        *(["", "Values of these functions that the package does not compute:", "", *left_out] if left_out else []),
        "",
    ])  # fmt: skip


def main() -> int:
    """Write the page, or with --check say whether it is up to date."""
    if not golden.PATH.exists():
        print("the reference results are not beside this repository (PAINSYNTH_GOLDEN): nothing to compare")
        return 0
    text = page()
    if "--check" in sys.argv[1:]:
        return int(not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
