from __future__ import annotations

import pytest
from painsynth.errors import RunError
from painsynth.report import cells
from painsynth.report.cells import contents, render
from painsynth.report.links import Found, check_page
from painsynth.report.pages import make_page
from painsynth.report.plan import read_plan
from painsynth.report.provenance import provenance
from painsynth.report.summary import MIME, report_line
from painsynth.report.svg import inline_svg
from report.conftest import GOOD, assert_valid, code, project, text

SVG = (
    '<?xml version="1.0"?><!DOCTYPE svg><svg viewBox="0 0 1 1" aria-labelledby="t"><metadata>now</metadata>'
    '<title id="t">T</title><defs><path id="p"/></defs><use xlink:href="#p" clip-path="url(#c)"/></svg>'
)


def display(**data) -> dict:
    return {
        "output_type": "display_data",
        "data": {key.replace("_", "/", 1): v for key, v in data.items()},
        "metadata": {},
    }


def shown(*outputs: dict) -> dict:
    return {"cells": [{**code("show()"), "outputs": list(outputs)}], "metadata": {}}


def test_two_figures_share_no_identifier():
    figure = {"output_type": "display_data", "data": {"image/svg+xml": SVG}, "metadata": {}}
    body = render(shown(figure, figure), "alt")
    names = Found(body).names
    assert names == ["f1-t", "f1-p", "f2-t", "f2-p"]
    assert 'xlink:href="#f2-p" clip-path="url(#f2-c)"' in body
    assert "<?xml" not in body
    assert "metadata" not in body


def test_a_nameless_figure_gets_words():
    assert 'role="img"' in inline_svg("<svg><g/></svg>", "a-", 'say "x"')
    assert 'aria-label="say &quot;x&quot;"' in inline_svg("<svg><g/></svg>", "a-", 'say "x"')
    figure = {
        "output_type": "display_data",
        "data": {"image/png": "AAAA"},
        "metadata": {"image/png": {"alt": "my words"}},
    }
    assert 'alt="my words"' in render(shown(figure), "alt")
    assert 'alt="Figure 1: alt"' in render(shown({**figure, "metadata": {}}), "alt")


def test_a_saved_figure_is_offered_with_its_forms_and_its_data():
    figure = {"output_type": "display_data", "data": {"image/svg+xml": SVG}, "metadata": {}}
    saved = {"x.svg": SVG.encode() + b"\n", "x.pdf": b"", "x.csv": b"", "other.svg": b"<svg/>"}
    links = Found(render(shown(figure), "alt", saved)).links
    assert links == ["x.svg", "x.pdf", "x.csv"]
    assert Found(render(shown(figure), "alt", {"other.svg": b"<svg/>"})).links == []


def test_code_is_folded_and_streams_are_escaped():
    body = render(shown({"output_type": "stream", "name": "stdout", "text": "<b>\x1b[31mred\x1b[0m"}), "alt")
    assert '<details class="code"><summary>Code</summary>' in body
    assert "&lt;b&gt;" in body


def test_headings_and_title():
    cells = [text("# Does it?\n\n## One two\n\n### Three *x* & y"), text("## One two")]
    body = render({"cells": cells, "metadata": {}}, "alt")
    assert "<h1" not in body
    named = [(2, "One-two", "One two"), (3, "Three-x-&amp;-y", "Three x &amp; y"), (2, "One-two-2", "One two")]
    assert contents(body) == named
    check_page(body + '<a href="#Three-x-&amp;-y">there</a>')


def test_a_script_is_refused():
    with pytest.raises(RunError, match="needs a script"):
        render(shown(display(text_html="<script>1</script>")), "alt")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('<img src="https://x.org/a.png" alt="">', "from the network"),
        ('<link rel="stylesheet" href="//x.org/a.css">', "from the network"),
        ("<style>@import 'x'</style>", "from the network"),
        ('<p style="background: url(https://x.org)">', "from the network"),
        ('<a href="#nowhere">x</a>', "leads to no place"),
    ],
)
def test_pages_that_load_or_lead_nowhere_are_refused(body, says):
    with pytest.raises(RunError, match=says):
        check_page(f"<html><body>{body}</body></html>")
    check_page('<a href="https://doi.org/10.1/x">x</a><a href="#y">y</a><p id="y"><img src="data:image/png;base64,A">')


def page_of(tmp_path, cells):
    run = read_plan(project(tmp_path, "name,notebook,title,months\na,n,A <title>,6\n", n=cells))[0]
    return make_page(run, {"cells": cells, "metadata": {}}, ("a.svg", "a.png"), tmp_path)


def test_a_page_is_valid_and_links_to_copies(tmp_path):
    page = page_of(tmp_path, GOOD)
    assert_valid(page.html)
    assert page.files == ("data/README.md",)
    links = Found(page.html).links
    assert "../files/data/README.md" in links
    assert {"a.svg", "a.png", "a.ipynb", "../index.html", "#Picture"} <= set(links)
    assert "<title>A &lt;title&gt;</title>" in page.html
    assert '<tr class="given"><th scope="row"><code>months</code></th><td>6</td><td>when</td></tr>' in page.html
    assert '<html lang="en">' in page.html
    assert "<script" not in page.html


@pytest.mark.parametrize("link", ["../data/none.md", "../../outside.md", "../data"])
def test_a_link_to_no_file_is_refused_and_a_folder_leads_to_its_readme(tmp_path, link):
    (tmp_path / "p").mkdir()
    (tmp_path / "outside.md").write_text("x")
    cells = [text(f"# Q?\n\n[link]({link})"), *GOOD[1:2]]
    if link == "../data":
        assert page_of(tmp_path / "p", cells).files == ("data/README.md",)
        return
    with pytest.raises(RunError, match="is no file of the project"):
        page_of(tmp_path / "p", cells)


def test_report_line_carries_its_data():
    class Question:
        slug, condition, msc_source = "knee_pain", "knee", None

    class Groups:
        overall = type("Fit", (), {"k": 4})

    told = report_line(Question(), Groups(), "Less <pain>\n by 3.", figure="knee")._repr_mimebundle_()
    assert told[MIME] == {"slug": "knee_pain", "k": 4, "sentence": "Less <pain> by 3.", "condition": "knee",
                          "msc_source": "", "figure": "knee"}  # fmt: skip
    assert "Less &lt;pain&gt;" in told["text/html"]
    assert report_line(Question(), None, "Nothing.").k == 0


def test_provenance_has_versions_and_hashes_but_no_path(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "t.csv").write_text("a\n1\n")
    told = provenance(tmp_path / "data")
    assert told == provenance(tmp_path / "data")
    assert list(told.versions) == [
        "python",
        "painsynth",
        "numpy",
        "pandas",
        "scipy",
        "matplotlib",
        "statsmodels",
        "seaborn",
    ]
    assert set(told.data) == {"t.csv"}
    assert str(tmp_path) not in told._repr_html_() + str(told) + repr(told)
    before = told.data_hash
    (tmp_path / "data" / "t.csv").write_text("a\n2\n")
    assert provenance(tmp_path / "data").data_hash != before


def test_a_widget_says_that_it_needs_a_running_notebook():
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "VBox(children=(HBox(...),))"}}
    cell = {"cell_type": "code", "metadata": {}, "source": "1", "outputs": [output], "execution_count": 1}
    page = cells.render({"cells": [cell]}, "x")
    assert "VBox" not in page and cells.INTERACTIVE in page
