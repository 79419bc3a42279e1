"""Writing a file whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path

from errors import BuildError

UNFINISHED = ".part"


def write_whole(path: Path, write: Callable[[Path], object], option: str = "--out") -> None:
    """Lets `write` fill a temporary file beside `path`, then renames it; on failure `path` is as it was before.

    `option` is the one that chose the folder, for the error.
    """
    temporary = path.with_name(path.name + UNFINISHED)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        os.replace(temporary, path)
    except OSError as error:
        remove_quietly(temporary)
        raise BuildError(f"{path}: {error.strerror or error}; free the disk or choose another {option}") from error


def write_text(path: Path, text: str) -> None:
    """Leaves a file that holds the text already as it is."""
    content = text.encode("utf-8")
    if not (path.is_file() and path.read_bytes() == content):
        write_whole(path, lambda temporary: temporary.write_bytes(content))


def remove_quietly(path: Path) -> None:
    try:
        path.unlink()
    except OSError:
        pass  # The error that led here is the one to report.
