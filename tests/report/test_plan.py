from __future__ import annotations

import pytest
from painsynth.errors import RunError
from painsynth.report.parameters import ParameterFaults
from painsynth.report.plan import PlanError, override, read_plan, select
from report.conftest import GOOD, code

HEAD = "name,notebook,title,word,months\n"


def test_reads_typed_values_and_leaves_empty_cells_to_the_notebook(make_project):
    plan = make_project(HEAD + 'a,pool,"Knee, late",,24\nb,pool.ipynb,,hip,\n', pool=GOOD)
    first, second = read_plan(plan)
    assert first.parameters == {"months": 24}
    assert first.title == "Knee, late"
    assert second.settings() == {"word": "hip", "months": 12, "share": 0.5}
    assert second.title == "b"


def test_every_fault_at_once_with_row_and_column(make_project):
    other = [code("other: int = 1", "parameters")]
    rows = "a,pool,A,,x\na,pool,B,,1\nB C,pool,C,,\nd,pol,D,,\ne,other,E,hip,\n,,,,\nf,pool,F\nfailed,pool,G,,\n"
    with pytest.raises(PlanError) as caught:
        read_plan(make_project(HEAD + rows, pool=GOOD, other=other))
    told = str(caught.value)
    for words in (
        "plan.csv, row 2, column months: 'x': is not of the type int",
        "plan.csv, row 3, column name: 'a': stands in row 2 already",
        "plan.csv, row 4, column name: 'B C': cannot be a file name everywhere",
        "plan.csv, row 5, column notebook: 'pol': there is no such notebook; did you mean 'pool.ipynb'?",
        "plan.csv, row 6, column word: 'hip': other.ipynb has no parameter 'word'",
        "plan.csv, row 7: the row is blank",
        "plan.csv, row 8: has 3 cells where the header has 5",
        "plan.csv, row 9, column name: 'failed': is a folder of the reports",
    ):
        assert words in told
    assert len(caught.value.faults) == 8


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("name,notebook,title\n", "the plan has no rows"),
        ("name,title\na,b\n", "column notebook: the column is missing"),
        ("name;notebook;title\na;pool;T\n", "separated by semicolons"),
        ("name,notebook,title,word,word\na,pool,T,,\n", "the column appears twice"),
        ('name,notebook,title\n"a,pool,T\n', "is not CSV"),
    ],
)
def test_broken_plans(make_project, content, says):
    with pytest.raises(PlanError) as caught:
        read_plan(make_project(content, pool=GOOD))
    assert says in str(caught.value)


def test_encodings(make_project):
    plan = make_project(HEAD + "a,pool,Knee,,\n", pool=GOOD)
    plan.write_bytes(b"\xef\xbb\xbf" + plan.read_bytes().replace(b"\n", b"\r\n"))
    assert read_plan(plan)[0].title == "Knee"
    plan.write_bytes(HEAD.encode() + "a,pool,Knie-Übersicht,,\n".encode("latin-1"))
    with pytest.raises(PlanError, match="is not UTF-8"):
        read_plan(plan)


def test_a_missing_plan_and_a_notebook_that_cannot_be_run(make_project):
    plan = make_project("name,notebook,title\na,pool,T\n", pool=[code("x = 1", "parameters")])
    with pytest.raises(PlanError, match=r"cannot be run .*is not a typed literal"):
        read_plan(plan)
    with pytest.raises(RunError, match="there is no plan"):
        read_plan(plan.with_name("other.csv"))


def test_selects_by_name_and_pattern(make_project):
    runs = read_plan(make_project(HEAD + "knee-a,pool,A,,\nknee-b,pool,B,,1\nhip,pool,C,,2\n", pool=GOOD))
    assert [run.name for run in select(runs, ["hip", "knee*"])] == ["knee-a", "knee-b", "hip"]
    assert len(select(runs, [])) == 3
    with pytest.raises(RunError, match="no run 'hipp'; did you mean 'hip'"):
        select(runs, ["hipp"])


def test_override_applies_to_all_and_refuses_the_unknown(make_project):
    other = [code("word: str = 'x'  # w", "parameters")]
    runs = read_plan(make_project("name,notebook,title\na,pool,A\nb,other,B\n", pool=GOOD, other=other))
    assert [run.settings()["word"] for run in override(runs, {"word": "hip"})] == ["hip", "hip"]
    with pytest.raises(ParameterFaults, match=r"other\.ipynb has no parameter 'months'"):
        override(runs, {"months": "6"})
