from __future__ import annotations

import json
import sys
from pathlib import Path

from painsynth.report.normalise import normalise, notebook_bytes


def executed(outputs: list[dict], **metadata) -> dict:
    cell = {"cell_type": "code", "id": "c0ffee", "source": "x", "execution_count": 7, "outputs": outputs}
    note = {"cell_type": "markdown", "id": "feed", "metadata": {"papermill": {"duration": 1}}, "source": ["a\n", "b"]}
    made = {"tags": ["b", "a"], "papermill": {"start_time": "now"}, "execution": {"iopub.status.busy": "now"}}
    top = {"papermill": {"input_path": "/x"}, "widgets": {}, **metadata}
    return {"cells": [note, {**cell, "metadata": made}], "metadata": top, "nbformat": 4, "nbformat_minor": 4}


def test_times_ids_and_counts_go():
    clean = normalise(executed([]))
    assert set(clean["metadata"]) == {"kernelspec", "language_info"}
    assert [cell["id"] for cell in clean["cells"]] == ["cell-000", "cell-001"]
    assert clean["cells"][1]["metadata"] == {"tags": ["a", "b"]}
    assert clean["cells"][1]["execution_count"] == 1
    assert clean["cells"][0]["source"] == "a\nb"


def test_paths_addresses_and_widgets_go():
    root = str(Path("/some/where/project"))
    shown = f"{root}/data/x.csv <object at 0x7f1234567890> {sys.prefix}/lib /tmp/ipykernel_12/345.py:3: Warning"
    outputs = [
        {"output_type": "stream", "name": "stderr", "text": [shown]},
        {
            "output_type": "execute_result",
            "execution_count": 7,
            "metadata": {"application/vnd.jupyter.widget-view+json": {}, "image/svg+xml": {"alt": "words"}},
            "data": {"text/plain": root, "application/vnd.jupyter.widget-view+json": {"model_id": "1"}},
        },
        {"output_type": "error", "ename": "E", "evalue": root, "traceback": [shown]},
    ]
    clean = normalise(executed(outputs), hide={root: ""})
    stream, result, error = clean["cells"][1]["outputs"]
    assert stream["text"] == "data/x.csv <object at 0x…> …/lib <cell>:3: Warning"
    assert error["traceback"] == [stream["text"]]
    assert result["data"] == {"text/plain": "."}
    assert result["metadata"] == {}
    assert root not in notebook_bytes(clean).decode()


def test_written_as_jupyter_writes_it():
    data = {"text/html": "<p>\n</p>", "application/vnd.x+json": {"b": 1}}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    told = json.loads(notebook_bytes(normalise(executed([output]))))
    assert told["cells"][0]["source"] == ["a\n", "b"]
    assert told["cells"][1]["outputs"][0]["data"]["text/html"] == ["<p>\n", "</p>"]
    assert told["cells"][1]["outputs"][0]["data"]["application/vnd.x+json"] == {"b": 1}
