"""One run: papermill drives one kernel through one notebook, a watchdog ends it, and what came out is judged.

Success is judged by the kernel, the state and outputs of every cell, and the files that were saved; never by the
notebook papermill writes, which calls every cell completed also when the kernel was killed.
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from painsynth.errors import RunError
from painsynth.report.environment import without_slow_imports
from painsynth.report.inputs import kernel_words
from painsynth.report.parameters import source
from painsynth.report.plan import Run
from painsynth.report.summary import MIME

with without_slow_imports():
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.engines import NBClientEngine, papermill_engines
    from papermill.exceptions import PapermillExecutionError

    from painsynth.report.kernels import LOST, Seat, Zygote, manager_class

ENGINE = "painsynth"
TIMEOUT = 600.0  # seconds for a whole run
CAUSE_LINES = 5
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Place:
    """Where runs happen: the project's root, a private folder, the kernels' environment and warm process."""

    root: Path
    private: Path
    environment: Mapping[str, str]
    zygote: Zygote | None = None
    timeout: float = TIMEOUT


@dataclass(frozen=True)
class Outcome:
    """What a run gave: the executed notebook, the files it saved, and `cause` (lines of text) when it failed.

    `page` is its HTML, `paper` its PDF, `links` the project files which the page links to; `reads` is what the kernel
    looked at beyond the data it was given. A run that was up to date brings its files as they were `published`.
    """

    run: Run
    notebook: dict
    figures: Mapping[str, bytes] = field(default_factory=dict)
    cause: tuple[str, ...] = ()
    page: str = ""
    paper: bytes = b""
    links: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    published: Mapping[str, bytes] | None = None

    @property
    def failed(self) -> bool:
        """Whether there is a cause of failure."""
        return bool(self.cause)


class KeepingEngine(NBClientEngine):
    """papermill's own engine; it hands out the notebook at once, so that a killed run leaves its cells, too."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, *, keep: list, **kwargs):
        """Execute as papermill does, after putting the notebook into `keep`."""
        keep.append(nb_man.nb)
        return super().execute_managed_notebook(nb_man, kernel_name, **kwargs)


papermill_engines.register(ENGINE, KeepingEngine)


def execute(run: Run, place: Place) -> Outcome:
    """Run one notebook in its own kernel and folder, and judge what came out."""
    folder = place.private / run.name
    figures = folder / "figures"
    figures.mkdir(parents=True)
    reads = folder / "reads"
    own = {"PAINSYNTH_FIGURES": str(figures), **kernel_words(run, reads)}
    seat = Seat(folder, place.root, {**place.environment, **own}, place.zygote)
    kept: list = []
    try:
        with _watchdog(seat, place.timeout), _quiet():
            _papermill(run, seat, kept)
        cause: tuple[str, ...] = ()
    except Exception as problem:  # whatever went wrong belongs to this run alone
        cause = _cause(problem, run, seat, place.timeout)
    notebook = kept[-1] if kept else {"cells": [], "metadata": {}}
    saved = {path.name: path.read_bytes() for path in sorted(figures.iterdir()) if path.is_file()}
    outcome = Outcome(run, notebook, saved, cause, reads=_lines(reads))
    return outcome if cause else replace(outcome, cause=_judge(outcome))


def _lines(path: Path) -> tuple[str, ...]:
    return tuple(sorted(set(path.read_text(encoding="utf-8").split()))) if path.is_file() else ()


def _papermill(run: Run, seat: Seat, kept: list) -> None:
    papermill.execute_notebook(
        str(run.notebook),
        None,
        parameters=dict(run.parameters),
        engine_name=ENGINE,
        kernel_name="python3",
        language="python",
        progress_bar=False,
        request_save_on_cell_execute=False,
        autosave_cell_every=0,
        start_timeout=120,
        # from here on: for the engine, and through it for nbclient
        keep=kept,
        kernel_manager_class=manager_class(seat),
        resources={"metadata": {"path": str(seat.cwd)}},
        coalesce_streams=True,
        ipython_hist_file="",
    )


