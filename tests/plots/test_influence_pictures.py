"""Radial, Baujat and influence pictures stand on the numbers of their tables."""

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from plots.test_statistics_pictures import trials

TABLE = trials(10, "RR", huge=True)


def dots(ax):
    return np.array([line.get_xydata()[0] for line in ax.lines if line.get_label().startswith("study ")])


def test_radial_points_are_those_of_the_table_and_lie_inside_the_arc():
    fit = ps.pool(TABLE)
    ax = ps.radial(fit)
    table = ps.radial_data(fit)
    assert np.allclose(dots(ax), table[["x", "y"]].to_numpy())
    (arc,) = [line for line in ax.lines if line.get_label() == "arc"]
    reach = np.hypot(*ax.transData.transform(arc.get_xydata()).T - ax.transData.transform((0, 0))[:, None])
    assert np.ptp(reach) < 1e-6 * reach.max()
    assert np.hypot(*(ax.transData.transform(dots(ax)) - ax.transData.transform((0, 0))).T).max() < reach.min()


def test_the_arc_reads_effects_as_ratios():
    ax = ps.radial(ps.pool(TABLE))
    (interval,) = [line for line in ax.lines if line.get_label() == "interval"]
    x, y = interval.get_xydata().T
    assert np.allclose((y / x)[[0, -1]], ps.pool(TABLE).ci)
    assert "1" in {text.get_text() for text in ax.texts}


@pytest.mark.parametrize(("yi", "vi", "measure"), [(0.0, 1e-12, "MD"), (0.0, 1e-12, "RR"), (-5.0, 1e12, "RR")])
def test_identical_effects_still_have_an_arc_with_a_scale(yi, vi, measure):
    table = pd.DataFrame({"study": list("ABC"), "yi": yi, "vi": vi})
    table.attrs["measure"] = measure
    ax = ps.radial(ps.pool(table))
    (arc,) = [line for line in ax.lines if line.get_label() == "arc"]
    assert np.ptp(arc.get_ydata()) > 0
    assert {"1" if measure == "RR" else "0"} <= {text.get_text() for text in ax.texts}


def test_a_ratio_beyond_all_numbers_ends_the_axis():
    table = pd.DataFrame({"study": ["A", "B"], "yi": [0.0, 0.5], "vi": 1e12})
    table.attrs["measure"] = "RR"
    for draw in (ps.forest, ps.funnel):
        assert np.isfinite(draw(ps.pool(table)).get_xlim()).all()


def test_baujat_points_are_those_of_the_table():
    for model in ("common", "random"):
        table = ps.baujat_data(TABLE, model=model)
        assert np.allclose(dots(ps.baujat(TABLE, model=model)), table[["heterogeneity", "influence"]].to_numpy())


def test_the_influence_panels_show_the_table_with_its_cutoffs():
    fit = ps.pool(TABLE, tau2="PM")
    table = ps.influence(TABLE, tau2="PM")
    panels = ps.influence_plot(fit).child_axes
    names = ["rstudent", "dffits", "cook_d", "cov_r", "tau2_del", "q_del", "hat", "weight"]
    for panel, name in zip(panels, names, strict=True):
        assert np.allclose(dots(panel)[:, 0], table[name])
        assert np.allclose(dots(panel)[:, 1], np.arange(10) + 0.5)
    marked = [line.get_marker() == "D" for line in panels[0].lines if line.get_label().startswith("study ")]
    assert marked == table["influential"].tolist()
    lines = {line.get_xdata()[0] for line in panels[4].lines if line.get_label() == "expected"}
    assert lines == {fit.tau2}
