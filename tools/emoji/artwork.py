"""The artwork of one style: from an emoji to what is to be drawn.

An iconify package holds `chars.json` (key -> icon name) and `icons.json` (bodies of SVG, and aliases of them, which may
be mirrored); the 3D package holds one picture file per emoji.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from catalog import Emoji, key_of, plain_name
from errors import BuildError
from packages import Source, read_json, read_members

ALIAS_KEYS = frozenset({"parent", "hFlip", "vFlip", "hidden"})
PICTURE_NAME = re.compile(r"assets/([0-9a-f_-]+)\.webp")


@dataclass(frozen=True)
class Artwork:
    """What one emoji looks like in one style; `kind` is `svg` or `webp`."""

    kind: str
    content: bytes


def load_artwork(source: Source, tarball: Path, emoji: list[Emoji]) -> dict[str, Artwork]:
    """Key -> artwork of those emoji that the package has."""
    if source.format == "iconify":
        return iconify_artwork(*read_json(tarball, "icons.json", "chars.json"), emoji)
    if source.format == "pictures":
        return picture_artwork(read_members(tarball, PICTURE_NAME.fullmatch), emoji)
    raise BuildError(f"sources.json: {source.spec} has the unknown format '{source.format}'; use iconify or pictures")


def picture_artwork(files: dict[str, bytes], emoji: list[Emoji]) -> dict[str, Artwork]:
    """Where two files have one key, the fully qualified name (the longest, with every fe0f) wins."""
    shortest_first = sorted(files, key=lambda name: (len(name), name))
    by_key = {key_of(PICTURE_NAME.fullmatch(name)[1]): name for name in shortest_first}
    return {one.key: Artwork("webp", files[by_key[one.key]]) for one in emoji if one.key in by_key}


def iconify_artwork(icons: dict, chars: dict, emoji: list[Emoji]) -> dict[str, Artwork]:
    """`chars` lists icons only: an emoji that is a mere alias of one is found by its name. Older packages list nothing
    there, and all their icons are found by name, with hyphens or without."""
    names = {key_of(hexcode): name for hexcode, name in chars.items()}
    by_name = {name: name for name in icons.get("aliases", {})}
    if not chars:
        by_name |= {name: name for name in icons["icons"]}
        by_name = {name.replace("-", ""): name for name in by_name} | by_name
    artwork = {}
    for one in emoji:
        plain = icon_name(one.name)
        name = names.get(one.key) or by_name.get(plain) or (not chars and by_name.get(plain.replace("-", "")))
        if name:
            artwork[one.key] = Artwork("svg", svg_of(icons, name).encode())
    return artwork


def icon_name(name: str) -> str:
    """`Mrs. Claus` -> `mrs-claus`, as iconify names its icons."""
    return re.sub(r"[^a-z0-9]+", "-", plain_name(name).lower().replace("'", "")).strip("-")


def svg_of(icons: dict, name: str) -> str:
    """The whole SVG document of an icon or alias: square, with the art in its middle."""
    entry, mirrored_x, mirrored_y = resolve(icons, name)
    left, top = entry.get("left", icons.get("left", 0)), entry.get("top", icons.get("top", 0))
    width, height = (entry.get(side, icons.get(side, 16)) for side in ("width", "height"))
    body = mend_clip_paths(entry["body"])
    if mirrored_x or mirrored_y:
        # Mirrored within the icon's own box, which it therefore does not leave.
        shift_x, shift_y = (2 * left + width) * mirrored_x, (2 * top + height) * mirrored_y
        scale_x, scale_y = 1 - 2 * mirrored_x, 1 - 2 * mirrored_y
        body = f'<g transform="translate({shift_x:g} {shift_y:g}) scale({scale_x} {scale_y})">{body}</g>'
    side = max(width, height)
    view = f"{left - (side - width) / 2:g} {top - (side - height) / 2:g} {side:g} {side:g}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}">{body}</svg>'


def resolve(icons: dict, name: str) -> tuple[dict, bool, bool]:
    """Follows aliases to an icon; returns it and whether it is mirrored left to right and top to bottom."""
    mirrored_x = mirrored_y = False
    seen = set()
    while name not in icons["icons"]:
        alias, where = icons.get("aliases", {}).get(name), f"{icons.get('prefix')}: icon '{name}'"
        if alias is None or name in seen:
            raise BuildError(f"{where} leads to no drawing; pin another version in sources.json")
        if unknown := alias.keys() - ALIAS_KEYS:
            raise BuildError(f"{where} has the unknown field '{min(unknown)}'; add it to resolve() in artwork.py")
        seen.add(name)
        mirrored_x ^= alias.get("hFlip", False)
        mirrored_y ^= alias.get("vFlip", False)
        name = alias["parent"]
    return icons["icons"][name], mirrored_x, mirrored_y


def mend_clip_paths(body: str) -> str:
    """Points every reference to `<use href="#A" id="B"/>` at A itself.

    librsvg (2.54 at least) drops what a clip path takes from a `<use>` of a `<use>`; the picture is the same otherwise.
    """
    origin = {}
    for tag in re.findall(r"<use\b[^>]*>", body):
        attributes = dict(re.findall(r'([\w:-]+)="([^"]*)"', tag))
        # With any other attribute B looks different from A.
        if attributes.keys() == {"href", "id"}:
            origin["#" + attributes["id"]] = attributes["href"]

    def resolved(match: re.Match) -> str:
        target, steps = match[1], 0
        while target in origin and steps < len(origin):
            target, steps = origin[target], steps + 1
        return f'href="{target}"'

    return re.sub(r'\bhref="(#[^"]*)"', resolved, body)
