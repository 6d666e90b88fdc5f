"""From a table to yi and vi: what each row uses, what is refused, what is said."""

from __future__ import annotations

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from painsynth.errors import EffectsError

ARMS = {"study": ["A 2019", "B 2020", "C 2021"], "n1i": [25, 40, 12], "m1i": [30.0, 25.0, 41.5], "sd1i": [20.0, 18, 22],
        "n2i": [25, 38, 12], "m2i": [45.0, 31.0, 52.0], "sd2i": [22.0, 19, 25]}  # fmt: skip
COUNTS = {
    "study": ["A", "B", "C", "D"],
    "ai": [4, 0, 0, 10],
    "n1i": [20, 15, 12, 10],
    "ci": [8, 3, 0, 9],
    "n2i": [20, 15, 12, 9],
}


@pytest.fixture
def arms() -> pd.DataFrame:
    return pd.DataFrame(ARMS)


@pytest.fixture
def counts() -> pd.DataFrame:
    return pd.DataFrame(COUNTS)


def problems(table, measure="MD", **options) -> str:
    with pytest.raises(EffectsError) as caught:
        ps.effects(table, measure, **options)
    return str(caught.value)


# ---- the shape of the answer


def test_the_table_comes_back_with_two_columns_more(arms):
    arms.attrs = {"question": "pain", "notes": ("before",)}
    arms.index = [7, 3, 5]
    before = arms.copy(deep=True)
    table = ps.effects(arms, "MD")
    pd.testing.assert_frame_equal(arms, before)
    assert list(table.index) == [7, 3, 5]
    assert [c for c in table if c not in arms] == ["yi", "vi", "effect_from"]
    assert table.attrs["measure"] == "MD" and table.attrs["question"] == "pain"
    assert table.attrs["notes"][0] == "before" and table.attrs["options"] == {} and table.attrs["log"] is False
    assert table["yi"].tolist() == [-15, -6, -10.5]
    assert table["vi"].iloc[0] == pytest.approx(20**2 / 25 + 22**2 / 25)


def test_an_empty_table_gives_an_empty_table(arms):
    assert len(ps.effects(arms.iloc[:0], "MD")) == 0


def test_columns_read_as_text_are_numbers_all_the_same(arms):
    pd.testing.assert_series_equal(ps.effects(arms.astype(str), "MD")["vi"], ps.effects(arms, "MD")["vi"])


def test_groups_may_be_given_by_events_and_non_events(counts):
    other = counts.assign(bi=counts["n1i"] - counts["ai"], di=counts["n2i"] - counts["ci"]).drop(columns=["n1i", "n2i"])
    np.testing.assert_allclose(ps.effects(other, "RR")["yi"], ps.effects(counts, "RR")["yi"])


def test_the_size_of_a_divided_control_need_not_be_whole(arms):
    assert ps.effects(arms.assign(n2i=[12.5, 38, 12]), "SMD")["vi"].notna().all()


# ---- reported estimates


def test_each_row_uses_what_it_has(arms):
    table = pd.concat([arms, pd.DataFrame({"study": list("DEFG"), "estimate": -5.0, "se": [2, np.nan, np.nan, np.nan],
                       "ci_low": [np.nan, -9.0, np.nan, -9.0], "ci_high": [np.nan, -1.0, np.nan, -1.0],
                       "p_value": [np.nan, np.nan, 0.02, 0.02], "n1i": [20, 20, 20, np.nan],
                       "n2i": [22, 22, 22, np.nan]})], ignore_index=True)  # fmt: skip
    found = ps.effects(table, "MD")
    assert found["effect_from"].tolist() == ["arm figures"] * 3 + [
        "reported estimate and SE", "reported estimate and CI", "reported estimate and p", "reported estimate and CI",
    ]  # fmt: skip
    se = np.sqrt(found["vi"].to_numpy()[3:])
    assert se[0] == 2
    assert se[1] == pytest.approx(4 / 2.0210754, rel=1e-6), "t with 40 degrees of freedom"
    assert se[2] == pytest.approx(5 / 2.4232568, rel=1e-6), "t with 40 degrees of freedom"
    assert se[3] == pytest.approx(4 / 1.959963985, rel=1e-6), "no sizes: normal"


