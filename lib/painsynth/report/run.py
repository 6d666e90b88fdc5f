"""All runs of the plan: in parallel, each by itself, told while they happen, published together at the end."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from painsynth.errors import RunError
from painsynth.report import publish
from painsynth.report.environment import common_environment, private_folder, processors
from painsynth.report.execute import TIMEOUT, Outcome, Place, execute
from painsynth.report.inputs import Inputs
from painsynth.report.kernels import Zygote, can_fork
from painsynth.report.normalise import normalise
from painsynth.report.pages import make_page
from painsynth.report.paper import make_paper
from painsynth.report.plan import Run, override, read_plan, select
from painsynth.report.preload import imported_modules
from painsynth.report.reuse import published_outcome


@dataclass(frozen=True)
class Report:
    """What a report did: outcomes in the order of the plan, files written and removed."""

    outcomes: tuple[Outcome, ...]
    published: publish.Published

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The outcomes that failed."""
        return tuple(outcome for outcome in self.outcomes if outcome.failed)

    def summary(self) -> dict:
        """Give names, states and files as plain data, for a machine to read."""
        return {
            "runs": [
                {
                    "name": each.run.name,
                    "up_to_date": each.published is not None,
                    "failed": each.failed,
                    "cause": list(each.cause),
                }
                for each in self.outcomes
            ],
            "index": str(self.published.index) if self.published.index else None,
            "written": sorted(self.published.written),
            "removed": sorted(self.published.removed),
        }


def report(
    plan: Path,
    names: Iterable[str] = (),
    *,
    parameters: dict[str, str] | None = None,
    jobs: int | None = None,
    out: Path | None = None,
    timeout: float = TIMEOUT,
    force: bool = False,
    tell: Callable[[str], None] | None = None,
) -> Report:
    """Run the plan (or the named runs) and publish figures, pages, index and manifest.

    A run whose notebook, parameters, code, packages and data are those of the last report is not executed again.

    Parameters
    ----------
    plan
        The plan's file; its notebooks lie beside it, and the project's root is the nearest folder upward with `data`.
    names
        Names of runs, or patterns such as `knee*`; none: all of them, and what the plan no longer makes is removed.
    parameters
        Text by parameter name, for every selected run.
    jobs
        Runs at the same time; default: the number of processors.
    out
        Folder for `figures` and `reports`; default: the project's root.
    timeout
        Seconds after which a run is stopped.
    force
        Execute also the runs that are up to date.
    tell
        Called with each line worth telling; default: stderr.

    Raises
    ------
    RunError
        Before anything is started: the plan, a name or a parameter is wrong.
    """
    tell = tell or _stderr
    runs = read_plan(plan)
    chosen = override(select(runs, names), parameters or {})
    root = project_root(plan)
    site = publish.Site(root, Path(out).resolve() if out else root)
    now = Inputs.take(root, chosen)
    known = {} if force else _up_to_date(chosen, now, site.out, tell)
    todo = tuple(run for run in chosen if run.name not in known)
    made = {}
    if todo:
        with _kernels(root, todo, timeout, tell) as place:
            made = _all(todo, place, jobs or processors(), tell)
    outcomes = tuple({**known, **made}[run.name] for run in chosen)
    now = replace(now, settled=now == Inputs.take(root, chosen))
    published = publish.publish(site, outcomes, runs, made_from=now, complete=not tuple(names))
    outcomes = published.outcomes
    for name in published.removed:
        tell(f"removed {name}: no run of the plan makes it any more")
    for note in published.notes:
        tell(note)
    return Report(outcomes, published)


def run_single(run: Run, *, out: Path | None = None, timeout: float = TIMEOUT, tell: Callable | None = None) -> Report:
    """Run one notebook outside the plan; page, notebook and figures go to `out` (default: `reports/single/<name>`)."""
    tell = tell or _stderr
    root = project_root(run.notebook)
    with _kernels(root, (run,), timeout, tell) as place:
        outcome = _one(run, place, single=True)
    folder = Path(out).resolve() if out else root / "reports" / "single" / run.name
    return Report((outcome,), publish.publish_single(folder, root, outcome))


def project_root(path: Path) -> Path:
    """Give the nearest folder upward from a file that holds `data`; without one, the file's own folder."""
    path = Path(path).resolve()
    return next((parent for parent in path.parents if (parent / "data").is_dir()), path.parent)


@contextlib.contextmanager
def _kernels(root: Path, runs: Iterable[Run], timeout: float, tell: Callable) -> Iterator[Place]:
    """Give a place with a warm process where forking works, and with ordinary kernels where it does not."""
    with private_folder() as private:
        environment = common_environment(private)
        place = Place(root, private, environment, timeout=timeout)
        why = can_fork()
        zygote = None if why else Zygote.start(private, environment, imported_modules(runs))
        try:
            if zygote is not None:
                try:
                    zygote.wait()
                except RunError as problem:
                    why = str(problem)
            if why:
                tell(f"ordinary kernels, each starting by itself (slower): {why}")
            yield place if why else replace(place, zygote=zygote)
        finally:
            if zygote is not None:
                zygote.stop()


def _one(run: Run, place: Place, *, single: bool = False) -> Outcome:
    outcome = execute(run, place)
    hide = {str(place.private / run.name): "…", str(place.private): "…", str(place.root): ""}
    hide[str(place.private / run.name / "figures")] = "figures"
    notebook = normalise(outcome.notebook, hide=hide)
    outcome = replace(outcome, notebook=notebook)
    if outcome.failed:
        return outcome
    try:
        page = make_page(run, notebook, outcome.figures, place.root, single=single)
        return replace(outcome, page=page.html, links=page.files, paper=make_paper(run, notebook))
    except RunError as problem:
        return replace(outcome, cause=tuple(str(problem).splitlines()[:4]))


def _up_to_date(runs: tuple[Run, ...], now: Inputs, out: Path, tell: Callable) -> dict[str, Outcome]:
    """Give the runs that need not be executed, by name, and say how many they are."""
    before = publish.read_manifest(out / publish.MANIFEST)
    found = {run.name: published_outcome(run, before, now, out) for run in runs if run.name in before.entries}
    known = {name: outcome for name, outcome in found.items() if outcome is not None}
    if before.entries:
        tell(f"{len(known)} of {len(runs)} runs are up to date")
    return known


def _all(runs: tuple[Run, ...], place: Place, jobs: int, tell: Callable) -> dict[str, Outcome]:
    done: dict[str, Outcome] = {}
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool, _progress(len(runs), tell) as step:
        waiting = [pool.submit(_one, run, place) for run in runs]
        try:
            for future in as_completed(waiting):
                outcome = future.result()
                done[outcome.run.name] = outcome
                step(outcome)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            if place.zygote is not None:
                place.zygote.stop()
            raise
    return done


@contextlib.contextmanager
def _progress(count: int, tell: Callable) -> Iterator[Callable[[Outcome], None]]:
    """Show a bar on a terminal, and one line per run elsewhere."""
    if not sys.stderr.isatty():
        seen = iter(range(1, count + 1))
        yield lambda outcome: tell(
            f"[{next(seen)}/{count}] {outcome.run.name}: {'FAILED' if outcome.failed else 'done'}"
        )
        return
    from tqdm import tqdm

    with tqdm(total=count, unit="run", leave=False, file=sys.stderr) as bar:

        def step(outcome: Outcome) -> None:
            bar.set_postfix_str(f"{outcome.run.name}{' FAILED' if outcome.failed else ''}")
            bar.update()

        yield step


def _stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
