"""What the emoji are called, in the languages of the CLDR."""

import json
import re
from pathlib import Path

from catalog import Emoji, Words, words_of
from errors import BuildError
from packages import Source, read_members

ENGLISH = "en"
# Scripts of every kind among those that most people read; captions of all languages would be larger than the picture.
USUAL = "en ar de el es fr he hi id it ja ko nl pl pt ru th tr uk vi zh zh-Hant".split()
# To be kept from training (`text.languages`): they show what a network makes of languages that it has not learnt, with
# near relatives among the usual ones and without.
UNSEEN = "sv ca bg fi ka ta".split()
LANGUAGES = USUAL + UNSEEN
ALL = "all"
ANNOTATIONS_FILE = re.compile(r"annotations(?:Derived)?/([A-Za-z0-9-]+)/annotations\.json")

# Language -> key of an emoji -> its words.
Names = dict[str, dict[str, Words]]


def read_names(plain: Path, derived: Path, languages: set[str] | None) -> Names:
    """The words for single emoji and for sequences, each a tarball; None stands for every language there is."""

    def wanted(name: str) -> bool:
        found = ANNOTATIONS_FILE.fullmatch(name)
        return found is not None and (languages is None or found[1] in languages)

    tables: dict[str, list[dict]] = {}
    for tarball in (plain, derived):
        for name, content in read_members(tarball, wanted).items():
            (table,) = json.loads(content).values()
            # A language that only inherits has no names of its own.
            tables.setdefault(ANNOTATIONS_FILE.fullmatch(name)[1], []).append(table.get("annotations", {}))
    return {language: words_of(*found) for language, found in sorted(tables.items())}


def wanted_languages(option: str) -> list[str] | None:
    """`de, en` -> ["de", "en"]; None for all."""
    languages = list(dict.fromkeys(word.strip() for word in option.split(",") if word.strip()))
    if not languages:
        raise BuildError(f"--languages: names no language; choose from {', '.join(LANGUAGES)} and others, or '{ALL}'")
    return None if languages == [ALL] else languages


def choose_languages(wanted: list[str] | None, names: Names, catalog: list[Emoji], source: Source) -> list[str]:
    """The languages of the captions. All: English, then those that have a name for at least nine of ten emoji."""
    if wanted is None:
        enough = 0.9 * len(catalog)
        named = (language for language in names if sum(one.key in names[language] for one in catalog) >= enough)
        return [ENGLISH, *(language for language in named if language != ENGLISH)]
    for language in wanted:
        if not names.get(language):
            usual = ", ".join(LANGUAGES)
            raise BuildError(f"--languages: {source.spec} has no '{language}'; it has {usual} and others")
    return wanted


def captions_of(emoji: Emoji, style: str, names: Names, languages: list[str]) -> dict[str, list[str]]:
    """Language -> captions of an emoji in a style, the plain name first, for languages that name it; at least one."""
    known = {language: names[language][emoji.key] for language in languages if emoji.key in names[language]}
    if ENGLISH in languages or not known:
        known = {ENGLISH: Words(emoji.name)} | known
    return {language: captions_in(words, style) for language, words in known.items()}


def captions_in(words: Words, style: str) -> list[str]:
    """`fox` -> fox; fox, noto; animal, face, fox, noto."""
    said = [words.name, f"{words.name}, {style}", ", ".join((*words.keywords, style))]
    return list(dict.fromkeys(said if words.keywords else said[:2]))
