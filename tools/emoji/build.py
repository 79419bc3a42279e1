#!/usr/bin/env python3
"""Draws the emoji data set: WebDataset shards <out>/<group>-00000.tar, with manifest.json and LICENSES.md beside them.

    python tools/emoji/build.py [--out data/emoji] [--subset demo | --groups a,b] [--size 128]
                                [--styles a,b | --with-openmoji | --for-judging]

Packages are fetched once into --cache and pictures drawn there once, so an interrupted run is completed by starting it
again. Shards that are good are kept; those of an earlier selection are removed, so that the result depends on the
options alone. manifest.json is finished last: where it does not say "unfinished", the set is complete.
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
from catalog import SUBSETS, Emoji, build_catalog, choose_emoji
from drawing import DRAWN_SIDE, SMALLEST_SIDE, Picture, draw_picture, recipe_in, tool_versions
from earlier import begin_change, read_earlier, remove_former_pictures
from errors import BuildError
from files import write_text
from licences import licences_text
from manifest import MANIFEST, manifest_text
from names import ALL, ENGLISH, LANGUAGES, Names, captions_of, choose_languages, read_names, wanted_languages
from packages import Source, choose_styles, fetch, load_sources, read_json
from progress import ProgressLines, duration, report
from shards import Sample, Shard, group_samples, recipe_of, shard_name, split, write_shard

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
    parser = argparse.ArgumentParser(description="Draw the emoji data set as WebDataset shards.")
    parser.add_argument("--out", type=Path, help="output folder (data/emoji; with --for-judging data/emoji_judge)")
    parser.add_argument(
        "--cache", type=Path, default=REPOSITORY / ".cache/emoji", help="npm tarballs and drawn pictures (%(default)s)"
    )
    parser.add_argument("--size", type=side_of, default=128, help="side of the pictures in pixels (%(default)s)")
    selection = parser.add_mutually_exclusive_group()
    selection.add_argument("--groups", help="comma-separated groups of Unicode's chart (default: all but flags)")
    subsets = "a named part of them: demo, what the demo models draw, or faces"
    selection.add_argument("--subset", choices=sorted(SUBSETS), help=subsets)
    parser.add_argument("--languages", default=",".join(LANGUAGES), help=f"of the captions (%(default)s), or '{ALL}'")
    styles = parser.add_mutually_exclusive_group()
    styles.add_argument("--styles", help="comma-separated styles of sources.json (default: those of the training set)")
    styles.add_argument("--with-openmoji", action="store_true", help="add OpenMoji, which is CC-BY-SA-4.0")
    styles.add_argument(
        "--for-judging",
        action="store_true",
        help="other artists' styles instead, for pixnerd eval --judge-also; some are CC-BY-SA-4.0",
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="drawings at a time (%(default)s)")
    options = parser.parse_args(arguments)
    if options.out is None:
        options.out = REPOSITORY / ("data/emoji_judge" if options.for_judging else "data/emoji")
    return options


def side_of(text: str) -> int:
    if not text.isdecimal() or not SMALLEST_SIDE <= int(text) <= DRAWN_SIDE:
        raise argparse.ArgumentTypeError(f"must be a whole number from {SMALLEST_SIDE} to {DRAWN_SIDE}, not '{text}'")
    return int(text)


def build(options: argparse.Namespace) -> None:
    tool_versions()  # A missing program is named before anything is fetched.
    wanted = wanted_languages(options.languages)
    known_sources, text_sources = load_sources()
    artwork_sources = choose_styles(known_sources, options.styles, options.with_openmoji, options.for_judging)
    bounds = {source.published_in for source in artwork_sources}
    fetched = [source for source in known_sources if source in artwork_sources or source.style in bounds]
    tarballs = {source: fetch(source, options.cache, report) for source in fetched + text_sources}

    by_role = {source.role: source for source in text_sources}
    name_tarballs = [tarballs[by_role[role]] for role in ("names", "derived names")]
    names = read_names(*name_tarballs, languages=None if wanted is None else {ENGLISH, *wanted})
    catalog = read_catalog(tarballs[by_role["groups"]], names)
    languages = choose_languages(wanted, names, catalog, by_role["names"])
    emoji = choose_emoji(catalog, options.groups, options.subset)
    artwork = {source: load_artwork(source, tarballs[source], emoji) for source in fetched}
    pictures = [one for one in plan(emoji, artwork, options.size) if one.source in artwork_sources]
    groups = group_samples(sample_of(picture, names, languages) for picture in pictures)

    sources = artwork_sources + text_sources
    shards, done = write_shards(groups, options)
    write_text(options.out / "LICENSES.md", licences_text(sources))
    write_text(options.out / MANIFEST, manifest_text(options.size, groups, languages, sources, shards))
    report(f"{options.out}: {len(pictures)} pictures of {len(emoji)} emoji in {len(shards)} shards; {done}")


def read_catalog(tarball: Path, names: Names) -> list[Emoji]:
    """Every emoji there is, from the package of groups."""
    entries, meta = read_json(tarball, "en/data.json", "meta/groups.json")
    return build_catalog(entries, meta, {key: words.name for key, words in names.get(ENGLISH, {}).items()})


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


def sample_of(picture: Picture, names: Names, languages: list[str]) -> Sample:
    return Sample(picture, captions_of(picture.emoji, picture.source.style_word, names, languages))


def write_shards(groups: dict[str, list[Sample]], options: argparse.Namespace) -> tuple[list[Shard], str]:
    """Brings the shards in --out up to date. Returns them, in the order of the groups, and what was done."""
    out, cache = options.out, options.cache
    earlier = read_earlier(out)
    recipes = {group: recipe_of(samples) for group, samples in groups.items()}
    kept = {group: earlier.shards_of(group, recipe, out) for group, recipe in recipes.items()}
    stale = [sample for group, samples in groups.items() if not kept[group] for sample in samples]
    missing = [one.picture for one in stale if recipe_in(cache / one.picture.path) != one.picture.recipe()]
    draw_all(missing, cache, options.jobs)

    if earlier.has_folders:
        report(f"{out}: removed {remove_former_pictures(out)} pictures of the former layout, a folder a class")
    parts = {group: list(split(samples, cache)) for group, samples in groups.items() if not kept[group]}
    coming = [shard_name(group, number) for group, found in parts.items() for number in range(len(found))]
    kept_shards = [shard for found in kept.values() for shard in found]
    removed = 0
    if coming or {shard.name for shard in kept_shards} != set(earlier.names):
        removed = begin_change(out, earlier, kept_shards, coming)
    for group, found in parts.items():
        for number, part in enumerate(found):
            kept[group].append(write_shard(out / shard_name(group, number), part, recipes[group], cache))
    done = f"{len(missing)} drawn, {len(coming)} shards written, {removed} removed"
    return [shard for found in kept.values() for shard in found], done


def draw_all(pictures: list[Picture], cache: Path, jobs: int) -> None:
    """Threads suffice: the time goes into rsvg-convert and into Pillow, which work outside Python's lock."""
    if not pictures:
        return
    progress = ProgressLines("drawing", len(pictures))
    pool = ThreadPoolExecutor(max_workers=max(1, jobs))
    try:
        for done, _ in enumerate(pool.map(lambda picture: draw_picture(picture, cache), pictures), start=1):
            progress.update(done)
    finally:
        # Without this an error or Ctrl-C would first draw everything that is queued.
        pool.shutdown(wait=True, cancel_futures=True)
    report(f"drew {len(pictures)} pictures in {duration(progress.elapsed())}")


if __name__ == "__main__":
    sys.exit(main())
