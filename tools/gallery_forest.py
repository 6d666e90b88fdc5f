"""Forest plots.

Every layout on the real data, and the hard cases.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import painsynth as ps
import pandas as pd
from matplotlib.axes import Axes


@lru_cache(maxsize=8)
def _effects(measure: str = "MD", months: float | None = 12.0, outcome: str = "pain") -> pd.DataFrame:
    question = ps.Question(condition="knee_osteoarthritis", measure=measure, months=months, outcome=outcome)
    return ps.effects(ps.compare(ps.load_evidence(), question), measure=measure)


def _title(table: pd.DataFrame) -> str:
    return table.attrs["question"].title


def pooled(**how) -> Axes:
    table = _effects()
    columns = ["msc_source", "comparator"]
    return ps.forest(ps.pool(table), mid=10, columns=columns, title=_title(table), **how)


def grouped(**how) -> Axes:
    table = _effects()
    groups = ps.pool_by(table, "msc_source")
    return ps.forest(groups, mid=10, columns=["comparator"], title=_title(table), **how)


def ratios(**how) -> Axes:
    table = _effects("RR", None, "any_adverse_event")
    return ps.forest(ps.pool(table, ci="HKSJ-guarded"), columns=["comparator"], title=_title(table), **how)


def everything() -> Axes:
    table = _effects()
    judged = ps.propose_risk_of_bias(ps.load_evidence())
    how = {"models": ("common", "random"), "prediction": "shaded", "band": True}
    return ps.forest(ps.pool(table), mid=10, title=_title(table), excluded=True, risk_of_bias=judged, **how)


def biased(**how) -> Axes:
    table = _effects()
    judged = ps.propose_risk_of_bias(ps.load_evidence())
    return ps.forest(ps.pool(table), mid=10, layout="revman", risk_of_bias=judged, title=_title(table), **how)


def _invented(k: int, seed: int = 0, spread: float = 8.0) -> pd.DataFrame:
    rng = np.random.default_rng([seed, k])
    yi, vi = rng.normal(-6, spread, k), rng.uniform(6, 90, k)
    return pd.DataFrame({"study": [f"Example {i + 1}" for i in range(k)], "yi": yi, "vi": vi})


def few(k: int) -> Axes:
    return ps.forest(ps.pool(_effects().head(k)), mid=10, columns=["comparator"], title=f"k = {k}")


def many(k: int) -> Axes:
    return ps.forest(ps.pool(_invented(k)), mid=10, title=f"{k} invented studies")


def huge() -> Axes:
    table = _invented(9)
    table.loc[3, "vi"], table.loc[6, "yi"] = 4e5, 700.0
    return ps.forest(ps.pool(table), mid=10, title="One huge interval, one effect far out (invented)")


def names() -> Axes:
    table = _invented(6)
    table["study"] = [
        "The International Randomised Multicentre Trial of Umbilical-Cord-Derived Mesenchymal Stromal Cells 2023",
        "王小明, 李雷 和 韩梅梅 2019", "Σωκράτης Παπαδόπουλος 2020", "Николай Римский-Корсаков 2021",
        "Pneumonoultramicroscopicsilicovolcanoconiosis Group 2018", "Müller & Søndergård 2022",
    ]  # fmt: skip
    return ps.forest(ps.pool(table), title="Long and foreign names (invented)", width="double")


def sensitivity(again: Callable, **how) -> Axes:
    table = _effects()
    return ps.forest(again(table), title=f"{_title(table)}: {again.__name__.replace('_', ' ')}", **how)


CASES: list[tuple[str, str, Callable[[], Axes]]] = [
    ("forest_default", "Layout default: one pool", lambda: pooled(layout="default")),
    ("forest_default_groups", "Layout default: subgroups, one of them of one study", lambda: grouped(layout="default")),
    ("forest_default_ratio", "Layout default: risk ratios", lambda: ratios(layout="default")),
    ("forest_default_double", "Layout default in a double column", lambda: pooled(layout="default", width="double")),
    ("forest_default_single", "Layout default in a single column", lambda: pooled(layout="default", width="single")),
    ("forest_revman", "Layout revman: one pool", lambda: pooled(layout="revman")),
    ("forest_revman_groups", "Layout revman: subgroups, one of them of one study", lambda: grouped(layout="revman")),
    ("forest_revman_ratio", "Layout revman: risk ratios", lambda: ratios(layout="revman")),
    ("forest_revman_double", "Layout revman in a double column", lambda: pooled(layout="revman", width="double")),
    ("forest_revman_single", "Layout revman in a single column", lambda: pooled(layout="revman", width="single")),
    ("forest_jama", "Layout jama: one pool", lambda: pooled(layout="jama")),
    ("forest_jama_groups", "Layout jama: subgroups, one of them of one study", lambda: grouped(layout="jama")),
    ("forest_jama_ratio", "Layout jama: risk ratios", lambda: ratios(layout="jama")),
    ("forest_jama_double", "Layout jama in a double column", lambda: pooled(layout="jama", width="double")),
    ("forest_jama_single", "Layout jama in a single column", lambda: pooled(layout="jama", width="single")),
    ("forest_bmj", "Layout bmj: one pool", lambda: pooled(layout="bmj")),
    ("forest_bmj_groups", "Layout bmj: subgroups, one of them of one study", lambda: grouped(layout="bmj")),
    ("forest_bmj_ratio", "Layout bmj: risk ratios", lambda: ratios(layout="bmj")),
    ("forest_bmj_double", "Layout bmj in a double column", lambda: pooled(layout="bmj", width="double")),
    ("forest_bmj_single", "Layout bmj in a single column", lambda: pooled(layout="bmj", width="single")),
    (
        "forest_everything",
        "Both models, shaded prediction, MID band, what was not pooled, risk of bias",
        everything,
    ),
    ("forest_bias_double", "Risk of bias (provisional) in a double column", lambda: biased(width="double")),
    ("forest_bias_single", "Risk of bias (provisional) in a single column", lambda: biased(width="single")),
    ("forest_k1", "One study is not pooled", lambda: few(1)),
    ("forest_k2", "Two studies", lambda: few(2)),
    ("forest_k100", "A hundred studies", lambda: many(100)),
    ("forest_huge", "Clipped intervals end in arrows", huge),
    ("forest_names", "Long and foreign names in a double column", names),
    ("forest_leave_one_out", "Leave one out", lambda: sensitivity(ps.leave_one_out, mid=10)),
    ("forest_cumulative", "Cumulative", lambda: sensitivity(ps.cumulate, mid=10)),
    ("forest_other_methods", "Other methods", lambda: sensitivity(ps.other_methods, mid=10)),
]
