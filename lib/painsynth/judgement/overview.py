"""What the tables hold, in a sentence: how much there is, and how little of it can be pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from painsynth.evidence.coverage import poolable_pairs
from painsynth.judgement.words import VOICES, count, plain

if TYPE_CHECKING:
    from painsynth.evidence.tables import Evidence


def evidence_sentence(evidence: Evidence, condition: str | None = None) -> str:
    """Say what the tables hold and how little of it can be pooled, for one condition or all.

    Examples
    --------
    >>> import painsynth as ps
    >>> ps.evidence_sentence(ps.load_evidence())            # doctest: +SKIP
    'On file: 123 trials (95 randomised) ...'
    """
    studies, coverage, out = evidence.studies, evidence.coverage(), evidence.excluded
    if condition is not None:
        studies, coverage, out = (frame[frame["condition"] == condition] for frame in (studies, coverage, out))
    if studies.empty:
        return f"No trial in {plain(condition)} is on file."
    randomised = studies[studies["design"] == "rct"]
    pooled = poolable_pairs(evidence)["study_id"].unique()
    usable = randomised[randomised["study_id"].isin(pooled)]
    where = ", ".join(plain(word) for word in sorted(set(usable["condition"])))
    where = f" ({where})" if where else ""
    said = out["direction_reported"].value_counts()
    voices = ", ".join(f"{said.get(word, 0)} {text}" for word, text in VOICES)
    sources = [plain(word) for word in sorted(set(coverage["msc_source"]) - {"not_reported"})]
    conditions = studies["condition"].nunique()
    return (
        f"On file: {count(len(studies), 'trial')} ({len(randomised)} randomised) in "
        f"{count(conditions, 'painful condition')} with cells from {', '.join(sources)}. "
        f"{count(len(usable), 'randomised trial')}{where} with controlled pain results that can be pooled. "
        f"{len(out)} trials or reports give nothing to such a pool; of these report: {voices}; the rest do not say or "
        f"could not be read."
    )
