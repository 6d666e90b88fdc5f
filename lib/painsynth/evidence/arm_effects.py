"""Effects from complete arm figures: two independent groups, or paired sides where a correlation is given."""

from __future__ import annotations

import numpy as np

from painsynth.evidence.figures import Figures, check_ranges
from painsynth.evidence.measures import Measure
from painsynth.evidence.one_group import change_in_mean_sd, mean_change, paired_ratio_of_means

PAIRED_FORM = {"MD": mean_change, "SMD": change_in_mean_sd, "ROM": paired_ratio_of_means}
OF_POSITIVE_MEANS = ("ROM", "ROMC", "CVR", "CVRC")


def check_arms(figures: Figures, kind: Measure, values: dict[str, np.ndarray], complete: np.ndarray) -> None:
    """Note every arm figure that `kind` cannot work with; `complete` (k,) marks the rows with all of them."""
    check_ranges(figures, values, spread=any(name.startswith("sd") for name in kind.needs))
    if kind.name in OF_POSITIVE_MEANS:
        ratio = values["m1i"] * values["m2i"] <= 0
        figures.demand(~(complete & ratio), "m1i", "a ratio needs two means of the same sign", "take MD or SMD")
    r = _pairing(figures, kind, complete)
    for i in np.flatnonzero(~np.isnan(r)):
        n1, n2 = values["n1i"][i], values["n2i"][i]
        if kind.name not in PAIRED_FORM:
            figures.fault(int(i), "ri", float(r[i]), f"measure {kind.name} has no paired form",
                          f"take {', '.join(PAIRED_FORM)}")  # fmt: skip
        elif n1 != n2:
            figures.fault(int(i), "n1i, n2i", f"{n1:g} and {n2:g}", "a paired design has as many pairs on both sides",
                          "give the number of pairs twice, or clear ri")  # fmt: skip
        elif not -1 < r[i] < 1:
            figures.fault(int(i), "ri", float(r[i]), "a correlation lies between -1 and 1", "give such a value")


def _pairing(figures: Figures, kind: Measure, complete: np.ndarray) -> np.ndarray:
    """Correlation of paired sides, NaN for independent groups."""
    two_groups = "n2i" in kind.needs and "sd2i" in kind.needs
    if not two_groups or "ri" not in figures:
        return np.full(len(complete), np.nan)
    return np.where(complete, figures.column("ri"), np.nan)


def arm_effects(figures: Figures, kind: Measure, values: dict[str, np.ndarray], complete: np.ndarray, options):
    """`(yi, vi, source)` of the complete rows, in their order; what cannot be computed is noted in `figures`."""
    r = _pairing(figures, kind, complete)[complete]
    values = {name: x[complete] for name, x in values.items()}
    yi, vi = (np.array(x, dtype=float) for x in kind.function(*(values[name] for name in kind.needs), **options))
    source = np.full(len(yi), "arm figures", dtype=object)
    paired = ~np.isnan(r)
    if paired.any():
        take = [values[name][paired] for name in ("m1i", "sd1i", "m2i", "sd2i", "n1i")]
        correct = {"correct": options["correct"]} if "correct" in options else {}
        yi[paired], vi[paired] = PAIRED_FORM[kind.name](*take, r[paired], **correct)
        source[paired] = [f"arm figures, paired (r = {x:g})" for x in r[paired]]
    estimable = np.isfinite(yi) & np.isfinite(vi)
    if not kind.counts:
        rows = np.flatnonzero(complete)[~estimable]
        for row in rows:
            figures.fault(int(row), "", "", f"{kind.title} cannot be computed from these figures",
                          "check the sizes and means of the row")  # fmt: skip
    return np.where(estimable, yi, np.nan), np.where(estimable, vi, np.nan), source
