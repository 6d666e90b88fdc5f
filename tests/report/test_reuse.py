"""Which runs are made anew when something changes, and that what was kept is what a run from nothing would give."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from mini_review import scores, trial, write_review
from painsynth.evidence.tables import load_evidence
from painsynth.report import inputs
from painsynth.report.inputs import Inputs
from painsynth.report.normalise import joined, normalise, notebook_bytes
from painsynth.report.plan import read_plan
from painsynth.report.run import report
from painsynth.report.slices import data_hashes
from report.conftest import code, text, write_notebook
from report.test_run import hashes

ROOT = Path(__file__).resolve().parents[2]
HEAD = "name,notebook,title,condition\n"
PLAN = HEAD + (
    "knee,pool,Knee?,knee_osteoarthritis\nhip,pool,Hip?,hip_osteoarthritis\n"
    "tendon,pool,Tendon?,tendinopathy\nall,pool,All?,any\n"
)
SAVE = (
    "import os\nfrom IPython.display import SVG, display\n"
    "drawn = f'<svg xmlns=\"http://www.w3.org/2000/svg\"><text>{sentence}</text></svg>'\ndisplay(SVG(drawn))\n"
    "with open(os.path.join(os.environ['PAINSYNTH_FIGURES'], f'{question.slug}.svg'), 'w') as file:\n"
    "    print(drawn, file=file)"
)
POOL = [
    text("# Does it help?\n\nSee [the data](../data/README.md)."),
    code("condition: str = 'any'  # which", "parameters"),
    code(
        "import painsynth as ps\nevidence = ps.load_evidence()\n"
        "question = ps.Question(condition=condition, months=12)\n"
        "comparisons = ps.compare(evidence, question)\neffects = ps.effects(comparisons)\n"
        "fit = ps.pool(effects) if len(effects) else None\nsentence = ps.sentence(question, fit, comparisons)"
    ),
    code(SAVE),
    code("evidence.flags"),
    code("ps.report_line(question, fit, sentence)"),
    code("ps.provenance()"),
]


def review(folder: Path) -> Path:
    """Three trials of two conditions; nothing of the third can be pooled."""
    parts = []
    for name, condition, mean in (
        ("a", "knee_osteoarthritis", 3),
        ("b", "knee_osteoarthritis", 4),
        ("c", "hip_osteoarthritis", 2),
    ):
        parts += [trial(name, condition=condition), scores(name, (mean, 2), (5, 2))]
    write_review(folder / "data", *parts, trial("d", condition="tendinopathy"))
    (folder / "data" / "README.md").write_text("# Data\n")
    write_notebook(folder / "notebooks" / "pool.ipynb", POOL)
    (folder / "notebooks" / "plan.csv").write_text(PLAN, encoding="utf-8")
    return folder / "notebooks" / "plan.csv"


def change_cell(path: Path, column: str, value: str, **where: str) -> None:
    """Change one cell of a table: in the first row that holds what `where` says."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    row = next(row for row in rows if all(row[name] == word for name, word in where.items()))
    assert row[column] != value
    row[column] = value
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def keys(plan: Path, **reads) -> dict[str, str]:
    runs = read_plan(plan)
    now = Inputs.take(plan.resolve().parents[1], runs)
    return {run.name: now.key(run, reads.get(run.name, ())) for run in runs}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in after if before.get(name) != after[name]}


def result_of_hip(root: Path) -> None:
    change_cell(root / "data/outcomes.csv", "mean", "2.5", study_id="c")


def new_kind_of_trial(root: Path) -> None:
    change_cell(root / "data/arms.csv", "msc_source", "adipose", study_id="c")


def meaning_of_a_flag(root: Path) -> None:
    change_cell(root / "data/flags.csv", "meaning", "another", code="paired_design")


def notebook(root: Path) -> None:
    write_notebook(root / "notebooks/pool.ipynb", [*POOL, text("More.")])


def row_of_the_plan(root: Path) -> None:
    (root / "notebooks/plan.csv").write_text(PLAN.replace("Hip?", "The hip?"), encoding="utf-8")


