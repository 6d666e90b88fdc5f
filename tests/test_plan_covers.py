"""The plan holds every field of the map that has poolable pain, at every follow-up window, and the empty ones."""

import csv
import dataclasses

import painsynth as ps
import pytest
from conftest import ROOT
from painsynth.report.parameters import read_parameters

WINDOWS = (3, 6, 12, 24, 60)  # months, the review windows of `Question`


@pytest.fixture(scope="module")
def plan():
    with (ROOT / "notebooks" / "plan.csv").open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["notebook"] == "02_pool" and not row["measure"]]


@pytest.fixture(scope="module")
def evidence():
    return ps.load_evidence(ROOT / "data")


def asked(plan):
    return {(row["condition"], row["msc_source"], float(row["months"])) for row in plan if not row["comparator"]}


def test_every_field_with_poolable_pain_has_a_run(plan, evidence):
    some = evidence.coverage().query("poolable > 0")  # the widest set any pain question can draw on
    fields = {(row.condition, word) for row in some.itertuples() for word in ("", row.msc_source)}
    missing = []
    for condition, source in sorted(fields):
        for months in WINDOWS:
            table = ps.compare(evidence, ps.Question(condition=condition, msc_source=source, months=months))
            if len(table) and (condition, source, float(months)) not in asked(plan):
                missing.append((condition, source, months))
    assert not missing, f"poolable, but not in notebooks/plan.csv: {missing}"


def test_every_condition_on_file_with_randomised_trials_has_a_run_empty_or_not(plan, evidence):
    """Conditions with three or more randomised trials: a reader looks for them, also where nothing can be pooled."""
    counts = evidence.studies.query("design == 'rct'")["condition"].value_counts()
    assert set(counts[counts >= 3].index) <= {row["condition"] for row in plan}


@pytest.mark.parametrize("name", ["01_belief", "02_pool", "03_compare", "04_when", "05_for_whom"])
def test_the_notebooks_defaults_are_the_question_s_own(name):
    """An empty cell of the plan means the notebook's default: one that was changed and saved would change every run."""
    read = read_parameters(ROOT / "notebooks" / f"{name}.ipynb")
    known = {parameter: read[parameter].default for parameter in read}
    own = {field.name: field.default for field in dataclasses.fields(ps.Question) if field.name in known}
    own |= {"condition": "knee_osteoarthritis", "tau2": "REML", "ci": "HKSJ", "level": 0.95}
    for parameter, value in own.items():
        meant = None if known[parameter] in ("any", "") else known[parameter]
        assert meant == (None if value == "any" else value), parameter
