"""Write a table to disk in every format a journal asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from painsynth.errors import PainsynthError
from painsynth.files import is_plain_name, output_folder, write_file
from painsynth.tables.docx import document_bytes
from painsynth.tables.html import page
from painsynth.tables.latex import latex
from painsynth.tables.record import Table
from painsynth.tables.spreadsheet import comma_separated

_WRITE: dict[str, Callable[[Table, str], bytes]] = {
    "html": lambda table, name: page(table).encode(),
    "tex": lambda table, name: latex(table, name).encode(),
    "csv": lambda table, name: comma_separated(table).encode(),
    "docx": lambda table, name: document_bytes(table),
}
FORMATS = tuple(_WRITE)


def save_table(table: Table, name: str, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write a table into the project's folder of tables, once per format, with the same bytes every time.

    The folder is the environment variable PAINSYNTH_TABLES if set; else `tables/` beside PAINSYNTH_FIGURES if that is
    set; else the nearest `tables/` from the working directory upwards, else a new one beside the nearest `data/`, else
    one in the working directory. A file is replaced in one step.

    Parameters
    ----------
    table : Table
        What a table function returned.
    name : str
        Stem of the file names: letters, digits, `_`, `-`, `.`. An ending .html, .tex, .csv or .docx is taken off.
    formats : sequence of str
        Of html (a whole page), tex (a part of a document), csv (raw values, full precision), docx.

    Returns
    -------
    list of Path
        The files, in the order of `formats`.

    Raises
    ------
    PainsynthError
        For a name that is not a plain file name, an unknown format, or something that is not a table.

    Examples
    --------
    >>> import os, tempfile, pandas as pd, painsynth as ps
    >>> fit = ps.pool(pd.DataFrame({"study": ["A", "B"], "yi": [1.0, 3.0], "vi": [1.0, 1.0]}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     os.environ["PAINSYNTH_TABLES"] = folder
    ...     [path.name for path in ps.save_table(ps.results_table({"All": fit}), "results", formats=["csv", "html"])]
    ['results.csv', 'results.html']
    >>> del os.environ["PAINSYNTH_TABLES"]
    """
    if not is_plain_name(name):
        raise PainsynthError(
            f"name = {name!r} cannot be the name of a table; use letters, digits, '_', '-' and '.', without a folder"
        )
    if not isinstance(table, Table):
        raise PainsynthError(f"a {type(table).__name__} is not a table; give what a table function returned")
    stem, _, ending = name.rpartition(".")
    name = stem if stem and ending.lower() in FORMATS else name
    formats = [formats] if isinstance(formats, str) else list(formats)
    for word in formats:
        if word not in FORMATS:
            raise PainsynthError(f"format '{word}' is not possible for a table; ask for {', '.join(FORMATS)}")
    contents = {word: _WRITE[word](table, name) for word in formats}  # all drawn up before the first is written
    folder = _folder()
    for word, content in contents.items():
        write_file(folder / f"{name}.{word}", content)
    return [folder / f"{name}.{word}" for word in formats]


def _folder() -> Path:
    figures = os.environ.get("PAINSYNTH_FIGURES")
    if figures and not os.environ.get("PAINSYNTH_TABLES"):
        return Path(figures).parent / "tables"
    return output_folder("tables")
