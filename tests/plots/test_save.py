"""Pictures on disk: where they go, the same bytes every time, whole or not at all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure
from painsynth.errors import PainsynthError
from painsynth.plots import save as module
from painsynth.plots.forest import forest
from painsynth.plots.save import save, write_picture
from PIL import Image
from plots.plot_stubs import StubFit, trials

SCRIPT = """
import hashlib, sys
from painsynth.plots.forest import forest
from painsynth.plots.maps import evidence_map
from painsynth.plots.save import save
from plots.plot_stubs import StubFit, trials
import pandas as pd
table = trials(6)
table.loc[2, "study"] = "Ærø Müller 2019"
coverage = pd.DataFrame({"condition": ["a", "b"], "msc_source": ["x", "y"], "trials": [1, 3], "poolable": [0, 2]})
paths = save(forest(StubFit(table), mid=10), "one") + save(evidence_map(coverage), "map")
print([hashlib.sha256(path.read_bytes()).hexdigest() for path in paths])
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PAINSYNTH_FIGURES", str(tmp_path / "figures"))
    return tmp_path / "figures"


@pytest.fixture
def axes():
    return forest(StubFit(trials(4)), mid=10)


def test_files_in_the_order_asked_for(folder, axes):
    paths = save(axes, "knee_pain", formats=("pdf", "svg"))
    assert [path.name for path in paths] == ["knee_pain.pdf", "knee_pain.svg"]
    there = sorted(path.name for path in folder.iterdir())
    assert there == ["knee_pain.csv", "knee_pain.pdf", "knee_pain.svg"]  # with the rows it was drawn from


def test_same_bytes_twice_and_after_display(folder, axes):
    first = [path.read_bytes() for path in save(axes, "x")]
    axes._repr_svg_()
    again = forest(StubFit(trials(4)), mid=10)
    assert [path.read_bytes() for path in save(axes, "x")] == first
    assert [path.read_bytes() for path in save(again, "x")] == first


def test_same_bytes_in_two_processes_with_different_hash_seeds(tmp_path):
    found = set()
    for seed in ("1", "77"):
        environment = os.environ | {
            "PYTHONHASHSEED": seed, "PAINSYNTH_FIGURES": str(tmp_path / seed), "PYTHONPATH": os.pathsep.join(sys.path),
            "TZ": "Asia/Tokyo" if seed == "1" else "UTC", "SOURCE_DATE_EPOCH": str(10**9 + int(seed)),
        }  # fmt: skip
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
        )
        found.add(run.stdout)
    assert len(found) == 1 and "[" in found.pop()


def test_svg_is_text_with_title_and_description(folder, axes):
    (path,) = save(axes, "x", formats="svg")
    svg = path.read_text("utf-8")
    root = ElementTree.fromstring(svg)
    names = {element.tag.rpartition("}")[2]: element for element in root}
    assert names["desc"].text == axes.alt_text and names["title"].text
    named = [root.get("aria-labelledby"), root.get("aria-describedby")]
    assert root.get("role") == "img" and named == [
        names["title"].get("id"),
        names["desc"].get("id"),
    ]
    written = [element.text for element in root.iter() if element.tag.endswith("}text")]
    assert "Author 2005a" in written and "← Favours cells" in written
    identifiers = re.findall(r'\bid="([^"]+)"', svg)
    assert len(identifiers) == len(set(identifiers)) and not re.search(r"https?://(?!www\.w3\.org)", svg)
    assert "Matplotlib" not in svg and "date" not in svg.lower().replace("data", "")


def test_two_pictures_in_one_page_share_no_identifier(axes):
    other = forest(StubFit(trials(5)), mid=10)
    one, two = (set(re.findall(r'\bid="([^"]+)"', axes._repr_svg_()[0])) for axes in (axes, other))
    assert one and two and not one & two


def test_drawn_once_for_display_and_file_and_again_after_a_change(folder, axes):
    shown = axes._repr_svg_()[0]
    assert axes.figure.svg() is shown
    save(axes, "x")
    assert axes.figure.svg() is shown
    axes.set_title("A new title")
    assert "A new title" in axes.figure.svg()


def test_png_has_300_dpi_and_the_description(folder, axes):
    (path,) = save(axes, "x", formats=["png"])
    with Image.open(path) as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert image.info["Description"] == axes.alt_text and "Software" not in image.info
        assert image.size == pytest.approx(axes.figure.get_size_inches() * 300, abs=1.5)


def test_pdf_embeds_true_type_fonts_and_no_date(folder, axes):
    (path,) = save(axes, "x", formats=["pdf"])
    content = path.read_bytes()
    assert b"/Type0" in content or b"/TrueType" in content
    assert b"/Type3" not in content and b"CreationDate" not in content and b"Matplotlib" not in content


