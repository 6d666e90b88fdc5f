"""The PDF of one run: the content of its page, set by typst with fonts that travel with the packages.

No font, no clock and no folder of the machine is looked at: the same run gives the same bytes everywhere.
"""

from __future__ import annotations

import base64
import html
import itertools
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from painsynth.errors import RunError
from painsynth.report import account
from painsynth.report.cells import PRIORITY, markdown
from painsynth.report.execute import carried, summary
from painsynth.report.methods import method_references, methods_text
from painsynth.report.parameters import source
from painsynth.report.plan import Run
from painsynth.report.references import html_list, trial_references
from painsynth.report.sheets import ACROSS, SIDEWAYS, UPRIGHT
from painsynth.report.svg import described
from painsynth.report.typeset import literal, typeset

HEIGHT, LOW = 660.0, 480.0  # points a figure may be high on an upright page, and on one turned sideways
READABLE = 0.86  # a figure that would have to be made smaller than this stands on a page turned sideways
SIZE = re.compile(r'<svg\b[^>]*?\bviewBox="[-\d.]+[ ,]+[-\d.]+[ ,]+([\d.]+)[ ,]+([\d.]+)"')
DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL)


def make_paper(run: Run, notebook: Mapping) -> bytes:
    """Make the PDF of a run from its normalised notebook; RunError when it cannot be set."""
    told = summary(notebook)
    parts = [f"#answer[{typeset(html.escape(told['sentence']))}]\n" if told else "", *_argument(notebook, run.title)]
    body = "".join([*parts, *_pages([_methods(notebook), _parameters(run)])])
    return compiled(f"{_template()}\n#show: paper.with({literal(run.title)})\n{body}", run.name)


def compiled(text: str, name: str) -> bytes:
    """Set a text in typst as PDF; `name` says in messages what it is."""
    import typst

    try:
        return typst.compile(text.encode(), font_paths=_fonts(), ignore_system_fonts=True, format="pdf", timestamp=0)
    except typst.TypstError as problem:
        raise RunError(f"the PDF of {name} cannot be set: {problem}") from problem


@cache
def _template() -> str:
    return (Path(__file__).parent / "paper.typ").read_text(encoding="utf-8")


@cache
def _fonts():
    """Give typst's own fonts and matplotlib's, in which the figures are lettered."""
    import matplotlib
    import typst

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(folder)])


def _argument(notebook: Mapping, alt: str) -> list[str]:
    """Give the text and the results of the notebook; its code stands in the page and in the notebook itself."""
    parts, words = [], ""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            words += typeset(markdown(source(cell)))
        else:
            shown = "".join(_output(output, alt) for output in cell.get("outputs", []))
            parts.append(words + shown)
            words = ""
    return _pages([*parts, words])


def _pages(parts: Iterable[str]) -> list[str]:
    """Put what needs a page turned sideways on one, with the words that introduce it."""
    grouped = itertools.groupby(parts, key=lambda part: ACROSS in part)
    joined = ((across, "".join(group)) for across, group in grouped)
    return [f"#across[{text}]\n" if across else text for across, text in joined]


def _output(output: Mapping, alt: str) -> str:
    if output["output_type"] == "stream":
        return f"#raw({literal(output['text'])}, block: true)\n"
    data = output.get("data", {})
    kind = next((kind for kind in PRIORITY if kind in data), "")
    if kind == "image/svg+xml":
        return drawing(data[kind], alt)
    if kind.startswith("image/"):
        numbers = ",".join(map(str, base64.b64decode(data[kind])))
        return f'#drawn(100%, bytes(({numbers})), "{kind.partition("/")[2]}", {literal(alt)})\n'
    if kind == "text/html":
        return _html(data[kind], alt)
    if kind == "text/markdown":
        return typeset(markdown(data[kind]))
    return f"#raw({literal(data[kind])}, block: true)\n" if kind else ""


def _html(text: str, alt: str) -> str:
    """Set HTML; the drawings in it are set as figures, where they stand."""
    texts, drawings = DRAWING.split(text), DRAWING.findall(text)
    set_texts = [typeset(each) for each in texts]
    return set_texts[0] + "".join(drawing(svg, alt) + after for svg, after in zip(drawings, set_texts[1:], strict=True))


def drawing(svg: str, alt: str) -> str:
    """Give a figure, as large as it was drawn where that fits; on a page turned sideways rather than too small."""
    found = SIZE.search(svg)
    width, height = (float(found[1]), float(found[2])) if found else (UPRIGHT, HEIGHT)
    upright = min(1.0, UPRIGHT / width, HEIGHT / height)
    sideways = min(1.0, SIDEWAYS / width, LOW / height)
    turned = upright < READABLE and sideways > upright
    scale = sideways if turned else upright
    made = f'#drawn({scale * width:.1f}pt, bytes({literal(svg)}), "svg", {literal(described(svg) or alt)})\n'
    return ACROSS + made if turned else made


def _methods(notebook: Mapping) -> str:
    told = carried(notebook, account.MIME) or {}
    papers, trials = method_references(told), trial_references(told.get("studies", {}))
    if not papers and not trials:
        return ""
    listed = f"<h3>Methods</h3>{html_list(papers)}" if papers else ""
    listed += f"<h3>Trials whose numbers were used</h3>{html_list(trials)}" if trials else ""
    return typeset(f"<h2>Methods of this run</h2><p>{html.escape(methods_text(told))}</p>{listed}")


def _parameters(run: Run) -> str:
    if not run.defaults:
        return ""
    rows = "".join(
        f"<tr><th>{name}</th><td>{html.escape(str(value))}</td><td>{html.escape(run.defaults[name].comment)}</td></tr>"
        for name, value in run.settings().items()
    )
    head = "<thead><tr><th>Parameter</th><th>Value</th><th>Meaning</th></tr></thead>"
    return typeset(f"<h2>Parameters of this run</h2><table>{head}<tbody>{rows}</tbody></table>")
