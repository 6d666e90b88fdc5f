"""Pool the effects of several studies into one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import chdtrc

from painsynth.stats.batch import summary
from painsynth.stats.blocks import Block, block_of
from painsynth.stats.estimate import Pooled, pooled
from painsynth.stats.fit import Fit
from painsynth.stats.heterogeneity import ESTIMATORS, FIXED_WEIGHTS, solve
from painsynth.stats.intervals import block_tau2_interval, effect_interval, i2_h2, prediction_interval, two_sided_p
from painsynth.stats.likelihood import Root
from painsynth.stats.notes import notes_on
from painsynth.stats.table import Studies, studies_of
from painsynth.stats.words import CI, COMMON, MODEL, PI, TAU2_CI, check_level, choose


def pool(effects, *, model="random", tau2="REML", ci=None, pi=None, tau2_ci=None, level=0.95) -> Fit:
    """Pool the effects of a table.

    Parameters
    ----------
    effects : DataFrame
        One row per study comparison: `study` (label; the row number where missing), `yi` (effect; cells minus control,
        so that on a scale where higher is worse a negative value favours cells; ratios on the log scale), `vi`
        (sampling variance). `attrs["measure"]` names the measure ("GEN" where missing).
    model : "random" | "common"
        Random effects, or one common effect (inverse variance).
    tau2 : str
        REML, DL, PM, EB, ML, SJ, HE, HS, HSk, PMM, GENQ, GENQM (weights 1/vi, also for the mean), DL2, CA2.
    ci : "HKSJ" | "HKSJ-guarded" | "Wald" | "t", optional
        None stands for the model's own: HKSJ for random effects, Wald for the common effect.
    pi : "t(k-1)" | "t(k-2)" | "z" | "none", optional
        None stands for t(k-1) with random effects; the common-effect model has no prediction interval.
    tau2_ci : "QP" | "PL" | "GENQ" | "BJ" | "J" | "none", optional
        Q-profile (the default), profile likelihood (with ML or REML), generalised Q.
    level : float
        Confidence level as a fraction.

    Returns
    -------
    Fit

    Raises
    ------
    EffectsError
        A word that is not known, a column missing, a value that is no number, a variance that is not positive.
    NothingToPool
        The table has no rows.

    References
    ----------
    Cochrane Handbook 6.5, section 10.10; Viechtbauer 2010, J Stat Softw 36(3); Hartung & Knapp 2001, Stat Med 20:3875.

    Examples
    --------
    >>> import pandas as pd
    >>> trials = pd.DataFrame({"study": ["A", "B", "C"], "yi": [-12.0, -8.0, -3.0], "vi": [9.0, 4.0, 6.0]})
    >>> trials.attrs["measure"] = "MD"
    >>> print(pool(trials))
    MD −7.47 (95% CI −18.31 to 3.37), p = 0.097, k = 3, tau2 = 11.91, I2 = 67% [REML, HKSJ]
    """
    how = settle(model, tau2, ci, pi, tau2_ci, level)
    studies = studies_of(effects)
    block = block_of(studies.yi, studies.vi)
    root = solve(block, how["method"])
    with np.errstate(all="ignore"):
        mean = pooled(block, root.tau2, how["method"] in FIXED_WEIGHTS)
        return record(effects, studies, block, (root, mean), how)


def settle(model, tau2, ci, pi, tau2_ci, level) -> dict:
    """Check every option and fill in the model's own defaults."""
    method = choose(tau2, ESTIMATORS, "tau2")
    model = "common" if method in COMMON else choose(model, MODEL, "model")
    common = model == "common"
    how = {
        "model": model,
        "method": "EE" if common else method,
        "ci": choose(ci, CI, "ci") if ci is not None else "Wald" if common else "HKSJ",
        "pi": choose(pi, PI, "pi") if pi is not None else "none" if common else "t(k-1)",
        "tau2_ci": choose(tau2_ci, TAU2_CI, "tau2_ci") if tau2_ci is not None else "none" if common else "QP",
        "level": check_level(level),
    }
    if how["tau2_ci"] == "PL" and method not in ("ML", "REML"):
        how["tau2_ci"] = choose("PL needs tau2 ML or REML", TAU2_CI, "tau2_ci")
    return how


def record(effects, studies: Studies, block: Block, fitted: tuple[Root, Pooled], how: dict) -> Fit:
    """Write the `Fit` of a block of one analysis whose tau2 and mean are known."""
    root, mean = fitted
    one = {name: x[0].item() for name, x in summary(block, root, mean, how["method"], how["ci"], how["level"]).items()}
    k = int(one["k"])
    intervals = _intervals(block, root, mean, how, one)
    df = k - 1 if k > 1 and how["ci"] != "Wald" else None
    statistic = one["estimate"] / one["se"] if one["se"] > 0 else float(np.sign(one["estimate"]) * np.inf)
    weights = 100 * mean.w[:, 0] / mean.w[:, 0].sum()
    fit = Fit(
        **{name: one[name] for name in ("estimate", "se", "tau2", "i2", "h2", "q", "se_wald", "se_hksj")},
        **intervals,
        k=k,
        ci=(one["ci_low"], one["ci_high"]),
        statistic=statistic,
        df=df,
        p=float(two_sided_p(np.array(statistic), df)),
        q_df=k - 1,
        q_p=float(chdtrc(k - 1.0, one["q"])) if k > 1 else 1.0,
        weights=weights,
        measure=str(effects.attrs.get("measure", "GEN")),
        notes=(),
        model=how["model"],
        method_tau2=how["method"],
        method_ci=how["ci"] if k > 1 else "Wald",
        method_pi=how["pi"],
        method_tau2_ci=how["tau2_ci"],
        level=how["level"],
        converged=one["converged"],
        multimodal=one["multimodal"],
        table=effects.copy(),
        study=tuple(studies.label),
    )
    weights.setflags(write=False)
    return replace(fit, notes=notes_on(fit))


def _intervals(block: Block, root: Root, mean: Pooled, how: dict, one: dict) -> dict:
    """Every interval but the main one, as (low, high) tuples of floats."""
    level, kind = how["level"], "none" if how["model"] == "common" else how["pi"]
    args = (mean.estimate, mean.se, mean.se_hksj, block.k)
    se = np.array([one["se"]])
    tau2_ci = block_tau2_interval(block, how["tau2_ci"], level, root.tau2, how["method"] == "REML")
    out = {
        "ci_wald": effect_interval(*args, ci="Wald", level=level)[1:],
        "ci_hksj": tuple(np.where(block.k > 1, x, np.nan) for x in effect_interval(*args, ci="HKSJ", level=level)[1:]),
        "pi": prediction_interval(mean.estimate, se, root.tau2, block.k, pi=kind, level=level),
        "tau2_ci": tau2_ci,
        "i2_ci": tuple(i2_h2(x, mean.typical)[0] for x in tau2_ci),
    }
    return {name: (pair[0].item(), pair[1].item()) for name, pair in out.items()}
