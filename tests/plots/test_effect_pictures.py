"""Drapery, L'Abbé, raindrop, orchard and bubble stand on the numbers of their results."""

import numpy as np
import painsynth as ps
import pytest
from plots.test_statistics_pictures import trials

TABLE = trials(12, "RR")


def lines(ax, label):
    return [line for line in ax.lines if line.get_label() == label]


def test_a_drapery_curve_is_as_wide_as_the_interval():
    fit = ps.pool(TABLE)
    ax = ps.drapery(fit)
    for label, ends in (("pooled", fit.ci), (f"study {TABLE['study'][0]}", fit.rows()[["ci_low", "ci_high"]].iloc[0])):
        (curve,) = lines(ax, label)
        x, p = curve.get_data()
        peak = int(np.argmax(p))
        found = (
            np.interp(0.05, p[: peak + 1], np.log(x[: peak + 1])),
            np.interp(0.05, p[peak:][::-1], np.log(x[peak:][::-1])),
        )
        assert np.allclose(found, ends, atol=0.01)
    (bar,) = lines(ax, "prediction")
    assert np.allclose(np.log(bar.get_xdata()), fit.pi) and set(bar.get_ydata()) == {1 - fit.level}


def test_labbe_shows_rates_and_the_pooled_effect():
    fit = ps.pool(TABLE)
    ax = ps.labbe(fit)
    for study, a, n1, c, n2 in TABLE[["study", "ai", "n1i", "ci", "n2i"]].itertuples(index=False):
        (dot,) = lines(ax, f"study {study}")
        assert np.allclose(dot.get_xydata()[0], (c / n2, a / n1))
    x, y = lines(ax, "pooled")[0].get_data()
    assert np.allclose(y[1:] / x[1:], np.exp(fit.estimate))
    sizes = np.array([lines(ax, f"study {study}")[0].get_markersize() for study in TABLE["study"]])
    assert np.allclose(sizes**2 / sizes.max() ** 2, fit.weights / fit.weights.max())


def test_labbe_curves_of_odds_ratios_and_risk_differences():
    x, y = lines(ps.labbe(trials(12, "OR")), "pooled")[0].get_data()
    odds = (y[1:] / (1 - y[1:])) / (x[1:] / (1 - x[1:]))
    assert np.allclose(odds, odds[0])
    x, y = lines(ps.labbe(trials(12, "RD")), "pooled")[0].get_data()
    assert np.allclose(y - x, (y - x)[0])


def test_labbe_refuses_what_has_no_rates():
    with pytest.raises(ps.PainsynthError, match="none of RR, OR, PETO, RD"):
        ps.labbe(trials(4))
    with pytest.raises(ps.PainsynthError, match="ai, n1i, ci, n2i"):
        ps.labbe(trials(4, "RR").drop(columns="ai"))


def test_drops_are_as_long_as_the_intervals_and_keep_the_order():
    fit = ps.pool(TABLE)
    ax = ps.raindrop(fit)
    rows = fit.rows()
    for i, label in enumerate([*(f"study {name}" for name in TABLE["study"]), "pooled"]):
        (drop,) = [shape for shape in ax.collections if shape.get_label() == label]
        corners = drop.get_paths()[0].vertices
        assert np.allclose(np.log([corners[:, 0].min(), corners[:, 0].max()]), rows[["ci_low", "ci_high"]].iloc[i])
        assert np.isclose(corners[:, 1].max() + corners[:, 1].min(), 2 * (11 - i) if i < 12 else -3)


def test_an_orchard_has_a_row_per_group_and_all_studies_below():
    table = TABLE.assign(cells=["adipose", "bone_marrow", "adipose", "cord"] * 3)
    table.loc[table.index[-1], "cells"] = "placenta"
    table.attrs = TABLE.attrs
    groups = ps.pool_by(table, "cells")
    ax = ps.orchard(groups)
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert names == ["Adipose", "Bone marrow", "Cord", "Placenta", "All studies"]
    fits = [*groups.fits.values(), groups.overall]
    assert np.allclose([np.log(line.get_xdata()) for line in lines(ax, "interval")], [fit.ci for fit in fits])
    means = [np.log(line.get_xdata()[0]) for line in lines(ax, "pooled")]
    assert np.allclose(means, [fit.estimate for fit in fits])
    assert len([line for line in ax.lines if line.get_label().startswith("study ")]) == 24
    assert [text.get_text() for text in ax.texts if text.get_text().startswith("k =")] == [
        f"k = {fit.k}" for fit in fits
    ]


def test_studies_of_a_swarm_do_not_hide_each_other():
    table = trials(30)
    table["yi"] = np.repeat([-5.0, -4.9], 15)
    ax = ps.orchard(table)
    dots = [line for line in ax.lines if line.get_label().startswith("study ")]
    spots = np.array([line.get_xydata()[0] for line in dots])
    assert len(np.unique(spots.round(6), axis=0)) == 30


def test_a_bubble_plot_draws_the_line_and_bands_of_the_regression():
    fit = ps.regress(TABLE, "~ dose")
    ax = ps.bubble(fit, "dose")
    data = ps.bubble_data(fit, "dose")
    (line,) = lines(ax, "regression")
    assert np.allclose(line.get_xdata(), data.line["x"]) and np.allclose(
        np.log(line.get_ydata()), data.line["estimate"]
    )
    (band,) = [area for area in ax.collections if area.get_label() == "interval"]
    heights = np.log(band.get_paths()[0].vertices[:, 1])
    assert np.isclose(heights.max(), data.line["ci_high"].max()) and np.isclose(
        heights.min(), data.line["ci_low"].min()
    )
    assert "Factor per unit" in ax.alt_text
    with pytest.raises(ps.PainsynthError, match="not a moderator"):
        ps.bubble(fit, "year")


def test_studies_without_an_effect_are_named_not_drawn():
    table = TABLE.copy()
    table.loc[3, ["ai", "ci"]] = 0
    table.attrs = TABLE.attrs
    fit = ps.pool_mh(table, measure="RR")
    for draw in (ps.funnel, ps.radial, ps.raindrop, ps.orchard):
        ax = draw(fit)
        drawn = [artist.get_label() for artist in (*ax.lines, *ax.collections)]
        assert f"study {table['study'][3]}" not in drawn and f"study {table['study'][4]}" in drawn
        assert f"not drawn, as they have no effect: {table['study'][3]}" in ax.alt_text
    assert len([line for line in ps.labbe(fit).lines if line.get_label().startswith("study ")]) == len(table)


def test_an_analysis_that_cannot_be_repeated_is_refused_by_the_influence_panel():
    with pytest.raises(ps.PainsynthError, match="cannot repeat this analysis"):
        ps.influence_plot(ps.pool_mh(TABLE, measure="RR"))


def test_a_fit_on_the_natural_scale_is_the_same_picture():
    fit = ps.pool(TABLE)
    for draw in (ps.funnel, ps.drapery, ps.raindrop):
        one, two = ({line.get_label(): line.get_xydata() for line in draw(f).lines} for f in (fit, fit.back()))
        assert one.keys() == two.keys()
        assert all(np.allclose(one[name], two[name]) for name in one)


def test_names_carry_no_marks_that_only_a_forest_plot_explains():
    table = TABLE.assign(value_type=["endpoint", "change"] * 6)
    table.attrs = TABLE.attrs
    ax = ps.raindrop(table)
    assert [text.get_text() for text in ax.get_yticklabels()][:-1] == table["study"].tolist()
