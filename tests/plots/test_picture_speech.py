"""Parts of a picture that speak: tooltips, links, names, and identifiers that never clash."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from matplotlib.patches import Rectangle
from painsynth.errors import PainsynthError
from painsynth.plots.picture import new_picture, speak, speak_at
from painsynth.plots.save import save

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
DOI = "https://doi.org/10.1000/182?a=1&b=2"


@pytest.fixture
def axes():
    axes = new_picture(3, 2)
    speak(axes.text(0.5, 0.5, "Author 2020"), 'n = 12 <"table 2">\nflag: SE typed as SD', DOI)
    speak(axes.add_patch(Rectangle((0, 0), 0.2, 0.2, facecolor="none", edgecolor="none")), "only words")
    speak(axes.scatter([0.1, 0.2], [0.8, 0.9]), "", "https://example.org/points")
    speak_at(axes, 0.6, 0.6, "a point")
    return axes


def parts(axes, tag):
    return list(ElementTree.fromstring(axes.figure.svg()).iter(SVG + tag))


def test_every_part_has_its_tooltip_as_first_child(axes):
    titles = [group[0].text for group in parts(axes, "g") if len(group) and group[0].tag == SVG + "title"]
    assert sorted(titles) == ["a point", 'n = 12 <"table 2">\nflag: SE typed as SD', "only words"]


def test_links_lead_there_from_outside_the_page_and_are_named(axes):
    points, author = parts(axes, "a")
    assert author.get("href") == author.get(XLINK + "href") == DOI
    assert author.get("target") == "_blank" and author.get("rel") == "noopener"
    assert author.get("aria-label") == 'Author 2020: n = 12 <"table 2">\nflag: SE typed as SD'
    assert points.get("aria-label") == "https://example.org/points"
    assert [text.text for text in author.iter(SVG + "text")] == ["Author 2020"]


def test_unpainted_parts_answer_the_pointer(axes):
    assert sum(group.get("pointer-events") == "all" for group in parts(axes, "g")) == 4


def test_a_picture_with_links_is_a_document_not_one_image(axes):
    assert ElementTree.fromstring(axes.figure.svg()).get("role") == "graphics-document document"
    silent = new_picture(1, 1)
    speak_at(silent, 0.5, 0.5, "words without link")
    assert ElementTree.fromstring(silent.figure.svg()).get("role") == "img"


def test_same_text_every_time_and_no_marks_left(axes):
    first = axes.figure.svg()
    axes.figure.stale = True
    assert axes.figure.svg() == first and "speaks" not in first
    assert all(artist.get_gid() is None for artist in axes.figure.findobj())


def test_no_style_sheet_that_would_reach_the_page(axes):
    assert "<style" not in axes.figure.svg() and 'stroke-linejoin="round"' in axes.figure.svg()


def test_two_pictures_that_differ_only_in_speech_share_no_identifier():
    found = []
    for words in ("one", "two"):
        axes = new_picture(1, 1)
        axes.plot([0, 1], marker="o")
        speak_at(axes, 0.5, 0.5, words)
        found.append(set(re.findall(r'\bid="([^"]+)"', axes.figure.svg())))
    assert found[0] and not found[0] & found[1]


def test_speaking_again_replaces_and_is_drawn_anew(axes):
    axes.figure.svg()
    speak(axes.texts[0], "corrected", float("nan"))
    assert "corrected" in axes.figure.svg() and DOI.replace("&", "&amp;") not in axes.figure.svg()


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x"])
def test_only_web_addresses(axes, url):
    with pytest.raises(PainsynthError, match="not a web address"):
        speak(axes.texts[0], "x", url)


def test_links_work_in_the_pdf_too(axes, tmp_path, monkeypatch):
    monkeypatch.setenv("PAINSYNTH_FIGURES", str(tmp_path))
    (path,) = save(axes, "linked", formats="pdf")
    assert b"https://doi.org/10.1000/182?a=1&b=2" in path.read_bytes()
    assert all(artist.get_url() is None for artist in axes.figure.findobj())


def test_a_link_inside_the_page_keeps_its_address():
    axes = new_picture(1, 1)
    speak_at(axes, 0.5, 0.5, "below", "#references")
    assert parts(axes, "a")[0].get("href") == "#references"
