"""Choosing what answers a question: every documented rule on the smallest review that shows it."""

import numpy as np
import painsynth as ps
import pytest
from mini_review import scores, trial, write_review

QUESTION = ps.Question(condition="knee_osteoarthritis", months=12)


def compare(folder, *parts, **question):
    evidence = ps.load_evidence(write_review(folder / "data", *parts))
    return ps.compare(evidence, ps.Question(**({"condition": "knee_osteoarthritis", "months": 12} | question)))


def why(table, study_id):
    excluded = table.attrs["excluded"].set_index("study_id")
    return excluded.at[study_id, "reason"]


def unused(table):
    ledger = table.attrs["ledger"]
    return ledger.loc[~ledger["used"]].groupby("reason").size().to_dict()


def test_scores_arrive_on_0_to_100_higher_worse_from_every_scale(tmp_path):
    table = compare(tmp_path, trial("vas"), trial("koos"), trial("change"), trial("gain"),
                    scores("vas", (3, 2), (5, 2.5)),
                    scores("koos", (75, 15), (60, 20), instrument="KOOS pain 0-100"),
                    scores("change", (-4, 3), (-1, 3), instrument="WOMAC pain 0-20", value_type="change_from_baseline"),
                    scores("gain", (20, 10), (5, 12), instrument="KOOS pain 0-100",
                           value_type="improvement"))  # fmt: skip
    found = table.set_index("study_id")[["m1i", "sd1i", "m2i", "sd2i"]]
    assert found.loc["vas"].tolist() == [30, 20, 50, 25]
    assert found.loc["koos"].tolist() == [25, 15, 40, 20]
    assert found.loc["change"].tolist() == [-20, 15, -5, 15]
    assert found.loc["gain"].tolist() == [-20, 10, -5, 12]
    assert (ps.effects(table)["yi"] < 0).all(), "all four trials favour cells"


def test_a_change_on_a_scale_that_is_better_high_flips(tmp_path):
    table = compare(tmp_path, trial("one"), scores("one", (10, 8), (4, 8), instrument="KOOS pain 0-100",
                                                   value_type="change_from_baseline"))  # fmt: skip
    assert table.loc[0, ["m1i", "m2i"]].tolist() == [-10, -4]


def test_the_nearest_result_in_the_window_the_later_on_a_tie(tmp_path):
    table = compare(tmp_path, trial("one"), *(scores("one", (3, 2), (5, 2), months=str(m)) for m in (3, 9, 15, 24)),
                    window="6-18")  # fmt: skip
    assert table["months"].tolist() == [15]
    assert unused(table) == {"another result is nearer to the asked time": 2,
                             "measured outside the window (6 to 18 months)": 4}  # fmt: skip


def test_rating_before_womac_before_koos_and_general_before_special_pain(tmp_path):
    order = ["VAS 0-10", "VAS sport 0-10", "WOMAC pain 0-20", "KOOS pain 0-100"]
    for i in range(len(order)):
        folder = tmp_path / str(i)
        parts = [scores("one", (3, 2), (5, 2), instrument=name) for name in reversed(order[i:])]
        table = compare(folder, trial("one"), *parts)
        assert table["instrument"].tolist() == [order[i]]


def test_change_before_endpoint_and_an_adjusted_contrast_before_both(tmp_path):
    arms = [scores("one", (3, 2), (5, 2)), scores("one", (-3, 2), (-1, 2), value_type="change_from_baseline")]
    table = compare(tmp_path / "a", trial("one"), *arms)
    assert table["value_type"].tolist() == ["change_from_baseline"]
    contrast = {"contrasts": [{"study_id": "one", "experimental_arm_id": "one_cells", "control_arm_id": "one_ctrl",
                               "estimate": "-1.5", "ci_low": "-2.5", "ci_high": "-0.5"}]}  # fmt: skip
    table = compare(tmp_path / "b", trial("one"), *arms, contrast)
    assert table.loc[0, ["estimate", "ci_low", "ci_high"]].tolist() == [-15, -25, -5]
    assert ps.effects(table).loc[0, "yi"] == -15
    assert unused(table) == {"another kind of value is preferred": 4}


