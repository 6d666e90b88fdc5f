"""What results show in a notebook: words, few columns, colours and widths left to the page."""

import re

import painsynth as ps
import pytest
from conftest import ROOT

FIXED = re.compile(r"(color|background|width|font)\s*[:=]|#[0-9a-f]{3,6}\b|<script|<style", re.IGNORECASE)


@pytest.fixture(scope="module")
def shown():
    evidence = ps.load_evidence(ROOT / "data")
    found = ps.answer(evidence, ps.Question(condition="knee_osteoarthritis"))
    groups = ps.pool_by(found.effects, "msc_source")
    results = (evidence, found.question, found.fit, groups, ps.regress(found.effects, "~ year"), found.certainty, found)
    return {type(result).__name__: result._repr_html_() for result in results}


def test_no_colour_no_width_no_script_of_their_own(shown):
    assert {name: FIXED.findall(html) for name, html in shown.items() if FIXED.search(html)} == {}


@pytest.mark.parametrize("name", ["Evidence", "Question", "Groups", "Certainty", "Answer"])
def test_words_instead_of_codes(shown, name):
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", shown[name])
    assert [text for text in cells if re.search(r"[a-z]_[a-z]", text)] == []


def test_no_table_is_wider_than_eight_columns(shown):
    for name, html in shown.items():
        widest = max(row.count("</td>") + row.count("</th>") for row in html.split("</tr>"))
        assert widest <= 8, name


def test_a_question_shows_its_pico(shown):
    heads = re.findall(r"<th[^>]*>(.*?)</th>", shown["Question"])
    assert heads == ["Patients", "Cells", "Against", "Outcome", "When", "Trials", "Matters from"]


def test_a_question_says_what_was_changed():
    question = ps.Question(condition="any", months=None, leave_out="none", arms="separate", value_type="endpoint")
    html = question._repr_html_()
    for words in ("longest follow-up", "no row is left out", "each dose by itself", "final scores only"):
        assert words in html
