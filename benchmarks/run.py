"""Measure everything and write results.md: `python -m benchmarks` (`make bench`), a few minutes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):  # before numpy: one core
    os.environ[name] = "1"

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]

import ours  # noqa: E402  (the path and the thread count must be set first)
import peers  # noqa: E402
from measure import SUBSETS, Result  # noqa: E402

# (key, factor over metafor, factor over the best Python peer) that the engine is to reach
FACTORS = {"gosh REML": (2000, 300), "bootstrap": (1000, 5), "permutation": (300, 5), "record": (5, None)}


def table(results: list[Result]) -> str:
    """Markdown table of the measured lines."""
    lines = ["| work | CPU s | at most s | |", "|---|---:|---:|---|"]
    for r in results:
        target = "" if r.target is None else f"{r.target:g}"
        lines.append(f"| {r.work} | {r.seconds:.3g} | {target} | {ours.words(r)} |")
    return "\n".join(lines)


def versions() -> str:
    """Interpreter and libraries that were measured."""
    import numpy
    import scipy

    python = ".".join(map(str, sys.version_info[:3]))
    return f"Python {python}, numpy {numpy.__version__}, scipy {scipy.__version__}"


def beside(mine: list[Result], others: dict[str, dict[str, float]]) -> str:
    """Peers' time per fit over ours, for every work that both do."""
    lines = ["| work | ours, s a fit | peer | s a fit | times ours | at least |", "|---|---:|---|---:|---:|---:|"]
    for line in mine:
        per_fit = line.seconds / (line.fits or 1)
        for peer, times in others.items():
            if line.key in times:
                wanted = FACTORS.get(line.key, (None, None))[not peer.startswith("metafor")]
                ratio = times[line.key] / per_fit
                lines.append(
                    f"| {line.work.split(', all')[0]} | {per_fit:.2g} | {peer} | {times[line.key]:.2g} | {ratio:,.3g} "
                    f"| {wanted or ''} |"
                )
    return "\n".join(lines)


def main() -> None:
    mine, around = ours.lines(), ours.surroundings()
    found, reasons = {}, []
    for ask in (peers.metafor, peers.python):
        measured, reason = ask()
        found |= measured
        reasons += [f"- {reason}"] if reason else []
    text = "\n".join([
        "# Speed",
        "",
        "Written by `python -m benchmarks` (`make bench`): CPU seconds of one core, best of three or five. Figures of "
        f"one machine, not promises. {versions()}. The coverage of the intervals is in [coverage.md](coverage.md).",
        "",
        table(mine),
        "",
        "## Beside the peers",
        "",
        f"Measured in the same run on the same studies. A GOSH of metafor is its own `gosh()` of {peers.GOSH_SAMPLE:,} "
        f"random subsets, a peer's without such a function one fit of all studies, each taken {SUBSETS:,} times. "
        "metafor's permutations are its `permutest()`. A record is a fit with the intervals the tool has: for "
        "statsmodels a fit by DL, in closed form, which has neither REML nor an interval of tau2.",
        "",
        beside(mine, found),
        *(["", *reasons] if reasons else []),
        "",
        "## Memory",
        "",
        "| work | peak GiB, libraries included | at most |",
        "|---|---:|---:|",
        *(f"| {work} | {peak:.2f} | 1 |" for work, peak in ours.memory()),
        "",
        "## Around the engine",
        "",
        table(around),
        "",
    ])  # fmt: skip
    (HERE / "results.md").write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
