"""The pinned npm packages: fetched once into a cache folder, checked, and read without unpacking.

A tarball counts as present when its sha512 is the one of sources.json; anything else under its name is fetched again,
so that an interrupted fetch needs no cleaning up.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from errors import BuildError

SOURCES_FILE = Path(__file__).with_name("sources.json")


@dataclass(frozen=True)
class Source:
    """One row of sources.json: `style` and `format` are set for artwork, `role` for texts.

    An `optional` style is drawn only on request. `published_in` names a style whose set of emoji bounds this one.
    `word` is what captions call the style, where that is not its name. A style for `judging` is no part of the training
    set, unless it is optional and asked for: it tells a judge how else an emoji is drawn.
    """

    package: str
    version: str
    integrity: str
    title: str
    author: str
    copyright: str
    url: str
    licence: str
    licence_url: str
    style: str = ""
    word: str = ""
    format: str = ""
    role: str = ""
    published_in: str = ""
    optional: bool = False
    judging: bool = False

    @property
    def style_word(self) -> str:
        return self.word or self.style

    @property
    def spec(self) -> str:
        return f"{self.package}@{self.version}"

    @property
    def tarball_name(self) -> str:
        """The name that `npm pack` gives: @scope/name becomes scope-name."""
        return f"{self.package.lstrip('@').replace('/', '-')}-{self.version}.tgz"


def load_sources(path: Path = SOURCES_FILE) -> tuple[list[Source], list[Source]]:
    """Returns (artwork, texts) in the order of the table."""
    table = json.loads(path.read_text(encoding="utf-8"))
    return [Source(**row) for row in table["artwork"]], [Source(**row) for row in table["text"]]


def choose_styles(
    artwork: list[Source], styles: str | None, with_optional: bool, for_judging: bool = False
) -> list[Source]:
    """The sources of a comma-separated list of styles; without one those of the training set, or those for judging."""
    if styles is None and for_judging:
        return [source for source in artwork if source.judging]
    if styles is None:
        return [source for source in artwork if (with_optional if source.optional else not source.judging)]
    wanted = {word.strip() for word in styles.split(",") if word.strip()}
    known = [source.style for source in artwork]
    for style in sorted(wanted - set(known)):
        raise BuildError(f"--styles: there is no style '{style}'; choose from {', '.join(known)}")
    if not wanted:
        raise BuildError(f"--styles: names no style; choose from {', '.join(known)}")
    return [source for source in artwork if source.style in wanted]


def integrity_of(path: Path) -> str:
    """The subresource-integrity string of a file, as npm's registry states it."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha512").digest()
    return "sha512-" + base64.b64encode(digest).decode("ascii")


def fetch(source: Source, cache: Path, report) -> Path:
    """Returns the verified tarball of `source` in `cache`, fetching it when it is missing or not the pinned one."""
    tarball = cache / source.tarball_name
    scratch = cache / f"fetching-{source.tarball_name}"
    try:
        if tarball.is_file() and integrity_of(tarball) == source.integrity:
            return tarball
        report(f"fetching {source.spec}")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        fetched = run_npm_pack(source, scratch)
        found = integrity_of(fetched)
        if found != source.integrity:
            raise BuildError(
                f"{source.spec}: the registry sent {found}, {SOURCES_FILE.name} pins {source.integrity}; "
                "use a registry that serves the original (`npm config get registry` names yours)"
            )
        # Only a verified file gets the final name, and a rename within one file system is atomic.
        fetched.replace(tarball)
    except OSError as error:
        raise BuildError(f"{cache}: {error.strerror or error}; free the disk or choose another --cache") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return tarball


def run_npm_pack(source: Source, folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise BuildError(f"{source.spec}: `npm` is not installed; install it (Debian: apt-get install npm)")
    command = [npm, "pack", source.spec, "--pack-destination", str(folder.resolve()), "--ignore-scripts"]
    # npm's own patience without a network is minutes; two tries in some seconds tell as much.
    command += ["--loglevel=error", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]
    # npm looks for a package.json above its working folder, hence the empty one.
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    fetched = folder / source.tarball_name
    if done.returncode != 0 or not fetched.is_file():
        raise BuildError(
            f"{source.spec}: `npm pack` failed: {complaint_of(done.stderr, done.returncode)}; "
            "check the network and `npm config get registry`, then run again: what is fetched is kept"
        )
    return fetched


def complaint_of(stderr: str, code: int) -> str:
    """The line of npm's complaint that a person understands: the first one that is not a code, a path or advice."""
    lines = [line.strip() for line in re.findall(r"^npm (?:error|ERR!) +(.*)$", stderr, re.MULTILINE)]
    telling = [line for line in lines if line and not re.match(r"code |errno |syscall |path |A complete log", line)]
    return (telling or lines or [f"exit code {code}"])[0].rstrip(".")


def read_members(tarball: Path, wanted) -> dict[str, bytes]:
    """Reads the files of a tarball for which `wanted(name)` holds; names are without npm's leading `package/`."""
    found = {}
    with tarfile.open(tarball, "r:gz") as archive:
        for member in archive:
            name = member.name.partition("/")[2]
            if member.isfile() and wanted(name):
                found[name] = archive.extractfile(member).read()
    return found


def read_json(tarball: Path, *names: str) -> list:
    """Reads and parses files of a tarball, in the order of `names`; BuildError names one that is not there."""
    members = read_members(tarball, set(names).__contains__)
    for name in names:
        if name not in members:
            raise BuildError(f"{tarball.name}: has no {name}; pin a version with that layout in {SOURCES_FILE.name}")
    return [json.loads(members[name]) for name in names]
