"""The answer to one question, whole: comparisons, effects, pooled result, certainty."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from painsynth.evidence.compare import compare
from painsynth.evidence.effects import effects
from painsynth.html import paragraph
from painsynth.judgement.certainty import Certainty, certainty
from painsynth.judgement.needs import needed
from painsynth.judgement.sentences import patients, sentence
from painsynth.stats.pool import pool

if TYPE_CHECKING:
    from painsynth.evidence.question import Question
    from painsynth.evidence.tables import Evidence
    from painsynth.stats.fit import Fit


@dataclass(frozen=True, eq=False)
class Answer:
    """What the tables say to one question; every step of it is on view.

    Attributes
    ----------
    evidence : Evidence
    question : Question
    comparisons, effects : DataFrame
        One row per comparison; `effects` adds yi and vi.
    fit : Fit or None
        None where nothing can be pooled.
    """

    evidence: Evidence
    question: Question
    comparisons: pd.DataFrame
    effects: pd.DataFrame
    fit: Fit | None

    @cached_property
    def certainty(self) -> Certainty:
        """How sure we are of it, domain by domain."""
        return certainty(self.evidence, self.comparisons, self.fit)

    @property
    def sentence(self) -> str:
        """The answer in words."""
        return sentence(self.question, self.fit, self.comparisons)

    @property
    def bottom_line(self) -> str:
        """The answer in words and how sure it is; where nothing can be pooled, what would be needed."""
        return " ".join([self.sentence, needed(self) if self.fit is None else f"{self.certainty}."])

    @property
    def k(self) -> int:
        """Comparisons pooled."""
        return 0 if self.fit is None else self.fit.k

    @property
    def patients(self) -> int:
        """Patients in the pool."""
        return patients(self.comparisons)

    def __str__(self) -> str:
        return f"{self.question.title}: {self.fit or 'nothing can be pooled'}. {self.certainty}"

    def _repr_html_(self) -> str:
        pooled = "" if self.fit is None else self.fit._repr_html_()
        return paragraph(self.sentence) + pooled + self.certainty._repr_html_()


def answer(evidence: Evidence, question: Question, **how) -> Answer:
    """Answer a question from the tables: compare, compute effects, pool, judge.

    Parameters
    ----------
    evidence : Evidence
    question : Question
    **how
        Options of `pool`. Events are pooled with the guarded Hartung-Knapp interval unless `ci` says otherwise: with
        few events the plain one can be far too narrow.

    Returns
    -------
    Answer

    Examples
    --------
    >>> import painsynth as ps
    >>> found = ps.answer(ps.load_evidence(), ps.Question(condition="knee_osteoarthritis"))    # doctest: +SKIP
    >>> print(found.certainty)                                                                 # doctest: +SKIP
    """
    comparisons = compare(evidence, question)
    computed = effects(comparisons, measure=question.measure)
    if question.binary:
        how = {"ci": "HKSJ-guarded"} | how
    fit = pool(computed, **how) if len(computed) else None
    return Answer(evidence, question, comparisons, computed, fit)
