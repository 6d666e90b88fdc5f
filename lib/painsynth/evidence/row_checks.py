"""Rules that need more than one cell: quartiles in order, scores inside their scale, arms that fit their trial."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import pandas as pd

from painsynth.errors import Fault
from painsynth.evidence.checks import did_you_mean
from painsynth.evidence.vocabularies import EVENT_PREFIXES, EVENTS, REASONS

Tables = Mapping[str, pd.DataFrame]


def row_faults(tables: Tables) -> Iterator[Fault]:
    """Yield every fault that shows only when cells are read together. Numbers are floats, empty cells NaN."""
    if "outcomes" in tables:
        yield from _outcomes(tables)
        yield from _scales(tables)
    if "contrasts" in tables:
        yield from _contrasts(tables["contrasts"])
    if "events" in tables:
        yield from _events(tables["events"])
    if "arms" in tables:
        yield from _arms(tables)
        yield from _ownership(tables)
    if "instruments" in tables:
        yield from _instruments(tables["instruments"])
    if "excluded" in tables:
        yield from _excluded(tables)


def size_doubts(tables: Tables) -> Iterator[Fault]:
    """Yield rows with more people than their arm has randomised: a misprint, or knees counted for patients."""
    if "arms" not in tables:
        return
    randomised = tables["arms"].drop_duplicates("arm_id").set_index("arm_id")["n_randomised"]
    counts = [("outcomes", "arm_id", "n"), ("events", "arm_id", "total"), ("contrasts", "control_arm_id", "n_control"),
              ("contrasts", "experimental_arm_id", "n_experimental")]  # fmt: skip
    for name, arm, column in counts:
        if name not in tables:
            continue
        limit = tables[name][arm].map(randomised)
        for row in tables[name].index[tables[name][column] > limit]:
            yield Fault(f"{name}.csv", row, column, _show(tables[name].at[row, column]),
                        f"more than the {_show(limit[row])} randomised to {tables[name].at[row, arm]}",
                        "compare with arms.csv; are both counts of patients?")  # fmt: skip


def _show(value: float) -> str:
    return "" if pd.isna(value) else f"{value:g}"


def _ordered(row, names: list[str]) -> tuple[str, str] | None:
    """Return the first neighbouring pair that is out of order, skipping empty cells."""
    present = [name for name in names if not pd.isna(getattr(row, name))]
    for low, high in itertools.pairwise(present):
        if getattr(row, low) > getattr(row, high):
            return low, high
    return None


def _outcomes(tables: Tables) -> Iterator[Fault]:
    for row in tables["outcomes"].itertuples():
        for names in (["minimum", "q1", "median", "q3", "maximum"], ["ci_low", "ci_high"]):
            wrong = _ordered(row, names)
            if wrong:
                low, high = wrong
                value = f"{_show(getattr(row, low))} and {_show(getattr(row, high))}"
                yield Fault("outcomes.csv", row.Index, f"{low}, {high}", value, f"{low} is above {high}",
                            "check the paper: minimum, q1, median, q3, maximum; ci_low, ci_high")  # fmt: skip
        flags = row.flags.split("|")
        centre = row.median if "ci_of_median" in flags or pd.isna(row.mean) else row.mean
        if (row.ci_low > centre or row.ci_high < centre) and "ci_inconsistent" not in flags:
            yield Fault("outcomes.csv", row.Index, "ci_low, ci_high", f"{_show(row.ci_low)} to {_show(row.ci_high)}",
                        f"the interval does not contain its centre {_show(centre)}",
                        "check the paper; if it is printed so, add the flag ci_inconsistent")  # fmt: skip
        if pd.isna(row.mean) and pd.isna(row.median):
            yield Fault("outcomes.csv", row.Index, "mean, median", "", "the row has neither mean nor median",
                        "enter one of them, or remove the row")  # fmt: skip
        if row.value_type != "endpoint" and row.months == 0:
            yield Fault("outcomes.csv", row.Index, "value_type", row.value_type, "a change cannot stand at month 0",
                        "enter the months after treatment, or endpoint for a baseline score")  # fmt: skip


def _scales(tables: Tables) -> Iterator[Fault]:
    if "instruments" not in tables:
        return
    scales = tables["instruments"].drop_duplicates("instrument").set_index("instrument").to_dict("index")
    for row in tables["outcomes"].itertuples():
        if row.instrument not in scales:
            continue
        low, high = (scales[row.instrument][end] for end in ("minimum", "maximum"))
        allowed = f"{row.instrument} runs from {_show(low) or '?'} to {_show(high) or '?'}"
        for name in ("mean", "median", "q1", "q3", "minimum", "maximum"):
            value = getattr(row, name)
            if row.value_type == "endpoint" and (value < low or value > high):
                yield Fault("outcomes.csv", row.Index, name, _show(value), f"outside the scale: {allowed}",
                            "check the number and the instrument")  # fmt: skip
            if row.value_type != "endpoint" and abs(value) > high - low:
                yield Fault("outcomes.csv", row.Index, name, _show(value), f"a change larger than the scale: {allowed}",
                            "check the number, the instrument and value_type")  # fmt: skip
        if row.sd > high - low:
            yield Fault("outcomes.csv", row.Index, "sd", _show(row.sd), f"an SD larger than the scale: {allowed}",
                        "check the number and the instrument")  # fmt: skip


def _contrasts(frame: pd.DataFrame) -> Iterator[Fault]:
    for row in frame.itertuples():
        wrong = _ordered(row, ["ci_low", "estimate", "ci_high"])
        if wrong:
            yield Fault("contrasts.csv", row.Index, ", ".join(wrong), _show(row.estimate),
                        f"{wrong[0]} is above {wrong[1]}", "check the paper")  # fmt: skip
        if (row.measure == "p_value_only") != pd.isna(row.estimate):
            yield Fault("contrasts.csv", row.Index, "measure, estimate", row.measure,
                        "an estimate goes with every measure but p_value_only", "mend one of the two")  # fmt: skip


def _events(frame: pd.DataFrame) -> Iterator[Fault]:
    for row in frame.itertuples():
        if row.events > row.total:
            yield Fault("events.csv", row.Index, "events, total", f"{_show(row.events)} of {_show(row.total)}",
                        "more events than people", "check both numbers")  # fmt: skip
        if row.event not in EVENTS and not row.event.startswith(EVENT_PREFIXES):
            yield Fault("events.csv", row.Index, "event", row.event, "not a known event",
                        f"{did_you_mean(row.event, EVENTS)}use one of {', '.join(EVENTS)}, or begin with "
                        + ", ".join(f"'{prefix}'" for prefix in EVENT_PREFIXES))  # fmt: skip


def _arms(tables: Tables) -> Iterator[Fault]:
    for row in tables["arms"].itertuples():
        for name in ("msc_source", "donor", "product"):
            if (row.role == "cells") != (getattr(row, name) != ""):
                problem = f"{name} belongs to cell arms, and each cell arm has one"
                remedy = "fill it (not_reported if unknown)" if row.role == "cells" else "empty it"
                yield Fault("arms.csv", row.Index, name, getattr(row, name), problem, remedy)
        if (row.role == "control") != (row.comparator != ""):
            remedy = "fill it (not_reported if unknown)" if row.role == "control" else "empty it"
            yield Fault("arms.csv", row.Index, "comparator", row.comparator,
                        "comparator belongs to control arms, and each control arm has one", remedy)  # fmt: skip
    if "studies" in tables:
        with_cells = set(tables["arms"].query("role == 'cells'")["study_id"])
        for row in tables["studies"].itertuples():
            if row.study_id not in with_cells:
                yield Fault("studies.csv", row.Index, "study_id", row.study_id, "the trial has no cell arm",
                            "enter its arms in arms.csv")  # fmt: skip


def _ownership(tables: Tables) -> Iterator[Fault]:
    """Yield rows whose arm belongs to another trial or plays the wrong part."""
    arms = tables["arms"].drop_duplicates("arm_id").set_index("arm_id").to_dict("index")
    uses = [("outcomes", "arm_id", ""), ("events", "arm_id", ""), ("contrasts", "experimental_arm_id", "cells"),
            ("contrasts", "control_arm_id", "control")]  # fmt: skip
    for name, column, role in uses:
        if name not in tables:
            continue
        for row, (study, arm) in zip(tables[name].index, tables[name][["study_id", column]].values, strict=True):
            if arm not in arms:
                continue
            if arms[arm]["study_id"] != study:
                yield Fault(f"{name}.csv", row, column, arm, f"an arm of {arms[arm]['study_id']}, not of {study}",
                            "mend the arm or the trial")  # fmt: skip
            elif role and arms[arm]["role"] != role:
                yield Fault(f"{name}.csv", row, column, arm, f"the arm's role is {arms[arm]['role']}, not {role}",
                            "mend the arm")  # fmt: skip
    for row in tables["arms"].itertuples():
        for part in filter(None, row.combined_from.split("|")):
            if part == row.arm_id or row.combined_from.split("|").count(part) > 1:
                yield Fault("arms.csv", row.Index, "combined_from", row.combined_from,
                            "an arm is combined with itself", "name each component once")  # fmt: skip
            if part in arms and (arms[part]["study_id"] != row.study_id or arms[part]["role"] != row.role):
                yield Fault("arms.csv", row.Index, "combined_from", part,
                            "a component of another trial or role", "name arms of the same trial and role")  # fmt: skip


def _instruments(frame: pd.DataFrame) -> Iterator[Fault]:
    for row in frame.itertuples():
        if row.minimum >= row.maximum:
            yield Fault("instruments.csv", row.Index, "minimum, maximum", f"{_show(row.minimum)}, {_show(row.maximum)}",
                        "the minimum is not below the maximum", "direction stands in higher_is_worse")  # fmt: skip
        if not pd.isna(row.mid) and row.mid_source == "":
            yield Fault("instruments.csv", row.Index, "mid_source", "", "this difference needs its source",
                        "cite it, or say that it is an assumption")  # fmt: skip


def _excluded(tables: Tables) -> Iterator[Fault]:
    trials = set(tables["studies"]["study_id"]) if "studies" in tables else None
    for row in tables["excluded"].itertuples():
        code, _, other = row.reason.partition(" ")
        if code == "duplicate_report_of" and trials is not None and other not in trials:
            yield Fault("excluded.csv", row.Index, "reason", row.reason, "the trial it repeats is not in studies.csv",
                        f"{did_you_mean(other, trials)}name the trial it repeats")  # fmt: skip
        if row.reason.split(" ")[0] not in REASONS:
            yield Fault("excluded.csv", row.Index, "reason", row.reason, "not a known reason",
                        f"{did_you_mean(row.reason, REASONS)}allowed is one of: {', '.join(REASONS)}")  # fmt: skip
