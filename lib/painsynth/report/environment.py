"""What every run has in common: the environment of its kernel, and a private folder with short paths.

The environment pins whatever could change a byte between two runs or two machines: clock, language, hash seed, number
of BLAS threads, matplotlib's and IPython's settings (a reader's own `matplotlibrc` must not restyle a report).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from painsynth.evidence.focus import CONDITION, READS

FIXED = {
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "SOURCE_DATE_EPOCH": "315532800",  # 1980-01-01, the earliest date every archive format can hold
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "PYTHONUTF8": "1",
}
LIKE_NOBODY = ("PYTHONSTARTUP", "PYTHONINSPECT", "PAINSYNTH_FIGURES", CONDITION, READS, "JPY_PARENT_PID",
               "PYTHONWARNINGS")  # fmt: skip
# A constant salt gives constant ids; text stays text, so that it can be searched, read aloud and scaled.
MATPLOTLIBRC = "svg.hashsalt: painsynth\nsvg.fonttype: none\n"
SOCKET_PATH = 90  # bytes; a Unix socket address holds 104 (macOS) or 108 (Linux), and each socket adds a few


def common_environment(private: Path) -> dict[str, str]:
    """Give the environment of every kernel; `private` is a folder of this report that is removed at the end."""
    kept = {name: value for name, value in os.environ.items() if name not in LIKE_NOBODY}
    settings = private / "matplotlibrc"
    settings.write_text(MATPLOTLIBRC, encoding="utf-8")
    library = str(Path(__file__).resolve().parents[2])
    path = [library, *filter(None, kept.get("PYTHONPATH", "").split(os.pathsep))]
    return {
        **kept,
        **FIXED,
        "MATPLOTLIBRC": str(settings),
        "IPYTHONDIR": str(private / "ipython"),
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(path)),
    }


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """Make a folder that only this user can enter, with a path short enough for Unix sockets; removed at the end."""
    places = [tempfile.gettempdir(), "/tmp"]
    short = [place for place in places if len(os.fsencode(place)) + 40 < SOCKET_PATH and os.path.isdir(place)]
    folder = Path(tempfile.mkdtemp(prefix="painsynth-", dir=(short or places)[0])).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def processors() -> int:
    """Give the number of processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def without_slow_imports() -> Iterator[None]:
    """Keep jsonschema from importing JupyterLab's `rfc3987_syntax` (1.2 s of CPU), which notebooks never need."""
    missing = object()
    before = sys.modules.get("rfc3987_syntax", missing)
    if before is missing:
        sys.modules["rfc3987_syntax"] = None
    try:
        yield
    finally:
        if before is missing:
            del sys.modules["rfc3987_syntax"]