@contextlib.contextmanager
def _watchdog(seat: Seat, timeout: float) -> Iterator[None]:
    timer = threading.Timer(timeout, seat.kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if seat.process is not None and seat.process.poll() is None:
            seat.kill()
            seat.killed = False
            seat.process.wait(timeout=10)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep papermill and nbclient from logging what is told once, in our own words."""
    for name in ("papermill", "traitlets"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _cause(problem: Exception, run: Run, seat: Seat, timeout: float) -> tuple[str, ...]:
    """Say in a few lines why a run failed: what, where, with which parameters."""
    if isinstance(problem, PapermillExecutionError):
        said = f"{problem.ename}: {_first(problem.evalue)}" if problem.evalue else problem.ename
        lines = [said, f"at: {_first(_failing_line(problem))}"]
    elif seat.killed or isinstance(problem, CellTimeoutError):
        lines = [f"the run took longer than {timeout:g} s and was stopped"]
    elif seat.process is not None and seat.process.poll() == LOST:
        lines = ["the warm kernel process died under the run", "try again with PAINSYNTH_FORK=0"]
    elif isinstance(problem, DeadKernelError) or (seat.process is not None and seat.process.poll() is not None):
        lines = [_killed_words(seat), *_last_words(seat.log)]
    else:
        lines = [f"{type(problem).__name__}: {_first(str(problem))}"]
    given = ", ".join(f"{name}={value!r}" for name, value in run.parameters.items())
    return (*lines[: CAUSE_LINES - 2], f"with: {_clip(given or 'the default parameters')}")


def _killed_words(seat: Seat) -> str:
    code = seat.process.poll() if seat.process is not None else None
    if code is not None and code < 0:
        return f"the kernel was killed by signal {-code}{' (out of memory?)' if code == -9 else ''}"
    return f"the kernel ended by itself (exit code {code})"


def _last_words(log: Path) -> list[str]:
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [f"its last words: {_clip(lines[-1])}"] if lines else []


def _failing_line(problem: PapermillExecutionError) -> str:
    """Give the line of the cell that failed: IPython marks it with an arrow; without one, the first line."""
    for frame in problem.traceback:
        text = ANSI.sub("", frame)
        marked = re.search(r"^-+> *\d+ (.*)$", text, re.MULTILINE)
        if marked and ("Cell " in text or "ipykernel" in text or "Input" in text):
            return marked.group(1).strip()
    lines = [line for line in problem.source.splitlines() if line.strip()]
    return lines[0] if lines else ""


def _first(text: str) -> str:
    return _clip(next((line for line in text.strip().splitlines() if line.strip()), ""))


def _clip(text: str, width: int = 300) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _judge(outcome: Outcome) -> tuple[str, ...]:
    """Look for what papermill calls a success although it is none."""
    cells = [cell for cell in outcome.notebook["cells"] if cell["cell_type"] == "code" and source(cell).strip()]
    waiting = [cell for cell in cells if cell.get("execution_count") is None]
    broken = [output for cell in cells for output in cell["outputs"] if output["output_type"] == "error"]
    if waiting or broken:
        return (f"{len(waiting)} cells were not executed and {len(broken)} ended with an error",)
    empty = [name for name, content in outcome.figures.items() if not content]
    if empty:
        return (f"the run saved empty files: {', '.join(empty)}",)
    if outcome.figures and images(outcome.notebook) == 0:
        return (f"the run saved {len(outcome.figures)} files but shows no figure in the notebook",)
    try:
        told = summary(outcome.notebook)
    except RunError as problem:
        return (str(problem),)
    named = told.get("figure") if told.get("k") else ""  # where nothing was pooled there may be nothing to draw
    if named and not any(Path(name).stem == named for name in outcome.figures):
        return (f"the summary names the figure '{named}', which was not saved",)
    return ()


def images(notebook: Mapping) -> int:
    """Count the images a notebook shows."""
    found = 0
    for output in _outputs(notebook):
        data = output.get("data", {})
        shown = "".join(data.get("text/html", ""))
        found += any(kind.startswith("image/") for kind in data) or "<svg" in shown or "<img" in shown
    return found


def summary(notebook: Mapping) -> dict:
    """Give what the run says of itself (the last `report_line`), or an empty dict; RunError when it is malformed."""
    told = carried(notebook, MIME)
    if told is None:
        return {}
    if not isinstance(told, dict) or not isinstance(told.get("k"), int) or not isinstance(told.get("sentence"), str):
        raise RunError("the summary of the run is not one that report_line() makes")
    return dict(told)


def title(notebook: Mapping) -> str:
    """Give the title of a notebook, which is its question; empty without one."""
    texts = (source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    found = (re.search(r"^# +(.+)$", text, re.MULTILINE) for text in texts)
    return next((match[1].strip() for match in found if match), "")


def carried(notebook: Mapping, kind: str) -> object | None:
    """Give the last output of a kind that a notebook carries as data, or None."""
    found = [output["data"][kind] for output in _outputs(notebook) if kind in output.get("data", {})]
    return found[-1] if found else None


def _outputs(notebook: Mapping) -> Iterator[Mapping]:
    for cell in notebook["cells"]:
        yield from cell.get("outputs", [])
