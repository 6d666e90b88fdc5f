"""Holds the notebooks to rule 7 of the house: an argument that reads from its question to its provenance.

Each rule is a function from a notebook to the list of its breaches; each is also tried on a notebook that breaks it.
"""

from __future__ import annotations

import ast
import copy
import csv
import json
import re
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LONGEST_CELL = 6
TYPES = {"str": str, "int": int, "float": float, "bool": bool}
PLAN_FIXED = ("name", "notebook", "title")
FILE_NAME = re.compile(r"^(\.{0,2}/|~|[A-Za-z]:\\|data/|figures/|reports/)|\.(csv|svg|png|pdf|html|json|ipynb|yml)$")


def source(cell: dict) -> str:
    text = cell["source"]
    return text if isinstance(text, str) else "".join(text)


def code_cells(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def is_parameters(cell: dict) -> bool:
    return "parameters" in cell.get("metadata", {}).get("tags", [])


def magic_lines(cell: dict) -> list[str]:
    return [line for line in source(cell).splitlines() if re.match(r"\s*([%!?]|[\w.]+\?{1,2}\s*$)", line)]


def tree(cell: dict) -> ast.Module:
    """The syntax of a code cell; lines of magic are left out, another rule names them."""
    magics = magic_lines(cell)
    return ast.parse("\n".join("" if line in magics else line for line in source(cell).splitlines()))


# ---- the rules


def title_is_a_question(notebook):
    first = notebook["cells"][0] if notebook["cells"] else {"cell_type": "none", "source": ""}
    line = source(first).splitlines()[0] if source(first) else ""
    good = first["cell_type"] == "markdown" and line.startswith("# ") and line.rstrip().endswith("?")
    return [] if good else [f"the first line is '{line}', not a title '# ...?'"]


def first_code_cell_holds_the_parameters(notebook):
    tagged = [is_parameters(cell) for cell in code_cells(notebook)]
    if tagged.count(True) == 1 and tagged[0]:
        return []
    return [f"{tagged.count(True)} cells are tagged 'parameters'; exactly the first code cell has to be"]


def parameters_are_typed_commented_literals(notebook):
    breaches = []
    for cell in filter(is_parameters, code_cells(notebook)):
        lines = source(cell).splitlines()
        for node in tree(cell).body:
            line = lines[node.lineno - 1]
            if not _is_typed_literal(node):
                breaches.append(f"parameters: '{line}' is not `name: type = literal`, type one of {', '.join(TYPES)}")
            elif "#" not in line[node.end_col_offset :]:
                breaches.append(f"parameters: '{line}' has no comment")
    return breaches


def _is_typed_literal(node: ast.stmt) -> bool:
    if not (
        isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(node.annotation, ast.Name)
    ):
        return False
    try:
        value = ast.literal_eval(node.value)
    except (ValueError, TypeError):
        return False
    return node.annotation.id in TYPES and type(value) is TYPES[node.annotation.id]


def no_definitions(notebook):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    found = [node for cell in code_cells(notebook) for node in ast.walk(tree(cell)) if isinstance(node, kinds)]
    return [f"defines {getattr(node, 'name', 'a lambda')}; it belongs into the package" for node in found]


def no_magics(notebook):
    return [f"magic or help line '{line}'" for cell in code_cells(notebook) for line in magic_lines(cell)]


def no_paths(notebook):
    breaches = []
    for node in (node for cell in code_cells(notebook) for node in ast.walk(tree(cell))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and FILE_NAME.search(node.value):
            breaches.append(f"path or file name '{node.value}'")
        if isinstance(node, ast.Name) and node.id in ("open", "Path", "__file__"):
            breaches.append(f"opens files itself with {node.id}")
    return breaches


def cells_are_short(notebook):
    breaches = []
    for cell in code_cells(notebook):
        lines = [line for line in source(cell).splitlines() if line.strip()]
        only_imports = all(isinstance(node, ast.Import | ast.ImportFrom) for node in tree(cell).body)
        if len(lines) > LONGEST_CELL and not is_parameters(cell) and not only_imports:
            breaches.append(f"a cell of {len(lines)} lines (at most {LONGEST_CELL}) starts with '{lines[0]}'")
    return breaches


def assigned(cell: dict) -> set[str]:
    names = {node.id for node in ast.walk(tree(cell)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    imports = [node for node in ast.walk(tree(cell)) if isinstance(node, ast.Import | ast.ImportFrom)]
    return names | {(alias.asname or alias.name).split(".")[0] for node in imports for alias in node.names}


def every_name_is_assigned_in_one_cell(notebook):
    counts = Counter(name for cell in code_cells(notebook) for name in assigned(cell) if name != "_")
    return [f"'{name}' is assigned in {count} cells" for name, count in counts.items() if count > 1]


def outputs_are_stripped(notebook):
    breaches = []
    for cell in code_cells(notebook):
        kept = [key for key in ("outputs", "execution_count") if cell.get(key)]
        kept += [key for key in cell.get("metadata", {}) if key != "tags"]
        breaches += [f"cell '{source(cell)[:40]}' keeps {', '.join(kept)}"] if kept else []
    extra = sorted(set(notebook["metadata"]) - {"kernelspec", "language_info"})
    return breaches + ([f"the notebook's metadata keep {', '.join(extra)}"] if extra else [])


def kernel_is_the_common_one(notebook):
    name = notebook["metadata"].get("kernelspec", {}).get("name")
    return [] if name == "python3" else [f"kernel '{name}': only 'python3' exists on every machine"]


def ends_with_provenance(notebook):
    cells = code_cells(notebook)
    good = bool(cells) and notebook["cells"][-1] is cells[-1] and "provenance()" in source(cells[-1])
    return [] if good else ["the last cell is not `ps.provenance()`"]


HOW_TO = (
    "**To change the question**, edit a value in the next cell and choose *Run > Restart Kernel and Run All Cells...*. "
    "A wrong value is refused with the values that are possible."
)


def says_how_to_change_the_question(notebook):
    lines = source(notebook["cells"][0]).splitlines() if notebook["cells"] else []
    return (
        [] if any(line.startswith(HOW_TO) for line in lines) else ["the first cell lacks the shared line 'To change'"]
    )


# A digit in prose is a result unless it belongs to a name: a citation's year or page, a scale, a file, a notebook.
CITED = re.compile(
    r"`[^`]*`|\[[^\]]*\]\([^)]*\)|CD\d+(\.\w+)?|\b10\.\d{4,}/\S+|\b(19|20)\d\d\b[^.;:]{0,40}?\d+(\(\d+\))?:\w*\d+(-\d+)?"
    r"|\b(19|20)\d\d\b|chapters? \d+( \([^)]*\))?((, | and )\d+( \([^)]*\))?)*|\barms? [12]\b"
    r"|\b0\s?[-\N{EN DASH}]\s?(100|10)\b|RoB 2|CR2|\bI2\b|tau2"
)


def no_result_is_typed_as_prose(notebook):
    breaches = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            left = re.findall(r"[^\s(]*\d[^\s)]*", CITED.sub("", source(cell)))
            breaches += [f"'{word}' is typed in prose; compute it" for word in left]
    return breaches


RULES = [
    title_is_a_question,
    first_code_cell_holds_the_parameters,
    parameters_are_typed_commented_literals,
    no_definitions,
    no_magics,
    no_paths,
    cells_are_short,
    every_name_is_assigned_in_one_cell,
    outputs_are_stripped,
    kernel_is_the_common_one,
    ends_with_provenance,
    says_how_to_change_the_question,
    no_result_is_typed_as_prose,
]


def headings(notebook: dict) -> list[str]:
    text = "\n".join(source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    return re.findall(r"^## +(.+?)\s*$", text, flags=re.M)


def order_conflicts(first: list[str], second: list[str]) -> list[str]:
    """Headings that two notebooks share but bring in another order."""
    shared = [name for name in first if name in second]
    return [] if shared == [name for name in second if name in shared] else shared


def parameters(notebook: dict) -> dict[str, type]:
    body = [node for cell in filter(is_parameters, code_cells(notebook)) for node in tree(cell).body]
    return {node.target.id: TYPES[node.annotation.id] for node in body if _is_typed_literal(node)}


# ---- the notebooks of this repository


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_keeps_the_rule(path, rule):
    breaches = rule(read(path))
    assert not breaches, f"{path.name}: " + "; ".join(breaches)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_sections_come_in_the_same_order_as_in_the_other_notebooks(path):
    mine = headings(read(path))
    assert mine, f"{path.name} has no sections (## ...)"
    assert len(mine) == len(set(mine)), f"{path.name} has a section twice"
    for other in NOTEBOOKS:
        theirs = headings(read(other))
        assert not order_conflicts(mine, theirs), (
            f"{path.name} and {other.name} differ in the order of {mine} and {theirs}"
        )
        assert (mine[0], mine[-1]) == (theirs[0], theirs[-1]), (
            f"{path.name} and {other.name} start or end with another section"
        )


def test_every_filled_cell_of_the_plan_is_a_parameter_of_its_notebook():
    plan = FOLDER / "plan.csv"
    if not plan.exists():
        assert not NOTEBOOKS, "there are notebooks, but no notebooks/plan.csv"
        return
    with plan.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    breaches = []
    for number, row in enumerate(rows, start=2):
        path = FOLDER / (row["notebook"] if row["notebook"].endswith(".ipynb") else f"{row['notebook']}.ipynb")
        known = parameters(read(path)) if path.exists() else {}
        filled = {name: text for name, text in row.items() if name not in PLAN_FIXED and (text or "").strip()}
        breaches += [] if path.exists() else [f"row {number}: there is no {path.name}"]
        breaches += [
            f"row {number}: '{name}' is not a parameter of {path.name}" for name in filled if name not in known
        ]
        breaches += [
            f"row {number}: {name} = '{text}'" for name, text in filled.items() if not _reads_as(known.get(name), text)
        ]
    names = Counter(row["name"] for row in rows)
    breaches += [f"the run '{name}' stands {count} times" for name, count in names.items() if count > 1]
    assert not breaches, "plan.csv: " + "; ".join(breaches)


def _reads_as(kind: type | None, text: str) -> bool:
    if kind in (int, float):
        try:
            kind(text)
        except ValueError:
            return False
    return kind is not bool or text.strip().lower() in ("true", "false")


# ---- each rule notices what it is there for


def cell(text: str, kind: str = "code", **metadata) -> dict:
    extra = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "source": text, "metadata": metadata, **extra}


GOOD = {
    "cells": [
        cell(f"# Does it help?\n\n{HOW_TO}", "markdown"),
        cell(
            "months: int = 12  # which time point?\ncondition: str = 'knee oa'  # one of the conditions on file",
            tags=["parameters"],
        ),
        cell("## Answer", "markdown"),
        cell("import painsynth as ps\n\nevidence = ps.load_evidence()"),
        cell("fit = ps.pool(evidence)\nfit"),
        cell("ps.provenance()"),
    ],
    "metadata": {"kernelspec": {"name": "python3"}, "language_info": {"name": "python"}},
}

SEEDED = {
    "title_is_a_question": (0, "# Pooling of trials"),
    "first_code_cell_holds_the_parameters": (1, None),
    "parameters_are_typed_commented_literals": (1, "months: int = 12"),
    "no_definitions": (4, "def f(x):\n    return x"),
    "no_magics": (4, "%matplotlib inline"),
    "no_paths": (4, "table = ps.read('data/studies.csv')"),
    "cells_are_short": (4, "\n".join(f"a{i} = {i}" for i in range(7))),
    "every_name_is_assigned_in_one_cell": (4, "evidence = 1"),
    "outputs_are_stripped": (4, {"execution_count": 3}),
    "kernel_is_the_common_one": (None, {"kernelspec": {"name": "my laptop"}}),
    "ends_with_provenance": (5, "fit"),
    "says_how_to_change_the_question": (0, "# Does it help?"),
    "no_result_is_typed_as_prose": (2, "## Answer\n\nPain falls by 14 points."),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_passes_a_good_notebook_and_notices_a_bad_one(rule):
    assert rule(GOOD) == []
    place, change = SEEDED[rule.__name__]
    bad = copy.deepcopy(GOOD)
    if place is None:
        bad["metadata"] = change
    elif change is None:
        bad["cells"][place]["metadata"] = {}
    elif isinstance(change, dict):
        bad["cells"][place].update(change)
    else:
        bad["cells"][place]["source"] = change
    assert rule(bad), f"{rule.__name__} does not notice {change!r}"


@pytest.mark.parametrize(
    "line",
    ["months = 12  # untyped", "months: int = 6 + 6  # sum", "months: int = '12'  # text", "x: list = []  # type"],
)
def test_parameters_rule_refuses(line):
    bad = copy.deepcopy(GOOD)
    bad["cells"][1]["source"] = line
    assert parameters_are_typed_commented_literals(bad)


def test_order_of_sections():
    assert order_conflicts(["a", "b", "c"], ["a", "x", "c"]) == []
    assert order_conflicts(["a", "b"], ["b", "a"]) == ["a", "b"]
