#!/usr/bin/env python3
"""Draws the emoji data set: <out>/<class>/<style>.png, with manifest.json and LICENSES.md beside the class folders.

    python tools/emoji/build.py [--out data/emoji] [--subset demo | --groups a,b] [--size 64] [--with-openmoji]

Packages are fetched once into --cache. Pictures that are there already are kept, so an interrupted run is completed by
starting it again; pictures of an earlier selection are removed, so that the result depends on the options alone.
manifest.json is written last: where it is, the set is complete.
"""

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

try:
    import PIL  # noqa: F401
except ImportError:
    sys.exit("error: Pillow is not installed; install it (python3 -m pip install -r tools/emoji/requirements.txt)")

from artwork import load_artwork
from catalog import SUBSETS, Emoji, build_catalog, choose_groups, names_of
from drawing import DRAWN_SIDE, SMALLEST_SIDE, Picture, draw_picture, recipe_in, tool_versions
from errors import BuildError
from files import UNFINISHED, write_whole
from manifest import licences_text, manifest_text
from packages import Source, fetch, load_sources, read_json
from progress import ProgressLines, duration, report

REPOSITORY = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    try:
        build(options)
    except BuildError as error:
        report(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        report("interrupted; the same command goes on from here")
        return 130
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Draw the emoji data set as a folder of class folders.")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "data/emoji", help="output folder (%(default)s)")
    parser.add_argument("--cache", type=Path, default=REPOSITORY / ".cache/emoji", help="npm tarballs (%(default)s)")
    parser.add_argument("--size", type=side_of, default=64, help="side of the pictures in pixels (%(default)s)")
    selection = parser.add_mutually_exclusive_group()
    selection.add_argument("--groups", help="comma-separated groups of Unicode's chart (default: all but flags)")
    selection.add_argument("--subset", choices=sorted(SUBSETS), help="a named choice of groups")
    parser.add_argument("--with-openmoji", action="store_true", help="add OpenMoji, which is CC-BY-SA-4.0")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="drawings at a time (%(default)s)")
    return parser.parse_args(arguments)


def side_of(text: str) -> int:
    if not text.isdecimal() or not SMALLEST_SIDE <= int(text) <= DRAWN_SIDE:
        raise argparse.ArgumentTypeError(f"must be a whole number from {SMALLEST_SIDE} to {DRAWN_SIDE}, not '{text}'")
    return int(text)


def build(options: argparse.Namespace) -> None:
    tool_versions()  # A missing program is named before anything is fetched.
    artwork_sources, text_sources = load_sources()
    artwork_sources = [source for source in artwork_sources if options.with_openmoji or not source.optional]
    sources = artwork_sources + text_sources
    tarballs = {source: fetch(source, options.cache, report) for source in sources}

    catalog = read_catalog({source.role: tarballs[source] for source in text_sources})
    groups = choose_groups(catalog, options.groups, options.subset)
    emoji = [one for one in catalog if one.group in groups]
    artwork = {source: load_artwork(source, tarballs[source], emoji) for source in artwork_sources}
    pictures = plan(emoji, artwork, options.size)

    missing = [picture for picture in pictures if recipe_in(options.out / picture.path) != picture.recipe()]
    removed = remove_surplus(options.out, {picture.path for picture in pictures}, incomplete=bool(missing))
    draw_all(missing, options.out, options.jobs)
    write_text(options.out / "LICENSES.md", licences_text(sources))
    write_text(options.out / "manifest.json", manifest_text(options.size, groups, sources, pictures))
    report(f"{options.out}: {len(pictures)} pictures of {len(emoji)} emoji, {len(missing)} drawn, {removed} removed")


def read_catalog(tarballs: dict[str, Path]) -> list[Emoji]:
    """Every emoji there is, from the text packages by role."""
    entries, meta = read_json(tarballs["groups"], "en/data.json", "meta/groups.json")
    return build_catalog(entries, meta, read_names(tarballs, "en"))


def read_names(tarballs: dict[str, Path], language: str) -> dict[str, str]:
    """Key -> CLDR name in a language of the CLDR, say `en` or `pt-PT`."""
    (plain,) = read_json(tarballs["names"], f"annotations/{language}/annotations.json")
    (derived,) = read_json(tarballs["derived names"], f"annotationsDerived/{language}/annotations.json")
    return names_of(plain["annotations"]["annotations"], derived["annotationsDerived"]["annotations"])


def plan(emoji: list[Emoji], artwork: dict[Source, dict], side: int) -> list[Picture]:
    """Every picture that can be drawn, emoji by emoji.

    A source with `published_in` is held to the emoji of that style: the 3D package adds families and couples that are
    not among what Microsoft has published under the MIT licence.
    """
    by_style = {source.style: found for source, found in artwork.items()}
    return [
        Picture(one, source, found[one.key], side)
        for one in emoji
        for source, found in artwork.items()
        if one.key in found and (not source.published_in or one.key in by_style[source.published_in])
    ]


def remove_surplus(out: Path, wanted: set[Path], incomplete: bool) -> int:
    """Removes what earlier runs left: pictures of another selection, and half-written files. Returns how many pictures.

    Only pictures that carry our recipe are touched. The manifest goes first when it is about to be wrong.
    """
    others = (path for path in out.glob("*/*.png") if path.relative_to(out) not in wanted)
    surplus = [path for path in others if recipe_in(path) is not None]
    halves = list(out.glob(f"*/*.png{UNFINISHED}"))
    try:
        if incomplete or surplus:
            (out / "manifest.json").unlink(missing_ok=True)
        for path in surplus + halves:
            path.unlink()
        for folder in {path.parent for path in surplus}:
            if not any(folder.iterdir()):
                folder.rmdir()
    except OSError as error:
        raise BuildError(f"{out}: {error.strerror or error}; make it writable or choose another --out") from error
    return len(surplus)


def draw_all(pictures: list[Picture], out: Path, jobs: int) -> None:
    """Threads suffice: the time goes into rsvg-convert and into Pillow, which work outside Python's lock."""
    if not pictures:
        return
    progress = ProgressLines("drawing", len(pictures))
    pool = ThreadPoolExecutor(max_workers=max(1, jobs))
    try:
        for done, _ in enumerate(pool.map(lambda picture: draw_picture(picture, out), pictures), start=1):
            progress.update(done)
    finally:
        # Without this an error or Ctrl-C would first draw everything that is queued.
        pool.shutdown(wait=True, cancel_futures=True)
    report(f"drew {len(pictures)} pictures in {duration(progress.elapsed())}")


def write_text(path: Path, text: str) -> None:
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
