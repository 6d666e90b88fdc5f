"""What the engine costs: single fits, batches, all subsets, permutations; memory; and what surrounds it."""

from __future__ import annotations

import measure as m
import numpy as np
import pictures
from measure import SUBSETS, K, Result, best, rate, studies

BATCH = 50_000
PERMUTATIONS = 20_000
PEAK = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)"
GOSH_CODE = """
import numpy as np, pandas as pd, painsynth as ps
rng = np.random.default_rng(1)
v = 10.0 ** rng.uniform(-2, -0.5, 24)
table = pd.DataFrame(dict(yi=rng.normal(size=24) * np.sqrt(v + 0.1), vi=v))
ps.gosh(table, subsets=1_000_000)
"""
BATCH_CODE = """
import numpy as np, painsynth as ps
rng = np.random.default_rng(1)
v = 10.0 ** rng.uniform(-2, -0.5, 20)
y = rng.normal(size=20) * np.sqrt(v + 0.1)
mask = np.empty((10_000_000, 20), bool)
for part in np.split(mask, 100):
    part[:] = rng.integers(0, 2, part.shape, dtype=np.uint8)
ps.batch_pool(y, v, mask, tau2="DL")
"""


def table():
    """The effects table of the K studies."""
    import pandas as pd

    y, v = studies()
    return pd.DataFrame({"study": [f"Trial {i + 1}" for i in range(K)], "yi": y[0], "vi": v[0]})


def one_record() -> Result:
    """One full `pool()` record."""
    import painsynth as ps

    effects = table()
    seconds = best(lambda: [ps.pool(effects) for _ in range(200)]) / 200
    return Result("record", f"one `pool()` record, all intervals, k = {K}", seconds, 1, 1e-3)


def batches() -> list[Result]:
    """Independent sets of studies, as in a bootstrap."""
    from painsynth.stats.batch import batch_pool
    from painsynth.stats.heterogeneity import heterogeneity

    y, v = studies(BATCH)
    seconds = best(lambda: batch_pool(y, v))
    out = [Result("bootstrap", f"bootstrap, REML + HKSJ, {BATCH:,} independent sets, k = {K}", seconds, BATCH)]
    for method in ("REML", "ML", "PM", "DL"):
        seconds = best(lambda m=method: heterogeneity(y, v, method=m))
        out.append(Result(f"tau2 {method}", f"tau2 alone, {method}, the same sets", seconds, BATCH))
    return out


def gosh() -> list[Result]:
    """All subsets of twenty studies."""
    import painsynth as ps

    effects = table()
    ps.gosh(effects.iloc[:5])  # imports
    out = []
    for method, target, what in (("REML", 1.2, "REML"), ("EE", 0.05, "common effect and DL tau2"),
                                 ("DL", None, "random effects with DL tau2")):  # fmt: skip
        seconds = best(lambda m=method: ps.gosh(effects, tau2=m), runs=5)
        lost = ps.gosh(effects, tau2=method).attrs["not_converged"]
        work = f"GOSH, {what}, all {SUBSETS:,} subsets of {K}"
        out.append(Result(f"gosh {method}", work, seconds, SUBSETS, target, f"{lost} not converged"))
    return out


def permutations() -> Result | None:
    """Meta-regressions on one moderator, the studies rearranged against it."""
    try:
        from painsynth.stats.batch_regress import batch_regress
    except ImportError:
        return None
    y, v = (x[0] for x in studies())
    order = np.random.default_rng(m.SEED).permuted(np.tile(np.arange(K), (PERMUTATIONS, 1)), axis=1)
    design = np.column_stack([np.ones(K), m.predictor()])
    seconds = best(lambda: batch_regress(y[order], v[order], design))
    work = f"permutation meta-regression, REML + HKSJ, p = 2, {PERMUTATIONS:,} rearrangements, k = {K}"
    return Result("permutation", work, seconds, PERMUTATIONS)


def diagnostics() -> list[Result]:
    """Tables about single studies."""
    import painsynth as ps

    effects = table()
    works = {"leave_one_out": ps.leave_one_out, "influence": ps.influence, "bootstrap": ps.bootstrap}
    return [
        Result(f"{name}()", f"`{name}()` of {K} studies{', 1,000 samples' if name == 'bootstrap' else ''}",
               best(lambda f=function: [f(effects) for _ in range(20)]) / 20)
        for name, function in works.items()
    ]  # fmt: skip


def memory() -> list[tuple[str, float]]:
    """Peak memory in GiB of the two largest jobs, the interpreter and its libraries included."""
    jobs = {"GOSH, 1,000,000 sampled subsets of 24": GOSH_CODE, "`batch_pool`, 10,000,000 masks of 20": BATCH_CODE}
    return [(work, float(m.fresh(f"exec({code!r}); {PEAK}")[0])) for work, code in jobs.items()]


def surroundings() -> list[Result]:
    """Import, the command line, a picture: each in a fresh interpreter, or warm where that is said."""
    run = "import contextlib, io, sys; sys.argv = {argv!r}; from painsynth.cli import main\n"
    call = "exec({code!r})"

    def command(*argv: str) -> float:
        code = run.format(argv=["painsynth", *argv])
        code += "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit): main()"
        return m.cpu_of(call.format(code=code))

    return [
        Result("import", "`import painsynth`", m.cpu_of("import painsynth"), None, 0.2),
        Result("help", "`painsynth --help`", command("--help"), None, 0.3),
        Result("check", "`painsynth check` of data/", command("check", str(m.ROOT / "data"))),
        *pictures.lines(),
    ]


def lines() -> list[Result]:
    """Everything of the engine."""
    found = [one_record(), *batches(), *gosh(), permutations(), *diagnostics()]
    return [line for line in found if line is not None]


def words(line: Result) -> str:
    """Remark of a line."""
    parts = [rate(line.fits, line.seconds)] if line.fits and line.fits > 1 else []
    return "; ".join([*parts, *([line.remark] if line.remark else [])])
