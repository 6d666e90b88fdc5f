"""Adapters of the reference functions about influence, and of the further forms of pooling."""

from __future__ import annotations

import numpy as np
import pandas as pd
from golden_file import Check, NotBuilt
from painsynth.sensitivity import influence as cases
from painsynth.sensitivity.gosh import gosh as all_subsets
from painsynth.stats.bootstrap_prediction import bootstrap_prediction
from painsynth.stats.fit_statistics import fit_statistics
from painsynth.stats.fixed_weights import pool_henmi_copas, pool_ivhet
from painsynth.stats.higgins_thompson import i2_from_q
from painsynth.stats.new_effect import prob_new_effect as new_effect
from painsynth.stats.pool import pool
from painsynth.stats.shrinkage import blup as shrunken
from painsynth.stats.subgroups import pool_by
from painsynth.stats.tau2_error import tau2_se

CI = {"z": "Wald", "knha": "HKSJ", "adhoc": "HKSJ-guarded", "t": "t"}
PI = {"z": "z", "knha": "t(k-1)", "adhoc": "t(k-1)", "t": "t(k-1)"}


def _base():
    """The adapters this part extends; imported late, for they import this module."""
    import golden_adapters

    return golden_adapters


def _how(check: Check, **more) -> dict:
    """The options of `pool` by the reference's names."""
    method, test = check.args["method"], check.args.get("test", "z")
    return ({"model": "common"} if method == "EE" else {"tau2": method}) | {"ci": CI[test]} | more


def _ends(fit, **names) -> dict:
    return {"estimate": fit.estimate, "se": fit.se, "ci_lb": fit.ci[0], "ci_ub": fit.ci[1], "stat": fit.statistic,
            "pval": fit.p, "df": np.inf if fit.df is None else fit.df} | names  # fmt: skip


# ---- pooling


def rma_uni(check: Check) -> dict:
    found = _base().rma_uni(check)
    fit = pool(check.table, **_how(check, level=check.args.get("level", 95) / 100))
    figures = fit_statistics(fit)
    names = {"logLik": "log_likelihood", "deviance": "deviance", "AIC": "aic", "BIC": "bic", "AICc": "aicc"}
    return found | {"se_tau2": tau2_se(fit), "fitstats": {key: getattr(figures, name) for key, name in names.items()}}


def confint_tau2(check: Check) -> dict:
    by_q = i2_from_q(pool(check.table, **_how(check)))
    return _base().confint_tau2(check) | {"I2_Q": [by_q.i2, *by_q.i2_ci], "H": [by_q.h, *by_q.h_ci]}


def kenward_roger(check: Check) -> dict:
    return _ends(pool(check.table, tau2=check.args["method.tau"], ci="KR"))


def henmi_copas(check: Check) -> dict:
    return _ends(pool_henmi_copas(check.table))


def ivhet(check: Check) -> dict:
    return _ends(pool_ivhet(check.table))


def hk_adhoc(check: Check) -> dict:
    rules = {"": "HKSJ", "se": "HKSJ-guarded", "ci": "HKSJ-wider", "IQWiG6": "HKSJ-IQWiG6"}
    rule = rules[check.args["adhoc.hakn.ci"]]
    return _ends(pool(check.table, tau2=check.args["method.tau"], ci=rule))


def prediction_interval(check: Check) -> dict:
    rule = check.args["method.predict"]
    if rule == "NNF":
        fit = bootstrap_prediction(check.table, draws=100_000, seed=check.args["seed"])
        return _ends(fit, pi_lb=fit.pi[0], pi_ub=fit.pi[1], tau2=fit.tau2)
    if not rule.startswith("KR"):
        return _base().prediction_interval(check)
    fit = pool(check.table, tau2=check.args["method.tau"], ci="KR", pi=rule)
    df = np.nan if fit.df is None else fit.df - (rule == "KR-PR")
    return {"pi_lb": fit.pi[0], "pi_ub": fit.pi[1], "se": np.hypot(fit.se, np.sqrt(fit.tau2)), "df": df}


