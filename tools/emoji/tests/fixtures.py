"""Small stand-ins for the npm packages, so that the tests need no network."""

import io
import json
import stat
import tarfile
from pathlib import Path

from PIL import Image

from catalog import Emoji
from packages import Source, integrity_of


def emoji(key: str, name: str, group: str = "food-drink", subgroup: str = "food-fruit") -> Emoji:
    text = "".join(chr(int(part, 16)) for part in key.split("-"))
    return Emoji(key, text, group, subgroup, name, name)


def source(package: str, **fields) -> Source:
    known = dict(version="1.0.0", integrity="", title="Title", author="Author", copyright="Copyright Author")
    known |= dict(url="https://example.org", licence="MIT", licence_url="https://example.org/mit")
    return Source(package, **(known | fields))


def write_package(folder: Path, package: str, files: dict[str, object], **fields) -> Source:
    """Writes a tarball as npm would; values of `files` are bytes, or become JSON. Returns its row of the table."""
    path = folder / source(package).tarball_name
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            member = tarfile.TarInfo("package/" + name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return source(package, integrity=integrity_of(path), **fields)


def write_program(path: Path, script: str) -> None:
    """An executable shell script."""
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def webp(colour: tuple[int, int, int, int], size: tuple[int, int] = (8, 8)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGBA", size, colour).save(buffer, format="WEBP", lossless=True)
    return buffer.getvalue()