def test_a_contrast_on_a_scale_that_is_better_high_changes_sign_and_limits(tmp_path):
    contrast = {"contrasts": [{"study_id": "one", "experimental_arm_id": "one_cells", "control_arm_id": "one_ctrl",
                               "instrument": "KOOS pain 0-100", "estimate": "6", "ci_low": "1",
                               "ci_high": "11"}]}  # fmt: skip
    table = compare(tmp_path, trial("one"), contrast)
    assert table.loc[0, ["estimate", "ci_low", "ci_high"]].tolist() == [-6, -11, -1]


def test_a_contrast_with_a_p_value_only_is_left_out_with_that_reason(tmp_path):
    contrast = {"contrasts": [{"study_id": "one", "experimental_arm_id": "one_cells", "control_arm_id": "one_ctrl",
                               "measure": "p_value_only", "p_value": "<0.001"}]}  # fmt: skip
    table = compare(tmp_path, trial("one"), contrast)
    assert table.empty
    assert why(table, "one") == "only a p-value is printed, no estimate"


def test_the_primary_source_before_a_review_and_a_second_copy_last(tmp_path):
    table = compare(tmp_path, trial("one"),
                    scores("one", (4, 2), (5, 2), instrument="VAS 0-10", confidence="secondary_review",
                           flags="duplicate_source"),
                    scores("one", (3, 2), (5, 2), instrument="VAS 0-10", value_type="endpoint", months="11.9"),
                    window="11-13")  # fmt: skip
    assert table["months"].tolist() == [12], "time comes before source"
    both = [scores("two", (40, 20), (50, 20), instrument="KOOS pain 0-100", confidence="secondary_review"),
            scores("two", (3, 2), (5, 2), instrument="VAS 0-10", confidence="primary_abstract")]  # fmt: skip
    assert compare(tmp_path / "b", trial("two"), *both)["instrument"].tolist() == ["VAS 0-10"]


def dose_trial(name="dose"):
    """Two dose arms, their combination, one control."""
    base = trial(name)
    arms = base["arms"]
    parts = [arms[0] | {"arm_id": f"{name}_low", "dose_million_cells": "10"},
             arms[0] | {"arm_id": f"{name}_high", "dose_million_cells": "50"}]  # fmt: skip
    combined = arms[0] | {"combined_from": f"{name}_low|{name}_high"}
    return {"studies": base["studies"], "arms": [combined, *parts, arms[1]]}


def arm_scores(name, **arms):
    return {"outcomes": [{"study_id": name, "arm_id": f"{name}_{arm}", "mean": str(mean), "sd": "2", "n": str(n),
                          "flags": "arms_combined" if arm == "cells" else ""}
                         for arm, (mean, n) in arms.items()]}  # fmt: skip


def test_combined_or_separate_arms_never_both(tmp_path):
    data = arm_scores("dose", cells=(3.5, 40), low=(4, 20), high=(3, 20), ctrl=(5, 30))
    table = compare(tmp_path / "a", dose_trial(), data)
    assert (table["n1i"].tolist(), table["n2i"].tolist()) == ([40], [30])
    assert unused(table) == {"already inside the combined arm": 2}
    table = compare(tmp_path / "b", dose_trial(), data, arms="separate")
    assert table["n1i"].tolist() == [20, 20]
    assert table["n2i"].tolist() == [15, 15], "the shared control is divided, nobody counts twice"
    assert table["dose_million_cells"].tolist() == [10, 50]
    assert table["study"].is_unique


