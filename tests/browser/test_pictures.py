"""Speaking pictures in a real browser: alone in a file, and two of them inside one page."""

from __future__ import annotations

import pytest
from painsynth.plots import style
from painsynth.plots.forest import forest
from painsynth.plots.picture import new_picture, speak, speak_at
from painsynth.plots.save import write_picture
from painsynth.plots.themes import DARK_PAGE, dark
from painsynth.report.pages import shell
from painsynth.report.svg import inline_svg
from plots.plot_stubs import StubFit, trials

pytestmark = pytest.mark.browser

DOI = "https://doi.org/10.1000/{}"
UNDER_POINTER = """([x, y]) => {
    const part = document.elementFromPoint(x, y).closest("g[pointer-events]");
    return part && part.querySelector(":scope > title").textContent;
}"""
FILL_OF_TEXT = "element => getComputedStyle(element).fill"


def picture(number: int):
    """A forest plot whose first label is a link and whose middle has a place that speaks."""
    axes = forest(StubFit(trials(3 + number)), mid=10)
    label = next(text for text in axes.texts if text.get_text().startswith("Author"))
    speak(label, f"n = {number}: Table 2", DOI.format(number))
    speak_at(axes, 0.5, 0.5, f"place {number}", DOI.format(f"p{number}"), transform=axes.transAxes, size=20)
    return axes


@pytest.fixture(scope="module")
def pictures():
    return [picture(1), picture(2)]


@pytest.fixture(scope="module")
def page_of_two(pictures):
    shown = (inline_svg(axes.figure.svg(), f"f{i}-", "") for i, axes in enumerate(pictures))
    return shell("Two pictures", "<main><h1>Two pictures</h1>" + "\n".join(shown) + "</main>")


@pytest.fixture(params=["alone", "inlined"])
def shown(request, pictures, page_of_two, open_page, tmp_path):
    """The first picture, opened as a file and inside a page."""
    if request.param == "alone":
        return open_page(write_picture(pictures[0], tmp_path / "one.svg"))
    return open_page(page_of_two)


def spoken(page) -> list[tuple[str, str]]:
    """Role and name of everything in the browser's tree for screen readers."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    seen = (node for node in nodes if not node["ignored"])
    return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in seen]


def test_nothing_is_fetched_and_nothing_complains(shown):
    assert shown.asked == [] and shown.said == []


def test_a_click_leads_to_the_source_in_a_tab_of_its_own(shown):
    before = shown.url
    with shown.context.expect_page():
        shown.locator("a text", has_text="Author").first.click()
    shown.wait_for_function("true")  # a round trip: the new tab has asked by now
    assert shown.asked == [DOI.format(1)] and shown.url == before


def test_a_place_that_is_not_painted_answers_the_pointer(shown):
    box = shown.locator("a[href$='p1']").bounding_box()
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    shown.mouse.move(*middle)
    assert shown.evaluate(UNDER_POINTER, middle) == "place 1"


def test_links_are_reached_from_the_keyboard_and_are_seen_to_be(shown):
    reached = []
    for _ in range(2):
        shown.keyboard.press("Tab")
        reached.append(shown.evaluate("document.activeElement.getAttribute('href')"))
    assert sorted(reached) == [DOI.format(1), DOI.format("p1")]
    assert shown.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_picture_and_links_have_names(shown, pictures):
    tree = spoken(shown)
    title = pictures[0].alt_text.partition(". ")[0]
    assert any(name == title and "document" in role.lower() for role, name in tree)
    links = [name for role, name in tree if role == "link"]
    assert any(name.startswith("Author") and name.endswith(": n = 1: Table 2") for name in links)
    assert "place 1" in links


def test_a_picture_without_links_is_one_image_with_a_name(open_page, tmp_path):
    axes = new_picture(2, 2)
    axes.alt_text = "A small picture. It shows nothing."
    assert ("image", "A small picture") in spoken(open_page(write_picture(axes, tmp_path / "x.svg")))


def test_text_is_text(shown):
    assert shown.locator("text", has_text="Favours cells").count() >= 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_in_a_page_follows_the_reader(page_of_two, open_page, scheme):
    page = open_page(page_of_two, scheme=scheme)
    ink = page.locator("svg text", has_text="Favours cells").first.evaluate(FILL_OF_TEXT)
    paper = page.locator("svg path").first.evaluate(FILL_OF_TEXT)
    ink_wanted, paper_wanted = (dark(style.INK), DARK_PAGE) if scheme == "dark" else (style.INK, "#ffffff")
    assert (ink, paper) == (rgb(ink_wanted), rgb(paper_wanted))


def test_a_saved_picture_stays_light(pictures, open_page, tmp_path):
    page = open_page(write_picture(pictures[0], tmp_path / "one.svg"), scheme="dark")
    assert page.locator("path").first.evaluate(FILL_OF_TEXT) == rgb("#ffffff")


def rgb(colour: str) -> str:
    return "rgb({}, {}, {})".format(*bytes.fromhex(colour[1:]))


def test_axe_finds_nothing(page_of_two, open_page, violations):
    assert violations(open_page(page_of_two)) == []
    assert violations(open_page(page_of_two, scheme="dark")) == []
