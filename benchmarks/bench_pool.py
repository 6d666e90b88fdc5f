"""What pooling costs: CPU seconds of one core, best of several runs."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SEED = 20250101
K = 20
BATCH = 50_000
LIB = Path(__file__).resolve().parent.parent / "lib"


@dataclass(frozen=True)
class Result:
    """One measured line: what, CPU seconds, the target in seconds (None: no target), and a remark."""

    work: str
    seconds: float
    target: float | None
    remark: str = ""


def best(work: Callable[[], object], runs: int = 3) -> float:
    """Smallest CPU time of `runs` runs, in seconds."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def studies(rows: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Random effects and variances (rows, K): tau2 0.1, variances over a decade and a half."""
    rng = np.random.default_rng(SEED)
    v = 10.0 ** rng.uniform(-2, -0.5, (rows, K))
    return 0.3 + rng.normal(size=v.shape) * np.sqrt(v + 0.1), v


def all_subsets(k: int = K) -> np.ndarray:
    """Mask of every non-empty subset, (2^k - 1, k)."""
    return ((np.arange(1, 2**k)[:, None] >> np.arange(k)) & 1).astype(bool)


def import_time() -> Result:
    """CPU of `import painsynth` in a fresh interpreter, the interpreter's own start taken off."""

    def cpu(code: str) -> float:
        line = f"import sys; sys.path.insert(0, {str(LIB)!r}); {code}; import time; print(time.process_time())"
        runs = [subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True) for _ in "123"]
        return min(float(run.stdout) for run in runs)

    return Result("`import painsynth`", max(0.0, cpu("import painsynth") - cpu("pass")), 0.2)


def one_record() -> Result:
    """One full `pool()` record."""
    import pandas as pd
    from painsynth.stats.pool import pool

    y, v = studies()
    table = pd.DataFrame({"study": [f"Trial {i + 1}" for i in range(K)], "yi": y[0], "vi": v[0]})
    seconds = best(lambda: [pool(table) for _ in range(200)]) / 200
    return Result(f"one `pool()` record, all intervals, k = {K}", seconds, 1e-3)


def batches() -> list[Result]:
    """Independent sets of studies, as in a bootstrap."""
    from painsynth.stats.batch import batch_pool
    from painsynth.stats.heterogeneity import heterogeneity

    y, v = studies(BATCH)
    out = []
    for method in ("REML", "ML", "PM", "DL"):
        seconds = best(lambda m=method: heterogeneity(y, v, method=m))
        out.append(Result(f"tau2 {method}, {BATCH:,} independent sets, k = {K}", seconds, None, rate(BATCH, seconds)))
    seconds = best(lambda: batch_pool(y, v))
    out.append(Result(f"`batch_pool` REML + HKSJ, {BATCH:,} independent sets", seconds, None, rate(BATCH, seconds)))
    return out


def gosh() -> list[Result]:
    """All subsets of twenty studies."""
    from painsynth.stats.batch import batch_pool

    y, v = (x[0] for x in studies())
    mask = all_subsets()
    out = []
    for method, target in (("REML", 1.2), ("DL", None), ("EE", None)):
        seconds = best(lambda m=method: batch_pool(y, v, mask, tau2=m))
        lost = int((~batch_pool(y, v, mask, tau2=method).converged).sum())
        remark = f"{rate(len(mask), seconds)}; {lost} not converged"
        out.append(Result(f"GOSH {method}, all {len(mask):,} subsets of {K}, full record", seconds, target, remark))
    return out


def statsmodels_dl() -> Result:
    """statsmodels' one-step estimate of the same kind (DL), one fit: right where tau2 is positive."""
    from statsmodels.stats.meta_analysis import combine_effects

    y, v = (x[0] for x in studies())
    seconds = best(lambda: [combine_effects(y, v, method_re="dl") for _ in range(50)]) / 50
    return Result(f"statsmodels `combine_effects`, DL, k = {K}, one fit", seconds, None, rate(1, seconds))


def metafor() -> list[Result] | str:
    """metafor's REML fit in R, alone and with the intervals a record holds; or the reason why it is not measured."""
    if shutil.which("Rscript") is None:
        return "metafor: not measured, Rscript is not installed"
    y, v = (x[0] for x in studies())
    script = f"""
    if (!suppressWarnings(suppressMessages(require(metafor)))) quit(status = 3)
    y <- c({",".join(map(repr, y.tolist()))}); v <- c({",".join(map(repr, v.tolist()))})
    cost <- function(work) min(sapply(1:3, function(r) system.time(for (i in 1:60) work())[["user.self"]] / 60))
    cat(cost(function() rma(y, v, test = "knha")),
        cost(function() {{ fit <- rma(y, v, test = "knha"); confint(fit); predict(fit) }}),
        as.character(packageVersion("metafor")))
    """
    run = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=False)
    if run.returncode:
        return "metafor: not measured, R has no package metafor"
    alone, full, version = run.stdout.split()
    work = {f"metafor {version} `rma`, REML + HKSJ, k = {K}": alone, "the same with `confint` and `predict`": full}
    return [Result(name, float(x), None, rate(1, float(x))) for name, x in work.items()]


def rate(fits: int, seconds: float) -> str:
    """Fits per second, three significant digits."""
    speed = fits / seconds
    digits = 2 - math.floor(math.log10(speed))
    return f"{round(speed, digits):,.0f} fits/s"
