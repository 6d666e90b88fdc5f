"""The one sentence a run hands to the index: shown in the notebook, and carried as data for the report.

This module imports nothing heavy, and takes anything that has the few attributes it reads.
"""

from __future__ import annotations

import html
from dataclasses import asdict, dataclass
from typing import Any

MIME = "application/vnd.painsynth.summary+json"


@dataclass(frozen=True)
class Summary:
    """What a run found, in one sentence: `slug` and `k` say of what, `figure` names the picture (without suffix)."""

    slug: str
    k: int
    sentence: str
    condition: str = ""
    msc_source: str = ""
    figure: str = ""

    def __str__(self) -> str:
        return self.sentence

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, Any]:
        shown = f'<p class="painsynth-answer"><strong>{html.escape(self.sentence)}</strong></p>'
        return {"text/plain": self.sentence, "text/html": shown, MIME: asdict(self)}


def report_line(question, fit, sentence: str, *, figure: str = "") -> Summary:
    """Say the answer of a notebook in one sentence; make this the last line of a cell.

    Parameters
    ----------
    question
        What was asked; its `slug`, `condition` and `msc_source` are read where it has them.
    fit
        The pooled result (its `k` is read; a result of groups may keep it in `.overall`), or None when nothing could
        be pooled: then k is 0.
    sentence
        The computed sentence, plain text.
    figure
        Name of the picture that shows it, as given to `save`, without suffix; default: the first one saved.

    Returns
    -------
    Summary
        Displayed as a paragraph; the report's index reads the data it carries.

    Examples
    --------
    >>> from types import SimpleNamespace as Record
    >>> print(report_line(Record(slug="knee_pain"), None, "No trial of this was found."))
    No trial of this was found.
    """
    text = {name: str(getattr(question, name, None) or "") for name in ("slug", "condition", "msc_source")}
    found = getattr(fit, "k", None)
    if found is None:
        found = getattr(getattr(fit, "overall", None), "k", 0)
    return Summary(k=int(found or 0), sentence=" ".join(str(sentence).split()), figure=figure, **text)
