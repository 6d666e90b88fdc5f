"""Files: where results go, written so that nobody ever reads half of one and an unchanged one is left alone."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def is_plain_name(name: object) -> bool:
    """Tell whether this can be the stem of a file on every system: letters, digits, `_`, `-`, `.`, no folder."""
    return isinstance(name, str) and bool(_NAME.fullmatch(name))


def output_folder(word: str) -> Path:
    """Folder for results of one kind, such as `figures`; it is made when the first file is written.

    The environment variable PAINSYNTH_FIGURES (PAINSYNTH_TABLES ...) if set, else the nearest folder of that name from
    the working directory upwards, else a new one beside the nearest `data/`, else one in the working directory.
    """
    stated = os.environ.get(f"PAINSYNTH_{word.upper()}")
    if stated:
        return Path(stated)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / word).is_dir() or (folder / "data").is_dir():
            return folder / word
    return here / word


def write_file(path: Path, content: bytes) -> bool:
    """Replace a file as a whole; returns whether anything changed.

    The content goes to a temporary file in the same folder, to the disk, and then under its name in one step.
    """
    path = Path(path)
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    return True


def remove_file(path: Path, root: Path) -> bool:
    """Remove a file below `root`, and the folders that this leaves empty; returns whether it was there."""
    path, root = Path(path), Path(root)
    if not path.resolve().is_relative_to(root.resolve()) or not path.is_file():
        return False
    path.unlink()
    for parent in path.parents:
        if root in (parent, parent.parent):
            break
        try:
            parent.rmdir()
        except OSError:
            break
    return True


def _umask() -> int:
    """Give the mask for new files (a temporary file is private; what is published should not be)."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