@pytest.mark.parametrize("name", ["", "a/b", "../x", "/etc/x", ".hidden", "a b", "ü", None, 3, "a\n"])
def test_a_name_that_is_no_plain_name_is_refused(folder, axes, name):
    with pytest.raises(PainsynthError, match="cannot be the name"):
        save(axes, name)
    assert not folder.exists()


def test_unknown_format_and_unknown_picture(folder, axes):
    with pytest.raises(PainsynthError, match=r"'tiff' is not possible.*svg, png, pdf"):
        save(axes, "x", formats=["svg", "tiff"])
    with pytest.raises(PainsynthError, match="a str is not a picture"):
        save("x", "x")
    assert not folder.exists()


def test_a_failure_leaves_the_old_file_and_nothing_else(folder, axes, monkeypatch):
    (path,) = save(axes, "x", formats="svg")
    before = path.read_bytes()

    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr(module.os, "fsync", broken)
    axes.set_title("changed")
    with pytest.raises(OSError, match="disk full"):
        save(axes, "x", formats="svg")
    assert path.read_bytes() == before and sorted(item.name for item in folder.iterdir()) == ["x.csv", "x.svg"]


def test_folder_is_the_nearest_figures_upward_or_beside_data(tmp_path, monkeypatch, axes):
    monkeypatch.delenv("PAINSYNTH_FIGURES", raising=False)
    (tmp_path / "review" / "data").mkdir(parents=True)
    deep = tmp_path / "review" / "notebooks" / "more"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert save(axes, "x", formats="svg") == [tmp_path / "review" / "figures" / "x.svg"]
    (deep.parent / "figures").mkdir()
    assert save(axes, "x", formats="svg") == [deep.parent / "figures" / "x.svg"]


def test_any_figure_can_be_saved(folder):
    figure = Figure(layout="constrained")
    figure.subplots().plot([1, 2], label="a line")
    assert all(path.stat().st_size > 500 for path in save(figure, "plain"))


def test_one_file_by_its_ending(tmp_path, axes):
    assert write_picture(axes, tmp_path / "new" / "out.SVG").read_text("utf-8").startswith("<svg")
    with pytest.raises(PainsynthError, match="format 'jpeg'"):
        write_picture(axes, tmp_path / "out.jpeg")


@pytest.mark.parametrize("name", ["x.svg", "x.PNG", "x.pdf"])
def test_a_known_ending_of_the_name_is_taken_off(folder, axes, name):
    assert [path.name for path in save(axes, name)] == ["x.svg", "x.png", "x.pdf"]
    assert save(axes, "version-1.2", formats="svg")[0].name == "version-1.2.svg"


def test_an_ending_that_promises_another_format_is_refused(folder, axes):
    with pytest.raises(PainsynthError, match=r"'tiff' is not possible for a figure; ask for svg, png, pdf"):
        save(axes, "x.tiff")
    assert not folder.exists()


@pytest.fixture
def foreign():
    """Axes made by pyplot with nothing but their own words."""
    import matplotlib.pyplot as plt

    figure, (left, _) = plt.subplots(1, 2)
    left.plot([-1, 2, 3])
    left.set(title="Growth − of a\ncolony", xlabel="days")
    yield left
    plt.close(figure)


def test_any_axes_can_be_saved_and_describe_themselves_by_their_labels(folder, foreign):
    first = [path.read_bytes() for path in save(foreign, "plain")]
    assert [path.read_bytes() for path in save(foreign, "plain")] == first
    root = ElementTree.fromstring(first[0])
    assert root[0].text == "Growth − of a colony; horizontal axis days" == root[1].text.rstrip(".")
    assert "−1" in "".join(root.itertext())
    with Image.open(folder / "plain.png") as image:
        assert image.info["Title"] == root[0].text and image.info["Description"] == root[1].text


def test_foreign_letters_in_an_svg_are_left_to_its_reader_without_a_warning(folder, foreign, recwarn):
    foreign.set_title("王小明")
    assert "王小明" in save(foreign, "names", formats="svg")[0].read_text("utf-8")
    assert not [warning for warning in recwarn if "missing from font" in str(warning.message)]


def test_a_silent_picture_is_named_by_its_file(folder):
    (path,) = save(Figure(), "silent", formats="svg")
    root = ElementTree.fromstring(path.read_bytes())
    assert root[0].text == root[1].text == "silent"


def test_the_pdf_has_title_and_description(folder, axes):
    content = save(axes, "x", formats="pdf")[0].read_bytes()
    for key, words in (("Title", axes.alt_text.partition(". ")[0]), ("Subject", axes.alt_text)):
        found = re.search(rf"/{key} (\((?:\\.|[^\\)])*\)|<[0-9a-f]+>)".encode(), content)[1].decode("latin-1")
        if found.startswith("<"):
            found = bytes.fromhex(found[1:-1]).decode("utf-16")
        else:
            found = re.sub(r"\\(.)", r"\1", found[1:-1])
            found = found.encode("latin-1").decode("utf-16") if found.startswith("þÿ") else found
        assert found == words
