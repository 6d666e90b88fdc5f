"""Runs that are up to date: their inputs are those of the last report, and what it published is still there, unchanged.

Such a run is not executed; its outcome is read back from what was published, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from painsynth.report.execute import Outcome
from painsynth.report.inputs import Inputs
from painsynth.report.manifest import Manifest, output
from painsynth.report.normalise import joined, notebook_bytes
from painsynth.report.plan import Run


def published_outcome(run: Run, before: Manifest, now: Inputs, out: Path) -> Outcome | None:
    """Give the outcome of the last report's run, or None where the run has to be executed.

    `before` is the manifest of that report, `out` the folder it was published to.
    """
    entry = before.entries.get(run.name)
    if not entry or entry.get("failed") or not entry.get("inputs_sha256"):
        return None
    if entry["inputs_sha256"] != now.key(run, entry["reads"]):
        return None
    if not all((now.root / link).is_file() for link in entry["files"]):
        return None
    files = _unchanged(run, before, out)
    page, source = files.get(f"reports/{run.name}/index.html"), files.get(f"reports/{run.name}/{run.name}.ipynb")
    figures = {name: files.get(f"reports/{run.name}/{name}") for name in entry["figures"]}
    if page is None or source is None or None in figures.values():
        return None
    notebook = joined(json.loads(source))
    if notebook_bytes(notebook) != source:
        return None
    return Outcome(
        run,
        notebook,
        figures,
        page=page.decode(),
        links=tuple(entry["files"]),
        reads=tuple(entry["reads"]),
        published=files,
    )


def _unchanged(run: Run, before: Manifest, out: Path) -> Mapping[str, bytes]:
    """Give the published files of a run; none when one is missing or is not what the report wrote."""
    files = {}
    for name, told in before.outputs.items():
        if told.get("run") != run.name or name.startswith("reports/files/"):  # copies of project files are made anew
            continue
        path = out / name
        content = path.read_bytes() if path.is_file() else None
        if content is None or output(content, run.name) != told:
            return {}
        files[name] = content
    return files
