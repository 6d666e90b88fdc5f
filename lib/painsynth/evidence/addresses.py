"""Where a reader finds a trial: its DOI, else the DOI or page of the source its numbers were read from."""

from __future__ import annotations

import pandas as pd

RESOLVER = "https://doi.org/"


def addresses(table: pd.DataFrame, sources: pd.DataFrame) -> list[str]:
    """Address of every comparison; empty where none is on file.

    Parameters
    ----------
    table : DataFrame
        Comparisons with doi and source_id (several are parted by ``|``).
    sources : DataFrame
        source_id, doi, url.

    Examples
    --------
    >>> table = pd.DataFrame({"doi": ["10.1000/1", ""], "source_id": ["a", "b"]})
    >>> addresses(table, pd.DataFrame({"source_id": ["b"], "doi": [""], "url": ["https://example.org/b"]}))
    ['https://doi.org/10.1000/1', 'https://example.org/b']
    """
    places = zip(*(sources[name] for name in ("source_id", "doi", "url")), strict=True)
    pages = {source: _resolved(doi) or _text(url) for source, doi, url in places}
    return [
        _resolved(doi) or next(filter(None, (pages.get(source, "") for source in _text(ids).split("|"))), "")
        for doi, ids in zip(table["doi"], table["source_id"], strict=True)
    ]


def _resolved(doi: object) -> str:
    text = _text(doi)
    return f"{RESOLVER}{text.removeprefix(RESOLVER)}" if text else ""


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
