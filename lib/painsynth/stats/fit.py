"""The record of one pooled analysis."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html import escape

import numpy as np

from painsynth import formats
from painsynth.stats.intervals import z_quantile
from painsynth.stats.words import RATIOS

GLOSSARY = ("label", "kind", "k", "estimate", "ci_low", "ci_high", "pi_low", "pi_high", "weight", "source")
MODEL_NAMES = {"random": "Random-effects model", "common": "Common-effect model"}


@dataclass(frozen=True, eq=False)
class Fit:
    """One meta-analysis: everything a sentence, a table or a forest plot needs. It neither plots nor writes.

    Attributes
    ----------
    k : int
        Studies pooled.
    estimate, se : float
        Pooled effect (sign and scale of yi) and the standard error behind `ci`.
    ci, pi : tuple of float
        Confidence and prediction interval (low, high); NaN where there is none.
    statistic, df, p : float
        Test of no effect; df is None when the normal distribution is used, broken with Kenward-Roger.
    tau2, tau2_ci, i2, i2_ci, h2 : float or tuple
        Between-study variance, I2 in percent, H2.
    q, q_df, q_p : float
        Cochran's Q test.
    weights : ndarray (k,)
        Percent; sum 100.
    measure, model, method_tau2, method_ci, method_pi, method_tau2_ci, level
        How it was done.
    se_wald, ci_wald, se_hksj, ci_hksj
        Both intervals, whichever was asked for; they should be compared.
    converged, multimodal : bool
    notes : tuple of str
        What a reader must know.
    table : DataFrame
        The effects table it was fitted on.
    study : tuple of str
        Labels (k,).
    scale : "yi" | "natural"
        Whether `back()` has been applied.
    """

    k: int
    estimate: float
    se: float
    ci: tuple[float, float]
    p: float
    statistic: float
    df: float | None
    pi: tuple[float, float]
    tau2: float
    tau2_ci: tuple[float, float]
    i2: float
    i2_ci: tuple[float, float]
    h2: float
    q: float
    q_df: int
    q_p: float
    weights: np.ndarray = field(repr=False)
    measure: str
    notes: tuple[str, ...]
    model: str
    method_tau2: str
    method_ci: str
    method_pi: str
    method_tau2_ci: str
    level: float
    se_wald: float
    ci_wald: tuple[float, float]
    se_hksj: float
    ci_hksj: tuple[float, float]
    converged: bool
    multimodal: bool
    table: object = field(repr=False)
    study: tuple[str, ...] = field(repr=False)
    scale: str = "yi"

    def back(self) -> Fit:
        """Return the record on the natural scale: ratios exponentiated, everything else unchanged.

        `se`, `tau2`, weights and tests stay on the scale of the analysis.

        Examples
        --------
        >>> import pandas as pd
        >>> from painsynth.stats.pool import pool
        >>> table = pd.DataFrame({"study": ["A", "B"], "yi": [0.0, 0.0], "vi": [0.1, 0.2]})
        >>> table.attrs["measure"] = "RR"
        >>> pool(table, ci="Wald").back().estimate
        1.0
        """
        if self.measure.upper() not in RATIOS or self.scale == "natural":
            return self
        pairs = {name: _exp(getattr(self, name)) for name in ("ci", "pi", "ci_wald", "ci_hksj")}
        return replace(self, estimate=float(np.exp(self.estimate)), scale="natural", **pairs)

    def row(self) -> dict:
        """Return the pooled row as a plain dict: the rows glossary, then the statistics.

        Examples
        --------
        >>> import pandas as pd
        >>> from painsynth.stats.pool import pool
        >>> pool(pd.DataFrame({"yi": [1.0, 3.0], "vi": [1.0, 1.0]}), tau2="DL").row()["estimate"]
        2.0
        """
        head = pooled_row(self, MODEL_NAMES[self.model], "pooled")
        names = ("se", "statistic", "df", "p", "tau2", "i2", "h2", "q", "q_df", "q_p", "model", "measure")
        return head | {name: getattr(self, name) for name in names} | {
            "tau2_low": self.tau2_ci[0], "tau2_high": self.tau2_ci[1], "i2_low": self.i2_ci[0],
            "i2_high": self.i2_ci[1]}  # fmt: skip

    def rows(self):
        """Return the studies and the pooled effect as a table.

        Returns
        -------
        DataFrame
            Columns of the rows glossary, then every other column of the effects table; attrs measure and level.

        Examples
        --------
        >>> import pandas as pd
        >>> from painsynth.stats.pool import pool
        >>> pool(pd.DataFrame({"yi": [1.0, 3.0], "vi": [1.0, 1.0]}), tau2="DL").rows()[["label", "kind", "weight"]]
                          label    kind  weight
        0                     1   study    50.0
        1                     2   study    50.0
        2  Random-effects model  pooled   100.0
        """
        import pandas as pd

        frame = pd.concat([study_rows(self), pd.DataFrame([pooled_row(self, MODEL_NAMES[self.model], "pooled")])])
        return finish(frame, self)

    def __str__(self) -> str:
        digits, shown = self.digits, self.back()  # a ratio is read as a ratio, whatever scale the record is on
        text = (
            f"{self.measure} {formats.number(shown.estimate, digits)} "
            f"({self.level:.0%} CI {formats.interval(*shown.ci, digits)}), {formats.p_value(self.p)}, k = {self.k}"
        )
        if self.model == "random" and self.k > 1:
            text += f", tau2 = {formats.number(self.tau2, digits)}, I2 = {formats.percent(self.i2)}"
        how = "common effect" if self.model == "common" else self.method_tau2
        return f"{text} [{how}, {self.method_ci}]"

    @property
    def digits(self) -> int:
        """Decimals worth printing: two, more where the standard error is small."""
        size = self.se if np.isfinite(self.se) and self.se > 0 else 1.0
        return int(np.clip(1 - np.floor(np.log10(size)), 2, 12))

    def _repr_html_(self) -> str:
        cells = [(name, text) for name, text in _lines(self)]
        body = "".join(f"<tr><th scope='row'>{escape(n)}</th><td>{escape(t)}</td></tr>" for n, t in cells)
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return f"<table><tbody>{body}</tbody></table>" + (f"<ul>{notes}</ul>" if notes else "")


def _exp(pair: tuple[float, float]) -> tuple[float, float]:
    return float(np.exp(pair[0])), float(np.exp(pair[1]))


def _lines(fit: Fit):
    d, level, fit = fit.digits, f"{fit.level:.0%}", fit.back()
    yield f"{fit.measure}, {fit.k} {'study' if fit.k == 1 else 'studies'}", formats.number(fit.estimate, d)
    yield f"{level} CI ({fit.method_ci})", f"{formats.interval(*fit.ci, d)}, {formats.p_value(fit.p)}"
    if fit.method_ci != "Wald" and fit.k > 1:
        yield f"{level} CI (Wald, for comparison)", formats.interval(*fit.ci_wald, d)
    if np.isfinite(fit.pi[0]):
        yield f"{level} prediction interval ({fit.method_pi})", formats.interval(*fit.pi, d)
    if fit.k > 1:
        if fit.model == "random":
            yield f"tau2 ({fit.method_tau2})", _with_interval(fit.tau2, fit.tau2_ci, d)
        yield "I2", _with_interval(fit.i2, fit.i2_ci, 0, "%")
        yield "Q", f"{formats.number(fit.q)} on {fit.q_df} df, {formats.p_value(fit.q_p)}"


def _with_interval(value: float, ends: tuple[float, float], digits: int, unit: str = "") -> str:
    text = formats.number(value, digits) + unit
    return f"{text} ({formats.interval(*ends, digits)}{unit})" if np.isfinite(ends[0]) else text


def pooled_row(fit: Fit, label: str, kind: str, weight: float = 100.0) -> dict:
    """Return one row of the glossary for a pooled effect."""
    values = (label, kind, fit.k, fit.estimate, *fit.ci, *fit.pi, weight, "")
    return dict(zip(GLOSSARY, values, strict=True))


def study_rows(fit: Fit, weights: np.ndarray | None = None):
    """Return the study rows of a fit: glossary columns, then the effects table's own where no name clashes."""
    import pandas as pd

    table = fit.table.reset_index(drop=True)
    table.attrs = {}  # pandas compares attrs when it joins tables, which tables within attrs do not survive
    yi, se = table["yi"].to_numpy(float), np.sqrt(table["vi"].to_numpy(float))
    half = z_quantile(fit.level) * se
    ends = [np.exp(x) if fit.scale == "natural" else x for x in (yi, yi - half, yi + half)]
    source = table["source_id"] if "source_id" in table else [""] * fit.k
    values = (list(fit.study), "study", 1, *ends, np.nan, np.nan, fit.weights if weights is None else weights, source)
    head = pd.DataFrame(dict(zip(GLOSSARY, values, strict=True)), index=table.index)
    others = [c for c in table.columns if c not in GLOSSARY and c != "study"]
    return pd.concat([head, table[others]], axis=1)


def finish(frame, fit: Fit):
    """Number the rows afresh and attach measure and level."""
    frame = frame.reset_index(drop=True)
    frame["k"] = frame["k"].astype("Int64")
    frame["source"] = frame["source"].fillna("")
    frame.attrs = {"measure": fit.measure, "level": fit.level, "scale": fit.scale}
    return frame