def test_the_distribution_behind_an_interval_can_be_named():
    row = pd.DataFrame(
        {"study": ["A"], "estimate": [-5.0], "ci_low": [-9.0], "ci_high": [-1.0], "n1i": [20], "n2i": [22]}
    )
    assert np.sqrt(ps.effects(row, "MD", dist="z")["vi"][0]) == pytest.approx(4 / 1.959963985)
    assert np.sqrt(ps.effects(row, "GEN")["vi"][0]) == pytest.approx(4 / 1.959963985)
    assert np.sqrt(ps.effects(row, "MD", level=0.9)["vi"][0]) == pytest.approx(4 / 1.6838510, rel=1e-6)
    assert "needs group sizes" in problems(row.drop(columns="n1i"), "MD", dist="t")


def test_complete_arm_figures_go_before_a_reported_estimate(arms):
    assert (ps.effects(arms.assign(estimate=-99.0, se=1.0), "MD")["effect_from"] == "arm figures").all()


@pytest.mark.parametrize("how", [{"measure": "RR"}, {"measure": "GEN", "log": True}])
def test_reported_ratios_are_logged(how):
    row = pd.DataFrame({"study": ["A"], "estimate": [0.5], "ci_low": [0.25], "ci_high": [1.0]})
    found = ps.effects(row, **how)
    assert found["yi"][0] == pytest.approx(np.log(0.5))
    assert np.sqrt(found["vi"][0]) == pytest.approx(np.log(4) / (2 * 1.959963985))
    assert found.attrs["log"] is True


def test_an_estimate_off_the_middle_of_its_interval_is_noted():
    row = pd.DataFrame({"study": ["A"], "estimate": [2.0], "ci_low": [1.0], "ci_high": [4.0]})
    assert "stands off the middle" in ps.effects(row, "GEN").attrs["notes"][0]
    assert ps.effects(row, "GEN", log=True).attrs["notes"] == ()


def test_effects_already_there_are_taken():
    table = pd.DataFrame({"study": ["A", "B"], "yi": [0.1, 0.2], "vi": [0.01, 0.02]})
    assert ps.effects(table, "GEN")["yi"].tolist() == [0.1, 0.2]
    assert "a variance must be above 0" in problems(table.assign(vi=[0.01, -1]), "GEN")
    assert "the effect is missing" in problems(table.assign(yi=[0.1, np.nan]), "GEN")


# ---- paired sides


def test_paired_sides_use_their_correlation(arms):
    table = ps.effects(arms.assign(ri=[np.nan, np.nan, 0.5]), "MD")
    assert table["effect_from"].tolist() == ["arm figures", "arm figures", "arm figures, paired (r = 0.5)"]
    assert table["vi"].iloc[2] == pytest.approx((22**2 + 25**2 - 22 * 25) / 12)
    assert table["vi"].iloc[1] == ps.effects(arms, "MD")["vi"].iloc[1]


def test_paired_sides_need_pairs(arms):
    text = problems(arms.assign(ri=[np.nan, 0.5, 1.0]), "MD")
    assert "study B 2020, column n1i, n2i: '40 and 38': a paired design has as many pairs on both sides" in text
    assert "study C 2021, column ri: '1': a correlation lies between -1 and 1" in text
    assert "measure SMDH has no paired form; take MD, SMD, ROM" in problems(
        arms.assign(ri=[np.nan, np.nan, 0.5]), "SMDH"
    )


# ---- zero cells


def test_zero_cells_are_kept_and_said(counts):
    table = ps.effects(counts, "RR")
    assert table["zero_events"].tolist() == ["none", "one arm", "both arms", "none"]
    half = "0.5 added to every cell"
    assert table["continuity"].tolist() == ["none", half, half, half], "in the last row everybody had the event"
    assert table["yi"].notna().all() and len(table) == len(counts)


@pytest.mark.parametrize("how", [{"to": "none"}, {"drop00": True}])
def test_a_row_that_cannot_be_estimated_stays_and_is_named(counts, how):
    table = ps.effects(counts, "OR", **how)
    lost = table["yi"].isna()
    assert len(table) == 4 and lost[2] and table.loc[lost, "continuity"].eq("not estimable").all()
    assert any("study C: no odds ratio can be estimated" in note for note in table.attrs["notes"])


