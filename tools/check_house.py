#!/usr/bin/env python3
"""Checks that every include in src/ obeys the order of the rooms.

    python3 tools/check_house.py [--root REPOSITORY]

The rules have one source: the levels in cmake/Rooms.cmake and the calls of pixnerd_room() in CMakeLists.txt. A file of
src/<room> may include headers of its own room and of the rooms that its USES names (each on a lower level); torch only
if its room is a TORCH room; and a third-party header in one room alone, or in several that all link its library.
Prints `file:line: what is wrong` for each breach and exits with 1 if there is any.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

TORCH = {"torch", "ATen", "c10", "caffe2"}
# The first part of a third-party include -> the CMake target that a room must link to use it.
LIBRARIES = {
    "CLI": "CLI11::CLI11",
    "archive.h": "PkgConfig::ARCHIVE",
    "archive_entry.h": "PkgConfig::ARCHIVE",
    "boost": "pixnerd_boost",
    "fontconfig": "PkgConfig::FONTCONFIG",
    "csv.h": "${PIXNERD_CSV}",
    "freetype": "PkgConfig::FREETYPE",
    "gif_lib.h": "PkgConfig::GIF",
    "hb.h": "PkgConfig::HARFBUZZ",
    "libexif": "PkgConfig::EXIF",
    "libheif": "PkgConfig::HEIF",
    "nlohmann": "nlohmann_json::nlohmann_json",
    "oniguruma.h": "PkgConfig::ONIGURUMA",
    "openssl": "PkgConfig::CRYPTO",
    "simdjson.h": "PkgConfig::SIMDJSON",
    "spdlog": "spdlog::spdlog",
    "spng.h": "PkgConfig::SPNG",
    "sqlite3.h": "PkgConfig::SQLITE",
    "stb": "PkgConfig::STB",
    "tiffio.h": "PkgConfig::TIFF",
    "turbojpeg.h": "PkgConfig::TURBOJPEG",
    "unicode": "PkgConfig::ICU",
    "webp": "PkgConfig::WEBP",
    "yaml-cpp": "yaml-cpp",
}
# Headers of the operating system and the compiler belong to everybody; C++ headers are those without a dot or slash.
SYSTEM = {"sys", "linux", "arpa", "netinet"} | {
    f"{name}.h" for name in "errno fcntl omp poll sched signal unistd cpuid immintrin pthread dirent netdb".split()
}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


@dataclass
class Room:
    """One pixnerd_room(...) of CMakeLists.txt."""

    level: int
    torch: bool = False
    uses: list[str] = field(default_factory=list)
    libraries: list[str] = field(default_factory=list)


@dataclass
class Include:
    """One #include line; `path` as written, `quoted` for "..." and not <...>."""

    file: Path
    line: int
    path: str
    quoted: bool

    @property
    def family(self) -> str:
        return self.path.split("/")[0]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check the includes in src/ against the order of the rooms.")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[1])
    root = parser.parse_args(arguments).root
    breaches = check(root)
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


def check(root: Path) -> list[str]:
    """All breaches in the repository at `root`, as `file:line: message`."""
    rooms, breaches = read_rooms(root)
    places: dict[str, dict[str, Include]] = {}
    for folder in sorted(path for path in (root / "src").iterdir() if path.is_dir() and any(includes_of(path))):
        if folder.name not in rooms:
            breaches.append(f"src/{folder.name}: no pixnerd_room({folder.name} ...) in CMakeLists.txt")
            continue
        for include in includes_of(folder):
            message = complaint(root, rooms, folder.name, include)
            if message:
                breaches.append(f"{include.file.relative_to(root)}:{include.line}: {message}")
            if not include.quoted and is_third_party(include):
                places.setdefault(include.family, {}).setdefault(folder.name, include)
    return breaches + [message for family, where in places.items() for message in crowding(root, rooms, family, where)]


