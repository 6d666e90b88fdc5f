"""What a column of a table may hold: the kinds, in one place, from which checks and data dictionary are made."""

from __future__ import annotations

from dataclasses import dataclass, field

ID = r"[a-z0-9][a-z0-9_]*"


@dataclass(frozen=True)
class Column:
    """One column: its kind and what a cell may hold.

    kind
        ``text``, ``id`` (lower-case letters, digits, underscores), ``number``, ``word`` (one of `words`), ``words``
        (several of them, joined by ``|``), ``refs`` (several ids of `target`, joined by ``|``), ``p`` (a p-value,
        possibly with ``<``).
    target
        ``table.column`` a cell must be found in.
    """

    name: str
    kind: str
    meaning: str
    required: bool = False
    words: tuple[str, ...] = ()
    target: str = ""
    low: float | None = None
    high: float | None = None
    above: float | None = None
    whole: bool = False

    @property
    def allowed(self) -> str:
        """What a cell may hold, in words for a data-enterer."""
        if self.words:
            return "one of: " + ", ".join(self.words) if self.kind == "word" else "any of: " + ", ".join(self.words)
        if self.kind == "number":
            return " ".join(filter(None, ["a whole number" if self.whole else "a number", self._range()]))
        if self.target:
            many = ", several joined by |" if self.kind == "refs" else ""
            return f"a value of {self.target}{many}"
        return {"id": "lower-case letters, digits and underscores", "p": "a p-value such as 0.03 or <0.001"}.get(
            self.kind, "text"
        )

    def _range(self) -> str:
        parts = []
        if self.above is not None:
            parts.append(f"above {self.above:g}")
        if self.low is not None:
            parts.append(f"at least {self.low:g}")
        if self.high is not None:
            parts.append(f"at most {self.high:g}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Table:
    """One file of the review: what a row is, its key, its columns."""

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    required: bool = True
    may_be_empty: bool = False
    distinct: tuple[str, ...] = field(default=())

    @property
    def file(self) -> str:
        """The file's name in the data folder."""
        return f"{self.name}.csv"

    @property
    def names(self) -> list[str]:
        """The header, in order."""
        return [column.name for column in self.columns]

    @property
    def numeric(self) -> list[str]:
        """Columns that become floats."""
        return [column.name for column in self.columns if column.kind == "number"]


def text(name: str, meaning: str, **how) -> Column:
    """Make a column of free text."""
    return Column(name, "text", meaning, **how)


def number(name: str, meaning: str, **how) -> Column:
    """Make a column of numbers; an empty cell means that the value is not known."""
    return Column(name, "number", meaning, **how)


def count(name: str, meaning: str, **how) -> Column:
    """Make a column of whole numbers from 0 up (or above `above`)."""
    return Column(name, "number", meaning, whole=True, **({"low": 0} | how if "above" not in how else how))


def word(name: str, meaning: str, words: tuple[str, ...], **how) -> Column:
    """Make a column that holds one word of a vocabulary."""
    return Column(name, "word", meaning, words=words, **how)


def ref(name: str, target: str, meaning: str, *, many: bool = False, required: bool = True) -> Column:
    """Make a column whose cells must stand in another table."""
    return Column(name, "refs" if many else "text", meaning, target=target, required=required)
