"""How work is measured: CPU seconds of one core, best of several runs, on the same random studies for everyone."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SEED = 20250101
K = 20
SUBSETS = 2**K - 1
ROOT = Path(__file__).resolve().parent.parent
LIB = ROOT / "lib"


@dataclass(frozen=True)
class Result:
    """One measured line.

    `key` names the work across tools; `seconds` is for all of it; `fits` how many fits that is, None where the line
    counts no fits; `target` in seconds, None where the issue sets none.
    """

    key: str
    work: str
    seconds: float
    fits: int | None = None
    target: float | None = None
    remark: str = ""


def best(work: Callable[[], object], runs: int = 3) -> float:
    """Smallest CPU time of `runs` runs, in seconds."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def studies(rows: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Random effects and variances (rows, K): tau2 0.1, variances over a decade and a half."""
    rng = np.random.default_rng(SEED)
    v = 10.0 ** rng.uniform(-2, -0.5, (rows, K))
    return 0.3 + rng.normal(size=v.shape) * np.sqrt(v + 0.1), v


def predictor() -> np.ndarray:
    """A moderator of the K studies."""
    return np.random.default_rng(SEED + 1).normal(size=K)


def rate(fits: int, seconds: float) -> str:
    """Fits per second, three significant digits."""
    speed = fits / seconds
    digits = 2 - math.floor(math.log10(speed))
    return f"{round(speed, digits):,.0f} fits/s"


def fresh(code: str, runs: int = 1) -> list[str]:
    """Last line that `code` prints in fresh interpreters which find the package."""
    line = f"import sys; sys.path.insert(0, {str(LIB)!r}); {code}"
    command = [sys.executable, "-c", line]
    done = [subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT) for _ in range(runs)]
    return [run.stdout.splitlines()[-1] for run in done]


def cpu_of(code: str, runs: int = 3) -> float:
    """CPU seconds of `code` in a fresh interpreter, the interpreter's own start taken off."""
    ask = "import time; print(time.process_time())"
    with_code, without = (min(map(float, fresh(f"{x}; {ask}", runs))) for x in (code, "pass"))
    return max(0.0, with_code - without)


def as_json(numbers: np.ndarray) -> str:
    """Numbers for another process, exactly."""
    return json.dumps(np.asarray(numbers).tolist())
