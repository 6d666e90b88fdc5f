"""Judgements of risk of bias, ready to be drawn: which tool, which domains, which colours and symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from painsynth.errors import NothingToPool, PainsynthError
from painsynth.judgement.risk_of_bias import DOMAINS
from painsynth.plots.palette import RISK_OF_BIAS
from painsynth.plots.row_speech import address

WORDS = {
    "RoB 2": {"low": "Low risk", "some_concerns": "Some concerns", "high": "High risk",
              "no_information": "No information"},
    "ROBINS-I": {"low": "Low risk", "moderate": "Moderate risk", "serious": "Serious risk",
                 "critical": "Critical risk", "no_information": "No information"},
}  # fmt: skip
SYMBOLS = {"low": "+", "some_concerns": "−", "moderate": "−", "high": "×", "serious": "×", "critical": "!",
           "no_information": "?"}  # fmt: skip
NO_INFORMATION = "#c8c8c8"  # grey: neither good nor bad
_PALETTES = {"cochrane": "cochrane", "safe": "colour-blind", "colour-blind": "colour-blind"}


@dataclass(frozen=True)
class Panel:
    """The judgements made with one tool.

    Attributes
    ----------
    tool : "RoB 2" | "ROBINS-I"
    labels : dict of str to str
        Name of each study by its identifier, in the order of the table.
    cells : dict of (str, str) to Series
        Row of the table by identifier and domain.
    """

    tool: str
    labels: dict[str, str]
    cells: dict[tuple[str, str], pd.Series]

    @property
    def domains(self) -> list[str]:
        """Domains of the tool that were judged, in its order."""
        judged = {domain for _, domain in self.cells}
        return [domain for domain in DOMAINS[self.tool] if domain in judged]

    def judgement(self, study: str, domain: str) -> str | None:
        """The judgement; None where there is none."""
        row = self.cells.get((study, domain))
        return None if row is None else row["judgement"]

    def link(self, study: str) -> str | None:
        """Address of the study, where the table has its doi or url."""
        return next((address(row) for (name, _), row in self.cells.items() if name == study), None)

    def name(self, domain: str) -> str:
        """A domain in words."""
        return DOMAINS[self.tool][domain]


def panels(rob: pd.DataFrame) -> list[Panel]:
    """Read a table of judgements: one panel per tool, since their domains mean different things.

    Parameters
    ----------
    rob : DataFrame
        study, domain (D1 to D5 or D7, overall), judgement; perhaps tool, study_id (where two studies share a name),
        support, rule, assessor. Without `tool`, a study judged in the words or domains of ROBINS-I belongs to it.

    Raises
    ------
    PainsynthError
        For a missing column, an unknown word, or a domain judged twice.
    NothingToPool
        For an empty table.
    """
    missing = [name for name in ("study", "domain", "judgement") if name not in rob]
    if missing:
        raise PainsynthError(f"a table of judgements needs study, domain and judgement; '{missing[0]}' is missing")
    if not len(rob):
        raise NothingToPool("the table of judgements is empty: no study's risk of bias can be shown")
    rows = rob.assign(_key=rob["study_id"] if "study_id" in rob else rob["study"])
    rows["_tool"] = rob["tool"] if "tool" in rob else _tools(rows)
    found = []
    for tool in DOMAINS:
        own = rows[rows["_tool"] == tool]
        if len(own):
            _check(own, tool)
            cells = {(row["_key"], row["domain"]): row for _, row in own.iterrows()}
            labels = dict(zip(own["_key"], own["study"].astype(str), strict=True))
            found.append(Panel(tool, labels, cells))
    strange = sorted(set(rows["_tool"]) - set(DOMAINS))
    if strange:
        raise PainsynthError(f"tool = '{strange[0]}' cannot be drawn; the tools are {', '.join(DOMAINS)}")
    return found


def _tools(rows: pd.DataFrame) -> pd.Series:
    only_there = rows["judgement"].isin(["moderate", "serious", "critical"]) | rows["domain"].isin(["D6", "D7"])
    return only_there.groupby(rows["_key"]).transform("any").map({True: "ROBINS-I", False: "RoB 2"})


def _check(rows: pd.DataFrame, tool: str) -> None:
    for column, known in (("domain", DOMAINS[tool]), ("judgement", WORDS[tool])):
        wrong = rows[~rows[column].isin(list(known))]
        if len(wrong):
            raise PainsynthError(
                f"{wrong['study'].iloc[0]}: {column} = '{wrong[column].iloc[0]}' is not a {column} of {tool}; "
                f"those are {', '.join(known)}"
            )
    twice = rows[rows.duplicated(["_key", "domain"])]
    if len(twice):
        first = twice.iloc[0]
        raise PainsynthError(
            f"{first['study']}: {first['domain']} is judged twice; keep one judgement, or tell studies of the same "
            "name apart by a column study_id"
        )


def colours_of(palette: str) -> Mapping[str, str]:
    """Colour of each judgement in a palette: "cochrane", or "safe" for readers who do not tell red from green."""
    if palette not in _PALETTES:
        raise PainsynthError(f"colours = '{palette}' is not a palette; possible are 'cochrane' and 'safe'")
    return {**RISK_OF_BIAS[_PALETTES[palette]], "no_information": NO_INFORMATION}


def provisional(rob: pd.DataFrame) -> list[str]:
    """Sentence for the footnote when judgements were derived by rule and nobody has confirmed them."""
    by_rule = int((rob["assessor"] == "rule").sum()) if "assessor" in rob else 0
    if not by_rule:
        return []
    many = "All judgements were" if by_rule == len(rob) else f"{by_rule} of {len(rob)} judgements were"
    return [f"{many} derived by rule from recorded facts of design; they are provisional until a person has judged."]


def words_of(found: Sequence[Panel]) -> dict[str, str]:
    """Judgements that occur, in words, mild to severe; what looks alike in both tools has one entry."""
    occur = {row["judgement"] for panel in found for row in panel.cells.values()}
    every = {code: text for panel in found for code, text in WORDS[panel.tool].items() if code in occur}
    entries: dict[str, str] = {}
    for symbol in dict.fromkeys(SYMBOLS.values()):
        alike = [code for code in SYMBOLS if SYMBOLS[code] == symbol and code in every]
        if alike:
            words = [every[alike[0]].removesuffix(" risk"), *(every[code].lower() for code in alike[1:])]
            entries[alike[0]] = " or ".join(words) if alike[1:] else every[alike[0]]
    return entries