def test_everything_or_nothing_is_corrected_on_request(counts):
    assert ps.effects(counts, "RR", to="all")["continuity"].eq("0.5 added to every cell").all()
    assert ps.effects(counts, "RR", add=0.25)["continuity"].iloc[1] == "0.25 added to every cell"
    assert ps.effects(counts, "AS")["continuity"].eq("none").all(), "arcsines need no correction"


def test_counts_and_reported_ratios_in_one_table(counts):
    extra = pd.DataFrame({"study": ["E"], "estimate": [0.8], "ci_low": [0.5], "ci_high": [1.28]})
    table = ps.effects(pd.concat([counts, extra], ignore_index=True), "RR")
    assert table["zero_events"].iloc[-1] == "" and table["continuity"].iloc[-1] == ""
    assert table["yi"].iloc[-1] == pytest.approx(np.log(0.8))


# ---- kinds of values, implausible effects


def test_smd_refuses_endpoints_and_changes_together(arms):
    mixed = arms.assign(value_type=["endpoint", "change_from_baseline", "endpoint"])
    text = problems(mixed, "SMD")
    assert (
        "study B 2020" in text
        and "mixed_ok=True" in text
        and "endpoints (2 rows) and changes (1 rows) do not mix" in text
    )
    assert "stand in one table" in ps.effects(mixed, "SMD", mixed_ok=True).attrs["notes"][0]
    assert ps.effects(mixed, "MD").attrs["notes"] == (), "plain differences may be mixed"
    assert "is not a kind of value" in problems(arms.assign(value_type="final"), "SMD")


def test_a_standard_error_typed_for_a_standard_deviation_is_suspected(arms):
    table = ps.effects(arms.assign(sd1i=arms["sd1i"] / 5, sd2i=arms["sd2i"] / 5), "SMD")
    assert "study A 2019: a standardised difference of -3.5 is implausibly large" in table.attrs["notes"][0]
    assert "standard error taken for a standard deviation" in table.attrs["notes"][0]
    assert ps.effects(arms, "SMD").attrs["notes"] == ()


# ---- bad input: every problem, with its place


def test_all_problems_of_all_rows_at_once(arms):
    bad = arms.astype(object)
    bad.loc[0, "sd1i"] = 0
    bad.loc[1, "n1i"] = -3
    bad.loc[1, "m2i"] = "5,1"
    bad.loc[2, "sd2i"] = np.nan
    text = problems(bad)
    assert text.splitlines()[0] == "no effects (MD) were computed: 4 problems in the table"
    assert "study A 2019, column sd1i: '0': a standard deviation must be above 0" in text
    assert "study B 2020, column n1i: '-3': a group with a spread has at least 2 patients" in text
    assert "study B 2020, column m2i: '5,1': is written with a decimal comma; write 5.1" in text
    assert "study C 2021, column sd2i: is missing; fill it in, or give estimate" in text


@pytest.mark.parametrize(
    ("cell", "words"),
    [("NR", "is not a number"), ("−3.5", "write -3.5"), ("41%", "is a percentage"), ("<0.05", "is a bound"),
     ("4.1±2.0", "is not a number"), (np.inf, "is not finite"), (True, "is not a number"), ("1_000", "is not a number"),
     ("nan", "is not a number")],
)  # fmt: skip
def test_cells_that_are_no_numbers(arms, cell, words):
    bad = arms.astype({"m1i": object})
    bad.loc[1, "m1i"] = cell
    text = problems(bad)
    assert words in text and "study B 2020, column m1i" in text and "1 problem in" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [({"n1i": [1, 40, 12]}, "at least 2 patients"), ({"sd2i": [22, -1, 25]}, "must be above 0"),
     ({"n2i": [25, 0, 12]}, "at least 2 patients")],
)  # fmt: skip
def test_figures_out_of_range(arms, change, words):
    assert words in problems(arms.assign(**change))


def test_counts_out_of_range(counts):
    assert "study A, column ai: '21': more events than patients; compare with n1i" in problems(
        counts.assign(ai=[21, 0, 0, 1]), "RR"
    )
    assert "a number of events cannot be negative" in problems(counts.assign(ci=[-1, 3, 0, 9]), "OR")
    assert "a group has at least 1 patient" in problems(counts.assign(n1i=[20, 15, 0, 10]), "RD")


