"""The account of a notebook: names, fits, rows of trials; and the methods and references written from it."""

from __future__ import annotations

import json

import painsynth as ps
import pandas as pd
from painsynth.report.account import account_of
from painsynth.report.methods import NAMES, TABLES, merged, method_references, methods_text
from painsynth.report.references import bibtex, csl_json, known, trial_references

TRIALS = pd.DataFrame({
    "study": ["A 2015", "B 2018", "C 2021"], "study_id": ["a_2015", "b_2018", "c_2021"],
    "yi": [-12.0, -5.0, -9.0], "vi": [16.0, 9.0, 25.0], "rows": ["outcomes.csv 1, 2", "outcomes.csv 5", "events.csv 9"],
})  # fmt: skip


def test_an_account_tells_fits_names_and_rows():
    fit = ps.pool(TRIALS)
    told = account_of({"fit": fit, "deep": {"all": [ps.pool(TRIALS, tau2="DL")]}, "_hidden": 1}, ["pool"])
    assert told["names"] == ["Fit", "pool"]
    assert [each["method_tau2"] for each in told["fits"]] == ["DL", "REML"]
    assert told["studies"]["b_2018"]["rows"] == ["outcomes.csv 5"]
    assert json.loads(json.dumps(told)) == told


def test_what_is_only_shown_counts_too_and_one_trial_is_no_pool():
    told = account_of({"Out": {3: ps.pool(TRIALS, ci="Wald")}, "one": ps.pool(TRIALS.head(1))}, [])
    assert [each["method_ci"] for each in told["fits"]] == ["Wald"]
    assert account_of({}, []) == {"names": [], "fits": [], "studies": {}}


def test_a_trial_made_up_by_a_method_is_no_trial():
    filled = pd.concat([TRIALS, pd.DataFrame({"study": ["filled"], "yi": [1.0], "vi": [4.0]})])
    assert set(account_of({"filled": filled}, [])["studies"]) == set(TRIALS["study_id"])


def test_every_method_has_papers_that_are_known():
    keys = {key for table in (*TABLES.values(), NAMES) for _, papers in table.values() for key in papers}
    assert keys <= set(known())
    assert set(NAMES) <= {*ps.__all__}
    for each in known().values():
        assert each.author and (each.title or (each.container and each.volume and each.page))


def test_methods_are_said_with_their_papers_and_an_unlisted_one_by_its_name():
    told = account_of({"fit": ps.pool(TRIALS, tau2="PMM"), "other": ps.pool(TRIALS)}, ["egger", "pool"])
    text = methods_text(told)
    assert "between-trial variance by PMM or restricted maximum likelihood (Viechtbauer 2005)" in text
    assert "regression test for asymmetry (Egger et al. 1997)" in text
    assert {"viechtbauer_2005", "egger_1997"} <= {each.key for each in method_references(told)}
    assert merged([told, told]) == told


def test_a_common_effect_has_no_between_trial_variance():
    assert "between-trial" not in methods_text(account_of({"fit": ps.pool(TRIALS, model="common")}, []))


def test_references_are_written_for_programs():
    trials = trial_references({"x": {"label": "BRTX-100 (NCT04042844)", "title": "50 % & more", "doi": "10.1/a_b"}})
    text = bibtex([known()["higgins_thompson_2002"], *trials]).decode()
    assert "author = {Higgins, J. P. T. and Thompson, S. G.}" in text
    assert r"title = {{50 \% \& more}}" in text and "doi = {10.1/a_b}" in text
    first, second = json.loads(csl_json([known()["higgins_thompson_2002"], *trials]))
    assert first["author"][0] == {"family": "Higgins", "given": "J. P. T."} and first["page"] == "1539-1558"
    assert second["author"] == [{"literal": "BRTX-100 (NCT04042844)"}]