def test_separate_arms_are_combined_when_the_combination_is_not_printed(tmp_path):
    table = compare(tmp_path, dose_trial(), arm_scores("dose", low=(4, 20), high=(3, 20), ctrl=(5, 30)))
    assert table.loc[0, ["n1i", "m1i", "n2i"]].tolist() == [40, 35, 30]
    # Handbook table 6.5.a: pooled SD of two groups of 20 with SD 20 and means 40, 30
    expected = ((19 * 20**2 * 2 + 20 * 20 / 40 * (40 - 30) ** 2) / 39) ** 0.5
    assert table.loc[0, "sd1i"] == pytest.approx(expected)


def test_half_of_the_parts_does_not_replace_the_whole(tmp_path):
    table = compare(tmp_path, dose_trial(), arm_scores("dose", cells=(3.5, 40), high=(3, 20), ctrl=(5, 30)),
                    arms="separate")  # fmt: skip
    assert table["n1i"].tolist() == [40]


def test_arms_of_different_source_stay_apart_and_share_the_control(tmp_path):
    base = trial("two")
    fat = base["arms"][0] | {"arm_id": "two_fat", "msc_source": "adipose"}
    parts = {"studies": base["studies"], "arms": [*base["arms"], fat]}
    data = arm_scores("two", cells=(4, 20), fat=(3, 20), ctrl=(5, 30))
    table = compare(tmp_path / "a", parts, data)
    assert table["msc_source"].tolist() == ["bone_marrow", "adipose"]
    assert table["n2i"].tolist() == [15, 15]
    assert table["study"].tolist() == ["Two (bone marrow)", "Two (adipose)"]
    alone = compare(tmp_path / "b", parts, data, msc_source="adipose")
    assert (alone["n2i"].tolist(), alone["study"].tolist()) == ([30], ["Two"]), (
        "a control that is not shared stays whole"
    )


def test_one_kind_of_control_by_the_documented_order(tmp_path):
    base = trial("one", comparator="prp")
    extra = [
        base["arms"][1] | {"arm_id": f"one_{word}", "comparator": word}
        for word in ("saline", "hyaluronic_acid_both_arms")
    ]
    parts = {"studies": base["studies"], "arms": [*base["arms"], *extra]}
    data = arm_scores("one", cells=(3, 20), ctrl=(5, 20), saline=(4, 20), hyaluronic_acid_both_arms=(4.5, 20))
    assert compare(tmp_path / "a", parts, data)["comparator"].tolist() == ["hyaluronic_acid_both_arms"]
    assert compare(tmp_path / "b", parts, data, comparator="prp")["m2i"].tolist() == [50]


def test_paired_sides_carry_their_correlation_into_the_variance(tmp_path):
    table = compare(tmp_path, trial("one", unit_of_analysis="paired_side"), scores("one", (3, 2), (5, 2)), paired_r=0.5)
    assert table.loc[0, "ri"] == 0.5
    # sd^2/n (2 - 2r) with sd = 20, n = 20
    assert ps.effects(table).loc[0, "vi"] == pytest.approx(20**2 / 20 * (2 - 2 * 0.5))


def test_spread_is_recovered_from_se_interval_and_quartiles_and_said(tmp_path):
    def row(name, arm, **cells):
        return {"study_id": name, "arm_id": f"{name}_{arm}", "n": "25", **cells}

    data = {"outcomes": [
        *(row("se", arm, mean="4", se="0.4") for arm in ("cells", "ctrl")),
        *(row("ci", arm, mean="4", ci_low="3", ci_high="5") for arm in ("cells", "ctrl")),
        *(row("quartiles", arm, median="4", q1="3", q3="5") for arm in ("cells", "ctrl")),
    ]}  # fmt: skip
    table = compare(tmp_path, trial("se"), trial("ci"), trial("quartiles"), data).set_index("study_id")
    assert table.at["se", "sd1i"] == pytest.approx(10 * 0.4 * 5)
    assert table.at["ci", "sd1i"] == pytest.approx(10 * 1 / 2.063899 * 5, rel=1e-6)  # t quantile, 24 df
    assert table.at["quartiles", "m1i"] == pytest.approx(40)
    assert table["sd_from"].tolist() == ["from the standard error", "from the 95 % interval",
                                         "from the median and quartiles or range"]  # fmt: skip


