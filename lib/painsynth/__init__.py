"""Evidence synthesis of mesenchymal stromal cell therapy for chronic pain: from extracted tables to forest plots.

`import painsynth as ps` is light: a name is loaded when it is first used, so that a command line or a notebook pays
only for what it needs.
"""

from __future__ import annotations

import importlib

_HOME = {
    "BatchFit": "stats.batch",
    "Evidence": "evidence.tables",
    "EvidenceError": "errors",
    "Fault": "errors",
    "Fit": "stats.fit",
    "Groups": "stats.subgroups",
    "NothingToPool": "errors",
    "PainsynthError": "errors",
    "Question": "evidence.question",
    "batch_pool": "stats.batch",
    "compare": "evidence.compare",
    "cross_check": "sensitivity.cross_check",
    "difference_sentence": "judgement.sentences",
    "effects": "evidence.effects",
    "evidence_map": "plots.maps",
    "evidence_sentence": "judgement.overview",
    "figure_name": "report.summary",
    "forest": "plots.forest",
    "load_evidence": "evidence.tables",
    "other_methods": "sensitivity.alternatives",
    "pool": "stats.pool",
    "pool_by": "stats.subgroups",
    "provenance": "report.provenance",
    "recover_mean_sd": "evidence.recover",
    "report_line": "report.summary",
    "save": "plots.save",
    "sentence": "judgement.sentences",
    "without_flags": "sensitivity.alternatives",
}

__version__ = "0.1.0"
__all__ = sorted(_HOME)  # noqa: PLE0605  (a list of names, kept sorted by construction)


def __getattr__(name: str):
    """Load a public name from its home when it is first asked for (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'painsynth' has no attribute '{name}'")
    value = getattr(importlib.import_module(f"painsynth.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
