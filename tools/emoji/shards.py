"""The pictures with their labels as WebDataset shards: plain tar files, a .json and a .png to each picture.

Shards hold no date, owner or order of their own, so that two builds of one selection are equal to the byte.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from drawing import Picture
from files import write_whole

# Raise it when a change here changes shards: those of earlier builds are then written anew.
SHARD_VERSION = 1
LARGEST_SHARD = 64_000_000
BLOCK = 512


@dataclass(frozen=True)
class Sample:
    """A picture and what is said of it; `captions` is language -> texts."""

    picture: Picture
    captions: dict[str, list[str]]

    @property
    def key(self) -> str:
        """Readers of WebDataset end the key at the first dot, so it holds none."""
        return f"{self.picture.emoji.key}_{self.picture.source.style}"

    def description(self) -> bytes:
        emoji = self.picture.emoji
        fields = {"class": emoji.class_name, "style": self.picture.source.style, "hex": emoji.key}
        fields |= {"group": emoji.group, "subgroup": emoji.subgroup, "caption": self.captions}
        return json.dumps(fields, ensure_ascii=False).encode("utf-8")


@dataclass(frozen=True)
class Shard:
    """A shard as the manifest names it; `recipe` is that of its group."""

    name: str
    group: str
    pictures: int
    bytes: int
    sha256: str
    recipe: str

    def is_whole(self, out: Path) -> bool:
        path = out / self.name
        try:
            return path.stat().st_size == self.bytes and sha256_of(path) == self.sha256
        except OSError:
            return False

    def entry(self) -> dict:
        return asdict(self)


def group_samples(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Group -> its samples by class, then style; groups in the order in which they are met."""
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.picture.emoji.group, []).append(sample)
    for found in groups.values():
        found.sort(key=lambda sample: (sample.picture.emoji.class_name, sample.picture.source.style))
    return groups


def recipe_of(samples: list[Sample]) -> str:
    """Names everything that the shards of a group depend on."""
    seal = hashlib.sha256(f"{SHARD_VERSION} {LARGEST_SHARD}".encode())
    for sample in samples:
        for part in (sample.key.encode(), sample.picture.recipe().encode(), sample.description()):
            seal.update(len(part).to_bytes(8, "big") + part)
    return seal.hexdigest()


def shard_name(group: str, number: int) -> str:
    return f"{group}-{number:05d}.tar"


def write_shard(path: Path, samples: list[Sample], recipe: str, cache: Path) -> Shard:
    """Writes the drawn pictures, which are in `cache`; the shard appears whole. `recipe` is that of its group."""
    write_whole(path, lambda temporary: write_tar(temporary, samples, cache))
    group = samples[0].picture.emoji.group
    return Shard(path.name, group, len(samples), path.stat().st_size, sha256_of(path), recipe)


def split(samples: list[Sample], cache: Path) -> Iterator[list[Sample]]:
    """As many samples to a shard as keep it below LARGEST_SHARD, at least one."""
    part: list[Sample] = []
    size = 0
    for sample in samples:
        more = padded(len(sample.description())) + padded((cache / sample.picture.path).stat().st_size)
        if part and size + more > LARGEST_SHARD:
            yield part
            part, size = [], 0
        part.append(sample)
        size += more
    if part:
        yield part


def padded(length: int) -> int:
    """What a file takes in a tar: a header, and its content in whole blocks."""
    return BLOCK + (length + BLOCK - 1) // BLOCK * BLOCK


def write_tar(path: Path, samples: list[Sample], cache: Path) -> None:
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for sample in samples:
            add_file(archive, f"{sample.key}.json", sample.description())
            add_file(archive, f"{sample.key}.png", (cache / sample.picture.path).read_bytes())


def add_file(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    # The defaults of TarInfo are what is wanted: mode 644, owner 0 without a name, time 0.
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
