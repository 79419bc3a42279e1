"""What earlier runs left in the output folder, so that a run keeps what is good and removes what is its own alone."""

import json
import re
from dataclasses import dataclass, field, fields
from pathlib import Path

from drawing import recipe_in
from errors import BuildError
from files import UNFINISHED, write_text
from manifest import FORMAT, MANIFEST, unfinished_text
from shards import Shard

# One folder a class, one PNG a style.
FORMER_FORMAT = "pixnerd-emoji-1"
SHARD_NAME = re.compile(r"[a-z0-9-]+-\d{5}\.tar")
SHARD_FIELDS = {one.name for one in fields(Shard)}


@dataclass(frozen=True)
class Earlier:
    """`names` are the shards that may be ours, whole or not; `shards` those that were finished."""

    names: list[str] = field(default_factory=list)
    shards: list[Shard] = field(default_factory=list)
    has_folders: bool = False

    def shards_of(self, group: str, recipe: str, out: Path) -> list[Shard]:
        """The shards of a group, if they are those that would be written now."""
        found = [shard for shard in self.shards if shard.group == group]
        return found if all(shard.recipe == recipe and shard.is_whole(out) for shard in found) else []


def read_earlier(out: Path) -> Earlier:
    path = out / MANIFEST
    try:
        table = json.loads(path.read_bytes())
        if table["format"] == FORMER_FORMAT:
            return Earlier(has_folders=True)
        if table["format"] != FORMAT:
            raise ValueError(f"its format is {table['format']!r}")
        entries = [entry for entry in table["shards"] if SHARD_NAME.fullmatch(entry["name"])]
        finished = [Shard(**entry) for entry in entries if entry.keys() == SHARD_FIELDS]
        return Earlier([entry["name"] for entry in entries], finished)
    except FileNotFoundError:
        return Earlier()
    except OSError as error:
        raise BuildError(f"{path}: {error.strerror or error}; choose another --out") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BuildError(f"{path}: is not of this program ({error}); remove it or choose another --out") from error


def begin_change(out: Path, earlier: Earlier, kept: list[Shard], coming: list[str]) -> int:
    """Makes room for the shards `coming`: removes ours that are neither those nor `kept`. Returns how many.

    From here until the manifest is written, an unfinished one stands in its place, so that a later run knows what to
    complete or remove, wherever this one is stopped.
    """
    ours = set(earlier.names)
    for name in coming:
        if name not in ours and (out / name).exists():
            raise BuildError(f"{out / name}: is there, but not in {MANIFEST}; remove it or choose another --out")
    changing = sorted(ours.union(coming) - {shard.name for shard in kept})
    surplus = [name for name in changing if name not in coming and (out / name).exists()]
    write_text(out / MANIFEST, unfinished_text(kept, changing))
    remove_files([out / f"{name}{UNFINISHED}" for name in changing] + [out / name for name in surplus], out)
    return len(surplus)


def remove_former_pictures(out: Path) -> int:
    """Removes the class folders of the former layout, whose pictures carry our recipe. Returns how many pictures."""
    pictures = [path for path in out.glob("*/*.png") if recipe_in(path) is not None]
    remove_files(pictures + list(out.glob(f"*/*.png{UNFINISHED}")), out)
    for folder in {path.parent for path in pictures}:
        if not any(folder.iterdir()):
            folder.rmdir()
    return len(pictures)


def remove_files(paths: list[Path], out: Path) -> None:
    try:
        for path in paths:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise BuildError(f"{out}: {error.strerror or error}; make it writable or choose another --out") from error