def subgroup(check: Check) -> dict:
    found = _base().subgroup(check)
    if check.args.get("engine") == "meta":
        return found
    table, by = check.table, check.args["by"]
    table[by] = table[by].astype(str)
    groups = pool_by(table, by, common_tau2=True, **_how(check))
    return found | {"F_common_tau2_knha": groups.f_between, "F_common_tau2_knha_p": groups.f_between_p}


def prob_new_effect(check: Check) -> dict:
    found = new_effect(pool(check.table, tau2=check.args["method"]), check.args["threshold"])
    return {
        "p_below_normal_plugin": found.p_plug_in,
        "p_below_t_km1": found.p,
        "p_below_normal_pred": found.p_normal,
    }


def blup(check: Check) -> dict:
    table = shrunken(pool(check.table, **_how(check)))
    return {"pred": table["estimate"], "se": table["se"], "pi_lb": table["ci_low"], "pi_ub": table["ci_high"]}


def with_se_tau2(name: str):
    """An adapter that also reports the standard error of tau2, from the effects its base adapter pooled."""

    def adapter(check: Check) -> dict:
        found = getattr(_base(), name)(check)
        table = pd.DataFrame({"yi": found["yi"], "vi": found["vi"]})
        return found | {"se_tau2": tau2_se(pool(table, **_how(check)))}

    return adapter


# ---- influence


def residuals(check: Check) -> dict:
    table = cases.residuals(check.table, **_how(check))
    return {"resid": table["residual"], "rstandard_se": table["se"], "rstandard_z": table["z"],
            "rstudent_resid": table["deleted_residual"], "rstudent_se": table["deleted_se"],
            "rstudent_z": table["deleted_z"]}  # fmt: skip


def influence(check: Check) -> dict:
    table = cases.influence(check.table, **_how(check))
    return {**table.to_dict("list"), "QE_del": table["q_del"], "is_infl": table["influential"].tolist()}


def baujat(check: Check) -> dict:
    table = cases.baujat_data(check.table, **_how(check))
    return {"x": table["heterogeneity"], "y": table["influence"]}


def radial(check: Check) -> dict:
    return cases.radial_data(pool(check.table, **_how(check)))[["x", "y"]].to_dict("list")


def gosh(check: Check) -> dict:
    """All subsets of some studies; quantiles of the fits of two and more."""
    if check.args["subsets"] != "all":
        raise NotBuilt("sampled subsets")
    kept = np.flatnonzero(np.isin(check.rows, np.array(check.args["rows"]) - 1))
    table = all_subsets(check.table.iloc[kept], subsets="all", tau2=check.args["method"])
    several = table[table["k"] >= 2]
    return {
        "n_subsets": len(table),
        "mean_size_ge2": several["estimate"].mean(),
        "sd_size_ge2": several["estimate"].std(),
        "quantiles_size_ge2": np.percentile(several["estimate"], [0, 5, 25, 50, 75, 95, 100]),
        "I2_quantiles_size_ge2": np.percentile(several["i2"], [0, 25, 50, 75, 100]),
    }


ADAPTERS: dict = {
    "rma.uni": rma_uni, "confint.tau2": confint_tau2, "kenward_roger": kenward_roger, "henmi_copas": henmi_copas,
    "ivhet": ivhet, "hk_adhoc": hk_adhoc, "prediction_interval": prediction_interval, "subgroup": subgroup,
    "prob_new_effect": prob_new_effect, "blup": blup, "residuals": residuals, "influence": influence,
    "baujat": baujat, "radial": radial, "gosh": gosh,
    "multiarm_combine_arms": with_se_tau2("multiarm_combine_arms"),
    "multiarm_split_control": with_se_tau2("multiarm_split_control"),
    "pool_change_scores": with_se_tau2("pool_change_scores"),
}  # fmt: skip
NOT_BUILT_VALUES: dict = {}
FLOOR: dict = {
    "baujat": 23, "blup": 23, "henmi_copas": 23, "hk_adhoc": 92, "influence": 23, "ivhet": 23, "kenward_roger": 23,
    "prediction_interval": 198, "prob_new_effect": 3, "radial": 23, "residuals": 23,
}  # fmt: skip
