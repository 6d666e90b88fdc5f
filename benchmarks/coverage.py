"""Bias of tau2 and coverage of the intervals by simulation: `python benchmarks/coverage.py`, minutes on two cores.

Each replicate draws k true effects and k observed ones. Sampling variances are those of Brockwell & Gordon (2001, Stat
Med 20:825): 0.25 times a chi-squared variable with 1 df, kept between 0.009 and 0.6; tau2 = s2 I2/(1 - I2) with s2 the
typical variance (k - 1)/tr P of the drawn variances, averaged over many draws. A prediction interval is right when it
holds the true effect of one more trial.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):  # before numpy: one core a process
    os.environ[name] = "1"

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib")]

import numpy as np  # noqa: E402

STUDIES = (3, 5, 10, 20, 50)
I2 = (0, 25, 50, 75, 90)
REPLICATES = 100_000
CHUNK = 10_000
SEED = 20250102
LEVEL = 0.95
MEAN = 0.5  # of the true effects: no interval depends on it
LOW, HIGH, FACTOR = 0.009, 0.6, 0.25
RULES = ("Wald", "HKSJ", "HKSJ-guarded", "KR")


def variances(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Sampling variances (n, k): a scaled chi-squared variable, values outside the bounds drawn again."""
    v = np.full(shape, np.nan)
    while (lost := np.isnan(v)).any():
        drawn = FACTOR * rng.chisquare(1, int(lost.sum()))
        v[lost] = np.where((drawn > LOW) & (drawn < HIGH), drawn, np.nan)
    return v


def typical_variance(k: int) -> float:
    """Mean of (k - 1)/tr P over drawn sets of variances."""
    w = 1 / variances(np.random.default_rng([SEED, k]), (20_000, k))
    return float(((k - 1) / (w.sum(1) - (w * w).sum(1) / w.sum(1))).mean())


def cell(k: int, percent: int) -> dict[str, float]:
    """All figures of one cell, each with its number of replicates."""
    share = percent / 100
    tau2 = typical_variance(k) * share / (1 - share)
    sums: dict[str, np.ndarray] = {}
    for chunk in range(REPLICATES // CHUNK):
        rng = np.random.default_rng([SEED, k, percent, chunk])
        v = variances(rng, (CHUNK, k))
        y = MEAN + rng.standard_normal((CHUNK, k)) * np.sqrt(v + tau2)
        new = MEAN + rng.standard_normal(CHUNK) * np.sqrt(tau2)
        for name, values in figures(y, v, new).items():
            sums[name] = sums.get(name, 0.0) + np.array([values.sum(), (values * values).sum()])
    means = {name: total[0] / REPLICATES for name, total in sums.items()}
    found = {name: 100 * x for name, x in means.items() if not name.startswith(("tau2", "width"))}
    found |= {name: x for name, x in means.items() if name.startswith("width")}
    spread = np.sqrt((sums["tau2 REML"][1] / REPLICATES - means["tau2 REML"] ** 2) / REPLICATES)
    bias = {f"bias {name[5:]}": x - tau2 for name, x in means.items() if name.startswith("tau2")}
    return {"k": k, "i2": percent, "tau2": tau2, "error": spread} | bias | found


def figures(y: np.ndarray, v: np.ndarray, new: np.ndarray) -> dict[str, np.ndarray]:
    """One value per replicate: tau2 by estimator, whether each interval holds what it should."""
    from painsynth.stats.batch import batch_pool
    from painsynth.stats.heterogeneity import heterogeneity
    from painsynth.stats.intervals import prediction_interval

    out = {f"tau2 {m}": heterogeneity(y, v, method=m).tau2 for m in ("DL", "PM")}
    for rule in RULES:
        fit = batch_pool(y, v, ci=rule, level=LEVEL)
        out[rule] = ((fit.ci_low <= MEAN) & (fit.ci_high >= MEAN)).astype(float)
        if rule in ("Wald", "HKSJ"):
            out[f"width {rule}"] = fit.ci_high - fit.ci_low
        if rule == "HKSJ":
            low, high = prediction_interval(fit.estimate, fit.se, fit.tau2, fit.k - 1, level=LEVEL)
            out["tau2 REML"], out["PI"] = fit.tau2, ((low <= new) & (high >= new)).astype(float)
    return out


def table(cells: list[dict]) -> str:
    """Markdown table, one line a cell."""
    head = ("k", "I2 %", "tau2", "bias DL", "bias PM", "bias REML", *RULES, "PI", "width HKSJ/Wald")
    lines = [f"| {' | '.join(head)} |", "|" + "---:|" * len(head)]
    for c in cells:
        bias = [f"{c[f'bias {m}']:+.4f}" for m in ("DL", "PM", "REML")]
        cover = [f"{c[name]:.1f}" for name in (*RULES, "PI")]
        ratio = f"{c['width HKSJ'] / c['width Wald']:.2f}"
        row = [f"{c['k']}", f"{c['i2']}", f"{c['tau2']:.4f}", *bias, *cover, ratio]
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def page(cells: list[dict]) -> str:
    """The committed page."""
    error = 100 * np.sqrt(0.05 * 0.95 / REPLICATES)
    worst = max(c["error"] for c in cells)
    return "\n".join([
        "# Coverage by simulation",
        "",
        f"Written by `python benchmarks/coverage.py`, seed {SEED}: {REPLICATES:,} replicates a cell, normal effects. "
        f"{' '.join(__doc__.split(chr(10) * 2)[1].split())}",
        "",
        f"Bias of tau2 by estimator (simulation error up to {worst:.4f}) and coverage in percent of the {LEVEL:.0%} "
        f"intervals with tau2 by REML (simulation error {error:.1f} at 95). PI: t(k-1) with the HKSJ standard error. "
        "Last column: mean width of the HKSJ interval over that of the Wald interval.",
        "",
        table(cells),
        "",
    ])  # fmt: skip


def main() -> None:
    start = time.perf_counter()
    jobs = [(k, percent) for k in STUDIES for percent in I2]
    with ProcessPoolExecutor(max_workers=2) as workers:
        cells = list(workers.map(cell, *zip(*jobs, strict=True)))
    text = page(cells)
    (HERE / "coverage.md").write_text(text, encoding="utf-8")
    sys.stdout.write(f"{text}\n{time.perf_counter() - start:.0f} s on two cores\n")


if __name__ == "__main__":
    main()
