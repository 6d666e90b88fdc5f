"""Cases of the forest plot for the gallery: every layout on the real data, and the hard ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
import painsynth as ps
import pandas as pd
from matplotlib.axes import Axes

LAYOUTS = ("default", "revman", "jama", "bmj")


@lru_cache(maxsize=8)
def _effects(measure: str = "MD", months: float | None = 12.0, outcome: str = "pain") -> pd.DataFrame:
    question = ps.Question(condition="knee_osteoarthritis", measure=measure, months=months, outcome=outcome)
    return ps.effects(ps.compare(ps.load_evidence(), question), measure=measure)


def _title(table: pd.DataFrame) -> str:
    return table.attrs["question"].title


def _pooled(layout: str, width: str | float = "auto") -> Axes:
    table = _effects()
    columns = ["msc_source", "comparator"]
    return ps.forest(ps.pool(table), mid=10, columns=columns, title=_title(table), layout=layout, width=width)


def _grouped(layout: str, width: str | float = "auto") -> Axes:
    table = _effects()
    groups = ps.pool_by(table, "msc_source")
    return ps.forest(groups, mid=10, columns=["comparator"], title=_title(table), layout=layout, width=width)


def _ratio(layout: str) -> Axes:
    table = _effects("RR", None, "any_adverse_event")
    how = {"columns": ["comparator"], "title": _title(table), "layout": layout}
    return ps.forest(ps.pool(table, ci="HKSJ-guarded"), **how)


def _everything() -> Axes:
    table = _effects()
    how = {"models": ("common", "random"), "prediction": "shaded", "band": True}
    return ps.forest(ps.pool(table), mid=10, title=_title(table), excluded=True, risk_of_bias=_made_up(table), **how)


def _made_up(table: pd.DataFrame) -> pd.DataFrame:
    """Judgements invented to show the dots; none is about a real trial."""
    rng = np.random.default_rng(1)
    words = ["low", "some_concerns", "high", "no_information"]
    rows = [(study, domain, rng.choice(words, p=[0.5, 0.3, 0.15, 0.05])) for study in table["study"][:-2]
            for domain in ("D1", "D2", "D3", "D4", "D5", "overall")]  # fmt: skip
    return pd.DataFrame(rows, columns=["study", "domain", "judgement"])


def _bias(width: str) -> Axes:
    table = _effects().assign(study=[f"Example {i + 1}" for i in range(len(_effects()))])
    return ps.forest(ps.pool(table), mid=10, layout="revman", width=width, risk_of_bias=_made_up(table))


def _invented(k: int, seed: int = 0, spread: float = 8.0) -> pd.DataFrame:
    rng = np.random.default_rng([seed, k])
    yi, vi = rng.normal(-6, spread, k), rng.uniform(6, 90, k)
    return pd.DataFrame({"study": [f"Example {i + 1}" for i in range(k)], "yi": yi, "vi": vi})


def _few(k: int) -> Axes:
    return ps.forest(ps.pool(_effects().head(k)), mid=10, columns=["comparator"], title=f"k = {k}")


def _many(layout: str) -> Axes:
    return ps.forest(ps.pool(_invented(100)), mid=10, title="100 invented studies", layout=layout)


def _huge() -> Axes:
    table = _invented(9)
    table.loc[3, "vi"], table.loc[6, "yi"] = 4e5, 700.0
    return ps.forest(ps.pool(table), mid=10, title="One huge interval, one effect far out (invented)")


def _names() -> Axes:
    table = _invented(6)
    table["study"] = [
        "The International Randomised Multicentre Trial of Umbilical-Cord-Derived Mesenchymal Stromal Cells 2023",
        "王小明, 李雷 和 韩梅梅 2019", "Σωκράτης Παπαδόπουλος 2020", "Николай Римский-Корсаков 2021",
        "Pneumonoultramicroscopicsilicovolcanoconiosis Group 2018", "Müller & Søndergård 2022",
    ]  # fmt: skip
    return ps.forest(ps.pool(table), title="Long and foreign names (invented)", width="double")


def _sensitivity(of: str) -> Axes:
    table = _effects()
    made = {"leave_one_out": ps.leave_one_out, "cumulate": ps.cumulate, "other_methods": ps.other_methods}[of](table)
    return ps.forest(made, mid=10, title=f"{_title(table)}: {of.replace('_', ' ')}")


def _cases() -> list[tuple[str, str, Callable[[], Axes]]]:
    cases: list[tuple[str, str, Callable[[], Axes]]] = []
    for layout in LAYOUTS:
        cases.append((f"forest_{layout}", f"Forest plot, layout {layout}", partial(_pooled, layout)))
        cases.append((f"forest_{layout}_groups", f"Subgroups, one of them of one study, layout {layout}",
                      partial(_grouped, layout)))  # fmt: skip
        cases.append((f"forest_{layout}_ratio", f"Risk ratios, layout {layout}", partial(_ratio, layout)))
        for width in ("double", "single"):
            caption = f"Layout {layout} in a journal's {width} column"
            cases.append((f"forest_{layout}_{width}", caption, partial(_pooled, layout, width)))
    cases += [
        (
            "forest_everything",
            "Both models, shaded prediction, MID band, what was not pooled, invented bias",
            _everything,
        ),
        ("forest_bias_double", "Risk of bias (invented) in a double column", partial(_bias, "double")),
        ("forest_bias_single", "Risk of bias (invented) in a single column", partial(_bias, "single")),
        ("forest_k1", "One study is not pooled", partial(_few, 1)),
        ("forest_k2", "Two studies", partial(_few, 2)),
        ("forest_k100", "A hundred studies", partial(_many, "default")),
        ("forest_huge", "Clipped intervals end in arrows", _huge),
        ("forest_names", "Long and foreign names in a double column", _names),
        ("forest_leave_one_out", "Leave one out", partial(_sensitivity, "leave_one_out")),
        ("forest_cumulative", "Cumulative", partial(_sensitivity, "cumulate")),
        ("forest_other_methods", "Other methods", partial(_sensitivity, "other_methods")),
    ]
    return cases


CASES = _cases()
