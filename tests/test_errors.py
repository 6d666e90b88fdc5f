"""An error in a notebook shows the line that asked and what is possible, not the inside of the library."""

import linecache

import painsynth as ps
import pytest


def test_a_wrong_parameter_is_told_in_few_lines():
    text = "import painsynth as ps\nquestion = ps.Question(condition='knee_osteoarthritis', months=-1)\n"
    name = "<ipython-input-1-abc>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    with pytest.raises(ps.PainsynthError) as caught:
        exec(compile(text, name, "exec"), {})
    shown = "\n".join(caught.value._render_traceback_())
    assert shown.splitlines()[0] == "Cell line 2"
    assert "----> 2 question = ps.Question(" in shown and "a number above 0" in shown
    assert len(shown.splitlines()) <= 4


def test_outside_a_notebook_the_message_stands_alone():
    with pytest.raises(ps.PainsynthError) as caught:
        ps.Question(condition="knee")
    assert caught.value._render_traceback_() == [f"QuestionError: {caught.value}"]
