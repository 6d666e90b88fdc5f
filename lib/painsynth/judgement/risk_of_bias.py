"""Risk of bias of each trial: a reader's judgement where there is one, else the provisional one by rule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from painsynth.judgement.bias_rules import Facts, judge, overall

if TYPE_CHECKING:
    from painsynth.evidence.tables import Evidence

RULE = "rule"
COLUMNS = ["study_id", "tool", "domain", "judgement", "support", "assessor", "rule"]
DOMAINS = {
    "RoB 2": {
        "D1": "Randomisation process", "D2": "Deviations from intended interventions", "D3": "Missing outcome data",
        "D4": "Measurement of the outcome", "D5": "Selection of the reported result", "overall": "Overall",
    },
    "ROBINS-I": {
        "D1": "Confounding", "D2": "Selection of participants", "D3": "Classification of interventions",
        "D4": "Deviations from intended interventions", "D5": "Missing data", "D6": "Measurement of outcomes",
        "D7": "Selection of the reported result", "overall": "Overall",
    },
}  # fmt: skip


def propose_risk_of_bias(evidence: Evidence, studies: Iterable[str] | None = None) -> pd.DataFrame:
    """Judge every controlled trial by rule, from recorded design facts only; provisional by its nature.

    Parameters
    ----------
    evidence : Evidence
    studies : iterable of str, optional
        Identifiers (``study_id``) of the trials to judge; by default all.

    Returns
    -------
    DataFrame
        The columns of `risk_of_bias.csv`: study_id, tool, domain, judgement, support, assessor (``rule``), rule. One
        row per domain and one ``overall`` per trial. Trials without a control group are not judged.

    Examples
    --------
    >>> import painsynth as ps
    >>> ps.propose_risk_of_bias(ps.load_evidence())         # doctest: +SKIP
    """
    trials = evidence.studies
    if studies is not None:
        trials = trials[trials["study_id"].isin(set(studies))]
    pain = evidence.outcomes[(evidence.outcomes["outcome"] == "pain") & (evidence.outcomes["months"] > 0)]
    arms_of, pain_of = evidence.arms.groupby("study_id"), pain.groupby("study_id")
    rows = []
    for _, trial in trials.iterrows():
        if trial["design"] not in ("rct", "nonrandomised"):
            continue
        name = trial["study_id"]
        own = pain_of.get_group(name) if name in pain_of.groups else pain.iloc[:0]
        facts = Facts(trial, arms_of.get_group(name) if name in arms_of.groups else evidence.arms.iloc[:0], own)
        rows += [{"study_id": name, "assessor": RULE, **row} for row in judge(facts)]
    return pd.DataFrame(rows, columns=COLUMNS)


def risk_of_bias(evidence: Evidence, studies: Iterable[str] | None = None) -> pd.DataFrame:
    """Risk of bias of trials as tables and pictures need it: one judgement per trial and domain.

    A row by a person stands instead of the row by rule; where only some domains were judged by a person, ``overall`` is
    worked out anew from all of them (unless that person judged it too). Where several persons judged a domain, the
    last row in `risk_of_bias.csv` counts.

    Parameters
    ----------
    evidence : Evidence
        Its `risk_of_bias` table; trials that are not in it are judged by rule.
    studies : iterable of str, optional
        Identifiers (``study_id``) to keep, in this order; by default every controlled trial.

    Returns
    -------
    DataFrame
        study (label), study_id, tool, domain, judgement, support, rule, assessor.

    Examples
    --------
    >>> import painsynth as ps
    >>> ps.risk_of_bias(ps.load_evidence(), ["vega_2015"])  # doctest: +SKIP
    """
    labels = evidence.studies.set_index("study_id")["label"]
    wanted = list(dict.fromkeys(studies)) if studies is not None else list(labels.index)
    rows = pd.concat([propose_risk_of_bias(evidence, wanted), evidence.risk_of_bias], ignore_index=True)
    rows["own"] = rows["assessor"] != RULE
    rows = rows.sort_values("own", kind="stable").drop_duplicates(["study_id", "domain"], keep="last")
    parts = [_settled(rows[rows["study_id"] == name]) for name in wanted]
    table = pd.concat([part for part in parts if len(part)] or [rows.iloc[:0]], ignore_index=True)
    table.insert(0, "study", table["study_id"].map(labels))
    return table[["study", "study_id", "tool", "domain", "judgement", "support", "rule", "assessor"]]


def _settled(rows: pd.DataFrame) -> pd.DataFrame:
    """Put the domains in order; work the overall judgement out anew where a person changed a domain only."""
    if rows.empty:
        return rows
    tool = rows["tool"].iloc[-1]
    rows = rows[rows["tool"] == tool].set_index("domain")
    rows = rows.loc[[name for name in DOMAINS[tool] if name in rows.index]].reset_index()
    last = rows["domain"] == "overall"
    if rows.loc[~last, "own"].any() and not rows.loc[last, "own"].any():
        found = dict(rows.loc[~last, ["domain", "judgement"]].itertuples(index=False))
        anew = overall(found, randomised=tool == "RoB 2")
        rows.loc[last, list(anew)] = list(anew.values())
    return rows
