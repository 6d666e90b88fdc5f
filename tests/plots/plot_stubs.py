"""A light stand-in for a pooled result: the fields and rows a forest plot reads, from a table of studies."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

GLOSSARY = ["label", "kind", "k", "estimate", "ci_low", "ci_high", "pi_low", "pi_high", "weight", "source"]


@dataclass(frozen=True)
class StubFit:
    """A fixed-weight average with made-up heterogeneity: numbers are right only in form."""

    table: pd.DataFrame
    measure: str = "MD"
    level: float = 0.95
    model: str = "random"
    method_tau2: str = "REML"
    method_ci: str = "HKSJ"
    method_pi: str = "t(k-1)"
    notes: tuple = ()
    tau2: float = 12.3
    tau2_ci: tuple = (1.2, 88.0)
    i2: float = 45.0
    i2_ci: tuple = (12.0, 88.0)
    q: float = 17.1
    q_p: float = 0.042
    statistic: float = -2.5
    p: float = 0.031
    pi: tuple = field(default=None)
    ci: tuple = field(default=None)

    @property
    def k(self):
        return len(self.table)

    @property
    def df(self):
        return self.k - 1

    q_df = df

    @property
    def weights(self):
        return 100 * (1 / self.table["vi"] / (1 / self.table["vi"]).sum()).to_numpy()

    @property
    def estimate(self):
        return float(self.weights @ self.table["yi"] / 100)

    def ends(self):
        half = 1.96 * math.sqrt(1 / (1 / self.table["vi"]).sum())
        return self.ci or (self.estimate - half, self.estimate + half)

    def prediction(self):
        if self.k < 3:
            return (math.nan, math.nan)
        return self.pi or tuple(self.estimate + s * (abs(self.ends()[1] - self.estimate) * 2.5) for s in (-1, 1))

    def study_rows(self, weights=None):
        half = 1.96 * np.sqrt(self.table["vi"])
        rows = pd.DataFrame({
            "label": self.table["study"], "kind": "study", "k": 1, "estimate": self.table["yi"],
            "ci_low": self.table["yi"] - half, "ci_high": self.table["yi"] + half, "pi_low": math.nan,
            "pi_high": math.nan, "weight": self.weights if weights is None else weights,
            "source": self.table.get("source_id", ""),
        })  # fmt: skip
        return pd.concat([rows, self.table.drop(columns=["study"])], axis=1)

    def pooled_row(self, label="All studies", kind="pooled", weight=100.0):
        low, high = self.ends()
        values = [label, kind, self.k, self.estimate, low, high, *self.prediction(), weight, ""]
        return pd.DataFrame([dict(zip(GLOSSARY, values, strict=True))])

    def rows(self):
        return _attrs(pd.concat([self.study_rows(), self.pooled_row()], ignore_index=True), self)


def _attrs(rows, fit):
    rows.attrs.update(measure=fit.measure, level=fit.level)
    return rows


@dataclass(frozen=True)
class StubGroups:
    """Subgroups of a StubFit by one column."""

    overall: StubFit
    by: str
    q_between: float = 1.2
    q_between_df: float = 2
    q_between_p: float = 0.55

    @property
    def fits(self):
        table = self.overall.table
        return {
            name: replace(self.overall, table=table[table[self.by] == name].reset_index(drop=True))
            for name in dict.fromkeys(table[self.by])
        }

    def rows(self):
        parts, start = [], 0
        weights = pd.Series(self.overall.weights)
        for name, fit in self.fits.items():
            own = weights[(self.overall.table[self.by] == name).to_numpy()].to_numpy()
            head = dict.fromkeys(GLOSSARY, math.nan) | {
                "label": name,
                "kind": "heading",
                "k": fit.k,
                "source": "",
            }
            parts += [pd.DataFrame([head]), fit.study_rows(own), fit.pooled_row("Subtotal", "subtotal", own.sum())]
            start += fit.k
        return _attrs(pd.concat([*parts, self.overall.pooled_row()], ignore_index=True), self.overall)


def trials(k, *, seed=0, arms="means", spread=8.0, label="Author"):
    """A random effects table of k studies with arm figures."""
    rng = np.random.default_rng([seed, k])
    n1, n2 = rng.integers(10, 80, k), rng.integers(10, 80, k)
    table = pd.DataFrame({"study": [f"{label} {2005 + i % 20}{'abcdefgh'[i // 20 % 8]}" for i in range(k)]})
    if arms == "events":
        a, c = rng.binomial(n1, 0.5), rng.binomial(n2, 0.3)
        table = table.assign(ai=a, n1i=n1, ci=c, n2i=n2)
        table["yi"] = np.log((a + 0.5) / (n1 + 0.5)) - np.log((c + 0.5) / (n2 + 0.5))
        table["vi"] = 1 / (a + 0.5) - 1 / (n1 + 0.5) + 1 / (c + 0.5) - 1 / (n2 + 0.5)
    elif arms == "means":
        m1, m2 = rng.normal(35, spread, k), rng.normal(45, spread, k)
        sd1, sd2 = rng.uniform(10, 28, k), rng.uniform(10, 28, k)
        table = table.assign(n1i=n1, m1i=m1, sd1i=sd1, n2i=n2, m2i=m2, sd2i=sd2)
        table["yi"], table["vi"] = m1 - m2, sd1**2 / n1 + sd2**2 / n2
    else:
        table["yi"], table["vi"] = rng.normal(-8, spread, k), rng.uniform(4, 80, k)
    table["source_id"] = [f"src_{i}" for i in range(k)]
    table["comparator"] = rng.choice(["saline", "hyaluronic_acid", "corticosteroid", "usual_care"], k)
    table["msc_source"] = np.array(["bone_marrow", "adipose", "umbilical_cord"])[np.arange(k) * 3 // max(k, 3)]
    table["flags"] = rng.choice(["", "sd_imputed_same_trial", "scale_inferred|paired_design"], k)
    table["dose_million_cells"] = rng.choice([10, 50, 100.5, np.nan], k)
    table["months"] = 12.0
    return table
