"""The look by computation: contrast, greys in print, colours for the colour-blind, one mapping for all pictures."""

from __future__ import annotations

from itertools import combinations, pairwise

import matplotlib as mpl
import numpy as np
import pytest
from painsynth.errors import PainsynthError
from painsynth.evidence.vocabularies import CONDITIONS as CONDITION_WORDS
from painsynth.evidence.vocabularies import MSC_SOURCES
from painsynth.plots import palette, style
from painsynth.plots.palette import CERTAINTY, CONDITIONS, RISK_OF_BIAS, SOURCES, contrast, looks, luminance, text_on
from painsynth.plots.picture import new_picture

COLOURS = [look.colour for look in SOURCES.values()]

# Linear RGB as people see it who lack one kind of cone: Machado, Oliveira & Fernandes 2009, severity 1.0.
BLINDNESS = {
    "none": np.eye(3),
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lightness(colour):
    """L* of CIELAB: the grey of a print."""
    y = luminance(colour)
    return 116 * np.cbrt(y) - 16 if y > 0.008856 else 903.3 * y


def seen(colour, blindness):
    """CIELAB (3,) of a colour as seen with a kind of colour-blindness."""
    rgb = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(np.array(BLINDNESS[blindness]) @ linear, 0, 1) / (0.9505, 1, 1.089)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("ink", [style.INK, style.QUIET, style.MARK])
def test_text_colours_can_be_read_on_white(ink):
    assert contrast(ink, "white") >= 4.5


@pytest.mark.parametrize("colour", [*COLOURS, style.STUDY, style.OVERALL])
def test_marks_stand_out_from_white(colour):
    assert contrast(colour, "white") >= 3


def test_sources_differ_in_a_grey_print():
    greys = sorted(map(lightness, COLOURS))
    assert min(b - a for a, b in pairwise(greys)) >= 5


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_sources_and_judgements_differ_for_the_colour_blind(blindness):
    safe = RISK_OF_BIAS["colour-blind"]
    for colours in (COLOURS, [safe[word] for word in ("low", "some_concerns", "high", "critical", "no_information")]):
        for one, other in combinations(colours, 2):
            assert np.linalg.norm(seen(one, blindness) - seen(other, blindness)) >= 12, (one, other)


def test_worse_is_darker_in_the_safe_set_and_surer_is_darker():
    safe = [lightness(RISK_OF_BIAS["colour-blind"][word]) for word in ("low", "moderate", "serious", "critical")]
    sure = [lightness(CERTAINTY[word]) for word in ("very_low", "low", "moderate", "high")]
    assert all(a - b > 10 for a, b in (*pairwise(safe), *pairwise(sure)))


def test_ramps_run_one_way_and_the_diverging_one_is_palest_at_no_effect():
    ramp = [lightness(palette.SEQUENTIAL(x)) for x in np.linspace(0, 1, 21)]
    assert all(np.diff(ramp) < 0)
    both = np.array([lightness(palette.DIVERGING(x)) for x in np.linspace(0, 1, 21)])
    assert all(np.diff(both[:11]) > 0) and all(np.diff(both[10:]) < 0)


def test_every_source_and_condition_on_file_has_its_own_look():
    assert set(SOURCES) == set(MSC_SOURCES) and set(CONDITIONS) == set(CONDITION_WORDS)
    for table in (SOURCES, CONDITIONS):
        assert len(set(table.values())) == len(table)
    assert len({look.marker for look in SOURCES.values()}) == len(SOURCES)


def test_a_source_keeps_its_look_whatever_stands_beside_it():
    alone = looks(["placenta"])["placenta"]
    many = looks(["saline", "adipose", "sham", "placenta", "saline", *(f"group {i}" for i in range(30))])
    assert many["placenta"] == alone and list(many)[:3] == ["saline", "adipose", "sham"]
    assert len(set(many.values())) == len(many)


@pytest.mark.parametrize("ground", [*COLOURS, *sorted(palette.FIXED), *CERTAINTY.values(), "#ededed"])
def test_text_on_any_ground_can_be_read(ground):
    assert contrast(text_on(ground), ground) >= 4.5


def test_widths_of_a_journal():
    assert style.inches("single") * 25.4 == pytest.approx(85) and style.inches("double") * 25.4 == pytest.approx(180)
    assert new_picture("double", 2).figure.get_figwidth() == pytest.approx(180 / 25.4)
    with pytest.raises(PainsynthError, match=r"'column'.*'single' \(85 mm\), 'double' \(180 mm\)"):
        style.inches("column")


def test_the_style_is_taken_back_even_after_an_error():
    before = dict(mpl.rcParams)
    with pytest.raises(ZeroDivisionError), style.house_style():
        assert mpl.rcParams["axes.unicode_minus"] and mpl.rcParams["pdf.fonttype"] == 42
        assert mpl.rcParams["svg.fonttype"] == "none"
        1 / 0  # noqa: B018
    assert dict(mpl.rcParams) == before