REASONS = {
    "flagged": (scores("one", (3, 2), (5, 2), flags="sign_ambiguous"), {}, "left out for its flag sign_ambiguous"),
    "more flags": (scores("one", (3, 2), (5, 2), flags="possibly_sem_not_sd"),
                   {"leave_out": "default|possibly_sem_not_sd"},
                   "left out for its flag possibly_sem_not_sd"),
    "no n": (scores("one", (3, 2), (5, 2), n=""), {}, "the number analysed is not printed"),
    "no spread": (scores("one", (3, ""), (5, "")), {}, "no SD, standard error or interval is printed"),
    "no time": (scores("one", (3, 2), (5, 2), months=""), {}, "the time of measurement is not printed"),
    "baseline only": (scores("one", (3, 2), (5, 2), months="0"), {}, "no usable pain results on file"),
    "no range": (scores("one", (3, 2), (5, 2), instrument="VAS (scale not stated)"), {},
                 "the range of the scale is not known: it cannot be put on 0-100"),
    "no direction": (scores("one", (3, 2), (5, 2), instrument="Unclear"), {},
                     "the direction of the scale is not known"),
    "function only": (scores("one", (3, 2), (5, 2), outcome="function"), {}, "no usable pain results on file"),
    "endpoint asked": (scores("one", (-3, 2), (-1, 2), value_type="change_from_baseline"), {"value_type": "endpoint"},
                       "not endpoint values"),
    "wrong source": (scores("one", (3, 2), (5, 2)), {"msc_source": "adipose"}, "cells from bone marrow"),
    "wrong control": (scores("one", (3, 2), (5, 2)), {"comparator": "prp"}, "compared with saline"),
}  # fmt: skip


@pytest.mark.parametrize("case", REASONS)
def test_whatever_is_left_out_has_its_reason(case, tmp_path):
    rows, question, reason = REASONS[case]
    table = compare(tmp_path, trial("one"), rows, **question)
    assert table.empty
    assert why(table, "one") == reason
    assert not table.attrs["ledger"]["used"].any()


@pytest.mark.parametrize("design, reason", [("nonrandomised", "not a randomised trial"),
                                            ("single_arm", "no control group"),
                                            ("", "the design is not reported")])  # fmt: skip
def test_other_designs_are_listed_not_pooled(design, reason, tmp_path):
    table = compare(tmp_path, trial("one", design=design), scores("one", (3, 2), (5, 2)))
    assert table.empty and why(table, "one") == reason


def test_non_randomised_trials_enter_when_asked_for(tmp_path):
    table = compare(tmp_path, trial("one", design="nonrandomised"), scores("one", (3, 2), (5, 2)), design="controlled")
    assert len(table) == 1


def test_a_standardised_difference_needs_a_direction_but_no_range(tmp_path):
    table = compare(
        tmp_path, trial("one"), scores("one", (3, 2), (5, 2), instrument="VAS (scale not stated)"), measure="SMD"
    )
    assert ps.effects(table, measure="SMD").loc[0, "yi"] < 0


def test_trials_in_excluded_stay_visible_with_what_they_report(tmp_path):
    gone = {
        "excluded": [
            {"study_id": "gone", "label": "Gone 2020", "n_randomised": "100", "direction_reported": "no_difference"}
        ]
    }
    table = compare(tmp_path, trial("one"), scores("one", (3, 2), (5, 2)), gone)
    row = table.attrs["excluded"].set_index("study_id").loc["gone"]
    assert row[["reason", "kind", "direction_reported", "n_randomised"]].tolist() == [
        "no results could be read", "not usable", "no_difference", 100]  # fmt: skip


