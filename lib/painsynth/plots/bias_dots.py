"""Risk of bias beside a forest plot: one dot per domain, readable in colour and in grey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from painsynth.errors import PainsynthError
from painsynth.judgement.risk_of_bias import DOMAINS
from painsynth.plots.judgements import SYMBOLS, WORDS, Panel, panels, provisional
from painsynth.plots.table_column import Column

KNOWN = {code: word for words in WORDS.values() for code, word in words.items()}


@dataclass(frozen=True)
class Bias:
    """Judgements of the studies of a plot, by tool; `notes` is what a reader must know of them."""

    panels: tuple[Panel, ...]
    notes: tuple[str, ...]

    @property
    def domains(self) -> list[str]:
        """Domains of all tools, the overall judgement last."""
        found = {domain for panel in self.panels for domain in panel.domains}
        return sorted(found, key=lambda domain: (domain == "overall", domain))

    def of(self, row: Mapping, label: str, domain: str) -> str:
        """Judgement for the study of a row, found by its id, its name, or its name without what is in brackets."""
        own = str(row.get("label", ""))
        names = {str(name) for name in (row.get("study_id"), own, label, own.partition(" (")[0]) if name}
        for panel in self.panels:
            for key, name in panel.labels.items():
                found = panel.judgement(key, domain) if {str(key), name} & names else None
                if found:
                    return found
        return "no_information"

    def columns(self, lines: Sequence) -> list[Column]:
        """One column of dots per domain."""
        look = {"align": "center", "group": "Risk of bias", "role": "dots"}
        studies = [line if line.kind == "study" else None for line in lines]
        return [
            Column(
                "All" if domain == "overall" else domain,
                ("",) * len(lines),
                name=domain,
                dots=tuple(self.of(line.row, line.label, domain) if line else "" for line in studies),
                **look,
            )
            for domain in self.domains
        ]

    def key(self) -> str:
        """Names of the domains, a sentence for each tool."""
        sentences = []
        for panel in self.panels:
            named = [
                f"{domain} {DOMAINS[panel.tool][domain].lower()}" for domain in panel.domains if domain != "overall"
            ]
            whole = ["All overall"] if "overall" in panel.domains else []
            sentences.append(f"Risk of bias ({panel.tool}): {'; '.join([*named, *whole])}.")
        return " ".join([*sentences, *self.notes])


def used(columns: Sequence[Column]) -> list[str]:
    """Judgements that appear in the columns of dots, in the order of the key."""
    seen = {judgement for column in columns for judgement in column.dots}
    return [judgement for judgement in (*SYMBOLS,) if judgement in seen]


def bias_of(table: pd.DataFrame | None) -> Bias | None:
    """Read a table of judgements: study or study_id, domain, judgement.

    Raises
    ------
    PainsynthError
        For missing columns, an unknown judgement, or two judgements of one domain in one study.
    """
    if table is None:
        return None
    if not isinstance(table, pd.DataFrame):
        raise PainsynthError(f"risk_of_bias needs a table with study, domain, judgement; given: {type(table).__name__}")
    if "study" not in table and "study_id" in table:
        table = table.assign(study=table["study_id"])
    return Bias(tuple(panels(table)), tuple(provisional(table)))
