"""Measure everything and write results.md: `python benchmarks/run.py`, about a minute."""

from __future__ import annotations

import os
import sys
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):  # before numpy: one core
    os.environ[name] = "1"

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]

import bench_pool as bench  # noqa: E402  (the path and the thread count must be set first)


def table(results: list[bench.Result]) -> str:
    """Markdown table of the measured lines."""
    lines = ["| work | CPU s | target s | |", "|---|---:|---:|---|"]
    for r in results:
        lines.append(f"| {r.work} | {r.seconds:.3g} | {'' if r.target is None else f'{r.target:g}'} | {r.remark} |")
    return "\n".join(lines)


def versions() -> str:
    """Interpreter and libraries that were measured."""
    import numpy
    import scipy

    python = ".".join(map(str, sys.version_info[:3]))
    return f"Python {python}, numpy {numpy.__version__}, scipy {scipy.__version__}"


def ratios(ours: list[bench.Result], peers: list[bench.Result]) -> list[str]:
    """Peers' time per fit over ours, for one record and for the batched kernel."""
    record = next(r.seconds for r in ours if "one `pool()`" in r.work)
    batched = next(r.seconds for r in ours if "`batch_pool`" in r.work) / bench.BATCH
    return [
        f"- {p.work}: {p.seconds / record:.3g} times one `pool()` record, {p.seconds / batched:,.3g} times one fit of "
        "`batch_pool`"
        for p in peers
    ]


def main() -> None:
    ours = [bench.import_time(), bench.one_record(), *bench.batches(), *bench.gosh()]
    metafor = bench.metafor()
    measured = [bench.statsmodels_dl(), *([] if isinstance(metafor, str) else metafor)]
    skipped = [f"- {metafor}"] if isinstance(metafor, str) else []
    text = "\n".join([
        "# Speed",
        "",
        "Written by `python benchmarks/run.py` (`make bench`): CPU seconds of one core, best of three. Figures of one "
        f"machine, not promises. {versions()}.",
        "",
        table(ours + measured),
        "",
        "## Beside the peers",
        "",
        *ratios(ours, measured),
        *skipped,
        "",
    ])  # fmt: skip
    (HERE / "results.md").write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
