"""The layouts of a forest plot as data: which columns, which words, which rules, which colours. One routine draws all.

Each follows the tables and pictures that the house named prints; none is a facsimile of its typeface.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType

from painsynth.errors import PainsynthError
from painsynth.plots.style import OVERALL, RULE, STUDY, SUBTOTAL, WIDTHS

MODELS = ("common", "random")
_NO_HEADINGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Preset:
    """One layout of a forest plot; `dataclasses.replace` makes another from it.

    Attributes
    ----------
    left, right : tuple of str
        Columns on both sides of the drawing, after the study labels. "asked" stands for those asked for by
        `forest(columns=...)`, "arms" for the figures of both arms. A column without anything to show is left out.
    means, counts : tuple of str
        What "arms" shows of each arm: n, mean, sd, mean_sd; events_n, events, n.
    headings : mapping
        Other headings of columns, by name of the column.
    effect_heading, panel_heading : str
        Over the effects and over the drawing; {measure}, {method}, {level} are filled in.
    interval, weight : str
        How an interval ({low}, {high}) and a weight ({}) are written.
    arms, favours : (str, str)
        Names of the arms, and what each side favours (None: nothing is written).
    favours_words : (str, str)
        What stands left and right of the null line, {} being what is favoured.
    favours_above : bool
        Above the drawing instead of under its axis.
    lower_is_better : bool, optional
        Direction of the scale; by default what the table or its question says, else True, as for pain.
    subtotal, pooled : str
        Labels of pooled effects; {group}, {model} and {level} are filled in.
    heterogeneity, overall_test, subgroup_test : str
        Lines under a pooled effect; parts between semicolons stay whole.
    p : str
        How p-values are written: "p = 0.03", "P = 0.03", "P = .03" or "P=0.03".
    square, line, diamond, subtotal_diamond, prediction_fill : str
        Colours.
    prediction : "bar" | "shaded" | "none"
        The prediction interval as a bar, or as the distribution of effects in new settings.
    band : bool
        Shade what lies between the lines of the minimal important difference.
    rules : tuple of str
        Horizontal rules: top, head, groups, pooled, bottom.
    models : tuple of str
        ("common", "random"): diamonds of both models, the result's own first and filled; (): only its own.
    order : "size" | "given"
        Groups by weight of evidence (numbers: ascending; categories: theirs), or as the result has them.
    width : "auto" | "single" | "double" | float
        Width of the figure: what it needs, a journal's column, or millimetres.
    """

    name: str = "default"
    left: tuple[str, ...] = ("asked", "arms")
    right: tuple[str, ...] = ("estimate", "weight", "i2", "flags", "risk_of_bias")
    means: tuple[str, ...] = ("n", "mean", "sd")
    counts: tuple[str, ...] = ("events_n",)
    headings: Mapping[str, str] = field(default_factory=lambda: _NO_HEADINGS, hash=False)
    effect_heading: str = "{measure}\n({level} CI)"
    panel_heading: str = ""
    interval: str = "({low} to {high})"
    weight: str = "{}%"
    arms: tuple[str, str] = ("MSC", "Control")
    favours: tuple[str, str] | None = ("cells", "control")
    favours_words: tuple[str, str] = ("← Favours {}", "Favours {} →")
    favours_above: bool = False
    lower_is_better: bool | None = None
    subtotal: str = "Subtotal, {group}"
    pooled: str = "{model}"
    heterogeneity: str = "Heterogeneity: τ² = {tau2}{tau2_ci}; I² = {i2}{i2_ci}; Q = {q}, df = {df}, {p}"
    overall_test: str = "Test for overall effect: {statistic}, {p}"
    subgroup_test: str = "Test for subgroup differences: Q = {q}, df = {df}, {p}"
    p: str = "p = 0.03"
    square: str = STUDY
    line: str = "#1a1a1a"
    diamond: str = OVERALL
    subtotal_diamond: str = SUBTOTAL
    prediction_fill: str = RULE
    prediction: str = "bar"
    band: bool = False
    rules: tuple[str, ...] = ("head",)
    models: tuple[str, ...] = ()
    order: str = "size"
    width: str | float = "auto"


DEFAULT = Preset()
REVMAN = Preset(
    name="revman",
    left=("asked", "arms", "weight", "estimate"),
    right=("i2", "risk_of_bias"),
    means=("mean", "sd", "n"),
    counts=("events", "n"),
    headings=MappingProxyType({"study": "Study or subgroup", "n": "Total"}),
    effect_heading="{measure}\n{method}, {level} CI",
    panel_heading="{measure}\n{method}, {level} CI",
    interval="[{low}, {high}]",
    favours_words=("Favours {}", "Favours {}"),
    subtotal="Subtotal ({level} CI)",
    pooled="Total ({level} CI)",
    heterogeneity="Heterogeneity: Tau² = {tau2}; Chi² = {q}, df = {df} ({p}); I² = {i2}",
    overall_test="Test for overall effect: {statistic} ({p})",
    subgroup_test="Test for subgroup differences: Chi² = {q}, df = {df} ({p})",
    p="P = 0.03",
    square="#2e8b3d",
    diamond="#1a1a1a",
    subtotal_diamond="#1a1a1a",
    rules=("top", "head", "bottom"),
)
JAMA = Preset(
    name="jama",
    left=("asked", "arms", "estimate"),
    right=("weight", "i2", "risk_of_bias"),
    means=("n", "mean_sd"),
    counts=("events", "n"),
    headings=MappingProxyType({
        "study": "Source", "n": "No.", "events": "Events, No.", "weight": "Weight, %", "mean_sd": "Mean (SD)",
    }),
    effect_heading="{measure}\n({level} CI)",
    weight="{}",
    favours_words=("Favors {}", "Favors {}"),
    favours_above=True,
    subtotal="Subtotal",
    pooled="Overall",
    heterogeneity="Heterogeneity: τ² = {tau2}; Q = {q} (df = {df}), {p}; I² = {i2}",
    overall_test="Test for overall effect: {statistic}, {p}",
    p="P = .03",
    square="#1f3f77",
    diamond="#1f3f77",
    subtotal_diamond="#8fa3c8",
    rules=("top", "head", "groups", "pooled", "bottom"),
)  # fmt: skip
BMJ = Preset(
    name="bmj",
    left=("asked", "arms"),
    right=("weight", "estimate", "i2", "risk_of_bias"),
    means=("mean_sd", "n"),
    counts=("events_n",),
    headings=MappingProxyType({"n": "Total", "weight": "Weight (%)", "mean_sd": "Mean (SD)", "events_n": "No/total"}),
    panel_heading="{measure}\n({level} CI)",
    weight="{}",
    favours_words=("Favours {}", "Favours {}"),
    subtotal="Subtotal",
    pooled="Total",
    heterogeneity="Test for heterogeneity: τ²={tau2}; Q={q}, df={df}, {p}; I²={i2}",
    overall_test="Test for overall effect: {statistic}, {p}",
    subgroup_test="Test for subgroup differences: Q={q}, df={df}, {p}",
    p="P=0.03",
    square="#2a6ebb",
    diamond="#2a6ebb",
    subtotal_diamond="#9dbfe4",
    rules=("head", "bottom"),
)
PRESETS: Mapping[str, Preset] = MappingProxyType({
    preset.name: preset for preset in (DEFAULT, REVMAN, JAMA, BMJ)
})  # fmt: skip


def preset_of(layout: str | Preset, changes: Mapping) -> Preset:
    """Find a layout by name and change single fields of it.

    Raises
    ------
    PainsynthError
        For an unknown layout, field or value, with those that are possible.

    Examples
    --------
    >>> preset_of("jama", {"prediction": "shaded"}).prediction
    'shaded'
    """
    if not isinstance(layout, Preset):
        _one_of("layout", layout, PRESETS, "or give a Preset")
        layout = PRESETS[layout]
    known = [entry.name for entry in fields(Preset)]
    for name in changes:
        _one_of("forest", name, known, "options besides its own")
    changed = replace(layout, **changes)
    _check(changed)
    return changed


def _check(preset: Preset) -> None:
    _one_of("prediction", preset.prediction, ("bar", "shaded", "none"))
    _one_of("order", preset.order, ("size", "given"))
    if not isinstance(preset.width, int | float):
        _one_of("width", preset.width, ("auto", *WIDTHS), "or a number of millimetres")
    elif not 40 <= preset.width <= 1000:
        raise PainsynthError(f"width = {preset.width!r} is not possible; give millimetres from 40 to 1000")


def _one_of(option: str, word: object, known, more: str = "") -> None:
    if isinstance(word, str) and word in known:
        return
    near = difflib.get_close_matches(str(word), list(known), n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    raise PainsynthError(f"{option}: {word!r} is not possible; {hint}possible are {', '.join(known)} {more}".rstrip())
