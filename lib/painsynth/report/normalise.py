"""An executed notebook without what differs between two runs or two machines.

Papermill's and the kernel's timestamps, random cell ids, widget state, memory addresses and absolute paths go; what the
notebook says and shows stays.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from painsynth.report.parameters import source

KEPT_TAGS = "tags"
WIDGETS = "application/vnd.jupyter.widget-view+json"
TEXT_KINDS = ("text/plain", "text/html", "text/markdown", "text/latex")
LANGUAGE = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python", "pygments_lexer": "ipython3"}
KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
PATTERNS = (
    (re.compile(r"(?<![^\s'\"<>])[^\s'\"<>]{0,400}?ipykernel_\d+[/\\]\d+\.py"), "<cell>"),
    (re.compile(r"\b0x[0-9a-f]{8,16}\b"), "0x…"),
)


def normalise(notebook: Mapping, *, hide: Mapping[str, str] | None = None) -> dict:
    """Give a copy of an executed notebook that is the same after every run.

    `hide` maps absolute folders to what is written instead (the run's own folder, the project's root); the folders of
    Python and the home folder are always hidden.
    """
    scrub = Scrubber(hide or {})
    cells, count = [], 0
    for number, cell in enumerate(notebook["cells"]):
        clean = {
            "cell_type": cell["cell_type"],
            "id": f"cell-{number:03d}",
            "metadata": _cell_metadata(cell.get("metadata", {})),
            "source": source(cell),
        }
        if cell["cell_type"] == "code":
            count += bool(cell.get("execution_count"))
            clean["execution_count"] = count if cell.get("execution_count") else None
            clean["outputs"] = [_output(output, clean["execution_count"], scrub) for output in cell.get("outputs", [])]
        cells.append(clean)
    return {
        "cells": cells,
        "metadata": {"kernelspec": KERNEL, "language_info": LANGUAGE},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def notebook_bytes(notebook: Mapping) -> bytes:
    """Write a notebook as JSON: sorted keys, one space of indent, texts as lists of lines as Jupyter does."""
    cells = [_split(cell) for cell in notebook["cells"]]
    text = json.dumps({**notebook, "cells": cells}, indent=1, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


def joined(notebook: Mapping) -> dict:
    """Take back what `notebook_bytes` did to the texts of a notebook that was read from its file."""
    return {**notebook, "cells": [_joined_cell(cell) for cell in notebook["cells"]]}


def _joined_cell(cell: Mapping) -> dict:
    whole = {**cell, "source": _joined(cell["source"])}
    if "outputs" in cell:
        whole["outputs"] = [_joined_output(output) for output in cell["outputs"]]
    return whole


def _joined_output(output: Mapping) -> dict:
    whole = {**output, "text": _joined(output["text"])} if "text" in output else dict(output)
    if "data" in output:
        whole["data"] = {kind: value if "json" in kind else _joined(value) for kind, value in output["data"].items()}
    return whole


def _cell_metadata(metadata: Mapping) -> dict:
    return {KEPT_TAGS: sorted(metadata[KEPT_TAGS])} if metadata.get(KEPT_TAGS) else {}


def _output(output: Mapping, count: int | None, scrub: Scrubber) -> dict:
    clean = {key: value for key, value in output.items() if key not in ("transient", "data", "metadata")}
    if output["output_type"] == "stream":
        clean["text"] = scrub(_joined(output["text"]))
    elif output["output_type"] == "error":
        clean["evalue"] = scrub(output["evalue"])
        clean["traceback"] = [scrub(frame) for frame in output["traceback"]]
    else:
        kept = {kind: value for kind, value in output["data"].items() if kind != WIDGETS}
        clean["data"] = {kind: _value(kind, value, scrub) for kind, value in sorted(kept.items())}
        clean["metadata"] = {kind: value for kind, value in output.get("metadata", {}).items() if kind in kept}
        if output["output_type"] == "execute_result":
            clean["execution_count"] = count
    return clean


def _value(kind: str, value, scrub: Scrubber):
    if kind.endswith("json") and not isinstance(value, str):
        return json.loads(json.dumps(value, sort_keys=True))  # in the order in which it is read back from the file
    return scrub(_joined(value)) if kind in TEXT_KINDS else _joined(value)


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


class Scrubber:
    """Takes absolute paths and memory addresses out of a text."""

    def __init__(self, hide: Mapping[str, str]):
        library = str(Path(__file__).resolve().parents[2])
        home = os.path.expanduser("~")
        own = {library: "…", sys.prefix: "…", sys.base_prefix: "…", home: "~"}
        known = {place: word for place, word in {**own, **hide}.items() if len(place) > 1}
        self.places = sorted(known.items(), key=lambda item: -len(item[0]))

    def __call__(self, text: str) -> str:
        """Give the text with every known place replaced; a path inside the project becomes relative to it."""
        for place, word in self.places:
            text = text if word else text.replace(place + os.sep, "")
            text = text.replace(place, word or ".")
        for pattern, word in PATTERNS:
            text = pattern.sub(word, text)
        return text


def _split(cell: Mapping) -> dict:
    """Split texts into lines, as Jupyter writes them: a version control system then shows what changed."""
    split = {**cell, "source": cell["source"].splitlines(keepends=True)}
    if "outputs" in cell:
        split["outputs"] = [_split_output(output) for output in cell["outputs"]]
    return split


def _split_output(output: Mapping) -> dict:
    if "text" in output:
        return {**output, "text": output["text"].splitlines(keepends=True)}
    if "data" not in output:
        return dict(output)
    data = {
        kind: value.splitlines(keepends=True)
        if isinstance(value, str) and "\n" in value and "json" not in kind
        else value
        for kind, value in output["data"].items()
    }
    return {**output, "data": data}
