"""Calls of every public function that takes an effects table, by name, and a table that has what they need."""

from __future__ import annotations

import dataclasses

import numpy as np
import painsynth as ps
import pandas as pd
from painsynth.stats.words import CI, TAU2

LEFT_OUT = ("table", "working", "design", "scale_design", "interval", "members", "draws")


def table(seed: int = 3, k: int = 8) -> pd.DataFrame:
    """Random effects with clusters, groups, a moderator, years and sizes."""
    rng = np.random.default_rng(seed)
    vi = rng.uniform(0.02, 0.3, k)
    return pd.DataFrame(
        {
            "study": [f"T{i}" for i in range(k)],
            "yi": 0.3 + rng.normal(size=k) * np.sqrt(vi + 0.1),
            "vi": vi,
            "year": np.arange(2000, 2000 + k),
            "n1i": rng.integers(10, 50, k).astype(float),
            "n2i": rng.integers(10, 50, k).astype(float),
            "dose": rng.normal(size=k),
            "group": (["a", "b"] * k)[:k],
            "trial": [f"C{i // 2}" for i in range(k)],
            "outcome": (["p", "q"] * k)[:k],
        }
    )


def _pool(**how):
    return lambda t: ps.pool(t, **how)


def _matrix(t):
    return np.column_stack([np.ones(len(t)), np.arange(len(t)) ** 2 / 10])


POOLING = {f"pool {name}": _pool(tau2=name) for name in (*TAU2, "EE")}
POOLING |= {f"ci {name}": _pool(ci=name) for name in CI}
POOLING |= {f"pi {name}": _pool(pi=name) for name in ("t(k-2)", "z", "KR", "KR-PR", "none")}
POOLING |= {f"tau2_ci {name}": _pool(tau2_ci=name) for name in ("PL", "GENQ", "BJ", "J", "none")}

CALLS = POOLING | {
    "pool_by": lambda t: ps.pool_by(t, "group"),
    "pool_by common": lambda t: ps.pool_by(t, "group", common_tau2=True),
    "rows": lambda t: ps.pool_by(t, "group").rows(),
    "regress REML": lambda t: ps.regress(t, "~ dose"),
    "regress DL": lambda t: ps.regress(t, "~ dose + C(group)", tau2="DL", ci="Wald"),
    "regress EE": lambda t: ps.regress(t, "~ dose", tau2="EE"),
    "regress X": lambda t: ps.regress(t, X=_matrix(t)),
    "predict": lambda t: ps.regress(t, "~ dose").predict(),
    "bubble": lambda t: ps.bubble_data(ps.regress(t, "~ dose"), "dose").line,
    "location_scale": lambda t: ps.location_scale(t, "~ dose", "~ dose").coef,
    "permutation": ps.permutation_test,
    "permutation sampled": lambda t: ps.permutation_test(ps.regress(t, "~ dose"), n=30).table,
    "batch_regress": lambda t: ps.batch_regress(t["yi"], t["vi"], _matrix(t)),
    "multilevel": lambda t: ps.pool_multilevel(t, "trial"),
    "multilevel V": lambda t: ps.pool_multilevel(t, "trial", V=0.5, robust=None),
    "regress_multilevel": lambda t: ps.regress_multilevel(t, "~ dose", study="trial").coef,
    "multivariate": lambda t: ps.pool_multivariate(t, "outcome", "trial").coef,
    "rve": lambda t: ps.pool_rve(t, "trial"),
    "robust": lambda t: ps.robust(ps.pool(t), "trial"),
    "robust CR3": lambda t: ps.robust(ps.regress(t, "~ dose"), "trial", "CR3").coef,
    "aggregate": lambda t: ps.aggregate(t, "trial", rho=0.5)[["yi", "vi"]],
    "leave_one_out": ps.leave_one_out,
    "cumulate": lambda t: ps.cumulate(t, by="year"),
    "influence": ps.influence,
    "residuals": ps.residuals,
    "baujat": ps.baujat_data,
    "baujat random": lambda t: ps.baujat_data(t, model="random"),
    "radial": lambda t: ps.radial_data(ps.pool(t)),
    "gosh": lambda t: ps.gosh(t)[["k", "estimate", "tau2", "i2"]],
    "gosh sampled": lambda t: ps.gosh(t, subsets=20)[["k", "estimate", "tau2", "i2"]],
    "bootstrap": lambda t: ps.bootstrap(t, n=20),
    "permute_signs": lambda t: ps.permute_signs(t, n=20),
    "other_methods": ps.other_methods,
    "blup": lambda t: ps.blup(ps.pool(t)),
    "i2_from_q": lambda t: ps.i2_from_q(ps.pool(t)),
    "tau2_se": lambda t: ps.tau2_se(ps.pool(t)),
    "fit_statistics": lambda t: ps.fit_statistics(ps.pool(t)),
    "egger": ps.egger,
    "egger lm": lambda t: ps.egger(t, model="lm", predictor="vi"),
    "egger ninv": lambda t: ps.egger(t, predictor="ninv"),
    "begg": ps.begg,
    "trim_and_fill": lambda t: ps.trim_and_fill(t).fit,
    "pet_peese": ps.pet_peese,
    "limit_meta": ps.limit_meta,
    "fail_safe_n": ps.fail_safe_n,
    "excess_significance": ps.excess_significance,
    "henmi_copas": ps.pool_henmi_copas,
    "ivhet": ps.pool_ivhet,
}


def figures(found, place: str = "") -> dict[str, np.ndarray]:
    """Every number of a result by its path."""
    if isinstance(found, pd.DataFrame):
        numeric = found.select_dtypes("number")
        return {f"{place}.{name}": numeric[name].to_numpy(float) for name in numeric}
    if dataclasses.is_dataclass(found):
        names = [f.name for f in dataclasses.fields(found) if f.name not in LEFT_OUT]
        return figures({name: getattr(found, name) for name in names}, place)
    if isinstance(found, (dict, tuple, list)):
        parts = found.items() if isinstance(found, dict) else enumerate(found)
        return {k: v for name, part in parts for k, v in figures(part, f"{place}.{name}").items()}
    if isinstance(found, (float, int, np.number)) and not isinstance(found, bool):
        return {place: np.array([float(found)])}
    if isinstance(found, np.ndarray) and found.dtype.kind in "fi":
        return {place: found.astype(float).ravel()}
    return {}
