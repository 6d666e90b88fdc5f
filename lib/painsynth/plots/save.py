"""Write a picture to disk: the same bytes every time, whole or not at all, with its description inside."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from painsynth.errors import PainsynthError
from painsynth.files import is_plain_name, output_folder, write_file
from painsynth.plots.behind import csv_behind
from painsynth.plots.picture import Picture, alternative_text, borrowed_fonts, headline, linked, svg_text
from painsynth.plots.style import house_style

FORMATS = ("svg", "png", "pdf")
RESOLUTION = 300  # dots per inch of a PNG
_FOREIGN = ("bmp", "eps", "gif", "jpeg", "jpg", "ps", "tif", "tiff", "webp")


def save(picture: Axes | Figure, name: str, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write a picture into the project's folder of figures, once per format.

    The folder is the environment variable PAINSYNTH_FIGURES if set, else the nearest `figures/` from the working
    directory upwards, else a new `figures/` beside the nearest `data/`, else one in the working directory. A file with
    the same name is replaced in one step: a reader sees the old bytes or the new ones, never half of them.

    Parameters
    ----------
    picture : Axes or Figure
        What a plot function returned.
    name : str
        Stem of the file names: letters, digits, `_`, `-`, `.`. An ending .svg, .png or .pdf is taken off.
    formats : sequence of str
        Of svg (text stays text), png (300 dots per inch), pdf (fonts embedded).

    Returns
    -------
    list of Path
        The files, in the order of `formats`.

    Raises
    ------
    PainsynthError
        For a name that is not a plain file name, an unknown format, or something that is not a picture.

    Notes
    -----
    Files are light, for paper. In a page of a report the same picture follows the reader's choice of light or dark.
    Each file describes itself: an SVG in its title and description, a PNG and a PDF in their metadata. What is said is
    the `alt_text` of the Axes; without one, their titles and labels. A picture that knows what it was drawn from has
    those rows beside it, as CSV under the same name.

    Examples
    --------
    >>> import os, tempfile, painsynth as ps
    >>> from painsynth.plots.picture import new_picture
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     os.environ["PAINSYNTH_FIGURES"] = folder
    ...     [path.name for path in ps.save(new_picture(2, 2), "empty", formats=["svg"])]
    ['empty.svg']
    >>> del os.environ["PAINSYNTH_FIGURES"]
    """
    name = _stem(name)
    formats = [formats] if isinstance(formats, str) else list(formats)
    for word in formats:
        _check_format(word)
    figure = _figure(picture)
    folder = figures_folder()
    written = [_write(figure, folder / f"{name}.{word}", word) for word in formats]
    data = next((content for axes in figure.axes if (content := csv_behind(getattr(axes, "drawn_from", None)))), b"")
    if data:
        write_file(folder / f"{name}.csv", data)
    return written


def write_picture(picture: Axes | Figure, path: str | os.PathLike) -> Path:
    """Write a picture to one file; its ending says the format. Otherwise like `save`.

    Examples
    --------
    >>> import tempfile
    >>> from painsynth.plots.picture import new_picture
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_picture(new_picture(2, 2), f"{folder}/empty.svg").name
    'empty.svg'
    """
    path = Path(path)
    word = path.suffix.lstrip(".").lower()
    _check_format(word)
    return _write(_figure(picture), path, word)


def figures_folder() -> Path:
    """Folder that `save` writes to (see there); it is made when the first figure is written."""
    return output_folder("figures")


def _stem(name: object) -> str:
    if not is_plain_name(name):
        raise PainsynthError(
            f"name = {name!r} cannot be the name of a figure; use letters, digits, '_', '-' and '.', without a folder"
        )
    stem, _, ending = name.rpartition(".")
    if ending.lower() in _FOREIGN and stem:
        _check_format(ending)
    return stem if stem and ending.lower() in FORMATS else name


def _check_format(word: str) -> None:
    if word not in FORMATS:
        raise PainsynthError(f"format '{word}' is not possible for a figure; ask for {', '.join(FORMATS)}")


def _figure(picture: object) -> Figure:
    if isinstance(picture, Axes):
        return picture.get_figure(root=True)
    if isinstance(picture, Figure):
        return picture
    raise PainsynthError(f"a {type(picture).__name__} is not a picture; give the Axes that a plot function returned")


def _write(figure: Figure, path: Path, word: str) -> Path:
    write_file(path, _DRAW[word](figure, path.stem))
    return path


def _svg(figure: Figure, name: str) -> bytes:
    return (figure.svg() if isinstance(figure, Picture) and headline(figure) else svg_text(figure, name)).encode()


def _png(figure: Figure, name: str) -> bytes:
    metadata = {"Software": None, "Title": headline(figure) or name, "Description": alternative_text(figure)}
    return _drawn(figure, format="png", dpi=RESOLUTION, metadata=metadata, pil_kwargs={"compress_level": 3})


def _pdf(figure: Figure, name: str) -> bytes:
    metadata = dict.fromkeys(("Creator", "Producer", "CreationDate"))
    metadata |= {"Title": headline(figure) or name, "Subject": alternative_text(figure)}
    with _no_typesetting_rules():
        return _drawn(figure, format="pdf", metadata=metadata)


@contextmanager
def _no_typesetting_rules() -> Iterator[None]:
    """Embed fonts without their rules for ligatures and marks: a PDF has no use for them, to read them costs most.

    Where fontTools keeps the list of tables elsewhere, fonts are embedded as matplotlib does it.
    """
    from fontTools.subset import Options

    kept = getattr(Options, "_drop_tables_default", None)
    if kept is not None:
        Options._drop_tables_default = [*kept, "GSUB", "GPOS", "GDEF"]
    try:
        yield
    finally:
        if kept is not None:
            Options._drop_tables_default = kept


_DRAW: dict[str, Callable[[Figure, str], bytes]] = {"svg": _svg, "png": _png, "pdf": _pdf}


def _drawn(figure: Figure, **how) -> bytes:
    buffer = io.BytesIO()
    remembered = getattr(figure, "_svg", None)
    with house_style(), borrowed_fonts(figure), linked(figure):
        figure.savefig(buffer, **how)
    if isinstance(figure, Picture):
        figure._svg = remembered  # drawing in another format changed nothing, though matplotlib marks it as changed
    return buffer.getvalue()
