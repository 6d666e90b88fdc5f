"""The lines under a group and under all studies: pooled effects, prediction interval, tests; none for one study."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from painsynth.errors import PainsynthError
from painsynth.plots import words
from painsynth.plots.presets import MODELS, Preset
from painsynth.plots.results import Reading
from painsynth.stats.fit import MODEL_NAMES, Fit
from painsynth.stats.pool import pool


@dataclass(frozen=True, eq=False)
class Pooled:
    """A pooled row with all that its lines need."""

    row: dict
    fit: object | None
    reading: Reading
    preset: Preset
    models: tuple[str, ...]
    group: str

    @property
    def kind(self) -> str:
        """Subtotal or pooled."""
        return self.row["kind"]


def models_of(models: object, fit: object | None) -> tuple[str, ...]:
    """Check the models asked for: the result's own comes first; () means nothing but its own.

    Raises
    ------
    PainsynthError
        For other words than common and random, or a result that has only its own model.
    """
    asked = (models,) if isinstance(models, str) else tuple(models or ())
    if not asked:
        return ()
    if not set(asked) <= set(MODELS):
        raise PainsynthError(f"models = {models!r} is not possible; give any of {', '.join(MODELS)}, or None")
    if not isinstance(fit, Fit):
        raise PainsynthError("models: only what pool and pool_by return can be drawn under another model")
    return (fit.model, *(model for model in asked if model != fit.model))


def pooled_lines(pooled: Pooled) -> Iterator[dict]:
    """Fields of the lines for one pooled row, from top to bottom."""
    fit, overall = pooled.fit, pooled.kind == "pooled"
    if fit is None or fit.k > 1:
        yield from [{"kind": "gap"}] if overall else []
        yield _own(pooled)
        yield from _prediction(pooled)
        yield from _others(pooled)
    for pieces in _notes(pooled):
        yield {"kind": "note", "pieces": tuple(_styled(piece, pooled.preset.p) for piece in pieces if piece)}
    yield from [] if overall else [{"kind": "gap"}]


def _own(pooled: Pooled) -> dict:
    row = pooled.row
    label = _label(pooled, getattr(pooled.fit, "model", "")) if pooled.fit is not None else str(row["label"])
    return {"kind": pooled.kind, "label": label, "estimate": row["estimate"], "low": row["ci_low"],
            "high": row["ci_high"], "weight": row["weight"], "row": row}  # fmt: skip


def _label(pooled: Pooled, model: str) -> str:
    name = MODEL_NAMES.get(model, "Pooled effect")
    facts = {"model": name, "level": f"{pooled.reading.level * 100:g}%", "group": words.plain(pooled.group)}
    label = (pooled.preset.subtotal if pooled.kind == "subtotal" else pooled.preset.pooled).format(**facts)
    return f"{label}, {name.lower()}" if len(pooled.models) > 1 and name not in label else label


def _others(pooled: Pooled) -> Iterator[dict]:
    """The pooled effect under the other model, from the same studies."""
    for model in pooled.models[1:]:
        fit = pool(pooled.fit.table, model=model, level=pooled.fit.level)
        fit = fit.back() if words.is_ratio(fit.measure) else fit
        yield {"kind": pooled.kind, "label": _label(pooled, model), "estimate": fit.estimate, "low": fit.ci[0],
               "high": fit.ci[1], "second": True, "row": {"k": fit.k}}  # fmt: skip


def _prediction(pooled: Pooled) -> Iterator[dict]:
    row = pooled.row
    if pooled.kind == "pooled" and pooled.preset.prediction != "none" and math.isfinite(row["pi_low"] - row["pi_high"]):
        name = f"{pooled.reading.level * 100:g}% prediction interval"
        yield {"kind": "prediction", "label": name, "low": row["pi_low"], "high": row["pi_high"], "row": row}


def _notes(pooled: Pooled) -> Iterator[list[str]]:
    fit, preset = pooled.fit, pooled.preset
    if fit is None:
        return
    if fit.k < 2:
        yield ["One study: nothing was pooled"]
    else:
        yield words.heterogeneity(fit, preset.heterogeneity)
    if pooled.kind == "subtotal":
        return
    test = words.overall_test(fit, preset.overall_test)
    if test:
        yield test
    if pooled.reading.groups is not None:
        yield words.subgroup_test(pooled.reading.groups, preset.subgroup_test)


def _styled(text: str, p: str) -> str:
    """P-values as the house prints them; the rest as it is."""
    if p.startswith("P"):
        text = text.replace("p = ", "P = ").replace("p < ", "P < ")
    if "= ." in p:
        text = text.replace("P = 0.", "P = .").replace("P < 0.", "P < .")
    return text.replace(" = ", "=").replace(" < ", "<") if p.startswith("P=") else text