@pytest.mark.parametrize(
    ("row", "words"),
    [({"se": 0}, "a standard error must be above 0"), ({"ci_low": 3.0, "ci_high": 1.0}, "lower limit must be below"),
     ({"ci_low": 3.0, "ci_high": 9.0}, "lies outside its own interval"), ({"p_value": 0.0}, "above 0 and below 1"),
     ({"p_value": 1.0}, "above 0 and below 1"), ({"p_value": "<0.001"}, "is a bound, not an exact number"),
     ({}, "se, ci_low and ci_high, or p_value: is missing")],
)  # fmt: skip
def test_reported_estimates_that_cannot_be(row, words):
    table = pd.DataFrame([{"study": "A", "estimate": 2.0, **row}])
    assert words in problems(table, "GEN") and "study A" in problems(table, "GEN")


def test_no_effect_has_no_exact_p():
    assert "no p but 1" in problems(pd.DataFrame({"study": ["A"], "estimate": [0.0], "p_value": [0.9]}), "GEN")


def test_ratios_are_positive():
    table = pd.DataFrame({"study": ["A"], "estimate": [-0.5], "ci_low": [-1.0], "ci_high": [0.1]})
    assert "a ratio must be above 0; give the ratio itself, not its logarithm" in problems(table, "OR")
    assert "a ratio needs two means of the same sign" in problems(pd.DataFrame(ARMS).assign(m1i=[-1.0, 2, 3]), "ROM")


def test_missing_columns_are_listed_with_what_is_there(arms):
    text = problems(arms.rename(columns={"sd1i": "SD1i", "n2i": "n2"}), "SMD")
    assert "missing: sd1i, n2i" in text and "the table has study, n1i, m1i, SD1i" in text
    assert "did you mean 'SD1i' for sd1i" in text
    assert "measure='GEN' takes them" in problems(pd.DataFrame({"yi": [1.0], "vi": [1.0]}), "MD")


def test_the_call_itself_is_checked(arms):
    assert "did you mean 'SMD'" in problems(arms, "SMDD")
    assert "has no option 'vtyp'" in problems(arms, "MD", vtyp="LS")
    assert "dist='normal'" in problems(arms, "MD", dist="normal")
    assert "level=95" in problems(arms, "MD", level=95)
    with pytest.raises(EffectsError, match="a table"):
        ps.effects([1, 2], "MD")


def test_rows_without_a_name_are_called_by_their_number(arms):
    assert "row 2, column sd1i" in problems(arms.drop(columns="study").assign(sd1i=[1, 0, 1]))
    assert "row 2, column sd1i" in problems(arms.assign(study=["A", None, "C"], sd1i=[1, 0, 1]))


def test_a_column_twice_is_refused(arms):
    assert "stands 2 times" in problems(pd.concat([arms, arms[["sd1i"]]], axis=1))


def test_a_row_may_hold_anything_in_columns_it_does_not_use(arms):
    odd = arms.assign(p_value=["<0.05", "ns", ""], estimate=["see text", "", None])
    assert (ps.effects(odd, "MD")["effect_from"] == "arm figures").all()


def test_a_cell_that_cannot_be_read_is_named_once(arms):
    odd = arms.assign(estimate=["", "-5,0", ""], se=["", "2", ""], sd1i=[20.0, np.nan, 22])
    text = problems(odd)
    assert text.count("\n") == 1
    assert "study B 2020, column estimate: '-5,0': is written with a decimal comma; write -5.0" in text


def test_text_in_the_cells_that_make_up_a_group(counts):
    table = counts.assign(bi=["16", "x", "12", "0"], di=[12, 12, 12, 0]).drop(columns=["n1i", "n2i"])
    assert "study B, column bi: 'x': is not a number" in problems(table, "RR")


def test_a_variance_of_zero_is_said(counts):
    notes = ps.effects(counts, "RD", to="none").attrs["notes"]
    assert [note.split(":")[0] for note in notes] == ["study C", "study D"] and "cannot be pooled" in notes[0]


def test_generic_logarithms_go_back_to_ratios():
    trials = pd.DataFrame({"study": ["A", "B"], "estimate": [0.5, 0.6], "ci_low": [0.3, 0.4], "ci_high": [0.9, 0.8]})
    fit = ps.pool(ps.effects(trials, "GEN", log=True))
    assert fit.back().estimate == pytest.approx(np.exp(fit.estimate))
    assert fit.back().back().estimate == fit.back().estimate
    plain = ps.pool(ps.effects(trials, "GEN"))
    assert plain.back().estimate == plain.estimate
