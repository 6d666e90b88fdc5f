"""Loading succeeds whole or lists every fault at once, in words a data-enterer understands."""

import csv
import shutil

import painsynth as ps
import pytest
from conftest import ROOT
from mini_review import scores, trial, write_review

DATA = ROOT / "data"


@pytest.fixture
def review(tmp_path):
    """A copy of the shipped data that a test may spoil."""
    return shutil.copytree(DATA, tmp_path / "data")


def spoil(folder, table, row, column, value):
    """Change one cell, addressed as a spreadsheet shows it."""
    path = folder / f"{table}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    rows[row - 1][rows[0].index(column)] = value
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def faults_of(folder):
    with pytest.raises(ps.EvidenceError) as caught:
        ps.load_evidence(folder)
    return caught.value.faults


SPOILS = {
    "text in a number cell": ("outcomes", 60, "mean", "abc", "plain number"),
    "decimal comma": ("outcomes", 60, "sd", "1,88", "write 1.88"),
    "unknown word": ("outcomes", 60, "value_type", "endpiont", "did you mean 'endpoint'"),
    "unknown condition": ("studies", 5, "condition", "knee", "allowed is one of"),
    "n is zero": ("outcomes", 60, "n", "0", "above 0"),
    "n not whole": ("outcomes", 60, "n", "20.5", "whole number"),
    "sd is zero": ("outcomes", 60, "sd", "0", "above 0"),
    "sd is negative": ("outcomes", 60, "sd", "-2", "above 0"),
    "mean outside the scale": ("outcomes", 60, "mean", "16", "outside the scale"),
    "orphan arm": ("outcomes", 60, "arm_id", "nobody_cells", "not found in arms.arm_id"),
    "arm of another trial": ("outcomes", 60, "arm_id", "gupta_2016_cells", "not of baria_2022"),
    "orphan source": ("outcomes", 60, "source_id", "nowhere", "not found in sources.source_id"),
    "orphan instrument": ("outcomes", 60, "instrument", "VAS 0-1000", "not found in instruments.instrument"),
    "unknown flag": ("outcomes", 60, "flags", "rescaled_by_reveiw", "not found in flags.code"),
    "negative months": ("outcomes", 60, "months", "-3", "at least 0"),
    "placeholder": ("outcomes", 60, "mean", "NR", "empty"),
    "blanks": ("studies", 5, "label", " Haines 2022", "blanks before or after"),
    "required cell empty": ("studies", 5, "condition", "", "must hold"),
    "more events than people": ("events", 48, "events", "99", "more events than people"),
    "unknown event": ("events", 48, "event", "serious_adverse_evnt", "did you mean 'serious_adverse_event'"),
    "direction word": ("instruments", 2, "higher_is_worse", "yes", "one of: true, false"),
    "mid without source": ("instruments", 2, "mid_source", "", "needs its source"),
    "reason": ("excluded", 3, "reason", "lost", "not a known reason"),
}


@pytest.mark.parametrize("name", SPOILS)
def test_each_spoiled_cell_is_reported_with_its_place(name, review):
    table, row, column, value, words = SPOILS[name]
    spoil(review, table, row, column, value)
    mine = [
        fault
        for fault in faults_of(review)
        if fault.file == f"{table}.csv" and fault.row == row and column in fault.column
    ]
    assert mine, [str(fault) for fault in faults_of(review)]
    assert any(words in str(fault) for fault in mine), [str(fault) for fault in mine]


def test_all_faults_come_at_once(review):
    for table, row, column, value, _ in list(SPOILS.values())[:5]:
        spoil(review, table, row, column, value)
    found = {(fault.file, fault.row) for fault in faults_of(review)}
    assert {("outcomes.csv", 60), ("studies.csv", 5)} <= found


def test_a_repeated_row_and_a_repeated_key_are_told_apart(review):
    path = review / "outcomes.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines, lines[59]]), encoding="utf-8")
    assert any("the row repeats row 60" in str(fault) for fault in faults_of(review))
    spoil(review, "outcomes", len(lines) + 1, "sd", "2.5")
    assert any("the key repeats row 60" in str(fault) for fault in faults_of(review))


