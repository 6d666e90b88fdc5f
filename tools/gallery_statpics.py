"""Pictures of statistics: small studies, influence, subsets, p-values, rates, groups and moderators, and hard cases."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
import painsynth as ps
import pandas as pd
from matplotlib.axes import Axes


@lru_cache(maxsize=8)
def _effects(measure: str = "MD", months: float | None = 12.0, outcome: str = "pain") -> pd.DataFrame:
    question = ps.Question(condition="knee_osteoarthritis", measure=measure, months=months, outcome=outcome)
    return ps.effects(ps.compare(ps.load_evidence(), question), measure=measure)


def _harms(measure: str) -> pd.DataFrame:
    return _effects(measure, None, "any_adverse_event")


def _made_up(k: int, measure: str = "MD", huge: bool = False) -> pd.DataFrame:
    """Made-up trials for hard cases: k of them, perhaps the last with a hopeless standard error."""
    rng = np.random.default_rng([k, 1])
    unit = 10.0 if measure == "MD" else 1.0
    se = rng.uniform(0.1, 0.8, k) * unit
    table = pd.DataFrame({"study": [f"Example {i + 1}" for i in range(k)], "yi": rng.normal(-0.6 * unit, 1.3 * se)})
    table["vi"], table["dose"] = se**2, rng.uniform(0, 100, k)
    if huge:
        table.loc[k - 1, ["yi", "vi"]] = 4 * unit, (20 * unit) ** 2
    table.attrs["measure"] = measure
    return table


def _funnel_pain() -> Axes:
    table = _effects()
    return ps.funnel(ps.pool(table), egger=ps.egger(table), trim_fill=ps.trim_and_fill(table))


def _funnel_harms() -> Axes:
    table = _harms("RR")
    return ps.funnel(ps.pool(table), egger=ps.pet_peese(table), trim_fill=ps.trim_and_fill(table))


def _funnel_hundred() -> Axes:
    return ps.funnel(ps.pool(_made_up(100, "OR")), yaxis="seinv")


def _radial(measure: str) -> Axes:
    return ps.radial(ps.pool(_effects() if measure == "MD" else _harms(measure)))


def _radial_hundred() -> Axes:
    return ps.radial(ps.pool(_made_up(100, "OR"), model="common"))


def _baujat(measure: str) -> Axes:
    return ps.baujat(ps.pool(_effects() if measure == "MD" else _harms(measure)))


def _influence(measure: str) -> Axes:
    return ps.influence_plot(ps.pool(_effects() if measure == "MD" else _harms(measure)))


def _gosh_pain() -> Axes:
    return ps.gosh_plot(ps.gosh(_effects()), highlight="Sadri 2023", y="tau2")


def _gosh_harms() -> Axes:
    return ps.gosh_plot(ps.gosh(_harms("RR")))


def _drapery(measure: str) -> Axes:
    return ps.drapery(ps.pool(_effects() if measure == "MD" else _harms(measure)))


def _labbe(measure: str) -> Axes:
    return ps.labbe(ps.pool(_harms(measure)))


def _raindrop(measure: str) -> Axes:
    return ps.raindrop(ps.pool(_effects() if measure == "MD" else _harms(measure)))


def _orchard_pain() -> Axes:
    return ps.orchard(ps.pool_by(_effects(), "msc_source"))


def _orchard_harms() -> Axes:
    return ps.orchard(ps.pool_by(_harms("RR"), "comparator"))


def _bubble_harms() -> Axes:
    return ps.bubble(ps.regress(_harms("RR"), "~ year"), "year")


def _bubble_dose() -> Axes:
    table = _effects()
    known = table[table["dose_million_cells"].notna()]
    known.attrs = table.attrs
    return ps.bubble(ps.regress(known, "~ dose_million_cells"), "dose_million_cells")


def _bootstrap() -> Axes:
    return ps.resampling_plot(ps.bootstrap(_harms("RR"), n=5000))


def _signs() -> Axes:
    return ps.resampling_plot(ps.permute_signs(_effects()))


def _one_study(picture: str) -> Axes:
    return getattr(ps, picture)(_made_up(1))


def _huge_interval(picture: str) -> Axes:
    return getattr(ps, picture)(_made_up(8, "RR", huge=True))


CASES: list[tuple[str, str, Callable[[], Axes]]] = [
    ("funnel", "Knee osteoarthritis, pain at 12 months: contours of significance, Egger's line.", _funnel_pain),
    ("funnel_ratio", "Adverse events: risk ratios, filled studies, PET and PEESE.", _funnel_harms),
    ("funnel_hundred", "A hundred made-up odds ratios against their precision.", _funnel_hundred),
    ("radial", "Galbraith's plot with the arc of effects: pain at 12 months.", partial(_radial, "MD")),
    ("radial_ratio", "The same for adverse events, a ratio.", partial(_radial, "RR")),
    ("radial_hundred", "A hundred made-up odds ratios, a common effect.", _radial_hundred),
    ("baujat", "Which trials make the heterogeneity of pain, and which move the result.", partial(_baujat, "MD")),
    ("influence", "Eight diagnostics of every trial, with their cutoffs.", partial(_influence, "MD")),
    ("influence_ratio", "The same for adverse events.", partial(_influence, "RR")),
    ("gosh", "All 65,535 subsets of the trials of pain: one trial parts them.", _gosh_pain),
    ("gosh_million", "All subsets of 20 trials of adverse events: more than a million.", _gosh_harms),
    ("drapery", "P-value functions of all trials and of the pooled effect.", partial(_drapery, "MD")),
    ("drapery_ratio", "The same for adverse events.", partial(_drapery, "RR")),
    ("labbe", "Rates of adverse events: lines of equal risk ratio.", partial(_labbe, "RR")),
    ("labbe_odds", "The same with odds ratios.", partial(_labbe, "OR")),
    ("labbe_difference", "The same with risk differences.", partial(_labbe, "RD")),
    ("raindrop", "What every trial says about pain, as a likelihood.", partial(_raindrop, "MD")),
    ("raindrop_ratio", "The same for adverse events.", partial(_raindrop, "RR")),
    ("orchard", "Pain by cell source; one group is a single trial.", _orchard_pain),
    ("orchard_ratio", "Adverse events by comparator, intervals beyond the axis.", _orchard_harms),
    ("bubble", "Adverse events by year of publication.", _bubble_harms),
    ("bubble_dose", "Pain by dose, where the dose is known: six trials.", _bubble_dose),
    ("resampling", "Adverse events: the pooled risk ratio over 5,000 bootstrap samples.", _bootstrap),
    ("resampling_signs", "Pain: the test statistic under all changes of signs.", _signs),
    *((f"{name}_one", "One study.", partial(_one_study, name)) for name in ("funnel", "radial", "drapery", "raindrop")),
    *((f"{name}_huge", "One interval is hopelessly wide.", partial(_huge_interval, name))
      for name in ("funnel", "radial", "baujat", "influence_plot", "drapery", "raindrop", "orchard")),
]  # fmt: skip