def complaint(root: Path, rooms: dict[str, Room], name: str, include: Include) -> str | None:
    """What one include in src/<name> breaks by itself."""
    room = rooms[name]
    if include.family in TORCH:
        return None if room.torch else f"<{include.path}> in {name}, which is not a TORCH room"
    if include.family in rooms:
        if include.family != name and include.family not in room.uses:
            return f'"{include.path}" in {name}, whose USES does not name {include.family}'
        return None if (root / "src" / include.path).is_file() else f'"{include.path}" is not a file in src/'
    if include.quoted:
        return f'"{include.path}" is not written from src/ (as "room/file.h")'
    library = LIBRARIES.get(include.family)
    if library and library not in room.libraries:
        return f"<{include.path}> in {name}, whose LIBRARIES does not name {library}"
    return None


def is_third_party(include: Include) -> bool:
    standard = "/" not in include.path and "." not in include.path
    return not standard and include.family not in TORCH and include.family not in SYSTEM


def crowding(root: Path, rooms: dict[str, Room], family: str, where: dict[str, Include]) -> list[str]:
    """Complaints about a third-party header that more than one room includes without CMake saying so."""
    library = LIBRARIES.get(family)
    if len(where) < 2 or all(library in rooms[name].libraries for name in where):
        return []
    names = ", ".join(sorted(where))
    return [
        f"{include.file.relative_to(root)}:{include.line}: <{include.path}> is included in more than one room ({names})"
        for include in where.values()
    ]


def includes_of(folder: Path) -> Iterator[Include]:
    for file in sorted(folder.rglob("*")):
        if file.suffix not in {".h", ".cpp", ".inc"}:
            continue
        for number, text in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            match = INCLUDE.match(text)
            if match:
                yield Include(file, number, match[1] or match[2], match[1] is not None)


def read_rooms(root: Path) -> tuple[dict[str, Room], list[str]]:
    """The rooms as CMake has them, and what is wrong with them already."""
    levels, torch_free = read_levels((root / "cmake/Rooms.cmake").read_text(encoding="utf-8"))
    rooms: dict[str, Room] = {}
    breaches = []
    for name, words in calls((root / "CMakeLists.txt").read_text(encoding="utf-8"), "pixnerd_room"):
        if name not in levels:
            breaches.append(f"CMakeLists.txt: room {name} has no level in cmake/Rooms.cmake")
            continue
        room = read_room(levels[name], words)
        rooms[name] = room
        if room.torch and name in torch_free:
            breaches.append(f"CMakeLists.txt: room {name} is TORCH, but cmake/Rooms.cmake has it free of torch")
        for used in room.uses:
            if levels.get(used, room.level) >= room.level:
                breaches.append(f"CMakeLists.txt: room {name} uses {used}, which is not on a lower level")
    return rooms, breaches


def read_room(level: int, words: list[str]) -> Room:
    room = Room(level)
    keyword = ""
    for word in words:
        if word in {"TORCH", "PROGRAM", "USES", "LIBRARIES"}:
            keyword = word
            room.torch = room.torch or word == "TORCH"
        elif keyword == "USES":
            room.uses.append(word)
        elif keyword == "LIBRARIES":
            room.libraries.append(word)
    return room


def read_levels(text: str) -> tuple[dict[str, int], set[str]]:
    """From set(PIXNERD_LEVEL_x n), also inside foreach(room x y ...), and set(PIXNERD_TORCH_FREE x y ...)."""
    levels: dict[str, int] = {}
    torch_free: set[str] = set()
    loop: list[str] = []
    for match in re.finditer(r"^\s*(foreach|endforeach|set)\(([^)]*)\)", text, re.MULTILINE):
        words = match[2].split()
        if match[1] == "foreach":
            loop = words[1:]
        elif match[1] == "endforeach":
            loop = []
        elif words[0] == "PIXNERD_TORCH_FREE":
            torch_free.update(words[1:])
        elif words[0].startswith("PIXNERD_LEVEL_"):
            name = words[0].removeprefix("PIXNERD_LEVEL_")
            for room in loop if name == "${room}" else [name]:
                levels[room] = int(words[1])
    return levels, torch_free


def calls(text: str, function: str) -> Iterator[tuple[str, list[str]]]:
    """(first argument, the others) of each call of a CMake function."""
    text = re.sub(r"#.*", "", text)
    for match in re.finditer(rf"^\s*{function}\(([^)]*)\)", text, re.MULTILINE):
        words = match[1].split()
        yield words[0], words[1:]


if __name__ == "__main__":
    sys.exit(main())
