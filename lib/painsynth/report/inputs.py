"""What a run depends on, as hashes: a run whose inputs did not change need not be executed again.

A kernel is given its notebook, its parameters, the code, the packages, and data: everything, or, where its question
names a condition, the rows of that condition's trials and the shared tables (`evidence.focus` sees to it). What else it
looked at it says itself. So the hash of what it was given is the hash of all it can have used.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path

from painsynth.evidence.focus import CONDITION, COVERAGE, READS, one_condition
from painsynth.report.plan import Run
from painsynth.report.provenance import code_hash, combined, file_hash
from painsynth.report.slices import coverage_hash, data_hashes

WHOLE = ""  # the condition of a run that is given everything


@dataclass(frozen=True)
class Inputs:
    """The state of everything that runs are made from, taken at one moment."""

    root: Path
    code: str
    library: str
    packages: str
    data: Mapping[str, str]  # one hash by condition; WHOLE: of everything
    notebooks: Mapping[str, str]
    settled: bool = field(default=True, compare=False)  # False: they changed while the runs were made

    @classmethod
    def take(cls, root: Path, runs: Iterable[Run]) -> Inputs:
        """Hash code, packages, data and notebooks as they are now."""
        runs = tuple(runs)
        conditions = dict.fromkeys([WHOLE, *map(condition_of, runs)])
        data = {condition: combined(data_hashes(root / "data", condition)) for condition in conditions}
        notebooks = {run.notebook.name: file_hash(run.notebook) for run in runs}
        return cls(root, code_hash(), library_hash(), packages_hash(), data, notebooks)

    def key(self, run: Run, reads: Iterable[str] = ()) -> str:
        """Hash what a run is made from; `reads` is what it looked at beyond the data it was given.

        Nothing matches the empty text, which is given when nobody can say what the run was made from.
        """
        if not self.settled:
            return ""
        given = {
            "name": run.name,
            "title": run.title,
            "notebook": [run.notebook.name, self.notebooks[run.notebook.name]],
            "parameters": dict(run.parameters),
            "library": self.library,
            "packages": self.packages,
            "data": self.data[condition_of(run)],
            "reads": {what: self._read(what) for what in sorted(reads)},
        }
        return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()

    def _read(self, what: str) -> str:
        """Hash what a run looked at elsewhere: the map of what exists, or else everything."""
        return self._coverage if what == COVERAGE else self.data[WHOLE]

    @cached_property
    def _coverage(self) -> str:
        return coverage_hash(self.root / "data")


def condition_of(run: Run) -> str:
    """Give the condition whose trials a run is given, or WHOLE when it needs everything."""
    return one_condition(run.settings().get("condition"))


def kernel_words(run: Run, reads: Path) -> dict[str, str]:
    """Give the environment that tells a kernel which data it is given, and where to say what else it looked at."""
    return {CONDITION: condition_of(run), READS: str(reads)}


def library_hash() -> str:
    """Hash every file of painsynth: sources, style sheets, templates, lists."""
    library = Path(__file__).resolve().parents[1]
    files = (path for path in library.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return combined({path.relative_to(library).as_posix(): file_hash(path) for path in files})


def packages_hash() -> str:
    """Hash Python's own version and those of all installed packages: any of them may change a byte of a report."""
    found = {str(each.metadata["Name"]): each.version for each in metadata.distributions()}
    machine = {"python": platform.python_version(), "system": sys.platform, "machine": platform.machine()}
    return combined({**found, **machine})