def counts(name, cells, control, **what):
    return {"events": [{"study_id": name, "arm_id": f"{name}_{arm}", "events": str(x), "total": str(n), **what}
                       for arm, (x, n) in (("cells", cells), ("ctrl", control))]}  # fmt: skip


def test_responders_are_pooled_under_their_own_definition(tmp_path):
    table = compare(tmp_path, trial("half"), trial("third"), trial("acr"), trial("mixed"),
                    counts("half", (12, 20), (5, 20), event="responder: pain relief of at least 50% (NRS)",
                           months="12"),
                    counts("third", (12, 20), (5, 20), event="responder: VAS reduction of at least 30%", months="12"),
                    counts("acr", (12, 20), (5, 20), event="responder: ACR20", months="12"),
                    counts("mixed", (12, 20), (5, 20), event="responder: VAS 50% and ODI 15", months="12"),
                    measure="RR", responder=50)  # fmt: skip
    assert table["study_id"].tolist() == ["half"]
    assert {why(table, name) for name in ("third", "acr", "mixed")} == {"another definition of responder"}
    assert table.attrs["lower_is_better"] is False


def test_acr20_never_enters_a_pain_pool_at_any_threshold(tmp_path):
    data = counts("acr", (12, 20), (5, 20), event="responder: ACR20", months="12")
    for i, responder in enumerate((20, 30, 50)):
        assert compare(tmp_path / str(i), trial("acr"), data, measure="RR", responder=responder).empty


def test_harms_take_the_longest_follow_up_also_without_a_printed_time(tmp_path):
    table = compare(tmp_path, trial("dated"), trial("undated"), counts("dated", (1, 20), (0, 20), months="6"),
                    counts("dated", (2, 20), (0, 20), months="24"), counts("undated", (0, 20), (0, 20), months=""),
                    outcome="serious_adverse_event", measure="RR", months=None)  # fmt: skip
    assert table["ai"].tolist() == [2, 0]
    assert len(ps.effects(table, measure="RR")) == 2, "double-zero trials stay visible"


def test_a_percentage_without_count_is_not_turned_into_one(tmp_path):
    table = compare(tmp_path, trial("one"), counts("one", ("", 20), ("", 20), months="12"),
                    outcome="serious_adverse_event", measure="RR")  # fmt: skip
    assert why(table, "one") == "only a percentage is printed, no count"


def test_counts_of_paired_sides_are_not_compared(tmp_path):
    table = compare(tmp_path, trial("one", unit_of_analysis="paired_side"),
                    counts("one", (1, 20), (2, 20), months="12"),
                    outcome="serious_adverse_event", measure="RR")  # fmt: skip
    assert "not independent" in why(table, "one")


def test_an_empty_answer_says_what_does_exist(tmp_path):
    table = compare(tmp_path, trial("one"), scores("one", (3, 2), (5, 2)), condition="rheumatoid_arthritis")
    words = ps.sentence(table.attrs["question"], None, table)
    assert words.startswith("Nothing can be pooled for rheumatoid arthritis")
    assert "knee osteoarthritis with cells from bone marrow (1)" in words


def test_the_order_of_the_files_does_not_matter(tmp_path):
    parts = [trial("one"), trial("two"), scores("one", (3, 2), (5, 2)), scores("two", (2, 2), (5, 2))]
    forward = compare(tmp_path / "a", *parts)
    backward = compare(tmp_path / "b", *reversed(parts))
    columns = ["study", "m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"]
    assert forward[columns].equals(backward.sort_values("study", ignore_index=True)[columns])


def contrast(name, **cells):
    row = {"study_id": name, "experimental_arm_id": f"{name}_cells", "control_arm_id": f"{name}_ctrl"}
    return {"contrasts": [row | {"estimate": "-1", "se": "0.4"} | cells]}


def test_contrasts_stand_beside_arm_figures_of_other_trials(tmp_path):
    table = compare(tmp_path, trial("one"), trial("two"), scores("one", (3, 2), (5, 2)), contrast("two"))
    assert ps.effects(table)["yi"].tolist() == [-20, -10]


