"""Tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import painsynth as ps
import pandas as pd

EVIDENCE = ps.load_evidence(Path(__file__).resolve().parent.parent / "data")
KNEE = ps.Question(condition="knee_osteoarthritis", months=12)


def characteristics():
    """Trials in a pool."""
    comparisons = ps.compare(EVIDENCE, KNEE)
    return ps.characteristics_table(EVIDENCE, comparisons, title="Trials of pain in knee osteoarthritis at 12 months")


def characteristics_of_one_condition():
    """Trials of a condition, poolable or not."""
    return ps.characteristics_table(EVIDENCE, condition="degenerative_disc_disease")


def results():
    """One row per condition and source."""
    question = ps.Question(condition="any", months=12)
    title = "Pain at 12 months by condition and cell source"
    return ps.results_table(ps.results_by(EVIDENCE, question), title=title)


def results_of_groups():
    """Subgroups of one pool."""
    effects = ps.effects(ps.compare(EVIDENCE, KNEE))
    return ps.results_table(ps.pool_by(effects, "comparator"), title="Pain at 12 months by comparator")


def sensitivity():
    """Whether the conclusion survives other choices."""
    return ps.sensitivity_table(ps.pool(ps.effects(ps.compare(EVIDENCE, KNEE))))


def left_out():
    """Trials left out, with reasons."""
    return ps.excluded_table(ps.compare(EVIDENCE, KNEE), EVIDENCE)


def ledger():
    """Rows of the files that were not used."""
    return ps.ledger_table(ps.compare(EVIDENCE, KNEE))


def hard_results():
    """One trial, huge intervals, long and non-Latin names, a reason in place of a number."""
    trials = pd.DataFrame({
        "study": ["Þórðarson 2020", "许 2021", "Ash 2022"], "yi": np.log([0.9, 1.1, 250.0]), "vi": [0.01, 0.02, 12.0],
        "n1i": [1200.0, 900.0, np.nan], "n2i": [1180.0, 910.0, 4.0],
    })  # fmt: skip
    trials.attrs["measure"] = "RR"
    return ps.results_table({
        ("Early", "All trials"): ps.pool(trials),
        ("Early", "Two trials that agree"): ps.pool(trials[:2]),
        ("Early", "One trial of four patients with a very wide interval"): ps.pool(trials[2:]),
        ("Late", "脐带 (umbilical cord), allogeneic & culture-expanded"): "no trial on file",
    }, title="Ratios: serious adverse events", first_column="Trials pooled")  # fmt: skip


CASES = [
    ("table_characteristics", "Characteristics of the trials in a pool; unknown cells stay visibly empty",
     characteristics),
    ("table_characteristics_condition", "Characteristics of all trials of a condition, poolable or not",
     characteristics_of_one_condition),
    ("table_results", "Pooled pain by condition and cell source; where nothing can be pooled, why", results),
    ("table_results_groups", "Subgroups side by side, one-trial groups with their warning", results_of_groups),
    ("table_results_hard", "Hard case: ratios, huge intervals, one trial, names in other scripts", hard_results),
    ("table_sensitivity", "Sensitivity analyses: what changes, and whether the conclusion does", sensitivity),
    ("table_excluded", "Trials left out, why, and what their reports say", left_out),
    ("table_ledger", "Rows on file that were not used, counted by reason", ledger),
]  # fmt: skip
