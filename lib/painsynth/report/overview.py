"""What stands above the runs: index, pages of the trials, references of everything, data package."""

from __future__ import annotations

from pathlib import Path

from painsynth.errors import EvidenceError
from painsynth.evidence.tables import Evidence, load_evidence
from painsynth.report.evidence_nav import ANY
from painsynth.report.index import index_bytes
from painsynth.report.methods import merged, method_references
from painsynth.report.package import NAME, package_bytes
from painsynth.report.references import bibtex, csl_json, trial_references
from painsynth.report.trials import trial_files

INDEX = "reports/index.html"


def overview(root: Path, entries: list[dict], outputs: set[str]) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Make everything above the runs by path, and say what could not be made; `outputs` exist already."""
    evidence, notes = _evidence(root)
    files = trial_files(evidence, entries) if evidence else {}
    files |= _references(entries)
    if evidence:
        files[f"reports/{NAME}"] = package_bytes(root)
    files[INDEX] = index_bytes(entries, outputs | set(files), _trials(evidence) if evidence else None)
    return files, notes


def _evidence(root: Path) -> tuple[Evidence | None, tuple[str, ...]]:
    """Read the evidence; a project without trials has none, one with faults has no pages of trials."""
    if not (root / "data" / "studies.csv").is_file():
        return None, ()
    try:
        return load_evidence(root / "data"), ()
    except EvidenceError as error:
        count = len(error.faults)
        return None, (
            f"no pages of trials and no data package: the tables have {count} faults, first {error.faults[0]}",
        )


def _trials(evidence: Evidence) -> dict[tuple[str, str], int]:
    coverage = evidence.coverage()
    places = zip(coverage["condition"], coverage["msc_source"], strict=True)
    by_condition = {(name, ANY): count for name, count in evidence.studies["condition"].value_counts().items()}
    return {**dict(zip(places, coverage["trials"], strict=True)), **by_condition, (ANY, ANY): len(evidence.studies)}


def _references(entries: list[dict]) -> dict[str, bytes]:
    account = merged(entry.get("account") or {} for entry in entries)
    listed = (*method_references(account), *trial_references(account["studies"]))
    return {"reports/references.bib": bibtex(listed), "reports/references.json": csl_json(listed)} if listed else {}