def test_a_contrast_against_other_cells_or_at_baseline_is_no_result(tmp_path):
    table = compare(tmp_path / "a", trial("one", comparator="cells_other"), contrast("one"))
    assert table.empty
    assert "the control received other cells" in set(table.attrs["ledger"]["reason"])
    early = compare(tmp_path / "b", trial("one"), contrast("one", months="0", value_type="endpoint"), months=None)
    assert early.empty


def test_one_contrast_of_several_enters_and_the_others_say_why_not(tmp_path):
    base = trial("one")
    extra = base["arms"][1] | {"arm_id": "one_prp", "comparator": "prp"}
    parts = {"studies": base["studies"], "arms": [*base["arms"], extra]}
    table = compare(tmp_path, parts, contrast("one"), contrast("one", control_arm_id="one_prp", estimate="-3"))
    assert len(table) == 1
    assert table.attrs["ledger"]["used"].sum() == 1


def test_two_combinations_of_the_same_arms_do_not_both_enter(tmp_path):
    data = dose_trial()
    again = data["arms"][0] | {"arm_id": "dose_again"}
    data = {"studies": data["studies"], "arms": [*data["arms"], again]}
    figures = arm_scores("dose", cells=(3.5, 40), again=(3.6, 40), ctrl=(5, 30))
    assert compare(tmp_path, data, figures)["n1i"].tolist() == [40]


def test_a_misspelt_flag_is_refused(tmp_path):
    with pytest.raises(ValueError, match="did you mean 'default'"):
        compare(tmp_path, trial("one"), scores("one", (3, 2), (5, 2)), leave_out="defualt")


def test_a_row_whose_spread_cannot_be_recovered_is_left_out_not_the_question(tmp_path):
    flat = {"outcomes": [{"study_id": "flat", "arm_id": f"flat_{arm}", "median": "0", "q1": "0", "q3": "0"}
                         for arm in ("cells", "ctrl")]}  # fmt: skip
    table = compare(tmp_path, trial("one"), trial("flat"), scores("one", (3, 2), (5, 2)), flat)
    assert table["study_id"].tolist() == ["one"]
    assert why(table, "flat") == "all quantiles are equal: no SD can be recovered"


def test_another_construct_never_enters_a_pain_pool(tmp_path):
    odi = {"instruments": [{"instrument": "ODI 0-100", "construct": "function", "minimum": "0", "maximum": "100",
                            "higher_is_worse": "true"}]}  # fmt: skip
    table = compare(tmp_path, trial("one"), odi, scores("one", (30, 20), (50, 20), instrument="ODI 0-100"))
    assert why(table, "one") == "the instrument measures function, not pain"


def test_effects_take_the_measure_of_the_table_and_tables_can_be_joined(tmp_path):
    import pandas as pd

    table = compare(tmp_path, trial("one"), scores("one", (3, 2), (5, 2)), measure="SMD")
    effects = ps.effects(table)
    assert effects.attrs["measure"] == "SMD"
    assert len(pd.concat([effects, effects.copy()])) == 2


def medians(name, cells, control, **what):
    """Median, first and third quartile of both arms of a trial as rows of outcomes."""
    rows = [{"study_id": name, "arm_id": f"{name}_{arm}", "median": str(m), "q1": str(q1), "q3": str(q3), **what}
            for arm, (q1, m, q3) in (("cells", cells), ("ctrl", control))]  # fmt: skip
    return {"outcomes": rows}


def test_a_median_too_skewed_for_a_mean_is_a_doubt_of_its_row(tmp_path):
    parts = trial("even"), trial("skew"), medians("even", (2, 3, 4), (4, 5, 6)), medians("skew", (1, 1.2, 8), (4, 5, 6))
    table = compare(tmp_path, *parts)
    doubts = table.set_index("study_id")["doubts"]
    assert doubts["even"] == ""
    assert doubts["skew"] == "cells: too skewed for a mean and SD recovered from the median (screen of Shi 2023)"
    fit = ps.pool(ps.effects(table))
    assert any(note.startswith("Skew: cells: too skewed") for note in fit.notes), "and a note of the fit"


