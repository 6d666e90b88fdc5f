"""Every picture of a statistic, on easy and hard tables: no text overlaps, none is cut, all are large enough."""

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from plots.plot_looks import outside, overlapping


def trials(k, measure="MD", *, huge=False, long=False):
    """An effects table of k studies; perhaps with one hopeless study, or with long names."""
    rng = np.random.default_rng([k, 7])
    unit = 10.0 if measure == "MD" else 1.0
    se = rng.uniform(0.1, 0.8, k) * unit
    table = pd.DataFrame({"yi": rng.normal(-0.5 * unit, 1.5 * se), "vi": se**2, "doi": "10.1000/182"})
    names = [f"Author {2000 + i % 24}{'abcdefgh'[i // 24]}" for i in range(k)]
    table.insert(0, "study", [f"van der Überlange-Namensgeberin {name}" for name in names] if long else names)
    n1, n2 = rng.integers(10, 80, k), rng.integers(10, 80, k)
    table = table.assign(
        ai=rng.binomial(n1, 0.3), n1i=n1, ci=rng.binomial(n2, 0.4), n2i=n2, dose=rng.uniform(0, 100, k)
    )
    if huge:
        table.loc[k - 1, ["yi", "vi"]] = 3.0 * unit, (30 * unit) ** 2
    table.attrs["measure"] = measure
    return table


TABLES = {
    "one": trials(1), "two": trials(2), "three ratios": trials(3, "RR"), "ten with a huge one": trials(10, huge=True),
    "long names": trials(12, "OR", long=True), "hundred": trials(100, "OR"),
}  # fmt: skip
PICTURES = {
    "funnel": (1, ps.funnel),
    "radial": (1, ps.radial),
    "baujat": (2, ps.baujat),
    "influence_plot": (2, ps.influence_plot),
    "drapery": (1, ps.drapery),
    "labbe": (1, ps.labbe),
    "raindrop": (1, ps.raindrop),
    "orchard": (1, ps.orchard),
    "bubble": (3, lambda table, **how: ps.bubble(ps.regress(table, "~ dose"), "dose", **how)),
}
# No event rates in a mean difference; slow and shown by the others.
SKIPPED = {("labbe", "one"), ("labbe", "two"), ("labbe", "ten with a huge one"), ("influence_plot", "hundred")}
SLOW = {
    "": {"hundred", "two", "three ratios"},
    "funnel": {"two", "hundred"},
    "influence_plot": {"three ratios", "ten with a huge one"},
}
CASES = [
    pytest.param(
        draw, table, id=f"{name}, {case}", marks=[pytest.mark.slow] if case in SLOW.get(name, SLOW[""]) else []
    )
    for name, (least, draw) in PICTURES.items()
    for case, table in TABLES.items()
    if len(table) >= least and (name, case) not in SKIPPED
]


@pytest.mark.parametrize(("draw", "table"), CASES)
def test_texts_neither_overlap_nor_leave_the_figure(draw, table):
    figure = draw(table, title="What the trials found").figure
    assert not overlapping(figure)
    assert not outside(figure)
    assert all(text.get_fontsize() >= 6.5 for text in figure.findobj(Text) if text.get_text())


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_fits_into_a_given_axes_and_says_what_it_shows(name):
    figure = Figure((8, 7))
    ax = figure.subplots()
    drawn = PICTURES[name][1](TABLES["long names" if name == "labbe" else "ten with a huge one"], ax=ax)
    assert drawn is ax
    assert not outside(figure)
    assert not overlapping(figure)
    assert ("12" if name == "labbe" else "10") + " comparisons" in ax.alt_text
    assert "-" not in ax.alt_text.replace("Überlange-Namensgeberin", "")


@pytest.mark.parametrize("name", [name for name, (least, _) in PICTURES.items() if least == 2])
def test_one_study_is_refused_where_it_says_nothing(name):
    with pytest.raises(ps.PainsynthError, match="at least two studies"):
        PICTURES[name][1](TABLES["one"])


@pytest.mark.parametrize("name", PICTURES)
def test_every_study_speaks_and_links_to_its_paper(name):
    svg = PICTURES[name][1](TABLES["three ratios"]).figure.svg()
    for study in TABLES["three ratios"]["study"]:
        assert f"<title>{study}: " in svg
    assert "https://doi.org/10.1000/182" in svg
