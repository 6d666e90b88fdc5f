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
        names = {label, *names_of(row)}
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


def names_of(row: Mapping) -> set[str]:
    """Names under which the study of a row may stand in a table of judgements."""
    label = str(row.get("label", ""))
    return {str(name) for name in (row.get("study_id"), label, label.partition(" (")[0]) if name}


def bias_of(table: pd.DataFrame | None, rows: pd.DataFrame) -> Bias | None:
    """Read the judgements of the studies in `rows` from a table: study or study_id, domain, judgement.

    Raises
    ------
    PainsynthError
        For missing columns, an unknown judgement, two judgements of one domain in one study, or when no study of the
        plot was judged.
    """
    if table is None:
        return None
    if not isinstance(table, pd.DataFrame):
        raise PainsynthError(f"risk_of_bias needs a table with study, domain, judgement; given: {type(table).__name__}")
    if "study" not in table and "study_id" in table:
        table = table.assign(study=table["study_id"])
    if "study" in table:
        wanted = set().union(*(names_of(row) for row in rows[rows["kind"] == "study"].to_dict("records")))
        ids = table["study_id"] if "study_id" in table else table["study"]
        known = table["study"].astype(str).isin(wanted) | ids.astype(str).isin(wanted)
        if len(table) and not known.any():
            some = ", ".join(dict.fromkeys(table["study"].astype(str).head(3)))
            raise PainsynthError(f"risk_of_bias judges none of the studies of this plot; it has {some} ...")
        table = table[known]
    return Bias(tuple(panels(table)), tuple(provisional(table)))
