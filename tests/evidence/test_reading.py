"""The form of a file: each thing a spreadsheet does to a table has its own message: file, row, column, remedy."""

import pytest
from painsynth.errors import EvidenceError
from painsynth.evidence.reading import number_problem, numbers, read_csv_strict


def faults_of(path):
    with pytest.raises(EvidenceError) as caught:
        read_csv_strict(path)
    return caught.value.faults


def test_a_byte_order_mark_and_crlf_are_read_like_any_file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("\ufeffa,b\r\n1,é\r\n".encode())
    frame = read_csv_strict(path)
    assert frame.columns.tolist() == ["a", "b"]
    assert frame.loc[2].tolist() == ["1", "é"], "the index counts rows as a spreadsheet does"


FORMS = {
    "semicolons with decimal comma": ("\ufeffstudy;m1i\r\na;5,1\r\n".encode(), 1, "semicolons"),
    "tabs": (b"study\tm1i\na\t5\n", 1, "tabs"),
    "utf-16": ("study,m1i\na,5\n".encode("utf-16"), None, "UTF-16"),
    "latin-1": ("study,m1i\nMüller,5\n".encode("latin-1"), 2, "Latin-1"),
    "empty": (b"", None, "empty"),
    "only blanks": (b"\n\n", None, "empty"),
    "header only": (b"study,m1i\n", None, "no row below"),
    "blank last row": (b"study,m1i\na,5\n,\n", 3, "blank"),
    "short row": (b"study,m1i\na\n", 2, "1 cells where the header has 2"),
    "long row": (b"study,m1i\na,5,1\n", 2, "3 cells where the header has 2"),
    "column twice": (b"study,study\na,b\n", 1, "2 times"),
    "blanks in a header": (b"study, m1i\na,5\n", 1, "blanks around"),
    "nameless column": (b"study,\na,5\n", 1, "no name"),
    "comment first": (b"# made by hand\nstudy,m1i\na,5\n", 1, "comment"),
    "open quote": (b'study,m1i\n"a,5\n', None, "quoting"),
    "nul": (b"study,m1i\na,\x00\n", None, "NUL"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_bad_form_is_named(form, tmp_path):
    data, row, words = FORMS[form]
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    assert any(fault.row == row and words in str(fault) for fault in faults_of(path)), [str(f) for f in faults_of(path)]


def test_a_missing_file_is_named(tmp_path):
    assert "missing" in str(faults_of(tmp_path / "t.csv")[0])


CELLS = {
    "5,1": "write 5.1", "1,200": "1200", "−3.2": "write -3.2", "NR": "empty", "41%": "write 41", "20-Jan": "date",
    "4.1±2.0": "own columns", "4.1 +/- 2.0": "own columns", " 5": "write 5", "abc": "plain number", "1e5x": "plain",
    "–": "empty", "inf": "plain", "0x10": "plain", "1_000": "plain", "٣": "plain",
}  # fmt: skip


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_that_is_no_number_says_what_to_write(cell):
    assert CELLS[cell] in " ".join(number_problem(cell))


@pytest.mark.parametrize("cell", ["5", "-5", "+.5", "5.", "1e-3", "0"])
def test_plain_numbers_pass(cell):
    assert number_problem(cell) is None


def test_numbers_lists_every_bad_cell_and_leaves_empty_cells_missing(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,x\n,2\n5;1,y\n", encoding="utf-8")
    frame = read_csv_strict(path)
    with pytest.raises(EvidenceError) as caught:
        numbers(frame, ["a", "b"], "t.csv")
    assert [(fault.row, fault.column, fault.value) for fault in caught.value.faults] == [
        (4, "a", "5;1"), (2, "b", "x"), (4, "b", "y")]  # fmt: skip
    assert numbers(frame.iloc[:2], ["a"], "t.csv")["a"].isna().tolist() == [False, True]
