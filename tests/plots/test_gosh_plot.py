"""The cloud of all subsets counts every subset once, and says what lies beyond its axes."""

import time

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from plots.plot_looks import outside, overlapping
from plots.test_statistics_pictures import trials


def cloud(count, k=20, measure="RR", seed=3):
    """A made-up table of `gosh` with many subsets."""
    rng = np.random.default_rng(seed)
    numbers = np.arange(1, count + 1, dtype=np.uint64)
    table = pd.DataFrame({"subset": numbers, "k": rng.integers(1, k, count)})
    table["estimate"], table["tau2"] = rng.normal(-0.2, 0.1, count), rng.gamma(2, 0.1, count)
    table["i2"] = 100 * table["tau2"] / (table["tau2"] + 0.3)
    table.attrs = {"studies": [f"Author {i}" for i in range(k)], "measure": measure, "sampled": True, "seed": 1}
    return table


def stairs(panel):
    return [patch.get_data().values for patch in panel.patches]


def test_few_subsets_are_points_and_many_are_a_density():
    few = ps.gosh_plot(ps.gosh(trials(5, "RR")), highlight="Author 2001a")
    points = np.concatenate([group.get_offsets() for group in few.collections])
    assert len(points) == 31 and not few.images
    assert np.allclose(np.sort(points[:, 0]), np.sort(np.exp(ps.gosh(trials(5, "RR"))["estimate"])))
    many = ps.gosh_plot(cloud(5000))
    assert len(many.images) == 1 and not many.collections and many.get_xscale() == "log"


def test_the_margins_count_every_subset_that_is_on_the_axes():
    table = cloud(30_000)
    ax = ps.gosh_plot(table, highlight="Author 3", y="tau2")
    top, right = ax.child_axes
    held = ps.subsets_with(table, "Author 3")
    low, high = np.log(ax.get_xlim())
    inside = (table["estimate"] >= low) & (table["estimate"] <= high)
    assert [values.sum() for values in stairs(top)[::2]] == [(inside & ~held).sum(), (inside & held).sum()]
    assert right.get_ylim() == ax.get_ylim()
    assert "beyond the axes" in " ".join(text.get_text() for text in ax.texts)


def test_the_density_stands_where_the_subsets_are():
    table = cloud(50_000)
    table.loc[: len(table) // 2, ["estimate", "i2"]] = np.log(0.75), 20.0
    ax = ps.gosh_plot(table)
    picture = ax.images[0].get_array()
    dark = np.where(picture[:, :, 3] > 0, picture[:, :, :3].astype(int).sum(2), 999)
    row, column = np.unravel_index(dark.argmin(), dark.shape)
    extent = ax.images[0].get_extent()
    x = 10 ** (extent[0] + (column + 0.5) / dark.shape[1] * (extent[1] - extent[0]))
    y = extent[2] + (row + 0.5) / dark.shape[0] * (extent[3] - extent[2])
    assert np.isclose(x, 0.75, rtol=0.01) and np.isclose(y, 20, atol=1)


def test_a_million_subsets_are_drawn_at_once_and_the_same_every_time():
    table = cloud(1_000_000)
    start = time.process_time()
    first = ps.gosh_plot(table, highlight="Author 7").figure.svg()
    assert time.process_time() - start < 3
    assert first == ps.gosh_plot(table, highlight="Author 7").figure.svg()
    assert len(first) < 400_000


@pytest.mark.parametrize("table", [ps.gosh(trials(1)), ps.gosh(trials(2, "OR")), cloud(6000)], ids=["1", "2", "many"])
def test_texts_neither_overlap_nor_leave_the_figure(table):
    ax = ps.gosh_plot(table, title="All subsets", highlight=table.attrs["studies"][0])
    assert not overlapping(ax.figure)
    assert not outside(ax.figure)
    assert f"{len(table):,} subset" in ax.alt_text


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ps.PainsynthError, match=r"gosh\(effects\)"):
        ps.gosh_plot(trials(3))
    with pytest.raises(ps.PainsynthError, match="i2, tau2"):
        ps.gosh_plot(cloud(10), y="q")
    with pytest.raises(ps.PainsynthError, match="no study 'Nobody'"):
        ps.gosh_plot(cloud(10), highlight="Nobody")
