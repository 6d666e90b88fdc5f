"""Compile `requirements.lock` and `environment.yml` from `pyproject.toml` (`make lock`).

Usage: python tools/lock.py [--upgrade] [--check]

One lock serves Python 3.11 and newer on Linux, macOS and Windows: uv resolves universally, differences stand in it as
environment markers. `--fork-strategy fewest` keeps one version of a package for all Pythons where one exists, so that
two readers on different Pythons compare the same numpy. `environment.yml` is written from the lock alone, offline.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONDA_PYTHON = "3.12"
COMPILE = [
    *("pip", "compile", "pyproject.toml", "--all-extras", "--no-config", "--quiet"),
    *("--universal", "--python-version", "3.11", "--fork-strategy", "fewest", "--generate-hashes"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-header", "--annotation-style", "split", "--output-file"),
]

LOCK_HEADER = """\
# Every package of painsynth, its extras included, with hashes: one file for Python 3.11 and newer on every system.
# Written by `make lock` from pyproject.toml; do not edit.
# Install: python -m pip install --require-hashes -r requirements.lock
"""

ENVIRONMENT_HEADER = f"""\
# Conda and Binder environment. Written by `make lock` from pyproject.toml and requirements.lock; do not edit.
#
# Only Python and pip come from conda-forge. The packages come through pip, in exactly the versions of
# requirements.lock, because a conda build of the same version can differ in its libraries, and because one list can
# then be held to the lock by a test. Hashes are left out: pip refuses an editable install (the last line) in a command
# that checks hashes. Who wants them checked uses `make`, or pip with requirements.lock.
name: painsynth
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python={CONDA_PYTHON}
  - pip
  - pip:
"""


@dataclass(frozen=True)
class Pin:
    """One requirement of the lock: its marker is '' where it holds everywhere; `parents` are those that ask for it."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    parents: tuple[str, ...]


def normal(name: str) -> str:
    """Name of a package as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement_name(requirement: str) -> str:
    """Name in a requirement such as `Foo[bar]>=1.2; python_version < "3.13"`."""
    return normal(re.match(r"[A-Za-z0-9._-]+", requirement.strip()).group())


def read_lock(text: str) -> list[Pin]:
    """All pins of a lock compiled by uv with split annotations, in file order."""
    pins = []
    for block in re.split(r"\n(?=[A-Za-z0-9])", "\n" + text)[1:]:
        head, *rest = block.splitlines()
        pinned, _, marker = head.removesuffix("\\").partition(" ;")
        name, version = pinned.strip().split("==")
        hashes = tuple(re.findall(r"--hash=(\w+:\w+)", block))
        notes = [re.sub(r"^#\s*(via\b)?", "", line.strip()).strip() for line in rest if line.strip().startswith("#")]
        pins.append(Pin(normal(name), version, marker.strip(), hashes, tuple(note for note in notes if note)))
    return pins


def run_time(pins: list[Pin], wanted: list[str]) -> list[Pin]:
    """The pins that the requirements `wanted` need, directly or through others."""
    needed = {requirement_name(requirement) for requirement in wanted}
    grown = True
    while grown:
        more = {pin.name for pin in pins if needed & {normal(parent) for parent in pin.parents}}
        grown = not more <= needed
        needed |= more
    return [pin for pin in pins if pin.name in needed]


def project() -> dict:
    """The `[project]` table of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def environment(lock: str, wanted: list[str]) -> str:
    """Text of environment.yml for a lock's text and the run-time requirements."""
    lines = []
    for pin in run_time(read_lock(lock), wanted):
        marker = f" ; {pin.marker}" if pin.marker else ""
        lines.append(f'      - "{pin.name}=={pin.version}{marker}"')
    return ENVIRONMENT_HEADER + "\n".join(lines) + '\n      - "-e ."\n'


def compile_lock(old: str, upgrade: bool) -> str:
    """Text of the lock; the versions of `old` are kept where they still fit, unless an upgrade is asked for."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "requirements.txt"
        target.write_text(old, encoding="utf-8")
        command = [sys.executable, "-m", "uv", *COMPILE, str(target), *(["--upgrade"] if upgrade else [])]
        subprocess.run(command, cwd=ROOT, check=True)
        return LOCK_HEADER + target.read_text(encoding="utf-8")


def outdated(texts: dict[str, str]) -> list[str]:
    """Names of the files whose text on disk is another."""
    return [name for name, text in texts.items() if not (ROOT / name).exists() or _read(name) != text]


def _read(name: str) -> str:
    return (ROOT / name).read_bytes().decode("utf-8")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write requirements.lock and environment.yml from pyproject.toml.")
    parser.add_argument(
        "--upgrade", action="store_true", help="take the newest versions instead of keeping those locked"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is out of date")
    asked = parser.parse_args(arguments)
    old = _read("requirements.lock") if (ROOT / "requirements.lock").exists() else ""
    lock = compile_lock(old, asked.upgrade)
    texts = {"requirements.lock": lock, "environment.yml": environment(lock, project()["dependencies"])}
    stale = outdated(texts)
    if asked.check:
        print(
            f"out of date: {', '.join(stale)}; run `make lock`"
            if stale
            else "requirements.lock and environment.yml agree"
        )
        return 1 if stale else 0
    for name in stale:  # a file that already says the same keeps its date, so `make` does not reinstall
        (ROOT / name).write_bytes(texts[name].encode("utf-8"))
    print(f"written: {', '.join(stale)}" if stale else "nothing to do: both files are up to date")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
