"""The record of one pooled analysis of dependent effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html import escape

import numpy as np

from painsynth import formats
from painsynth.stats.fit import finish, pooled_row, study_rows
from painsynth.stats.words import RATIOS

LABEL = "Multilevel model"


@dataclass(frozen=True, eq=False)
class Multilevel:
    """One meta-analysis of effects that are nested in studies.

    Attributes
    ----------
    k, studies : int
        Effects and studies pooled.
    estimate, se : float
        Pooled effect (sign and scale of yi) and the standard error behind `ci`.
    ci, pi : tuple of float
        Confidence interval, and prediction interval for one new effect of a new study.
    statistic, df, p : float
        Test of no effect; df is None when the normal distribution is used, broken with Satterthwaite's.
    sigma2_between, sigma2_within : float
        Variance of true effects between studies, and between the effects of one study.
    sigma2_between_ci, sigma2_within_ci : tuple of float
        Profile-likelihood intervals; NaN where the variance is not estimated by likelihood.
    tau2, i2, i2_between, i2_within : float
        Sum of both variances; share of the total variance in percent, in all and by level.
    q, q_df, q_p : float
        Cochran's Q (generalised for correlated effects).
    weights : ndarray (k,)
        Percent; sum 100. A weight can be negative when effects are strongly correlated.
    loglik, aic, bic : float
        NaN for moment estimators.
    measure, model, method_tau2, method_ci, level
        How it was done; `method_ci` is the robust variance ("CR2" ...) or the interval of the model.
    se_model, ci_model
        What the model alone says, beside a robust interval.
    converged, multimodal : bool
    notes : tuple of str
    table : DataFrame
    study : tuple of str
        Labels (k,).
    working : Working
        Model matrix and covariance, for robust variances.
    cluster : ndarray of int (k,)
        Study of every effect.
    refit : callable or None
        Fits the model again with variances held fixed; None where a level is not estimated.
    """

    k: int
    studies: int
    estimate: float
    se: float
    ci: tuple[float, float]
    p: float
    statistic: float
    df: float | None
    pi: tuple[float, float]
    sigma2_between: float
    sigma2_between_ci: tuple[float, float]
    sigma2_within: float
    sigma2_within_ci: tuple[float, float]
    i2: float
    i2_between: float
    i2_within: float
    q: float
    q_df: int
    q_p: float
    weights: np.ndarray = field(repr=False)
    loglik: float
    aic: float
    bic: float
    measure: str
    method_tau2: str
    method_ci: str
    level: float
    se_model: float
    ci_model: tuple[float, float]
    converged: bool
    multimodal: bool
    notes: tuple[str, ...]
    table: object = field(repr=False)
    study: tuple[str, ...] = field(repr=False)
    working: object = field(repr=False)
    cluster: np.ndarray = field(repr=False)
    refit: Callable | None = field(default=None, repr=False)
    model: str = "multilevel"
    scale: str = "yi"

    @property
    def tau2(self) -> float:
        """Variance of true effects over both levels."""
        return self.sigma2_between + self.sigma2_within

    @property
    def method_pi(self) -> str:
        """Quantile of the prediction interval: that of the confidence interval."""
        return "normal" if self.df is None else f"t on {self.df:.4g} df"

    @property
    def tau2_ci(self) -> tuple[float, float]:
        """No interval of the sum; see those of its parts."""
        return float("nan"), float("nan")

    @property
    def i2_ci(self) -> tuple[float, float]:
        """No interval."""
        return float("nan"), float("nan")

    def back(self) -> Multilevel:
        """Return the record on the natural scale: ratios exponentiated, everything else unchanged.

        Examples
        --------
        >>> import pandas as pd, painsynth as ps
        >>> table = pd.DataFrame({"study": ["A", "B"], "yi": [0.0, 0.0], "vi": [0.1, 0.2]})
        >>> table.attrs["measure"] = "RR"
        >>> ps.pool_multilevel(table).back().estimate
        1.0
        """
        if self.measure.upper() not in RATIOS or self.scale == "natural":
            return self
        pairs = {n: tuple(float(x) for x in np.exp(getattr(self, n))) for n in ("ci", "pi", "ci_model")}
        return replace(self, estimate=float(np.exp(self.estimate)), scale="natural", **pairs)

    def row(self) -> dict:
        """Return the pooled row as a plain dict: the rows glossary, then the statistics."""
        names = ("se", "statistic", "df", "p", "studies", "sigma2_between", "sigma2_within", "i2", "i2_between",
                 "i2_within", "q", "q_df", "q_p", "model", "measure")  # fmt: skip
        return pooled_row(self, LABEL, "pooled") | {name: getattr(self, name) for name in names}

    def rows(self):
        """Return every effect and the pooled one as a table.

        Returns
        -------
        DataFrame
            Columns of the rows glossary, then every other column of the effects table; attrs measure and level.

        Examples
        --------
        >>> import pandas as pd, painsynth as ps
        >>> table = pd.DataFrame({"study": ["A", "A", "B"], "yi": [1.0, 2.0, 4.0], "vi": [1.0, 1.0, 1.0]})
        >>> ps.pool_multilevel(table).rows()["kind"].tolist()
        ['study', 'study', 'study', 'pooled']
        """
        import pandas as pd

        frame = pd.concat([study_rows(self), pd.DataFrame([pooled_row(self, LABEL, "pooled")])])
        return finish(frame, self)

    @property
    def digits(self) -> int:
        """Decimals worth printing: two, more where the standard error is small."""
        size = self.se if np.isfinite(self.se) and self.se > 0 else 1.0
        return int(np.clip(1 - np.floor(np.log10(size)), 2, 12))

    def __str__(self) -> str:
        d, shown = self.digits, self.back()
        return (
            f"{self.measure} {formats.number(shown.estimate, d)} ({self.level:.0%} CI "
            f"{formats.interval(*shown.ci, d)}), {formats.p_value(self.p)}, k = {self.k} in {self.studies} studies, "
            f"sigma2 = {formats.number(self.sigma2_between, d)} between, {formats.number(self.sigma2_within, d)} "
            f"within [{self.method_tau2}, {self.method_ci}]"
        )

    def _repr_html_(self) -> str:
        body = "".join(f"<tr><th scope='row'>{escape(n)}</th><td>{escape(t)}</td></tr>" for n, t in _lines(self))
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return f"<table><tbody>{body}</tbody></table>" + (f"<ul>{notes}</ul>" if notes else "")


def _lines(fit: Multilevel):
    d, level, fit = fit.digits, f"{fit.level:.0%}", fit.back()
    yield f"{fit.measure}, {fit.k} effects in {fit.studies} studies", formats.number(fit.estimate, d)
    yield f"{level} CI ({fit.method_ci})", f"{formats.interval(*fit.ci, d)}, {formats.p_value(fit.p)}"
    if np.isfinite(fit.pi[0]):
        yield f"{level} prediction interval", formats.interval(*fit.pi, d)
    for name, value, ends in (
        ("between studies", fit.sigma2_between, fit.sigma2_between_ci),
        ("within studies", fit.sigma2_within, fit.sigma2_within_ci),
    ):
        text = formats.number(value, d)
        text += f" ({formats.interval(*ends, d)})" if np.isfinite(ends[0]) else ""
        yield f"sigma2 {name} ({fit.method_tau2})", text
    shares = f"{formats.percent(fit.i2_between)} between, {formats.percent(fit.i2_within)} within"
    yield "I2", f"{formats.percent(fit.i2)}: {shares}"
    yield "Q", f"{formats.number(fit.q)} on {fit.q_df} df, {formats.p_value(fit.q_p)}"
