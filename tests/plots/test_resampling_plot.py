"""The distribution of a resampled result holds every sample once."""

import numpy as np
import painsynth as ps
import pytest
from plots.plot_looks import outside, overlapping
from plots.test_statistics_pictures import trials


def counted(ax):
    """Sum of all heights of the step histograms."""
    total = 0.0
    for area in ax.collections:
        x, y = area.get_paths()[0].vertices.T
        total += abs(float(np.sum((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2)))
    return total


def test_bootstrap_samples_of_a_ratio_on_a_log_axis():
    table = ps.bootstrap(trials(8, "RR"), n=400)
    ax = ps.resampling_plot(table, title="Samples")
    assert ax.get_xscale() == "log" and "400 bootstrap samples" in ax.alt_text
    lines = {line.get_label(): line.get_xdata()[0] for line in ax.lines}
    assert np.isclose(np.log(lines["observed"]), table.attrs["estimate"])
    assert np.isclose(np.log(lines["end"]), table.attrs["estimate_ci"][1])
    assert len(ax.collections) == 1
    steps = np.log(ax.collections[0].get_paths()[0].vertices[:, 0])
    assert steps.min() <= table["estimate"].min() and steps.max() >= table["estimate"].max()
    assert not overlapping(ax.figure) and not outside(ax.figure)


def test_changed_signs_show_the_share_of_the_p_value():
    table = ps.permute_signs(trials(8))
    ax = ps.resampling_plot(table)
    assert f"all {len(table):,} changes" in ax.alt_text and len(ax.collections) == 2
    width = np.diff(ax.get_xlim())[0] / 16
    assert np.isclose(counted(ax), len(table) * width, rtol=0.05)
    assert not overlapping(ax.figure) and not outside(ax.figure)


def test_another_table_is_refused():
    with pytest.raises(ps.PainsynthError, match="permute_signs"):
        ps.resampling_plot(trials(3))