def test_quartiles_out_of_order(review):
    with (review / "outcomes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    row = next(i for i, record in enumerate(rows, start=2) if record["q1"] and record["q3"])
    spoil(review, "outcomes", row, "q1", "9.5")
    assert any(fault.row == row and "q1" in fault.column for fault in faults_of(review))


def test_a_missing_column_a_strange_column_and_a_missing_table(review):
    text = (review / "arms.csv").read_text(encoding="utf-8").replace("msc_source", "msc_sourse", 1)
    (review / "arms.csv").write_text(text, encoding="utf-8")
    (review / "outcomes.csv").rename(review / "outcome.csv")
    words = "\n".join(str(fault) for fault in faults_of(review))
    assert "arms.csv, row 1, column msc_source: the column is missing" in words
    assert "did you mean 'msc_source'" in words
    assert "outcomes.csv: the file is missing" in words
    assert "outcome.csv: not one of the tables" in words and "did you mean 'outcomes.csv'" in words


@pytest.mark.parametrize("table", ["studies", "arms", "outcomes", "events", "contrasts", "excluded"])
def test_an_empty_table_is_never_taken_for_no_evidence(table, review):
    path = review / f"{table}.csv"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    assert any(fault.file == path.name and "empty" in str(fault) for fault in faults_of(review))


def test_a_file_saved_by_a_european_spreadsheet(review):
    path = review / "studies.csv"
    text = path.read_text(encoding="utf-8").replace(",", ";").replace("\n", "\r\n")
    path.write_bytes(("\ufeff" + text).encode("utf-8"))
    assert any("semicolons" in str(fault) for fault in faults_of(review))


def test_no_folder(tmp_path):
    assert "no such folder" in str(faults_of(tmp_path / "nowhere")[0])


def test_optional_tables_may_be_absent(tmp_path):
    folder = write_review(tmp_path / "data", trial("one"), scores("one", (3, 2), (5, 2)))
    evidence = ps.load_evidence(folder)
    assert len(evidence.events) == 0 and len(evidence.studies) == 1
    assert "1 studies" in str(evidence)


def test_numbers_are_floats_texts_are_texts_and_rows_count_as_in_a_spreadsheet():
    evidence = ps.load_evidence(DATA)
    assert evidence.outcomes["mean"].dtype == float
    assert evidence.outcomes.index[0] == 2
    assert all(isinstance(note, str) for note in evidence.studies["notes"])


def test_the_hash_of_the_evidence_does_not_depend_on_its_place(review):
    assert ps.load_evidence(review).sha256 == ps.load_evidence(DATA).sha256
    spoil(review, "studies", 5, "notes", "changed")
    assert ps.load_evidence(review).sha256 != ps.load_evidence(DATA).sha256


def test_the_same_number_written_another_way_is_the_same_key(review):
    path = review / "outcomes.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines, lines[59].replace(",6,", ",6.0,", 1)]), encoding="utf-8")
    assert any(fault.row == len(lines) + 1 and "repeats row 60" in str(fault) for fault in faults_of(review))


def test_one_registration_under_two_names_is_one_trial(review):
    path = review / "studies.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    first = next(line for line in lines[1:] if "NCT" in line)
    path.write_text("".join([*lines, first.replace(first.split(",")[0], "another_id", 1)]), encoding="utf-8")
    assert any("registry_id" in fault.column for fault in faults_of(review))


def test_a_ragged_row_does_not_hide_the_faults_of_other_rows(review):
    spoil(review, "outcomes", 60, "sd", "0")
    path = review / "outcomes.csv"
    path.write_text(path.read_text(encoding="utf-8") + "short,row\n", encoding="utf-8")
    words = [str(fault) for fault in faults_of(review)]
    assert any("2 cells where the header has" in word for word in words)
    assert any("row 60, column sd" in word for word in words)


def test_flags_without_their_table_are_orphans(review):
    (review / "flags.csv").unlink()
    assert any("not found in flags.code" in str(fault) for fault in faults_of(review))
