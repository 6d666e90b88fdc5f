"""The explorer: a question asked by hand in JupyterLab, its sentence and forest plot redrawn at every change."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

from painsynth.errors import PainsynthError
from painsynth.evidence import vocabularies as v
from painsynth.evidence.compare import compare
from painsynth.evidence.effects import effects
from painsynth.evidence.question import Question
from painsynth.judgement.sentences import sentence
from painsynth.judgement.words import capital, plain
from painsynth.plots.forest import forest
from painsynth.stats.pool import pool

if TYPE_CHECKING:
    import ipywidgets

    from painsynth.evidence.tables import Evidence

MONTHS = (3, 6, 12, 24, 60)
MEASURES = {"points on 0–100 (MD)": ("MD", "pain"), "standardised (SMD)": ("SMD", "pain"),
            "function, points (MD)": ("MD", "function"), "serious adverse events (RR)": ("RR", "serious_adverse_event"),
            "any adverse event (RR)": ("RR", "any_adverse_event")}  # fmt: skip
FLAGS = {"rows with a grave doubt left out": "default", "no row left out": "none",
         "rows with any spread in doubt left out too": "default|possibly_sem_not_sd|spread_implausible"}  # fmt: skip


def explore(evidence: Evidence, question: Question | None = None) -> ipywidgets.Widget:
    """Ask questions by hand: choose condition, cells, control, time, measure, estimator, interval and doubts.

    Every change compares, pools, and draws again; what cannot be done is said instead of the picture. Needs a running
    kernel (JupyterLab, Binder); in a report the first answer stands as it is.

    Parameters
    ----------
    evidence : Evidence
    question : Question, optional
        Where to start; what the controls do not offer starts at their first choice.

    Returns
    -------
    ipywidgets.Widget
        Controls above, the sentence and the forest plot below.

    Examples
    --------
    >>> import painsynth as ps
    >>> ps.explore(ps.load_evidence())                      # doctest: +SKIP
    """
    import ipywidgets as widgets

    controls = {name: _dropdown(name, options) for name, options in _options(evidence).items()}
    for name in ("condition", "msc_source", "comparator", "months"):
        _start(controls[name], name, question)
    answer = widgets.HTML()

    @lru_cache(maxsize=64)
    def shown(*chosen: object) -> str:
        return _shown(evidence, dict(zip(controls, chosen, strict=True)))

    def redraw(change: object = None) -> None:
        answer.value = shown(*(control.value for control in controls.values()))

    for control in controls.values():
        control.observe(redraw, names="value")
    redraw()
    rows = widgets.Layout(flex_flow="row wrap")
    return widgets.VBox([widgets.HBox(list(controls.values()), layout=rows), answer])


def _options(evidence: Evidence) -> dict[str, dict[str, object]]:
    """Label and value of what each control offers: only words that are on file."""
    coverage, controls = evidence.coverage(), set(evidence.arms["comparator"])
    conditions = coverage.groupby("condition")["poolable"].sum().sort_values(ascending=False, kind="stable")
    found = {
        "condition": {f"{capital(plain(name))} ({n} poolable)": name for name, n in conditions.items()},
        "msc_source": {"any": "any"} | _plain(w for w in v.MSC_SOURCES if w in set(coverage["msc_source"])),
        "comparator": {"any": "any"} | _plain(w for w in v.COMPARATORS if w in controls),
        "months": {f"{month} months": month for month in MONTHS} | {"longest follow-up": 0},
        "measure": MEASURES,
        "tau2": {name: name for name in ("REML", "DL", "PM", "ML", "SJ", "EB")},
        "ci": {name: name for name in ("HKSJ", "HKSJ-guarded", "Wald", "t", "KR")},
        "leave_out": FLAGS,
    }
    found["months"] = {"12 months": 12} | found["months"]  # what is offered first is the default
    return found


def _plain(words) -> dict[str, str]:
    return {plain(word): word for word in words}


_NAMES = {"msc_source": "cells from", "comparator": "against", "months": "time", "tau2": "τ²", "ci": "interval",
          "leave_out": "doubts"}  # fmt: skip


def _dropdown(name: str, options: dict[str, object]) -> ipywidgets.Dropdown:
    import ipywidgets as widgets

    look = {"description_width": "80px"}
    return widgets.Dropdown(options=list(options.items()), description=_NAMES.get(name, name), style=look)


def _start(control: ipywidgets.Dropdown, name: str, question: Question | None) -> None:
    """Set a control to what a question asks, where it is offered."""
    if question is None:
        return
    asked = getattr(question, name)
    value = (0 if name == "months" else "any") if asked is None else asked
    if value in {offered for _, offered in control.options}:
        control.value = value


def _shown(evidence: Evidence, chosen: dict[str, object]) -> str:
    """The answer as HTML: a sentence, and the picture where something can be pooled."""
    measure, outcome = chosen["measure"]
    asked = {name: chosen[name] for name in ("condition", "msc_source", "comparator", "leave_out")}
    try:
        question = Question(**asked, months=chosen["months"] or None, measure=measure, outcome=outcome)
        comparisons = compare(evidence, question)
        computed = effects(comparisons, measure=measure)
        fit = pool(computed, tau2=chosen["tau2"], ci=chosen["ci"]) if len(computed) else None
    except PainsynthError as error:
        return f"<p><strong>This cannot be answered:</strong> {escape(str(error))}</p>"
    said = f"<p><strong>{escape(sentence(question, fit, comparisons))}</strong></p>"
    if fit is None:
        return said
    mid = question.mid if measure == "MD" else None
    return said + forest(fit, mid=mid, columns=["msc_source", "comparator"], title=question.title).get_figure().svg()
