"""Holds the house: floors, sizes, public names, a light import, nothing of one machine.

The notebooks are held by test_house_notebooks.py.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "lib" / "painsynth"
MODULES = sorted(PACKAGE.rglob("*.py"))

# The rooms from the ground floor to the roof; a module imports from its own room and from those on lower floors.
FLOORS = {
    "formats": 0,
    "errors": 0,
    "files": 0,
    "html": 0,
    "evidence": 1,
    "stats": 2,
    "sensitivity": 3,
    "judgement": 4,
    "plots": 5,
    "tables": 6,
    "report": 7,
    "cli": 8,
}
# `stats` serves any field: an effects table is any DataFrame with study, yi, vi. Nor does it draw or display anything.
NEVER = {"stats": ("painsynth.evidence", "matplotlib", "seaborn", "IPython", "papermill", "nbconvert")}
LONGEST_FUNCTION, LONGEST_FILE = 40, 300
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}
HEAVY = ("pandas", "scipy.stats", "statsmodels", "seaborn", "matplotlib", "papermill", "nbconvert", "IPython",
         "great_tables", "docx")  # fmt: skip
SPEAKERS = ("cli.py", "cli", "report")  # the only rooms that print


def _label(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _room(path: Path) -> str:
    inside = path.relative_to(PACKAGE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _absolute(node: ast.ImportFrom, path: Path) -> str:
    """Dotted module of a `from ... import`, also of a relative one."""
    if not node.level:
        return node.module or ""
    package = ["painsynth", *path.relative_to(PACKAGE).parts[:-1]]
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _imports(path: Path) -> list[tuple[int, str]]:
    """(line, dotted name) of everything a module imports, at the top or inside a function."""
    found = []
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, path)
            # `from painsynth import stats` names a room only together with the alias
            found += [
                (node.lineno, f"{module}.{alias.name}" if module == "painsynth" else module) for alias in node.names
            ]
    return sorted(set(found))


def _functions(path: Path) -> list[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Every function with its length in lines: decorators and docstring left out."""
    sized = []
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            documented = isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", None), str)
            docstring = first.end_lineno - first.lineno + 1 if documented else 0
            sized.append((node, node.end_lineno - node.lineno + 1 - docstring))
    return sized


each_module = pytest.mark.parametrize("path", MODULES, ids=_label)


@each_module
def test_imports_come_only_from_lower_floors(path):
    room = _room(path)
    if room in ("__init__", "__main__"):
        return  # the door: it sends each public name to its room
    assert room in FLOORS, f"{_label(path)}: '{room}' is not a room of the house; rooms: {', '.join(FLOORS)}"
    wrong = []
    for line, name in _imports(path):
        other = name.split(".")[1] if name.startswith("painsynth.") else None
        if other in FLOORS and other != room and FLOORS[other] >= FLOORS[room]:
            wrong.append(f"line {line}: {name} (floor {FLOORS[other]}) into {room} (floor {FLOORS[room]})")
    assert not wrong, f"{_label(path)} imports upward: " + "; ".join(wrong)


@each_module
def test_stats_knows_no_files_no_plots_no_display(path):
    banned = NEVER.get(_room(path), ())
    wrong = [
        f"line {n}: {name}" for n, name in _imports(path) if any(name == b or name.startswith(f"{b}.") for b in banned)
    ]
    assert not wrong, f"{_label(path)} must not import " + "; ".join(wrong)


@each_module
def test_the_pooling_engine_does_not_pay_for_scipy_stats(path):
    """scipy.special has the same distributions for a third of the import time."""
    wrong = [
        f"line {line}" for line, name in _imports(path) if name == "scipy.stats" or name.startswith("scipy.stats.")
    ]
    wrong = wrong if _room(path) in ("stats", "evidence") else []
    assert not wrong, f"{_label(path)} imports scipy.stats: " + "; ".join(wrong)


@each_module
def test_functions_are_short(path):
    long = [
        f"{node.name} (line {node.lineno}): {size} lines" for node, size in _functions(path) if size > LONGEST_FUNCTION
    ]
    assert not long, f"{_label(path)}, more than {LONGEST_FUNCTION} lines without docstring: " + "; ".join(long)


