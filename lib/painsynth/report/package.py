"""The data to take away: every table as CSV, its JSON schema, what they mean, the licence; the same bytes always."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

from painsynth.evidence.dictionary import TABLES
from painsynth.evidence.schema import Column, Table

NAME = "data_package.zip"
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the earliest an archive can hold
DRAFT = "https://json-schema.org/draft/2020-12/schema"
TEXTS = ("data/README.md", "LICENSE-DATA", "CITATION.cff")


def package_bytes(root: Path) -> bytes:
    """Pack the tables of a project with their schemas, dictionary and licence.

    Files are stored without compression, because compressors differ between machines.
    """
    files = {f"data/{path.name}": path.read_bytes() for path in sorted((root / "data").glob("*.csv"))}
    there = [table for table in TABLES.values() if f"data/{table.file}" in files]
    files |= {f"schema/{table.name}.schema.json": _json(schema_of(table)) for table in there}
    files |= {"datapackage.json": _json(descriptor(there))}
    files |= {name: (root / name).read_bytes() for name in TEXTS if (root / name).is_file()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"painsynth_data/{name}", FIRST_DAY)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def schema_of(table: Table) -> dict:
    """Give the JSON schema of one row of a table, cells as a spreadsheet's text read into numbers where they are."""
    required = [column.name for column in table.columns if column.required]
    return {
        "$schema": DRAFT,
        "title": table.name,
        "description": f"One row: {table.meaning}. Key: {', '.join(table.key)}. An empty cell is null.",
        "type": "object",
        "properties": {column.name: _property(column) for column in table.columns},
        "required": required,
        "additionalProperties": False,
    }


def descriptor(tables: list[Table]) -> dict:
    """Describe the package as a Frictionless tabular data package: files, columns, keys, references."""
    return {"name": "painsynth-data", "profile": "tabular-data-package", "licenses": [{"name": "CC-BY-4.0"}],
            "resources": [_resource(table) for table in tables]}  # fmt: skip


def _property(column: Column) -> dict:
    told: dict = {"description": column.meaning}
    if column.kind == "number":
        kind = "integer" if column.whole else "number"
        told |= {"type": kind if column.required else [kind, "null"]}
        limits = {"minimum": column.low, "maximum": column.high, "exclusiveMinimum": column.above}
        return told | {name: value for name, value in limits.items() if value is not None}
    told |= {"type": "string" if column.required else ["string", "null"]}
    if column.words and column.kind == "word":
        return told | {"enum": [*column.words, *([] if column.required else [None])]}
    several = " Several are joined by |." if column.kind in ("words", "refs") else ""
    target = f" A value of {column.target}." if column.target else ""
    return told | {"description": f"{column.meaning}{several}{target}"}


def _resource(table: Table) -> dict:
    kinds = {"number": "number"}
    columns = [
        {"name": column.name, "type": kinds.get(column.kind, "string"), "description": column.meaning,
         "constraints": {"required": column.required}}
        for column in table.columns
    ]  # fmt: skip
    links = [
        {"fields": column.name, "reference": {"resource": target, "fields": name}}
        for column in table.columns
        if column.target and column.kind == "text"
        for target, _, name in [column.target.partition(".")]
    ]
    schema = {"fields": columns, "primaryKey": list(table.key), "missingValues": [""]}
    schema |= {"foreignKeys": links} if links else {}
    return {"name": table.name, "path": f"data/{table.file}", "profile": "tabular-data-resource", "encoding": "utf-8",
            "description": table.meaning, "schema": schema}  # fmt: skip


def _json(told: Mapping) -> bytes:
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode()
