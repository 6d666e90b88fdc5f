"""Write data/README.md: the prose of data_readme.md, the rules as the code states them, the dictionary of the schema.

usage: python tools/data_readme.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from painsynth.evidence import choose, vocabularies
from painsynth.evidence.dictionary import TABLES
from painsynth.evidence.schema import Table

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "data" / "README.md"


def page() -> str:
    """Fill the prose with what the code says."""
    rules = choose.__doc__.split("\n\n")[1:]
    parts = {
        "choose": "\n\n".join(["One result per trial, by these preferences, in this order:", *rules[1:]]).strip(),
        "flags": _code(vocabularies.DEFAULT_LEAVE_OUT),
        "add_on": _code(vocabularies.ADD_ON_COMPARATORS),
        "inert": _code(vocabularies.INERT_COMPARATORS),
        "active": _code(vocabularies.ACTIVE_COMPARATORS),
        "tables": "\n".join(_table(table) for table in TABLES.values() if _shipped(table)),
    }
    text = (HERE / "data_readme.md").read_text(encoding="utf-8")
    for name, part in parts.items():
        text = text.replace("{{" + name + "}}", part)
    return text


def _shipped(table: Table) -> bool:
    return (TARGET.parent / table.file).exists()


def _code(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _table(table: Table) -> str:
    lines = [f"### {table.file}", "", f"One row is {table.meaning}. Key: {_code(table.key)}.", "",
             "| column | may hold | must be filled | meaning |", "|---|---|---|---|"]  # fmt: skip
    for column in table.columns:
        allowed = column.allowed.replace("|", "\\|")
        meaning = column.meaning.replace("|", "\\|")
        lines.append(f"| `{column.name}` | {allowed} | {'yes' if column.required else ''} | {meaning} |")
    return "\n".join([*lines, ""])


def main() -> int:
    """Write the page, or with --check say whether it is up to date."""
    if "--check" in sys.argv[1:]:
        return int(TARGET.read_text(encoding="utf-8") != page())
    TARGET.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
