"""What is known of each study, one row each: gathered from the tables of a review or from a table of comparisons."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

import numpy as np
import pandas as pd

from painsynth.evidence import vocabularies as v
from painsynth.tables.writing import en_dashed

NOT_REPORTED = ("", "not_reported")
HARMS = "harms"
RESPONDERS = "responders"


def facts_of_evidence(evidence, study_ids: Iterable[str] | None = None) -> pd.DataFrame:
    """One row per study of the review (or of those named), in the order of conditions and labels.

    Several values of a study are tuples: one number per arm (NaN where it is not reported), distinct codes otherwise.
    Rows of combined arms are left out where their components stand beside them.
    """
    studies = evidence.studies
    studies = studies if study_ids is None else studies[studies["study_id"].isin(set(study_ids))]
    links = evidence.sources.set_index("source_id")["url"]
    arms = dict(list(evidence.arms.groupby("study_id", sort=False)))
    analysed = evidence.outcomes.groupby("arm_id")["n"].max()
    measured = _measured(evidence)
    none = evidence.arms[:0]
    rows = [
        _study(study, links.get(study.source_id, ""))
        | _arms(arms.get(study.study_id, none), analysed)
        | {"outcomes": measured.get(study.study_id, ())}
        for study in studies.itertuples()
    ]
    return _ordered(pd.DataFrame(rows))


def facts_of_comparisons(comparisons: pd.DataFrame) -> pd.DataFrame:
    """One row per study of a table from `compare`, with what such a table knows; n are the numbers compared."""
    rows = []
    for study_id, mine in comparisons.groupby("study_id", sort=False):
        first = mine.iloc[0]
        rows.append({
            "study_id": study_id, "study": first["study"], "url": address(first.get("doi", ""), "", ""),
            "year": _number(first["year"]), "condition": first["condition"], "design": first["design"],
            "participants_blinded": first["participants_blinded"], "unit_of_analysis": first["unit_of_analysis"],
            "n_cells": tuple(mine["n1i"].astype(float)), "n_control": tuple(mine["n2i"].astype(float)),
            "n_analysed": False, "msc_source": _distinct(mine["msc_source"]), "donor": _distinct(mine["donor"]),
            "product": _distinct(mine["product"]), "dose": _numbers(mine["dose_million_cells"]),
            "comparator": _distinct(mine["comparator"]), "result": results_used(mine),
        })  # fmt: skip
    return _ordered(pd.DataFrame(rows))


def results_used(comparisons: pd.DataFrame) -> tuple[str, ...]:
    """Instrument and months of the results that a study contributes, each once."""
    found = (
        en_dashed(row.instrument) + ("" if np.isnan(row.months) else f", {row.months:g} months")
        for row in comparisons.itertuples()
    )
    return tuple(dict.fromkeys(found))


def address(doi: str, pmid: str, url: str) -> str:
    """Address of a study: its DOI, else its PubMed record, else the page that was read.

    Examples
    --------
    >>> address("10.1000/182", "", ""), address("", "35322978", ""), address("", "", "")
    ('https://doi.org/10.1000/182', 'https://pubmed.ncbi.nlm.nih.gov/35322978/', '')
    """
    if doi:
        return f"https://doi.org/{quote(doi, safe='/()._-;:')}"
    return f"https://pubmed.ncbi.nlm.nih.gov/{quote(pmid)}/" if pmid else url


def _study(study, url: str) -> dict:
    return {
        "study_id": study.study_id, "study": study.label, "url": address(study.doi, study.pmid, url),
        "year": study.year, "country": study.country, "condition": study.condition, "design": study.design,
        "participants_blinded": study.participants_blinded, "unit_of_analysis": study.unit_of_analysis,
        "n_randomised": study.n_randomised, "followup_months": study.followup_months, "funding": study.funding,
        "registry_id": study.registry_id,
    }  # fmt: skip


def _arms(arms: pd.DataFrame, analysed: pd.Series) -> dict:
    """What the arms of a study were, and how many patients they had: randomised, else analysed."""
    randomised = arms["n_randomised"]
    arms = arms.assign(n=randomised.fillna(arms["arm_id"].map(analysed)).astype(float), guessed=randomised.isna())
    counted, described = arms[~arms["arm_id"].isin(_repeated(arms))], arms[arms["combined_from"] == ""]
    sizes = {role: counted[counted["role"] == role] for role in ("cells", "control")}
    cells, control = (described[described["role"] == role] for role in ("cells", "control"))
    return {
        "n_cells": tuple(sizes["cells"]["n"]), "n_control": tuple(sizes["control"]["n"]),
        "n_analysed": bool((counted["guessed"] & counted["n"].notna()).any()),
        "msc_source": _distinct(cells["msc_source"]), "donor": _distinct(cells["donor"]),
        "product": _distinct(cells["product"]), "dose": _numbers(cells["dose_million_cells"]),
        "comparator": _distinct(control["comparator"]),
    }  # fmt: skip


def _repeated(arms: pd.DataFrame) -> set[str]:
    """Arms whose patients another row counts: combined ones, or their components where only the whole has a number."""
    repeated: set[str] = set()
    sizes = arms.set_index("arm_id")["n"]
    for arm in arms[arms["combined_from"] != ""].itertuples():
        parts = [part for part in arm.combined_from.split("|") if part in sizes.index]
        only_whole = np.isfinite(arm.n) and sizes[parts].isna().any()
        repeated.update(parts if only_whole else [arm.arm_id] if parts else [])
    return repeated


def _measured(evidence) -> dict[str, tuple[str, ...]]:
    """Outcomes of each study in the order of the vocabulary; responders and harms come last."""
    pairs = pd.concat([evidence.outcomes[["study_id", "outcome"]], evidence.contrasts[["study_id", "outcome"]]])
    events = evidence.events[["study_id", "event"]]
    kinds = events["event"].str.startswith("responder: ").map({True: RESPONDERS, False: HARMS})
    pairs = pd.concat([pairs, pd.DataFrame({"study_id": events["study_id"], "outcome": kinds})])
    order = {word: rank for rank, word in enumerate((*v.OUTCOMES, RESPONDERS, HARMS))}
    return {name: tuple(sorted(set(found), key=order.__getitem__))
            for name, found in pairs.groupby("study_id")["outcome"]}  # fmt: skip


def _ordered(facts: pd.DataFrame) -> pd.DataFrame:
    """Put the most studied condition first, studies by name."""
    if facts.empty:
        return facts
    counts = facts["condition"].value_counts()
    keys = sorted(
        facts.index, key=lambda i: (-counts[facts.at[i, "condition"]], facts.at[i, "condition"], facts.at[i, "study"])
    )
    return facts.loc[keys].reset_index(drop=True)


def _distinct(codes: Iterable[str]) -> tuple[str, ...]:
    """Each code once, in order; an unknown one stays as an empty text."""
    return tuple(dict.fromkeys("" if code in NOT_REPORTED else code for text in codes for code in text.split("|")))


def _numbers(values: Iterable[float]) -> tuple[float, ...]:
    """Each number once, in order; unknown ones are one NaN at the end."""
    known = [float(x) for x in values if pd.notna(x)]
    return (*dict.fromkeys(known), *([np.nan] if len(known) < len(list(values)) else []))


def _number(x: object) -> float:
    return np.nan if pd.isna(x) else float(x)
