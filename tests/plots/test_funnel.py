"""The funnel plot draws what it says: funnel, contours, filled studies, regression lines."""

import numpy as np
import painsynth as ps
import pytest
from plots.test_statistics_pictures import trials

TABLE = trials(12, "RR")


def artists(ax, label):
    return [artist for artist in (*ax.lines, *ax.collections) if artist.get_label() == label]


def test_every_study_stands_at_its_ratio_and_standard_error():
    ax = ps.funnel(TABLE)
    assert ax.get_xscale() == "log" and ax.get_ylim()[0] > ax.get_ylim()[1] == 0
    for study, yi, vi in TABLE[["study", "yi", "vi"]].itertuples(index=False):
        (dot,) = artists(ax, f"study {study}")
        assert np.allclose((dot.get_xdata()[0], dot.get_ydata()[0]), (np.exp(yi), np.sqrt(vi)))


def test_the_funnel_stands_around_the_pooled_effect_and_the_contours_around_no_effect():
    ax = ps.funnel(TABLE, contours=(0.95,))
    left, right = (line.get_xydata() for line in artists(ax, "funnel"))
    centre = ps.pool(TABLE).estimate
    assert np.allclose(np.log(left[:, 0]), centre - 1.959964 * left[:, 1])
    assert np.allclose(np.log(right[:, 0]), centre + 1.959964 * right[:, 1])
    (area,) = artists(ax, "contour 0.95")
    corners = np.log(area.get_paths()[0].vertices[:, 0])
    assert np.isclose(corners.max(), -corners.min()) and np.isclose(corners.max(), 1.959964 * ax.get_ylim()[0])
    assert not artists(ps.funnel(TABLE, contours=()), "contour 0.95")


def test_filled_studies_are_hollow_and_counted():
    table = TABLE.sort_values("yi").iloc[4:]
    table.attrs = TABLE.attrs
    found = ps.trim_and_fill(table, side="left", estimator="Q0")
    ax = ps.funnel(ps.pool(table), trim_fill=found)
    hollow = artists(ax, "filled")
    assert len(hollow) == found.k0 > 0
    assert {dot.get_markerfacecolor() for dot in hollow} == {"white"}
    assert f"{found.k0} stud" in ax.alt_text


def test_the_regression_line_is_that_of_the_test():
    test = ps.egger(TABLE)
    (line,) = artists(ps.funnel(TABLE, egger=test), "Egger regression")
    assert np.allclose(np.log(line.get_xdata()), test.limit + test.bias * line.get_ydata())
    both = ps.pet_peese(TABLE)
    ax = ps.funnel(TABLE, egger=both, yaxis="vi")
    (pet,), (peese,) = artists(ax, "PET"), artists(ax, "PEESE")
    assert np.allclose(np.log(pet.get_xdata()), both.pet.estimate + both.pet.slope * np.sqrt(pet.get_ydata()))
    assert np.allclose(np.log(peese.get_xdata()), both.peese.estimate + both.peese.slope * peese.get_ydata())


def test_a_hopeless_study_does_not_squash_the_others():
    table = trials(10, "RR", huge=True)
    ax = ps.funnel(table)
    (dot,) = artists(ax, f"study {table['study'][9]}")
    assert dot.get_marker() == "v" and dot.get_ydata()[0] == ax.get_ylim()[0] < 2
    assert f"beyond the axis (standard error): {table['study'][9]} (30.0)" in ax.alt_text


def test_few_studies_are_warned_of():
    assert "Fewer than 10 studies" in ps.funnel(trials(9)).alt_text
    assert "Fewer than 10 studies" not in ps.funnel(TABLE).alt_text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"contours": (95,)}, "levels between 0 and 1"),
        ({"yaxis": "size"}, "choose one of sei, vi, seinv"),
        ({"egger": ps.begg(TABLE)}, "no line in a funnel"),
        ({"trim_fill": 3}, "trim_and_fill"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, words):
    with pytest.raises(ps.PainsynthError, match=words):
        ps.funnel(TABLE, **options)