def test_the_conversion_error_of_medians_on_request(tmp_path):
    parts = (trial("vas"), trial("mean"), medians("vas", (2, 3, 4.5), (4, 5, 6)), scores("mean", (3, 2), (5, 2)))
    plain = ps.effects(compare(tmp_path / "a", *parts)).set_index("study_id")
    asked = compare(tmp_path / "b", *parts, conversion_error=True)
    carried = ps.effects(asked).set_index("study_id")
    assert carried["yi"].equals(plain["yi"])
    assert carried.at["mean", "vi"] == plain.at["mean", "vi"]
    errors = [ps.recover_mean_sd(20, q1=q1, median=m, q3=q3, conversion_error=True)["se_mean"].iloc[0]
              for q1, m, q3 in ((20, 30, 45), (40, 50, 60))]  # fmt: skip
    assert carried.at["vas", "vi"] == pytest.approx(errors[0] ** 2 + errors[1] ** 2), "in points of 0-100"
    assert ps.effects(asked, conversion_error=False).set_index("study_id")["vi"].equals(plain["vi"])
    assert asked.attrs["question"].slug.endswith("with_conversion_error")


def test_a_divided_control_and_combined_arms_carry_their_conversion_error(tmp_path):
    dose = dose_trial()
    rows = [{"study_id": "dose", "arm_id": arm["arm_id"], "median": "3", "q1": "2", "q3": "5"}
            for arm in dose["arms"] if not arm.get("combined_from")]  # fmt: skip
    combined = ps.effects(compare(tmp_path / "a", dose, {"outcomes": rows}, conversion_error=True))
    separate = ps.effects(compare(tmp_path / "b", dose, {"outcomes": rows}, conversion_error=True, arms="separate"))
    one = ps.recover_mean_sd(20, q1=20, median=30, q3=50, conversion_error=True)["se_mean"].iloc[0] ** 2
    arms = len(rows) - 1
    assert len(combined) == 1 and len(separate) == arms
    np.testing.assert_allclose(separate["vi"], one + arms * one)
    np.testing.assert_allclose(combined["conversion_vi"], (1 / arms + 1) * (one - combined["sd2i"] ** 2 / 20))


def test_more_analysed_than_randomised_is_a_doubt(tmp_path):
    many = trial("many")
    many["arms"][0]["n_randomised"] = "18"
    table = compare(tmp_path, many, scores("many", (3, 2), (5, 2)))
    assert table["doubts"].tolist() == ["cells: 20 analysed, 18 randomised"]


def test_paired_sides_of_different_number_leave_their_trial_out_not_the_question(tmp_path):
    uneven = scores("knees", (3, 2), (5, 2))
    uneven["outcomes"][0]["n"] = "19"
    parts = trial("knees", unit_of_analysis="paired_side"), uneven, trial("fine"), scores("fine", (3, 2), (5, 2))
    table = compare(tmp_path, *parts)
    assert table["study_id"].tolist() == ["fine"]
    assert why(table, "knees") == "paired sides with different numbers analysed: no pairs can be formed"
    assert len(ps.effects(table)) == 1


def test_another_result_of_a_paired_trial_may_have_its_pairs(tmp_path):
    uneven = scores("knees", (3, 2), (5, 2))
    uneven["outcomes"][0]["n"] = "19"
    even = scores("knees", (8, 3), (12, 3), instrument="WOMAC pain 0-20")
    table = compare(tmp_path, trial("knees", unit_of_analysis="paired_side"), uneven, even)
    assert table["instrument"].tolist() == ["WOMAC pain 0-20"]