CHANGES = {
    result_of_hip: {"hip", "all"},
    new_kind_of_trial: {"hip", "all", "tendon"},  # nothing can be pooled there: the page says what exists elsewhere
    meaning_of_a_flag: {"knee", "hip", "tendon", "all"},
    notebook: {"knee", "hip", "tendon", "all"},
    row_of_the_plan: {"hip"},
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_concerns_the_runs_that_depend_on_it(change, tmp_path):
    plan = review(tmp_path)
    before = keys(plan, tendon=["coverage"])
    change(tmp_path)
    assert changed(before, keys(plan, tendon=["coverage"])) == CHANGES[change]


@pytest.mark.parametrize("what", ["library_hash", "packages_hash"])
def test_code_and_packages_concern_every_run(what, tmp_path, monkeypatch):
    plan = review(tmp_path)
    before = keys(plan)
    monkeypatch.setattr(inputs, what, lambda: "other")
    assert changed(before, keys(plan)) == set(before)


def test_one_result_of_the_real_data_concerns_its_condition_and_the_runs_on_everything(tmp_path):
    shutil.copytree(ROOT / "data", tmp_path / "data")
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    plan = tmp_path / "notebooks" / "plan.csv"
    before = keys(plan)
    disc = (
        load_evidence(tmp_path / "data").studies.query("condition == 'degenerative_disc_disease'")["study_id"].iloc[0]
    )
    change_cell(tmp_path / "data/outcomes.csv", "quote", "changed", study_id=disc)
    runs = read_plan(plan)
    expected = {run.name for run in runs if inputs.condition_of(run) in ("", "degenerative_disc_disease")}
    assert changed(before, keys(plan)) == expected
    assert 0 < len(expected) < len(runs)


def test_a_kernel_is_given_the_rows_of_its_condition_and_says_when_it_looks_elsewhere(tmp_path, monkeypatch):
    review(tmp_path)
    everything = load_evidence(tmp_path / "data")
    monkeypatch.setenv("PAINSYNTH_CONDITION", "hip_osteoarthritis")
    monkeypatch.setenv("PAINSYNTH_READS", str(tmp_path / "reads"))
    given = load_evidence(tmp_path / "data")
    assert set(given.studies["study_id"]) == {"c"}
    assert set(given.arms["arm_id"]) == {"c_cells", "c_ctrl"}
    assert list(given.outcomes.index) == [6, 7]  # rows as a spreadsheet shows them
    assert len(given.instruments) == len(everything.instruments)
    assert not (tmp_path / "reads").exists()
    assert given.coverage().equals(everything.coverage())
    assert given.sha256 == everything.sha256
    assert (tmp_path / "reads").read_text().split() == ["coverage", "everything"]


def test_the_hash_of_a_condition_sees_the_place_of_its_rows(tmp_path):
    review(tmp_path)
    before = {word: data_hashes(tmp_path / "data", word) for word in ("knee_osteoarthritis", "hip_osteoarthritis")}
    lines = (tmp_path / "data/outcomes.csv").read_text().splitlines()
    (tmp_path / "data/outcomes.csv").write_text("\n".join([*lines[:3], lines[1].replace("12", "6"), *lines[3:]]) + "\n")
    after = {word: data_hashes(tmp_path / "data", word) for word in before}
    assert all(before[word]["outcomes.csv"] != after[word]["outcomes.csv"] for word in before)
    assert all(before[word]["arms.csv"] == after[word]["arms.csv"] for word in before)


def test_nothing_is_reused_when_the_inputs_changed_under_the_run(tmp_path):
    runs = read_plan(review(tmp_path))
    assert Inputs("", "", "", "", {}, {}, settled=False).key(runs[0]) == ""


def test_a_notebook_is_read_back_as_it_was_written():
    told = {
        "output_type": "display_data",
        "metadata": {},
        "data": {"text/plain": ["a\n", "b"], "x+json": {"b": 1, "a": [2]}},
    }
    stream = {"output_type": "stream", "name": "stdout", "text": "one\ntwo\n"}
    cells = [text("# A\n\nb"), {**code("x = 1\ny"), "outputs": [told, stream]}]
    notebook = normalise({"cells": cells})
    written = notebook_bytes(notebook)
    back = joined(json.loads(written))
    assert notebook_bytes(back) == written
    assert back == notebook
    assert list(back["cells"][1]["outputs"][0]["data"]["x+json"]) == ["a", "b"]


def quietly(plan: Path, **how):
    told: list[str] = []
    done = report(plan, tell=told.append, **how)
    assert not done.failed
    return {outcome.run.name for outcome in done.outcomes if outcome.published is None}, told


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    plan = review(tmp_path_factory.mktemp("reuse") / "project")
    assert quietly(plan)[0] == {"knee", "hip", "tendon", "all"}
    return plan


@pytest.fixture
def copied(reported, tmp_path):
    shutil.copytree(reported.parents[1], tmp_path / "project")
    return tmp_path / "project" / "notebooks" / "plan.csv"


@pytest.mark.slow
def test_a_report_without_a_change_executes_nothing(copied):
    before = hashes(copied.parents[1])
    executed, told = quietly(copied)
    assert executed == set()
    assert told == ["4 of 4 runs are up to date"]
    assert hashes(copied.parents[1]) == before


@pytest.mark.parametrize("damage", ["reports/hip/index.html", "reports/hip/hip.ipynb"])
@pytest.mark.slow
def test_a_run_whose_page_was_changed_or_lost_is_made_again(damage, copied):
    root = copied.parents[1]
    before = hashes(root)
    (root / damage).write_text("changed by hand")
    assert quietly(copied)[0] == {"hip"}
    assert hashes(root) == before


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.slow
def test_what_was_kept_is_what_a_report_from_nothing_gives(change, copied, tmp_path):
    root = copied.parents[1]
    change(root)
    executed, told = quietly(copied)
    assert executed == CHANGES[change]
    assert told[0] == f"{4 - len(executed)} of 4 runs are up to date"
    kept = {name: value for name, value in hashes(root).items() if name.startswith(("reports/", "figures/"))}
    quietly(copied, out=tmp_path / "fresh", force=True)
    assert hashes(tmp_path / "fresh") == kept
