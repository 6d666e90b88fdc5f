"""The rows glossary: what every result promises and every picture draws."""

from __future__ import annotations

import numpy as np

from painsynth.stats.frozen import own
from painsynth.stats.intervals import z_quantile

GLOSSARY = ("label", "kind", "k", "estimate", "ci_low", "ci_high", "pi_low", "pi_high", "weight", "source")


def pooled_row(fit, label: str, kind: str, weight: float = 100.0) -> dict:
    """Return one row of the glossary for a pooled effect."""
    values = (label, kind, fit.k, fit.estimate, *fit.ci, *fit.pi, weight, "")
    return dict(zip(GLOSSARY, values, strict=True))


def study_rows(fit, weights: np.ndarray | None = None):
    """Return the study rows of a fit: glossary columns, then the effects table's own where no name clashes."""
    import pandas as pd

    table = own(fit).reset_index(drop=True)
    table.attrs = {}  # pandas compares attrs when it joins tables, which tables within attrs do not survive
    yi, se = table["yi"].to_numpy(float), np.sqrt(table["vi"].to_numpy(float))
    half = z_quantile(fit.level) * se
    ends = [np.exp(x) if fit.scale == "natural" else x for x in (yi, yi - half, yi + half)]
    source = table["source_id"] if "source_id" in table else [""] * len(table)
    values = (list(fit.study), "study", 1, *ends, np.nan, np.nan, fit.weights if weights is None else weights, source)
    head = pd.DataFrame(dict(zip(GLOSSARY, values, strict=True)), index=table.index)
    others = [c for c in table.columns if c not in GLOSSARY and c != "study"]
    return pd.concat([head, table[others]], axis=1)


def coefficient_rows(fit):
    """Return the study rows of a model with coefficients, a heading, and one row of kind `pooled` per coefficient."""
    import pandas as pd

    studies = study_rows(fit)
    terms = [
        dict(zip(GLOSSARY, (c.term, "pooled", fit.k, c.estimate, c.ci_low, c.ci_high), strict=False))
        for c in fit.coef.itertuples()
    ]
    tail = pd.DataFrame([{"label": "Coefficients", "kind": "heading", "k": fit.k}, *terms])
    return finish(pd.concat([studies, tail.reindex(columns=studies.columns)]), fit)


def finish(frame, fit):
    """Number the rows afresh and attach measure and level."""
    frame = frame.reset_index(drop=True)
    frame["k"] = frame["k"].astype("Int64")
    frame["source"] = frame["source"].fillna("")
    frame.attrs = {"measure": fit.measure, "level": fit.level, "scale": fit.scale}
    return frame
