"""The manifest: what every run was made from and what it made, with hashes; the report's memory between two calls.

It holds no date and no path of a machine: the same data, code and plan give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from painsynth.report import account
from painsynth.report.execute import Outcome, carried, images, summary, title
from painsynth.report.inputs import Inputs, condition_of
from painsynth.report.provenance import code_hash, combined, data_hashes, versions

SCHEMA = 1


@dataclass(frozen=True)
class Manifest:
    """`entries` by run name (what it was given and found), `outputs` by path (hash, and which run made it)."""

    entries: Mapping[str, dict] = field(default_factory=dict)
    outputs: Mapping[str, dict] = field(default_factory=dict)


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of the last report; one that is missing or unreadable is an empty one."""
    try:
        told = json.loads(Path(path).read_text(encoding="utf-8"))
        entries = {entry["name"]: entry for entry in told["runs"]}
        outputs = {name: dict(output) for name, output in told["outputs"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Manifest()
    return Manifest(entries, outputs) if told.get("schema") == SCHEMA else Manifest()


def manifest_bytes(manifest: Manifest, root: Path) -> bytes:
    """Write the manifest as JSON, with the state of code, packages and data now."""
    data = data_hashes(root / "data")
    told = {
        "schema": SCHEMA,
        "versions": versions(),
        "code_sha256": code_hash(),
        "data": data,
        "data_sha256": combined(data),
        "runs": list(manifest.entries.values()),
        "outputs": dict(sorted(manifest.outputs.items())),
    }
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode()


def entry_of(outcome: Outcome, made_from: Inputs) -> dict:
    """Say what a run was given, from which inputs it was made, and what it found."""
    run = outcome.run
    return {
        "name": run.name,
        "title": run.title,
        "notebook": run.notebook.name,
        "question": title(outcome.notebook),
        "notebook_sha256": made_from.notebooks[run.notebook.name],
        "parameters": dict(run.parameters),
        "settings": run.settings(),
        "summary": summary(outcome.notebook),
        "account": carried(outcome.notebook, account.MIME) or {},
        "images": images(outcome.notebook),
        "figures": sorted(outcome.figures),
        "files": list(outcome.links),
        "code_sha256": made_from.code,
        "data_sha256": made_from.data[condition_of(run)],
        "reads": list(outcome.reads),
        "inputs_sha256": made_from.key(run, outcome.reads),
        "failed": [],
    }


def failed_entry(outcome: Outcome, before: dict | None) -> dict:
    """Say that a run failed; what its last good run found is kept, and the index says that it is older."""
    run = outcome.run
    bare = {"name": run.name, "title": run.title, "notebook": run.notebook.name, "settings": run.settings()}
    bare["question"] = title(outcome.notebook)
    return {
        **(before or {**bare, "summary": {}, "figures": [], "files": [], "images": 0}),
        "failed": list(outcome.cause),
    }


def output(content: bytes, run: str) -> dict:
    """Describe one file that was written."""
    return {"sha256": hashlib.sha256(content).hexdigest(), "run": run}
