from __future__ import annotations

import pytest
from painsynth.report.parameters import (
    Parameter,
    ParameterFaults,
    did_you_mean,
    give_values,
    parse_value,
    read_parameters,
)
from report.conftest import GOOD, PARAMETERS, code, text, write_notebook


def test_reads_names_types_defaults_and_comments(tmp_path):
    known = read_parameters(write_notebook(tmp_path / "n.ipynb", GOOD))
    assert list(known) == ["word", "months", "share"]
    assert known["months"] == Parameter("months", "int", 12, "when")


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ([code("x: int = 1")], "0 code cells carry the tag 'parameters'"),
        ([code("x: int = 1", "parameters"), code("y: int = 1", "parameters")], "2 code cells"),
        ([code("x = 1", "parameters")], "is not a typed literal"),
        ([code("x: int = 6 + 6", "parameters")], "computed"),
        ([code("x: int = 'a'", "parameters")], "not of its type int"),
        ([code("x: bool = 1", "parameters")], "not of its type bool"),
        ([code("x: list = []", "parameters")], "not one of str, int"),
        ([code("x: int = 1\nx: int = 2", "parameters")], "declared twice"),
        ([code("x: int = ", "parameters")], "is not Python"),
        ([code("x: int = 1", "parameters"), code("x += 1")], "assigned again"),
        ([code("x: int = 1", "parameters"), code("for x in []:\n    pass")], "assigned again"),
        ([code("x: int = 1", "parameters"), code("import os as x")], "assigned again"),
        ([code("x: int = 1", "parameters"), code("y = (")], "is not Python"),
    ],
)
def test_lint(tmp_path, cells, says):
    with pytest.raises(ParameterFaults) as caught:
        read_parameters(write_notebook(tmp_path / "n.ipynb", [text("# Q?"), *cells]))
    assert says in str(caught.value)


def test_negative_numbers_and_whole_floats_are_literals(tmp_path):
    cell = code("x: int = -3  # low\ny: float = 10  # ten", "parameters")
    known = read_parameters(write_notebook(tmp_path / "n.ipynb", [cell, code("%matplotlib inline\nz = x")]))
    assert known["x"].default == -3
    assert isinstance(known["y"].default, float)


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [("int", "6", 6), ("int", " -6 ", -6), ("float", "6", 6.0), ("float", "1e-3", 0.001), ("bool", "Yes", True),
     ("bool", "false", False), ("str", "", ""), ("str", " a b", " a b")],
)  # fmt: skip
def test_parses_the_declared_type(kind, given, value):
    parsed = parse_value(Parameter("x", kind, None, ""), given)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("kind", "given"),
    [("int", "6.0"), ("int", ""), ("int", "twelve"), ("int", "٣"), ("float", "6,5"), ("float", "nan"), ("float", "inf"),
     ("float", "1e999"), ("bool", "maybe"), ("int", "1_000"), ("float", "−1")],
)  # fmt: skip
def test_refuses_another_type(kind, given):
    with pytest.raises(ValueError, match=f"not of the type {kind}"):
        parse_value(Parameter("x", kind, None, ""), given)


def test_all_wrong_values_are_told_at_once_with_what_is_there():
    known = {"months": Parameter("months", "int", 12, ""), "word": Parameter("word", "str", "knee", "")}
    values, faults = give_values(known, {"mounths": "6", "months": "six", "word": "hip"}, notebook="n.ipynb")
    assert values == {"word": "hip"}
    assert "did you mean 'months'? Its parameters: months: int = 12; word: str = 'knee'" in str(faults[0])
    assert "not of the type int" in str(faults[1])


def test_no_wild_guesses():
    assert did_you_mean("zzz", ["months"]) == ""
    assert PARAMETERS  # the same text the projects are made with
