"""What pictures cost: a forest plot and a cloud of all subsets, drawn and written as SVG, the libraries loaded."""

from __future__ import annotations

import numpy as np
from measure import Result, best, studies

ROWS, POINTS = 30, 1_000_000


def lines() -> list[Result]:
    """Every picture that is there."""
    return [forest(), *gosh()]


def thirty():
    """The effects of thirty studies."""
    import pandas as pd

    y, v = studies(2)
    effects = pd.DataFrame({"yi": np.concatenate(y)[:ROWS], "vi": np.concatenate(v)[:ROWS]})
    effects.insert(0, "study", [f"Trial {i + 1} 20{i % 25:02d}" for i in range(ROWS)])
    return effects


def forest() -> Result:
    """A forest plot of thirty rows."""
    import painsynth as ps
    from painsynth.plots.picture import svg_text

    fit = ps.pool(thirty())

    def draw() -> None:
        svg_text(ps.forest(fit).figure)

    draw()  # imports, fonts
    return Result("forest", f"`forest()` of {ROWS} studies to SVG, libraries loaded", best(draw), None, 0.35)


def gosh() -> list[Result]:
    """A cloud of a million subsets; nothing where this version has no such picture."""
    import painsynth as ps

    if "gosh_plot" not in ps.__all__:
        return []
    from painsynth.plots.picture import svg_text

    effects = thirty()
    table = ps.gosh(effects.iloc[:24], subsets=POINTS)
    svg_text(ps.gosh_plot(ps.gosh(effects.iloc[:5])).figure)  # imports, fonts

    def draw() -> None:
        svg_text(ps.gosh_plot(table).figure)

    return [
        Result("gosh picture", f"`gosh_plot()` of {POINTS:,} subsets to SVG, libraries loaded", best(draw), None, 3)
    ]
