"""The PDF of a run: it opens, has bookmarks and pages, holds the content, and is the same every time."""

from __future__ import annotations

import re
import zlib

import pytest
from painsynth.report.normalise import normalise
from painsynth.report.paper import compiled, make_paper
from painsynth.report.plan import read_plan
from painsynth.report.sheets import ACROSS, Cell, setting, table
from painsynth.report.typeset import literal, typeset, words
from report.conftest import GOOD, PARAMETERS, code, text

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 100" font-family="\'DejaVu Sans\', sans-serif">'
    '<title>Three trials</title><text x="10" y="50">−1.2</text></svg>'
)
TABLE = (
    "<table><thead><tr><th>a</th><th>b_c</th></tr></thead><tbody><tr><td>1</td><td>x #y $z</td></tr></tbody></table>"
)


def shown(**data: str) -> dict:
    kinds = {"svg": "image/svg+xml", "html": "text/html", "plain": "text/plain"}
    made = {kinds[name]: value for name, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": made}


def notebook(*outputs: dict) -> dict:
    cells = [
        text("# Does it *help*?"),
        code(PARAMETERS, "parameters"),
        text("## Evidence\n\nSee [a paper](https://doi.org/10.1002/x), `x_y` and [the data](../data/README.md)."),
        {**code("1"), "outputs": list(outputs)},
        text("## What is missing?\n\n* one\n* two"),
    ]
    return normalise({"cells": cells})


@pytest.fixture
def run(make_project):
    return read_plan(
        make_project("name,notebook,title,word,months\nknee,pool,Knee: does it help?,knee,6\n", pool=GOOD)
    )[0]


def objects(pdf: bytes) -> str:
    """Give everything of a PDF that is text: its objects, those in compressed streams included."""
    parts = [pdf.decode("latin-1")]
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            parts.append(zlib.decompress(found[1]).decode("latin-1"))
        except zlib.error:
            continue
    return "\n".join(parts)


def test_the_pdf_opens_has_bookmarks_and_is_the_same_every_time(run):
    made = notebook(shown(html=TABLE), shown(svg=SVG.format(width=400)), shown(plain="plain 'text'\n\\n"))
    pdf = make_paper(run, made)
    assert pdf == make_paper(run, made)
    assert pdf.startswith(b"%PDF-")
    assert len(pdf) < 300_000
    inside = objects(pdf)
    assert inside.count("/Title") >= 4  # the document, Evidence, What is missing?, Parameters
    assert all(word in inside for word in ("/Outlines", "(Evidence)", "(What is missing?)", "(Parameters of this run)"))
    assert not re.search(r"/(CreationDate|ModDate)", inside)
    assert re.search(r"/BaseFont\s*/[A-Z]{6}\+DejaVuSans\b(?!Mono)", inside)  # the lettering of the figure
    assert "https://doi.org/10.1002/x" in inside


def test_pypdf_finds_title_and_bookmarks(run):
    import io

    pypdf = pytest.importorskip("pypdf")
    reader = pypdf.PdfReader(io.BytesIO(make_paper(run, notebook(shown(html=TABLE)))))
    assert reader.metadata.title == "Knee: does it help?"
    assert [each.title for each in reader.outline] == ["Evidence", "What is missing?", "Parameters of this run"]


def test_a_wide_figure_turns_its_page_with_the_words_before_it(run):
    upright = make_paper(run, notebook(shown(svg=SVG.format(width=400))))
    turned = make_paper(run, notebook(shown(svg=SVG.format(width=900))))
    boxes = [re.findall(r"/MediaBox\s*\[([^\]]*)\]", objects(pdf)) for pdf in (upright, turned)]
    sideways = [[box for box in each if box.split()[2].startswith("841")] for each in boxes]
    assert [len(each) for each in sideways] == [0, 1]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a &amp; <em>b</em></p>", '#par[#"a & "#emph[#"b"]]\n'),
        ("<h2>One</h2>", '#heading(level: 1)[#"One"]\n'),
        ('<a href="https://x.org">x</a>', '#link("https://x.org")[#"x"]'),
        ('<a href="#here">x</a>', '#"x"'),
        ("<style>p {}</style><br>", "#linebreak()"),
        ("<ul><li>a</li><li>b</li></ul>", '#list([#"a"],[#"b"],)\n'),
        ("<pre>a\n b</pre>", '#raw("a\\n b", block: true)\n'),
        ("<div><p>a</p></div>", '#par[#"a"]\n'),
    ],
)
def test_html_as_typst(html, expected):
    assert typeset(html) == expected


@pytest.mark.parametrize("said", ['#eval("1")', "$x$ *b* _i_ `c` <a> @b = //", 'back\\slash "quoted"\n', "[{(]"])
def test_no_text_is_taken_for_a_command(said):
    assert compiled(f"#assert.eq({literal(said)}.len(), {len(said.encode())})", "test").startswith(b"%PDF")
    assert compiled(typeset(f"<p>{said.replace('<', '&lt;')}</p>"), "test").startswith(b"%PDF")


def test_long_words_may_be_broken_where_they_are_joined():
    assert words("sign_ambiguous|months_nominal x_y") == "sign_\u200bambiguous|\u200bmonths_\u200bnominal x_y"


def test_a_table_is_set_smaller_then_turned():
    cell = Cell("x" * 20, '#"x"')
    told = [setting([[cell] * count], count) for count in (2, 7, 10, 40)]
    assert told == [(8.5, False), (6.5, False), (6.5, True), (5.5, True)]
    assert table([], [[cell] * 12]).startswith(ACROSS)
    assert not table([], [[cell] * 2]).startswith(ACROSS)
    assert table([], []) == ""


def test_numbers_stand_to_the_right_also_below_a_spanned_cell():
    spanned = "<table><tr><td rowspan=2>a</td><td>b</td><td>1.5</td></tr><tr><td>c</td><td>−20</td></tr></table>"
    sides = re.findall(r'align: (\w+)\)\[#"([^"]*)"', typeset(spanned))
    assert sides == [("left", "a"), ("left", "b"), ("right", "1.5"), ("left", "c"), ("right", "−20")]
