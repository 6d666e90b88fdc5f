"""Sensitivity overview: every analysis a row, the conclusion compared with the main one."""

from __future__ import annotations

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from painsynth.errors import PainsynthError

EFFECTS = pd.DataFrame({
    "study": list("abcde"), "yi": [-12.0, -3.0, -25.0, 2.0, -9.0], "vi": [9.0, 16.0, 12.0, 30.0, 8.0],
    "flags": ["x", "", "x|sd_from_ci", "", "z"],
})  # fmt: skip
DIGITS = 1e-12  # one formula written twice


def test_the_default_holds_methods_left_out_studies_and_doubts():
    fit = ps.pool(EFFECTS)
    table = ps.sensitivity_table(fit)
    sections = [row.group for row in table.rows]
    assert sections == ["Main analysis"] + ["Other methods"] * 12 + ["One study left out"] * 5 + [
        "Doubtful rows left out"] * 4  # fmt: skip
    names = [row.cells[0].text for row in table.rows]
    assert names.count("REML, HKSJ") == 1 and "Without “SD from CI” (c)" in names
    assert "Without any doubt (a, c, e)" in names
    raw = table.raw.set_index("analysis")
    assert raw.at["Without c", "estimate"] == ps.leave_one_out(EFFECTS)["estimate"][2]
    assert raw.at["Without c", "change"] == raw.at["Without c", "estimate"] - fit.estimate


def test_prediction_intervals_are_those_of_the_fits():
    table = ps.sensitivity_table(ps.pool(EFFECTS)).raw.set_index("analysis")
    fit = ps.pool(EFFECTS.drop(index=2))
    assert table.loc["Without c", ["pi_low", "pi_high"]].tolist() == pytest.approx(fit.pi, rel=DIGITS)
    assert table.loc["DL, Wald", ["pi_low", "pi_high"]].tolist() == list(ps.pool(EFFECTS, tau2="DL", ci="Wald").pi)
    assert np.isnan(table.at["Common effect, Wald", "pi_low"])


def test_a_changed_conclusion_is_said_and_counted():
    table = ps.sensitivity_table(ps.pool(EFFECTS, model="common"), {"Random effects": ps.pool(EFFECTS)})
    assert table.raw["conclusion"].tolist() == ["favours cells", "interval includes no effect"]
    assert table.rows[1].cells[-1].text == "yes" and table.rows[1].strong
    assert table.notes[0] == "1 of 1 other analyses comes to another conclusion (in bold)."


def test_ratios_are_compared_as_ratios():
    effects = pd.DataFrame({"study": list("abc"), "yi": np.log([2.0, 2.5, 3.0]), "vi": [0.01] * 3})
    effects.attrs |= {"measure": "RR", "lower_is_better": False}
    fit = ps.pool(effects, ci="Wald")
    table = ps.sensitivity_table(fit, {"One left out": ps.leave_one_out(effects, ci="Wald")})
    assert table.columns[4].label == "Ratio to main" and set(table.raw["conclusion"]) == {"favours cells"}
    assert table.raw["estimate"][0] == pytest.approx(np.exp(fit.estimate), rel=DIGITS)
    assert table.raw["change"][1] == pytest.approx(np.exp(ps.leave_one_out(effects)["estimate"][0] - fit.estimate))


def test_nothing_left_to_pool_keeps_its_row():
    table = ps.sensitivity_table(ps.pool(EFFECTS.assign(flags="x")))
    last = [cell.text for cell in table.rows[-1].cells]
    assert last[1:] == ["0", "–", "–", "–", "nothing is left to pool", "–"]
    assert table.raw["changed"].iloc[-1] == ""


def test_one_study_and_cumulative_tables():
    one = ps.sensitivity_table(ps.pool(EFFECTS[:1].drop(columns="flags")))
    assert {row.group for row in one.rows} == {"Main analysis", "Other methods"}
    by_year = ps.cumulate(EFFECTS.assign(year=range(5)))
    table = ps.sensitivity_table(ps.pool(EFFECTS), {"As trials came": by_year})
    assert [row.cells[0].text for row in table.rows[1:3]] == ["Up to a", "Up to b"]


def test_other_tables_are_refused():
    fit = ps.pool(EFFECTS)
    with pytest.raises(PainsynthError, match="'what' is not a sensitivity analysis"):
        ps.sensitivity_table(fit, {"what": EFFECTS})
    other = EFFECTS.copy()
    other.attrs["measure"] = "SMD"
    with pytest.raises(PainsynthError, match="compare like with like"):
        ps.sensitivity_table(fit, {"other": ps.pool(other)})


def test_a_method_of_its_own_is_not_redone_by_another():
    counts = pd.DataFrame({"study": list("abc"), "ai": [3, 5, 2], "n1i": [30, 40, 25], "ci": [6, 9, 3],
                           "n2i": [30, 42, 25]})  # fmt: skip
    fit = ps.pool_mh(counts, measure="OR")
    with pytest.raises(PainsynthError, match=r"'Mantel-Haenszel' cannot be redone.*analyses="):
        ps.sensitivity_table(fit)
    table = ps.sensitivity_table(fit, {"Peto": ps.pool_mh(counts[1:], measure="OR")})
    assert [row.cells[0].text for row in table.rows] == ["Mantel-Haenszel"] * 2
    assert ps.results_table({"All": fit}).rows[0].cells[1].text == "3"
