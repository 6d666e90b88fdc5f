"""The record of a pooled effect that has been adjusted for small-study effects."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html import escape

import numpy as np

from painsynth import formats
from painsynth.stats.coefficient import Coefficient
from painsynth.stats.fit import GLOSSARY, Fit, finish, study_rows
from painsynth.stats.words import RATIOS


@dataclass(frozen=True, eq=False)
class Adjusted:
    """One adjusted effect, beside the unadjusted fit.

    Attributes
    ----------
    name : str
        The method.
    estimate, se : float
        Adjusted effect (sign and scale of yi) and its standard error.
    statistic, df, p : float
        Test of no effect; z where df is None.
    ci : tuple of float
    measure : str
    level : float
    fit : Fit
        The unadjusted analysis of the same studies.
    weights : ndarray (k,)
        Of the studies in the adjusted effect, percent.
    notes : tuple of str
    scale : "yi" | "natural"
        Whether `back()` has been applied.
    """

    name: str
    estimate: float
    se: float
    statistic: float
    df: float | None
    p: float
    ci: tuple[float, float]
    measure: str
    level: float
    fit: Fit = field(repr=False)
    weights: np.ndarray = field(repr=False)
    notes: tuple[str, ...] = ()
    scale: str = "yi"

    @property
    def k(self) -> int:
        """Number of studies."""
        return self.fit.k

    def back(self) -> Adjusted:
        """Return the record on the natural scale: ratios exponentiated, everything else unchanged."""
        if self.measure.upper() not in RATIOS or self.scale == "natural":
            return self
        low, high = (float(np.exp(x)) for x in self.ci)
        return replace(
            self, estimate=float(np.exp(self.estimate)), ci=(low, high), scale="natural", fit=self.fit.back()
        )

    def row(self) -> dict:
        """Return the adjusted effect as a plain dict: the rows glossary, then its test."""
        values = (self.name, "pooled", self.k, self.estimate, *self.ci, np.nan, np.nan, 100.0, "")
        tested = {name: getattr(self, name) for name in ("se", "statistic", "df", "p", "measure")}
        return dict(zip(GLOSSARY, values, strict=True)) | tested

    def rows(self):
        """Return the studies, the unadjusted and the adjusted effect as a table (rows glossary)."""
        import pandas as pd

        plain, adjusted = self.fit.row(), self.row()
        summary = pd.DataFrame([{name: row[name] for name in GLOSSARY} for row in (plain, adjusted)])
        return finish(pd.concat([study_rows(self.fit, self.weights), summary]), self.fit)

    def __str__(self) -> str:
        shown, digits = self.back(), self.fit.digits
        return (
            f"{self.name}: {self.measure} {formats.number(shown.estimate, digits)} "
            f"({self.level:.0%} CI {formats.interval(*shown.ci, digits)}), {formats.p_value(self.p)}, k = {self.k}"
        )

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        plain = f"Unadjusted: {self.fit}"
        return f"<p>{escape(str(self))}<br>{escape(plain)}</p>" + (f"<ul>{notes}</ul>" if notes else "")


def adjusted(name: str, one: Coefficient, fit: Fit, weights: np.ndarray, notes: tuple[str, ...]) -> dict:
    """Fields of an `Adjusted` made from a coefficient."""
    return {"name": name, **one._asdict(), "measure": fit.measure, "level": fit.level, "fit": fit,
            "weights": 100 * weights / weights.sum(), "notes": notes}  # fmt: skip
