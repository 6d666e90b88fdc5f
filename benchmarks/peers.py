"""The same work by others: R's metafor, and the Python packages in an environment of their own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import measure as m
import numpy as np

PACKAGES = ("statsmodels", "PyMARE", "PyMetaAnalysis")
PLACE = m.ROOT / "build" / "peers"  # git-ignored; `make clean` removes it
PATIENCE = 600  # seconds for the installation
BATCH = 5_000
GOSH_SAMPLE = 1_000
R = """
if (!suppressWarnings(suppressMessages(require(metafor)))) quit(status = 3)
y <- c(@y); v <- c(@v); x <- c(@x)
cost <- function(work, n) min(sapply(1:3, function(r) {
  t <- system.time(for (i in 1:n) work()); (t[["user.self"]] + t[["sys.self"]]) / n }))
quiet <- function(work) { sink(nullfile()); on.exit(sink()); work() }
reml <- rma(y, v); common <- rma(y, v, method = "EE"); line <- rma(y, v, mods = ~ x, test = "knha")
single <- cost(function() rma(y, v, test = "knha"), 60)
record <- cost(function() { fit <- rma(y, v, test = "knha"); confint(fit); predict(fit) }, 60)
g1 <- quiet(function() cost(function() gosh(reml, subsets = @n, progbar = FALSE), 1)) / @n
g2 <- quiet(function() cost(function() gosh(common, subsets = @n, progbar = FALSE), 1)) / @n
p <- quiet(function() cost(function() permutest(line, exact = FALSE, iter = 300, progbar = FALSE), 1)) / 300
loo <- cost(function() leave1out(reml), 5); infl <- cost(function() influence(reml), 5)
cat(single, record, g1, g2, p, loo, infl, as.character(packageVersion("metafor")))
"""


def metafor() -> tuple[dict[str, dict[str, float]], str]:
    """Seconds per fit by key; a sentence where it is not measured."""
    if shutil.which("Rscript") is None:
        return {}, "metafor: not measured, Rscript is not installed"
    y, v = (x[0] for x in m.studies())
    script = R.replace("@n", str(GOSH_SAMPLE))
    for name, x in (("@y", y), ("@v", v), ("@x", m.predictor())):
        script = script.replace(name, ",".join(map(repr, x.tolist())))
    run = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=False)
    if run.returncode:
        return {}, "metafor: not measured, " + (
            "R has no package metafor" if run.returncode == 3 else run.stderr[-200:]
        )
    *numbers, version = run.stdout.split()
    single, record, reml, common, permuted, loo, infl = map(float, numbers)
    return {
        f"metafor {version}": {"record": record, "bootstrap": single, "gosh REML": reml, "gosh EE": common,
                               "permutation": permuted, "leave_one_out()": loo, "influence()": infl}
    }, ""  # fmt: skip


def python() -> tuple[dict[str, dict[str, float]], str]:
    """Seconds per fit by package and key; a sentence where an environment could not be made."""
    interpreter, reason = _environment()
    if interpreter is None:
        return {}, reason
    y, v = m.studies(BATCH)
    order = np.random.default_rng(m.SEED).permuted(np.tile(np.arange(m.K), (BATCH, 1)), axis=1)
    given = {"y": y.tolist(), "v": v.tolist(), "x": m.predictor().tolist(), "order": order.tolist()}
    script = Path(__file__).with_name("peer_python.py")
    run = subprocess.run([interpreter, script], input=json.dumps(given), capture_output=True, text=True, check=False)
    if run.returncode:
        return {}, f"Python peers: not measured, {run.stderr.strip().splitlines()[-1]}"
    found = json.loads(run.stdout.splitlines()[-1])
    each = {name: {key: seconds / fits for key, (seconds, fits) in x.items()} for name, x in found.items()}
    return each, "; ".join(run.stderr.strip().splitlines())


def _environment() -> tuple[Path | None, str]:
    """An interpreter with the peers, made by pip where it is missing; never the project's own environment."""
    interpreter = PLACE / "bin" / "python"
    ready = PLACE / "ready"
    if ready.exists():
        return interpreter, ""
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", PLACE], check=True, capture_output=True)
        install = [interpreter, "-m", "pip", "install", "--quiet", *PACKAGES]
        subprocess.run(install, check=True, capture_output=True, timeout=PATIENCE)
    except (subprocess.SubprocessError, OSError) as error:
        return None, f"Python peers: not measured, pip could not install them ({type(error).__name__})"
    ready.touch()
    return interpreter, ""
