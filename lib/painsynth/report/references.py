"""References as records, and as three kinds of text: a line to read, BibTeX and CSL-JSON to take away.

`references.csv` holds the papers behind the methods. A field that was not verified is empty, and a reference without
a title is still found by its journal, volume and page.
"""

from __future__ import annotations

import csv
import html
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

BIB_TYPES = {"article-journal": "article", "book": "book"}
YEAR = re.compile(r" *\(?\b[0-9]{4}\b.*$")
ESCAPED = re.compile(r"([&%$#_{}])")


@dataclass(frozen=True)
class Reference:
    """One paper or book; empty where something is not known."""

    key: str
    type: str = "article-journal"
    author: str = ""
    year: str = ""
    title: str = ""
    container: str = ""
    volume: str = ""
    issue: str = ""
    page: str = ""
    doi: str = ""

    @property
    def families(self) -> list[str]:
        """Family names of the authors, in order."""
        return [name.partition(",")[0] for name in self.author.split("; ") if name]

    @property
    def short(self) -> str:
        """Name it as a text does: `Higgins & Thompson 2002`."""
        names = self.families
        if not self.year:
            return " ".join(self.title.split()[:2])
        if "et al." in self.author or len(names) > 2:
            return f"{names[0]} et al. {self.year}"
        return f"{' & '.join(names)} {self.year}"

    def line(self) -> str:
        """Write it as one line of a list."""
        where = " ".join(filter(None, [self.container, self.volume + (f"({self.issue})" if self.issue else "")]))
        where += f":{self.page}" if self.page and where else ""
        who = self.author.replace("; ", ", ")
        said = [f"{who} ({self.year})" if self.year else who, self.title.rstrip("."), where]
        return ". ".join(filter(None, said)).replace("?. ", "? ") + "."


@cache
def known() -> Mapping[str, Reference]:
    """Give the references of methods by key."""
    text = (Path(__file__).parent / "references.csv").read_text(encoding="utf-8")
    return {row["key"]: Reference(**row) for row in csv.DictReader(text.splitlines())}


def trial_references(studies: Mapping[str, Mapping]) -> tuple[Reference, ...]:
    """Give the trials an account tells of; their authors are not on file, only the name they go by."""
    return tuple(
        Reference(
            key=key,
            author=YEAR.sub("", told.get("label", key)),
            year=told.get("year", ""),
            title=told.get("title", ""),
            container=told.get("journal", ""),
            doi=told.get("doi", ""),
        )
        for key, told in studies.items()
    )


def csl_json(references: Iterable[Reference]) -> bytes:
    """Write references as CSL-JSON, as Zotero and citation processors read them."""
    return (json.dumps([_csl(each) for each in references], indent=1, ensure_ascii=False) + "\n").encode()


def bibtex(references: Iterable[Reference]) -> bytes:
    """Write references as BibTeX."""
    return "\n".join(_bib(each) for each in references).encode()


def html_list(references: Iterable[Reference]) -> str:
    """Write references as a list, each with a link where it has a DOI."""
    return f'<ul class="references">{"".join(f"<li>{_item(each)}</li>" for each in references)}</ul>'


def _csl(each: Reference) -> dict:
    told = {"id": each.key, "type": each.type, "author": [_name(name) for name in each.author.split("; ") if name]}
    told |= {"issued": {"date-parts": [[int(each.year)]]}} if each.year.isdigit() else {}
    fields = {"title": each.title, "container-title": each.container, "volume": each.volume, "issue": each.issue}
    fields |= {"page": each.page.replace("–", "-"), "DOI": each.doi}
    return told | {name: value for name, value in fields.items() if value}


def _name(name: str) -> dict[str, str]:
    family, _, given = name.partition(", ")
    given = given.removesuffix(" et al.").removesuffix("et al.").rstrip(",")
    return {"family": family, "given": given} if given else {"literal": name}


def _bib(each: Reference) -> str:
    names = [f"{{{name}}}" if ", " not in name and " " in name else name for name in each.author.split("; ")]
    authors = " and ".join(names).replace(", et al.", " and others")
    fields = {"author": authors, "year": each.year, "title": f"{{{each.title}}}" if each.title else ""}
    fields |= {"journal": each.container, "volume": each.volume, "number": each.issue}
    fields |= {"pages": each.page.replace("–", "--"), "doi": each.doi}
    lines = (f"  {name} = {{{_plain(name, value)}}}" for name, value in fields.items() if value)
    return f"@{BIB_TYPES[each.type]}{{{each.key},\n" + ",\n".join(lines) + "\n}\n"


def _plain(name: str, value: str) -> str:
    if name in ("doi", "author"):
        return value
    inner = value[1:-1] if name == "title" else value
    escaped = ESCAPED.sub(r"\\\1", inner)
    return f"{{{escaped}}}" if name == "title" else escaped


def _item(each: Reference) -> str:
    link = f' <a href="https://doi.org/{html.escape(each.doi)}">doi:{html.escape(each.doi)}</a>' if each.doi else ""
    return html.escape(each.line()) + link
