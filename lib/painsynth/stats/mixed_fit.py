"""The record of a model of dependent effects with several coefficients: outcomes, times, moderators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html import escape

import numpy as np
from scipy.special import chdtrc, fdtrc, stdtrit

from painsynth import formats
from painsynth.errors import EffectsError
from painsynth.stats.cluster_robust import Sandwich
from painsynth.stats.fit import GLOSSARY, finish, study_rows
from painsynth.stats.intervals import two_sided_p, z_quantile

COLUMNS = ("term", "estimate", "se", "statistic", "df", "p", "ci_low", "ci_high")


@dataclass(frozen=True, eq=False)
class MixedFit:
    """One mixed-effects model of dependent effects: coefficients and variance components.

    Attributes
    ----------
    coef : DataFrame (p rows)
        term, estimate, se, statistic, df (NaN for a normal test), p, ci_low, ci_high; estimates on the scale of yi.
    vcov : ndarray (p, p)
    k, p, studies : int
        Effects, coefficients, studies.
    components : dict of str to float
        Variances (`sigma2_between`, `sigma2_within`, `tau2[outcome]`) and correlations (`rho[one, other]`) of the true
        effects, by name.
    loglik, aic, bic : float
    qe, qe_df, qe_p : float
        Test of residual heterogeneity, by V alone.
    qm, qm_df, qm_p, df : float
        Omnibus test of all coefficients but the constant: chi-squared, or F on qm_df and df where df is a number (the
        approximate Hotelling test with a robust variance). NaN where nothing is tested.
    measure, structure, method_tau2, method_ci, level, converged, multimodal, notes
        How it was done, and what a reader must know.
    table, study, working, cluster
        The effects table, its labels (k,), model matrix and covariance, study of every effect (k,).
    tested : tuple of int
        Columns of the omnibus test.
    interval : callable
        From the name of a component and a level to its profile-likelihood limits; see `profile_intervals`.
    """

    coef: object
    vcov: np.ndarray = field(repr=False)
    k: int
    p: int
    studies: int
    components: dict[str, float]
    loglik: float
    aic: float
    bic: float
    qe: float
    qe_df: int
    qe_p: float
    qm: float
    qm_df: int
    qm_p: float
    df: float | None
    measure: str
    structure: str
    method_tau2: str
    method_ci: str
    level: float
    converged: bool
    multimodal: bool
    notes: tuple[str, ...]
    table: object = field(repr=False)
    study: tuple[str, ...] = field(repr=False)
    working: object = field(repr=False)
    cluster: np.ndarray = field(repr=False)
    weights: np.ndarray = field(repr=False)
    tested: tuple[int, ...] = field(repr=False)
    interval: Callable = field(repr=False)
    model: str = "mixed"
    scale: str = "yi"

    @property
    def beta(self) -> np.ndarray:
        """Coefficients (p,)."""
        return self.coef["estimate"].to_numpy()

    def rows(self):
        """Return the effects and the coefficients as a table.

        Returns
        -------
        DataFrame
            Rows glossary, then the effects table's own columns; every effect, then a heading and one row of kind
            `pooled` per coefficient.

        Examples
        --------
        >>> import pandas as pd, painsynth as ps
        >>> table = pd.DataFrame({"study": list("AABBCC"), "scale": ["pain", "function"] * 3})
        >>> table["yi"], table["vi"] = [1.0, 2.0, 2.0, 2.5, 4.0, 3.0], 0.5
        >>> ps.pool_multivariate(table, "scale", struct="CS").rows()["label"].tolist()[6:]
        ['Coefficients', 'pain', 'function']
        """
        import pandas as pd

        effects = study_rows(self)
        terms = [
            dict(zip(GLOSSARY, (c.term, "pooled", self.k, c.estimate, c.ci_low, c.ci_high), strict=False))
            for c in self.coef.itertuples()
        ]
        tail = pd.DataFrame([{"label": "Coefficients", "kind": "heading", "k": self.k}, *terms])
        return finish(pd.concat([effects, tail.reindex(columns=effects.columns)]), self)

    @property
    def test(self) -> str:
        """The omnibus test in words."""
        if np.isnan(self.qm):
            return "no omnibus test"
        name = f"QM = {formats.number(self.qm)}, df = {self.qm_df}"
        if self.df is not None:
            name = f"F({self.qm_df}, {self.df:.4g}) = {formats.number(self.qm)}"
        return f"{name}, {formats.p_value(self.qm_p)}"

    @property
    def digits(self) -> int:
        """Decimals worth printing: two, more where standard errors are small."""
        se = self.coef["se"].to_numpy()
        smallest = se[np.isfinite(se) & (se > 0)].min(initial=1.0)
        return int(np.clip(1 - np.floor(np.log10(smallest)), 2, 12))

    def __str__(self) -> str:
        parts = [f"{c.term} {formats.number(c.estimate, self.digits)}" for c in self.coef.itertuples()]
        return (
            f"{self.measure}, {self.k} effects in {self.studies} studies: {', '.join(parts)}; {self.test} "
            f"[{self.structure}, {self.method_tau2}, {self.method_ci}]"
        )

    def _repr_html_(self) -> str:
        d = self.digits
        head = "".join(f"<th>{x}</th>" for x in ("", "estimate", "SE", f"{self.level:.0%} CI", "p"))
        body = "".join(
            f"<tr><th scope='row'>{escape(str(c.term))}</th><td>{formats.number(c.estimate, d)}</td>"
            f"<td>{formats.number(c.se, d)}</td><td>{formats.interval(c.ci_low, c.ci_high, d)}</td>"
            f"<td>{formats.p_value(c.p)}</td></tr>"
            for c in self.coef.itertuples()
        )
        spread = "; ".join(f"{name} = {formats.number(x, d)}" for name, x in self.components.items())
        notes = "".join(f"<li>{escape(note)}</li>" for note in (str(self), spread, *self.notes))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><ul>{notes}</ul>"


@dataclass(frozen=True, eq=False)
class Intervals:
    """From the name of a variance component and a level to its profile-likelihood limits.

    Attributes
    ----------
    names : tuple of str
    fitted : object
        With `interval(j, level)`.
    """

    names: tuple[str, ...]
    fitted: object

    def __call__(self, name: str, level: float) -> tuple[float, float]:
        """Limits (low, high) of one component."""
        return self.fitted.interval(self.names.index(name), level)


def coefficients(terms, beta: np.ndarray, vcov: np.ndarray, df: np.ndarray, level: float):
    """Table of coefficients with tests and intervals.

    Parameters
    ----------
    terms : sequence of str
    beta : ndarray (p,)
    vcov : ndarray (p, p)
    df : ndarray (p,)
        NaN stands for the normal distribution.
    level : float

    Examples
    --------
    >>> table = coefficients(["a"], np.array([1.0]), np.array([[0.25]]), np.array([np.nan]), 0.95)
    >>> round(table["p"].item(), 4), round(table["ci_low"].item(), 2)
    (0.0455, 0.02)
    """
    import pandas as pd

    se = np.sqrt(np.diag(vcov))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.divide(beta, se)
    t = stdtrit(np.where(df > 0, df, 1.0), 0.5 + 0.5 * level)
    half = np.where(df > 0, t, z_quantile(level)) * se
    p = two_sided_p(statistic, np.where(df > 0, df, np.nan))
    values = (list(terms), beta, se, statistic, df, p, beta - half, beta + half)
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))


def omnibus(beta: np.ndarray, vcov: np.ndarray, tested: tuple[int, ...], df: float | None):
    """Wald test that the tested coefficients are 0: (QM or F, numerator df, p); NaN when nothing is tested."""
    j = list(tested)
    if not j:
        return float("nan"), 0, float("nan")
    try:
        q = float(beta[j] @ np.linalg.solve(vcov[np.ix_(j, j)], beta[j]))
    except np.linalg.LinAlgError:
        return float("nan"), len(j), float("nan")
    if df is None:
        return q, len(j), float(chdtrc(float(len(j)), q))
    return q / len(j), len(j), float(fdtrc(len(j), df, q / len(j)))


def robust_mixed(fit: MixedFit, sandwich: Sandwich) -> MixedFit:
    """Return the record with a cluster-robust covariance, Satterthwaite df and the approximate Hotelling test."""
    coef = coefficients(fit.coef["term"], fit.beta, sandwich.vcov, sandwich.df, fit.level)
    f, q, df = sandwich.wald(np.eye(fit.p)[list(fit.tested)]) if fit.tested else (np.nan, 0, np.nan)
    low = [c.term for c in coef.itertuples() if c.df < 4]
    notes = (f"Satterthwaite df below 4: do not rely on the robust p and interval of {', '.join(low)}",) if low else ()
    return replace(
        fit, coef=coef, vcov=sandwich.vcov, qm=f, qm_df=q, qm_p=float(fdtrc(q, df, f)) if df > 0 else np.nan,
        df=df if df > 0 else None, method_ci=sandwich.kind, notes=(*fit.notes, *notes),
    )  # fmt: skip


def profile_intervals(fit: MixedFit, *, level: float | None = None):
    """Profile-likelihood intervals of the variance components of a model of dependent effects.

    Parameters
    ----------
    fit : MixedFit
        From `pool_multivariate` or `regress_multilevel`; `pool_multilevel` carries its intervals already.
    level : float, optional
        By default the level of the fit.

    Returns
    -------
    DataFrame
        component, estimate, ci_low, ci_high. A limit at a bound (variance 0, correlation 1) is that bound.

    Raises
    ------
    EffectsError
        For a record without such components.

    References
    ----------
    Hardy & Thompson 1996, Stat Med 15:619; Viechtbauer & Lopez-Lopez 2022, Res Synth Methods 13:697.

    Examples
    --------
    >>> import pandas as pd, painsynth as ps
    >>> table = pd.DataFrame({"study": list("AABBCC"), "scale": ["pain", "function"] * 3})
    >>> table["yi"], table["vi"] = [1.0, 2.0, 2.0, 2.5, 4.0, 3.0], 0.5
    >>> profile_intervals(ps.pool_multivariate(table, "scale", struct="CS"))["ci_low"].tolist()
    [0.0, -1.0]
    """
    import pandas as pd

    if not isinstance(fit, MixedFit):
        raise EffectsError(f"profile_intervals needs a fit of pool_multivariate or regress_multilevel, got {type(fit)}")
    level = fit.level if level is None else level
    ends = [fit.interval(name, level) for name in fit.components]
    return pd.DataFrame(
        {"component": list(fit.components), "estimate": list(fit.components.values()),
         "ci_low": [low for low, _ in ends], "ci_high": [high for _, high in ends]}
    )  # fmt: skip
