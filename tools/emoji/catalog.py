"""Which emoji there are: code points, group, subgroup, name, and the name of the class.

Groups come from emojibase, which follows Unicode's emoji-test.txt, and names from the CLDR. All sets are joined by
`key_of`, since they disagree about where the variation selector belongs.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from errors import BuildError

VARIATION_SELECTOR = "fe0f"
COMPONENTS = "component"
COUNTRY_FLAGS = frozenset({"country-flag", "subdivision-flag"})
FLAGS = "flags"


@dataclass(frozen=True)
class Subset:
    """Groups of Unicode's chart; of their subgroups all, unless some are named."""

    groups: tuple[str, ...]
    subgroups: tuple[str, ...] = ()


FACES = "smiling affection tongue hand hat glasses".split()
SUBSETS = {
    "demo": Subset(("smileys-emotion", "animals-nature", "food-drink")),
    "faces": Subset(("smileys-emotion",), tuple(f"face-{kind}" for kind in FACES)),
}


@dataclass(frozen=True)
class Emoji:
    """One thing that several styles draw. `key` joins the sets, `class_name` is unique among all emoji."""

    key: str
    text: str
    group: str
    subgroup: str
    name: str
    class_name: str


@dataclass(frozen=True)
class Words:
    """What one language calls an emoji, and by which other words its speakers look for it."""

    name: str
    keywords: tuple[str, ...] = ()


def key_of(hexcode: str) -> str:
    """`1F441-FE0F-200D-1F5E8-FE0F` -> `1f441-200d-1f5e8`."""
    return "-".join(part for part in re.split("[-_]", hexcode.lower()) if part != VARIATION_SELECTOR)


def key_of_text(text: str) -> str:
    """The key of the characters themselves, which is how the CLDR names them."""
    return key_of("-".join(f"{ord(char):04x}" for char in text))


def words_of(*annotations: dict) -> dict[str, Words]:
    """Key -> words of the `annotations` tables of one language; earlier tables win."""
    words: dict[str, Words] = {}
    for table in annotations:
        for text, entry in table.items():
            if entry.get("tts"):
                words.setdefault(key_of_text(text), Words(entry["tts"][0], tuple(entry.get("default", ()))))
    return words


def plain_name(name: str) -> str:
    """A readable name that every shell and, as a folder, every file system takes: ASCII letters, digits and ` !&'().-`.

    `keycap: *` -> `keycap asterisk`, `piñata` -> `pinata`, `family: man, boy` -> `family man boy`.
    """
    name = name.replace("#", " hash ").replace("*", " asterisk ").replace("\u2019", "'")
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    plain = re.sub(r"[^A-Za-z0-9 !&'().-]", " ", plain)
    # Windows drops trailing dots, and a leading one hides the folder.
    return re.sub(r" +", " ", plain).strip(" .")


def class_names(names: dict[str, str]) -> dict[str, str]:
    """Key -> name of the class; names that coincide, also up to case, all carry their key, whatever the order."""
    plain = {key: plain_name(name) for key, name in names.items()}
    taken = Counter(name.casefold() for name in plain.values())
    return {
        key: name if name and taken[name.casefold()] == 1 else f"{name} {key}".strip() for key, name in plain.items()
    }


def build_catalog(entries: list[dict], meta: dict, names: dict[str, str]) -> list[Emoji]:
    """Joins emojibase's entries and group table with the names, in the order of Unicode's chart.

    Left out: entries without a group (regional indicators), components (skin tones, hair), flags of countries and their
    parts, and skin-tone variants, which emojibase nests below their emoji.
    """
    rows = []
    for entry in sorted(entries, key=lambda entry: entry.get("order", 0)):
        if "group" not in entry:
            continue
        group, subgroup = meta["groups"][str(entry["group"])], meta["subgroups"][str(entry["subgroup"])]
        if group != COMPONENTS and subgroup not in COUNTRY_FLAGS:
            key = key_of(entry["hexcode"])
            # A few signs and keycaps have no CLDR name; emojibase's label is that of emoji-test.txt.
            rows.append((key, entry["emoji"], group, subgroup, names.get(key, entry["label"])))
    classes = class_names({row[0]: row[4] for row in rows})
    return [Emoji(*row, class_name=classes[row[0]]) for row in rows]


def choose_emoji(catalog: list[Emoji], groups: str | None, subset: str | None) -> list[Emoji]:
    """Those to draw, in chart order, of a comma-separated list of groups or a named subset. Neither: all but flags."""
    if subset is not None:
        wanted = SUBSETS[subset]
    elif groups is not None:
        wanted = Subset(named_groups(catalog, groups))
    else:
        wanted = Subset(tuple({one.group for one in catalog} - {FLAGS}))
    return [
        one
        for one in catalog
        if one.group in wanted.groups and (not wanted.subgroups or one.subgroup in wanted.subgroups)
    ]


def named_groups(catalog: list[Emoji], groups: str) -> tuple[str, ...]:
    known = list(dict.fromkeys(one.group for one in catalog))
    wanted = tuple(word.strip() for word in groups.split(",") if word.strip())
    for group in wanted:
        if group not in known:
            raise BuildError(f"--groups: there is no group '{group}'; choose from {', '.join(known)}")
    if not wanted:
        raise BuildError(f"--groups: names no group; choose from {', '.join(known)}")
    return wanted