@each_module
def test_files_are_short(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_FILE, f"{_label(path)} has {lines} lines (at most {LONGEST_FILE}): is it still one idea?"


@each_module
def test_modules_have_a_subject_and_a_docstring(path):
    if not path.read_text(encoding="utf-8").strip():
        return  # the empty file of a room without a word to say
    assert not VAGUE & set(path.relative_to(PACKAGE).with_suffix("").parts), (
        f"{_label(path)}: find the noun it belongs to"
    )
    assert ast.get_docstring(_tree(path)), f"{_label(path)} has no docstring"


@each_module
def test_only_the_roof_prints(path):
    if _room(path) in SPEAKERS:
        return
    calls = [node for node in ast.walk(_tree(path)) if isinstance(node, ast.Call)]
    lines = [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
    assert not lines, f"{_label(path)} prints in lines {lines}; return a value or warn"


# ---- public names


def _public_names() -> list[str]:
    sys.path.insert(0, str(ROOT / "lib"))
    try:
        import painsynth
    finally:
        sys.path.pop(0)
    return list(painsynth.__all__)


def test_public_names_are_sorted_and_unique():
    names = _public_names()
    assert names == sorted(set(names))


@pytest.mark.parametrize("name", _public_names())
def test_public_name_is_importable_and_documented(name):
    import painsynth

    thing = getattr(painsynth, name)
    text = inspect.getdoc(thing) or ""
    assert text, f"painsynth.{name} has no docstring"
    summary = text.split("\n\n")[0]
    assert "\n" not in summary.strip(), f"painsynth.{name}: the docstring starts with one line"
    assert summary.rstrip().endswith("."), f"painsynth.{name}: the first line is a sentence"
    if not inspect.isclass(thing):
        assert re.search(r"^Examples\n-{8}$", text, flags=re.M), f"painsynth.{name}: no numpydoc section Examples"
        assert ">>>" in text, f"painsynth.{name}: the example does not run"


@pytest.mark.parametrize("name", _public_names())
def test_options_of_public_functions_are_keyword_only(name):
    """Subjects come first by position, options by name: at most three positional parameters."""
    import painsynth

    thing = getattr(painsynth, name)
    if inspect.isclass(thing):
        return
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    positional = [p.name for p in inspect.signature(thing).parameters.values() if p.kind in kinds]
    limit = 7 if name == "recover_mean_sd" else 3  # n and the five quantiles are its subject
    assert len(positional) <= limit, f"painsynth.{name}: {positional}; make the options keyword-only"


# ---- a light and quiet import

PROBE = """
import contextlib, json, sys, warnings
before = [str(f) for f in warnings.filters]
import painsynth
light = [m for m in {heavy!r} if m in sys.modules]
after = [str(f) for f in warnings.filters]
import matplotlib
settings = dict(matplotlib.rcParams)
for name in painsynth.__all__:
    with contextlib.suppress(ImportError, AttributeError):  # another test names what cannot be imported
        getattr(painsynth, name)
changed = [key for key in settings if settings[key] != matplotlib.rcParams[key] and not key.startswith("backend")]
print(json.dumps(dict(light=light, filters=before == after, settings=changed)))
"""


@pytest.fixture(scope="module")
def fresh_import():
    """What `import painsynth`, and then the use of every public name, does to a fresh interpreter."""
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'lib')!r})\n" + PROBE.format(heavy=HEAVY)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def test_import_is_light(fresh_import):
    assert fresh_import["light"] == [], "import painsynth pulls in what a command line should not pay for"


def test_import_changes_no_global_state(fresh_import):
    assert fresh_import["filters"], "import painsynth changes the warnings filters"
    assert fresh_import["settings"] == [], "importing the modules of painsynth changes matplotlib's rcParams"


# ---- nothing of one machine

FOREIGN = re.compile(
    r"/w[o]rk/|/f[a]rm/|/r[o]ot/|/h[o]me/\w|/U[s]ers/\w|C:\\\\?U[s]ers|/tmp/b[a]sh_|pythonh[o]sted|pyp[i]\.org/simple|npmj[s]\.org"
    r"|deb\.debia[n]|as an A[I]\b|language mode[l]\b|/opt/pyp[i]|/opt/wheel[s]"
)


def _tracked() -> list[Path]:
    """Files that are, or would be, in the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0:
        return [ROOT / name for name in listing.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    hidden = {".venv", ".git", "reports", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis"}
    return [path for path in ROOT.rglob("*") if path.is_file() and not hidden & set(path.relative_to(ROOT).parts)]


def test_no_path_or_host_of_one_machine_in_any_tracked_file():
    found = []
    for path in _tracked():
        blob = path.read_bytes()
        if b"\0" in blob[:8000]:
            continue
        for number, line in enumerate(blob.decode("utf-8", errors="replace").splitlines(), start=1):
            if FOREIGN.search(line):
                found.append(f"{_label(path)}:{number}: {FOREIGN.search(line).group()}")
    assert not found, "\n".join(found[:20])
