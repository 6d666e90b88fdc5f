"""The record of one meta-regression."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

import numpy as np

from painsynth import formats
from painsynth.stats.design import Design
from painsynth.stats.fit import GLOSSARY, finish, study_rows


@dataclass(frozen=True, eq=False)
class Regression:
    """One meta-regression: how effects change with moderators. It neither plots nor writes.

    Attributes
    ----------
    coef : DataFrame (p rows)
        term, estimate, se, statistic, df (NaN for a normal test), p, ci_low, ci_high; estimates are on the scale of yi
        per unit of the moderator.
    vcov : ndarray (p, p)
        Covariance of the coefficients, with the Hartung-Knapp factor where it was asked for.
    k, p : int
        Studies, coefficients.
    tau2, tau2_se, tau2_ci : float, float, tuple
        Residual between-study variance; its Q-profile interval.
    i2, h2 : float
        Residual heterogeneity: I2 in percent.
    r2 : float
        Percent of tau2 that the moderators account for; NaN where there is no constant or no moderator.
    qe, qe_df, qe_p : float
        Test of residual heterogeneity.
    qm, qm_df, qm_p : float
        Omnibus test of all coefficients but the constant: chi-squared, or F when `df` is a number. NaN without
        moderators.
    df : int or None
        Residual degrees of freedom k - p of t and F tests; None for normal tests.
    factor : float
        Hartung-Knapp factor that multiplied the covariance; 1 where none did.
    weights : ndarray (k,)
        Percent; sum 100.
    fitted, hat : ndarray (k,)
        Fitted effects and leverages.
    measure, model, method_tau2, method_ci, level, converged, multimodal, notes
        How it was done, and what a reader must know.
    table, study, design
        The effects table, its labels (k,), the model matrix.
    """

    coef: object
    vcov: np.ndarray = field(repr=False)
    k: int
    p: int
    tau2: float
    tau2_se: float
    tau2_ci: tuple[float, float]
    i2: float
    h2: float
    r2: float
    qe: float
    qe_df: int
    qe_p: float
    qm: float
    qm_df: int
    qm_p: float
    df: int | None
    factor: float
    weights: np.ndarray = field(repr=False)
    fitted: np.ndarray = field(repr=False)
    hat: np.ndarray = field(repr=False)
    measure: str
    model: str
    method_tau2: str
    method_ci: str
    level: float
    converged: bool
    multimodal: bool
    notes: tuple[str, ...]
    table: object = field(repr=False)
    study: tuple[str, ...] = field(repr=False)
    design: Design = field(repr=False)
    scale: str = "yi"

    @property
    def beta(self) -> np.ndarray:
        """Coefficients (p,)."""
        return self.coef["estimate"].to_numpy()

    def predict(self, new=None, *, pi: str | None = None, level: float | None = None, back: bool = False):
        """Predicted effects with confidence and prediction intervals; see `predictions.predict`.

        Examples
        --------
        >>> import pandas as pd
        >>> from painsynth.stats.regress import regress
        >>> trials = pd.DataFrame({"yi": [1.0, 2.0, 3.1, 3.9], "vi": [0.1] * 4, "dose": [1, 2, 3, 4]})
        >>> regress(trials, "~ dose").predict({"dose": [5]})[["estimate", "ci_low", "ci_high"]].round(2)
           estimate  ci_low  ci_high
        0      4.95    4.45     5.45
        """
        from painsynth.stats.predictions import predict

        return predict(self, new, pi=pi, level=level, back=back)

    def vif(self):
        """Variance inflation of every term; see `regression_checks.variance_inflation`."""
        from painsynth.stats.regression_checks import variance_inflation

        return variance_inflation(self)

    def residuals(self):
        """Residuals, leverages and Cook's distances of the studies; see `regression_checks.residual_table`."""
        from painsynth.stats.regression_checks import residual_table

        return residual_table(self)

    def rows(self):
        """Return the studies and the coefficients as a table.

        Returns
        -------
        DataFrame
            Rows glossary, then the effects table's own columns; study rows first (with their weight), then a heading
            and one row of kind `pooled` per coefficient.

        Examples
        --------
        >>> import pandas as pd
        >>> from painsynth.stats.regress import regress
        >>> trials = pd.DataFrame({"yi": [1.0, 2.0, 3.1, 3.9], "vi": [0.1] * 4, "dose": [1, 2, 3, 4]})
        >>> regress(trials, "~ dose").rows()["kind"].tolist()
        ['study', 'study', 'study', 'study', 'heading', 'pooled', 'pooled']
        """
        import pandas as pd

        studies = study_rows(self)
        terms = [
            dict(zip(GLOSSARY, (c.term, "pooled", self.k, c.estimate, c.ci_low, c.ci_high), strict=False))
            for c in self.coef.itertuples()
        ]
        tail = pd.DataFrame([{"label": "Coefficients", "kind": "heading", "k": self.k}, *terms])
        return finish(pd.concat([studies, tail.reindex(columns=studies.columns)]), self)

    @property
    def test(self) -> str:
        """The omnibus test in words."""
        if np.isnan(self.qm):
            return "no moderators to test" if not self.qm_df else "no omnibus test"
        name = f"QM = {formats.number(self.qm)}, df = {self.qm_df}"
        if self.df is not None:
            name = f"F({self.qm_df}, {self.df}) = {formats.number(self.qm)}"
        return f"{name}, {formats.p_value(self.qm_p)}"

    def __str__(self) -> str:
        text = f"{self.measure} regression on {self.k} studies, {self.p} coefficients; moderators: {self.test}"
        if self.model == "random":
            text += f"; tau2 = {formats.number(self.tau2, self.digits)}, I2 = {formats.percent(self.i2)}"
        if np.isfinite(self.r2):
            text += f", R2 = {formats.percent(self.r2)}"
        return f"{text} [{'common effect' if self.model == 'common' else self.method_tau2}, {self.method_ci}]"

    @property
    def digits(self) -> int:
        """Decimals worth printing: two, more where standard errors are small."""
        se = self.coef["se"].to_numpy()
        smallest = se[np.isfinite(se) & (se > 0)].min(initial=1.0)
        return int(np.clip(1 - np.floor(np.log10(smallest)), 2, 12))

    def _repr_html_(self) -> str:
        d = self.digits
        head = "".join(f"<th>{x}</th>" for x in ("", "estimate", "SE", f"{self.level:.0%} CI", "p"))
        body = "".join(
            f"<tr><th scope='row'>{escape(c.term)}</th><td>{formats.number(c.estimate, d)}</td>"
            f"<td>{formats.number(c.se, d)}</td><td>{formats.interval(c.ci_low, c.ci_high, d)}</td>"
            f"<td>{formats.p_value(c.p)}</td></tr>"
            for c in self.coef.itertuples()
        )
        notes = "".join(f"<li>{escape(note)}</li>" for note in (str(self), *self.notes))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><ul>{notes}</ul>"
