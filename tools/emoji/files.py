"""Writing a file whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path

from errors import BuildError

UNFINISHED = ".part"


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Lets `write` fill a temporary file beside `path`, then renames it; on failure `path` is as it was before."""
    temporary = path.with_name(path.name + UNFINISHED)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        os.replace(temporary, path)
    except OSError as error:
        remove_quietly(temporary)
        raise BuildError(f"{path}: {error.strerror or error}; free the disk or choose another --out") from error


def remove_quietly(path: Path) -> None:
    try:
        path.unlink()
    except OSError:
        pass  # The error that led here is the one to report.
