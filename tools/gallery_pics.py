"""Pictures of the whole review: time, choices, gaps, risk of bias, and the flow of reports, with hard cases."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
import painsynth as ps
import pandas as pd
from matplotlib.axes import Axes


@lru_cache(maxsize=1)
def _evidence() -> ps.Evidence:
    return ps.load_evidence()


def _knee(months: float, **how) -> pd.DataFrame:
    question = ps.Question(condition="knee_osteoarthritis", months=months, **how)
    return ps.effects(ps.compare(_evidence(), question))


def _time_course() -> Axes:
    return ps.time_course({months: ps.pool_by(_knee(months), "msc_source") for months in (3, 6, 12, 24)}, mid=10)


def _time_course_together() -> Axes:
    return ps.time_course({months: ps.pool(_knee(months)) for months in (3, 6, 12, 24)}, mid=10)


def _time_course_many() -> Axes:
    rng = np.random.default_rng(0)
    groups = ("adipose", "bone_marrow", "umbilical_cord", "placenta", "cord_blood")
    rows = [
        {"group": group, "months": months, "k": int(rng.integers(1, 130)), "estimate": at, "ci_low": at - half,
         "ci_high": at + half}
        for group, months in itertools.product(groups, (1, 3, 6, 12, 24, 60))
        for at, half in [(rng.normal(-10, 8), rng.gamma(2, 5))]
    ]  # fmt: skip
    rows[4]["ci_high"] = 900.0
    return ps.time_course(pd.DataFrame(rows), mid=10)


def _time_course_one() -> Axes:
    row = {"group": "A group with a name that takes its time to be read", "months": 12, "k": 1, "estimate": 0.8,
           "ci_low": 0.2, "ci_high": 9.0}  # fmt: skip
    return ps.time_course(pd.DataFrame([row]), measure="RR", mid=1.25)


@lru_cache(maxsize=1)
def _specifications() -> pd.DataFrame:
    rows = []
    for months, comparator, value_type in itertools.product((6, 12), (None, "saline"), ("any", "endpoint")):
        table = _knee(months, comparator=comparator, value_type=value_type)
        for blinded in (False, True):
            effects = table[table["participants_blinded"] == "yes"] if blinded else table
            for tau2, ci in itertools.product(("REML", "DL", "PM", "SJ"), ("HKSJ", "Wald")):
                if len(effects) > 1:
                    fit = ps.pool(effects, tau2=tau2, ci=ci)
                    rows.append({"months": months, "comparator": comparator or "any", "values": value_type,
                                 "blinded trials only": blinded, "estimator of tau2": tau2, "interval": ci,
                                 "estimate": fit.estimate, "ci_low": fit.ci[0], "ci_high": fit.ci[1]})  # fmt: skip
    frame = pd.DataFrame(rows)
    frame.attrs.update({key: table.attrs[key] for key in ("measure", "question")})
    return frame


def _specification_curve() -> Axes:
    main = {"months": 12, "comparator": "any", "values": "any", "blinded trials only": False,
            "estimator of tau2": "REML", "interval": "HKSJ"}  # fmt: skip
    return ps.specification_curve(_specifications(), main=main, mid=10)


def _specification_curve_made_up(n: int) -> Axes:
    rng = np.random.default_rng(1)
    choices = {f"choice {name}": rng.integers(1, 3 + i % 3, n) for i, name in enumerate("ABCDEF")}
    estimate = -8 + sum((i + 1) * 0.7 * (x - 2) for i, x in enumerate(choices.values())) + rng.normal(0, 1, n)
    half = rng.gamma(9, 0.7, n)
    table = pd.DataFrame(choices | {"estimate": estimate, "ci_low": estimate - half, "ci_high": estimate + half})
    return ps.specification_curve(table, main=0, mid=10)


def _gap_map() -> Axes:
    return ps.gap_map(_evidence())


def _gap_map_certainty() -> Axes:
    evidence, levels = _evidence(), {}
    for cell in evidence.coverage().query("poolable > 0").itertuples():
        question = ps.Question(condition=cell.condition, msc_source=cell.msc_source, months=12)
        table = ps.compare(evidence, question)
        if len(table):
            fit = ps.pool(ps.effects(table))
            levels[cell.condition, cell.msc_source] = ps.certainty(evidence, table, fit).level
    return ps.gap_map(evidence, certainty=levels)


def _gap_map_levels() -> Axes:
    sources = ["adipose", "bone_marrow", "placenta", "cord_blood", "not_reported"]
    table = pd.DataFrame({"condition": "a_painful_condition", "msc_source": sources, "trials": [34, 20, 3, 2, 1],
                          "poolable": [10, 9, 2, 1, 1], "patients": [2500, 1200, 400, 90, 8]})  # fmt: skip
    table["certainty"] = ["high", "moderate", "low", "very_low", "none"]
    return ps.gap_map(table, certainty=table)


def _evidence_map() -> Axes:
    return ps.evidence_map(_evidence())


def _traffic_light(months: float = 12, colours: str = "cochrane") -> Axes:
    judged = ps.risk_of_bias(_evidence(), _knee(months)["study_id"])
    return ps.traffic_light(judged.merge(_evidence().studies[["study_id", "doi"]]), colours=colours)


def _traffic_light_all() -> Axes:
    return ps.traffic_light(ps.risk_of_bias(_evidence()), colours="safe")


def _rob_summary() -> Axes:
    table = _knee(12)
    return ps.rob_summary(ps.risk_of_bias(_evidence(), table["study_id"]), weights=ps.pool(table))


def _rob_summary_all() -> Axes:
    return ps.rob_summary(ps.risk_of_bias(_evidence()), colours="safe")


def _prisma() -> Axes:
    return ps.prisma(ps.prisma_counts(_evidence()))


def _prisma_full() -> Axes:
    return ps.prisma({
        "identified": {"Embase": 1234, "MEDLINE": 998, "CENTRAL": 412, "Registers": 130},
        "removed": {"Duplicate records": 812, "Marked as ineligible by automation tools": 0, "Other reasons": 12},
        "screened": 1950, "screened_out": 1700, "sought": 250, "not_retrieved": 13, "assessed": 237,
        "excluded": {"No control group": 100, "Not mesenchymal stromal cells, or cells never described": 47},
        "other_identified": {"Websites": 5, "Citation searching": 12}, "other_sought": 17, "other_not_retrieved": 2,
        "other_assessed": 15, "other_excluded": {"Second report": 10}, "included": 80, "reports": 95, "pooled": 60,
    })  # fmt: skip


def _claim_board() -> Axes:
    return ps.claim_board(ps.claim_tests(_evidence()), ps.verdicts(_evidence()))


CASES: list[tuple[str, str, Callable[[], Axes]]] = [
    ("time_course", "Pain in knee osteoarthritis over time, by cell source.", _time_course),
    ("time_course_together", "The same with all sources pooled.", _time_course_together),
    ("time_course_many", "Made up: five groups at six times, one interval beyond the axis.", _time_course_many),
    ("time_course_one", "Made up: one trial at one time, a risk ratio.", _time_course_one),
    ("specification_curve", "Pain in knee osteoarthritis under 112 specifications.", _specification_curve),
    ("specification_curve_few", "Made up: ten specifications.", partial(_specification_curve_made_up, 10)),
    ("specification_curve_many", "Made up: 100,000 specifications, drawn in bins.",
     partial(_specification_curve_made_up, 100_000)),
    ("gap_map", "Conditions by cell sources: patients, trials, and gaps.", _gap_map),
    ("gap_map_certainty", "The same, with the certainty of the effect on pain at 12 months.", _gap_map_certainty),
    ("gap_map_levels", "Made up: every level of certainty.", _gap_map_levels),
    ("evidence_map", "Conditions by cell sources: how many trials, and how many can be pooled.", _evidence_map),
    ("traffic_light", "Risk of bias of the trials pooled at 12 months.", _traffic_light),
    ("traffic_light_all", "All controlled trials, in colours for readers who do not tell red from green.",
     _traffic_light_all),
    ("rob_summary", "Risk of bias by weight in the meta-analysis at 12 months.", _rob_summary),
    ("rob_summary_all", "Risk of bias of all controlled trials, unweighted.", _rob_summary_all),
    ("prisma", "The flow of the reports on file; what was never recorded is said.", _prisma),
    ("prisma_full", "Made up: all boxes of the flow diagram, with other methods.", _prisma_full),
    ("claim_board", "Public claims, their tests and what the data say.", _claim_board),
]  # fmt: skip
