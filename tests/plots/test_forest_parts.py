"""Columns by name, groups, second models, what was not pooled, dots of bias, sensitivity tables, speaking rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from painsynth.errors import NothingToPool, PainsynthError
from painsynth.plots.forest import forest
from painsynth.sensitivity.alternatives import other_methods
from painsynth.sensitivity.subsets import cumulate, leave_one_out
from painsynth.stats.pool import pool
from painsynth.stats.regress import regress
from painsynth.stats.subgroups import pool_by
from painsynth.stats.trim_fill import trim_and_fill
from plots.plot_looks import drawn, outside, overlapping, words
from plots.plot_stubs import trials


@pytest.fixture(scope="module")
def table():
    out = trials(9)
    out["year"] = [2019, 2015, 2018, 2017, 2022, 2020, 2021, 2016, 2023]
    out["value_type"] = ["endpoint"] * 7 + ["change_from_baseline"] * 2
    out["doi"] = [f"10.1000/{i}" if i else "" for i in range(9)]
    out["location"] = "Table 2"
    out["rows"] = [f"outcomes.csv {i + 2}" for i in range(9)]
    out.attrs["excluded"] = pd.DataFrame({
        "study": ["Left 2001", "Elsewhere 2002"], "reason": ["no_spread", "cells from bone marrow"],
        "kind": ["not usable", "not asked"], "direction_reported": ["no_difference", ""],
    })  # fmt: skip
    return out


def near(axes):
    return {text.get_text(): text.get_position() for text in axes.texts}


def ends(axes, label="diamonds"):
    shapes = [path.vertices[:, 0] for shape in drawn(axes, label) for path in shape.get_paths()]
    return [(x.min(), x.max()) for x in shapes]


def test_columns_stand_on_the_side_that_was_asked_for(table):
    axes = forest(pool(table), columns={"left": ["weight", "n"], "right": ["months", "estimate"]})
    place = near(axes)
    left, right = place["Weight"][0], place["Months"][0]
    panel = axes.get_position().x0 * axes.figure.get_size_inches()[0] * 72
    assert left < place["n"][0] < panel < right
    assert "Mean" not in words(axes).split("\n")
    with pytest.raises(PainsynthError, match="'left' and 'right', not 'middle'"):
        forest(pool(table), columns={"middle": ["n"]})
    with pytest.raises(PainsynthError, match="'events' needs ai"):
        forest(pool(table), columns=["events"])


def test_changes_are_told_apart_from_scores(table):
    axes = forest(pool(table))
    marked = [name for name in near(axes) if name.endswith(" †")]
    assert marked == [f"{name} †" for name in table["study"][-2:]]
    assert "† Change from baseline" in words(axes)
    assert "†" not in words(forest(pool(table.iloc[:7])))
    assert "change" in near(forest(pool(table), columns=["value_type"]))


def test_flags_are_letters_with_a_key(table):
    text = words(forest(pool(table))).replace("\n", " ")
    assert "Flags: a " in text and "SD imputed same trial" in text and "scale inferred" in text
    assert "Flags" not in words(forest(pool(table.assign(flags=""))))


def test_groups_stand_by_weight_or_number_and_one_study_is_not_pooled(table):
    table = table.assign(group=["x", "y", "y", "y", "z", "z", "not_reported", "not_reported", "not_reported"])
    text = words(forest(pool_by(table, "group")))
    assert text.index("Subtotal, y") < text.index("Subtotal, z") < text.index("Subtotal, not reported")
    assert "Subtotal, x" not in text and text.count("One study: nothing was pooled") == 1
    table["dose"] = [100.0] * 4 + [20.0] * 3 + [5.0] * 2
    text = words(forest(pool_by(table, "dose")))
    assert text.index("Subtotal, 5") < text.index("Subtotal, 20") < text.index("Subtotal, 100")
    text = words(forest(pool_by(table, "dose"), order="given"))
    assert text.index("Subtotal, 100") < text.index("Subtotal, 20") < text.index("Subtotal, 5")


def test_both_models(table):
    fit = pool(table)
    axes = forest(fit, models=("common", "random"))
    assert np.allclose(ends(axes), [fit.ci])
    assert np.allclose(ends(axes, "diamonds, other model"), [pool(table, model="common").ci])
    assert "Random-effects model" in near(axes) and "Common-effect model" in near(axes)
    with pytest.raises(PainsynthError, match="give any of common, random"):
        forest(fit, models=("fixed",))


def test_shaded_prediction_and_band(table):
    fit = pool(table)
    axes = forest(fit, prediction="shaded", band=True, mid=10)
    assert ends(axes, "prediction") == [pytest.approx(fit.pi)]
    (whole,) = ends(axes, "density")
    assert whole[0] < fit.pi[0] and fit.pi[1] < whole[1]
    (band,) = [patch for patch in axes.patches if patch.get_label() == "band"]
    assert (band.get_x(), band.get_x() + band.get_width()) == (-10, 10)
    assert "prediction interval" not in words(forest(fit, prediction="none")).split("Heterogeneity")[0]


def test_what_was_not_pooled_is_listed_with_its_reason(table):
    axes = forest(pool(table), excluded=True)
    text = words(axes)
    assert "Not pooled (1 trial or reports)" in text or "Not pooled (1 " in text
    assert "Left 2001" in text and "no spread; its report: no difference" in text and "Elsewhere" not in text
    assert near(axes)["Left 2001"][1] > axes.get_ylim()[0], "below the axis: no estimate is suggested"
    assert "Elsewhere 2002" in words(forest(pool(table), excluded=table.attrs["excluded"]))
    assert "Left 2001" not in words(forest(pool(table)))
    with pytest.raises(PainsynthError, match="give a table with study and reason"):
        forest(pool(trials(3)), excluded=True)


def test_dots_of_bias_stand_beside_their_study(table):
    rob = pd.DataFrame({"study": table["study"][:-1], "domain": "D1", "judgement": ["low", "high"] * 4})
    axes = forest(pool(table), risk_of_bias=rob)
    rows = {text.removesuffix(" †"): y for text, (_, y) in near(axes).items()}
    found = {label: [line.get_ydata()[0] for line in axes.lines if line.get_label() == f"bias {label}"]
             for label in ("low", "high", "no_information")}  # fmt: skip
    assert [len(found[label]) for label in ("low", "high", "no_information")] == [5, 5, 2], "studies and the key"
    assert abs(min(found["no_information"]) - rows[table["study"].iloc[-1]]) < 5, "a study without a row is seen"
    assert "D1 randomisation process" in words(axes)
    with pytest.raises(PainsynthError, match="judges none of the studies"):
        forest(pool(trials(3, label="Other")), risk_of_bias=rob)
    with pytest.raises(PainsynthError, match="judgement = 'fine'"):
        forest(pool(table), risk_of_bias=rob.assign(judgement="fine"))


@pytest.mark.parametrize("of", ["leave_one_out", "cumulate"])
def test_sensitivity_tables(table, of):
    rows = {"leave_one_out": leave_one_out, "cumulate": cumulate}[of](table)
    axes = forest(rows, mid=10)
    assert overlapping(axes.figure) == [] and outside(axes.figure) == []
    fit, text = pool(table), words(axes)
    (line,) = drawn(axes, "whole")
    assert line.get_segments()[0][0, 0] == pytest.approx(fit.estimate)
    assert "Weight" not in text and "I²" in text
    if of == "cumulate":
        assert f"+ {table['study'].iloc[1]} (2015)" in text.split("\n")
    else:
        assert f"Omitting {table['study'].iloc[0]}" in text and np.allclose(ends(axes), [fit.ci])
    assert (drawn(axes, "squares")[0].get_offsets()[:, 0] == rows["estimate"]).all()


def test_ratios_and_other_methods_stand_on_the_natural_scale():
    table = trials(7, arms="events")
    table.attrs["measure"] = "RR"
    fit = pool(table).back()
    for rows in (leave_one_out(table), other_methods(table), fit.rows()):
        axes = forest(rows)
        assert axes.get_xscale() == "log" and "Risk ratio" in words(axes)
    axes = forest(leave_one_out(table))
    assert drawn(axes, "whole")[0].get_segments()[0][0, 0] == pytest.approx(fit.estimate)
    assert "REML, HKSJ-guarded" in words(forest(other_methods(table)))


def test_an_effects_table_is_drawn_without_a_diamond(table):
    axes = forest(table)
    assert drawn(axes, "diamonds") == [] and len(drawn(axes, "squares")[0].get_offsets()) == 9


def test_trim_and_fill_and_records_without_a_pool(table):
    filled = trim_and_fill(table)
    axes = forest(filled)
    assert np.allclose(ends(axes), [filled.fit.ci])
    with pytest.raises(PainsynthError, match="a Regression has no pooled effect"):
        forest(regress(table, "year"))


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(PainsynthError, match="None often means that nothing could be pooled"):
        forest(None)
    with pytest.raises(NothingToPool, match="at least one row"):
        forest(trials(3).iloc[:0])
    with pytest.raises(PainsynthError, match="needs label, estimate, ci_low, ci_high; it has a"):
        forest(pd.DataFrame({"a": [1]}))


def test_rows_tell_what_was_extracted_where_and_lead_to_the_trial(table):
    svg = forest(pool(table)).figure.svg()
    assert 'href="https://doi.org/10.1000/3"' in svg and svg.count("<a ") == 8
    row = table.iloc[3]
    assert f"MSC: n {row['n1i']}, mean {row['m1i']:.4g}".replace("-", "−") in svg
    assert "Table 2; outcomes.csv 5" in svg and "change from baseline" in svg
