"""What a result was computed with: versions of the software, and hashes of the code and of the data.

No path, no date and no name of a machine: the same data and code give the same words everywhere.
"""

from __future__ import annotations

import hashlib
import html
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from painsynth.evidence.focus import CONDITION, one_condition
from painsynth.report.account import MIME, account
from painsynth.report.slices import data_hashes

PACKAGES = ("numpy", "pandas", "scipy", "matplotlib", "statsmodels", "seaborn")


@dataclass(frozen=True, repr=False)
class Provenance:
    """Versions by package, the hash of painsynth's own sources, and the hash of every data file by its name.

    In a report, a notebook on one `condition` is given, and hashes, the rows of that condition and the shared tables.
    """

    versions: Mapping[str, str]
    code: str
    data: Mapping[str, str]
    condition: str = ""

    @property
    def data_hash(self) -> str:
        """One SHA-256 over the names and hashes of all data files."""
        return combined(self.data)

    def rows(self) -> list[tuple[str, str]]:
        """Give name and value of everything, as shown in a notebook."""
        shown = list(self.versions.items())
        shown.append(("code (SHA-256)", self.code))
        rows = f", rows of {self.condition.replace('_', ' ')}" if self.condition else ""
        shown.append((f"data, {len(self.data)} files{rows} (SHA-256)", self.data_hash))
        return shown

    def __str__(self) -> str:
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return f"{versions}; code {self.code[:12]}; data {self.data_hash[:12]}"

    __repr__ = __str__

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        """Carry the account of the notebook for the report; how it is shown stands in the other methods."""
        told = account()
        return {MIME: told} if told else {}

    def _repr_html_(self) -> str:
        cells = "".join(
            f'<tr><th scope="row">{html.escape(name)}</th><td><code>{html.escape(value)}</code></td></tr>'
            for name, value in self.rows()
        )
        return f'<table class="painsynth-provenance"><caption>Computed with</caption><tbody>{cells}</tbody></table>'


def provenance(data: str | Path | None = None) -> Provenance:
    """Say what this notebook was computed with; make it the last line of the last cell.

    Parameters
    ----------
    data
        Folder of the data tables; default: the nearest `data` folder, from the working directory upward.

    Returns
    -------
    Provenance
        Displayed as a table.

    Examples
    --------
    >>> list(provenance().versions)[:2]
    ['python', 'painsynth']
    """
    folder = Path(data) if data is not None else nearest("data")
    condition = one_condition(os.environ.get(CONDITION, ""))
    return Provenance(versions(), code_hash(), data_hashes(folder, condition) if folder else {}, condition)


def versions() -> dict[str, str]:
    """Give the version of Python, painsynth and the packages a result depends on."""
    from painsynth import __version__

    found = {"python": platform.python_version(), "painsynth": __version__}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def code_hash() -> str:
    """Give one SHA-256 over painsynth's own Python sources: it names the code also where there is no git."""
    library = Path(__file__).resolve().parents[1]
    return combined({str(path.relative_to(library).as_posix()): file_hash(path) for path in library.rglob("*.py")})


def file_hash(path: Path) -> str:
    """Give the SHA-256 of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def combined(hashes: Mapping[str, str]) -> str:
    """Give one SHA-256 over names and hashes, in the order of the names."""
    lines = "".join(f"{name} {value}\n" for name, value in sorted(hashes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def nearest(name: str, start: Path | None = None) -> Path | None:
    """Give the nearest folder of this name, from `start` (default: the working directory) upward; None without one."""
    start = Path(start or Path.cwd()).resolve()
    found = (parent / name for parent in (start, *start.parents))
    return next((path for path in found if path.is_dir()), None)
