"""manifest.json beside the shards: what they hold, what from, and by which files a later run knows them for ours.

It holds no date or path of the machine, so that two builds of one selection are equal to the byte.
"""

import json
from collections import Counter

from drawing import tool_versions
from packages import Source
from shards import Sample, Shard

MANIFEST = "manifest.json"
FORMAT = "pixnerd-emoji-2"
SOURCE_FIELDS = ("package", "version", "integrity", "title", "author", "copyright", "url", "licence", "licence_url")


def manifest_text(
    side: int, groups: dict[str, list[Sample]], languages: list[str], sources: list[Source], shards: list[Shard]
) -> str:
    pictures = [sample.picture for samples in groups.values() for sample in samples]
    return text_of(
        {
            "format": FORMAT,
            "side": side,
            "groups": list(groups),
            "languages": languages,
            "classes": len({picture.emoji.class_name for picture in pictures}),
            "pictures": len(pictures),
            "pictures_per_style": Counter(picture.source.style for picture in pictures),
            "pictures_per_group": Counter(picture.emoji.group for picture in pictures),
            "drawn_with": tool_versions(),
            "sources": [source_entry(source) for source in sources],
            "shards": [shard.entry() for shard in shards],
        }
    )


def unfinished_text(kept: list[Shard], changing: list[str]) -> str:
    """Stands in place of the manifest while shards change: it names those that may be ours, whole or not."""
    shards = [shard.entry() for shard in kept] + [{"name": name} for name in changing]
    return text_of({"format": FORMAT, "unfinished": True, "shards": shards})


def text_of(table: dict) -> str:
    return json.dumps(table, ensure_ascii=False, indent=2) + "\n"


def source_entry(source: Source) -> dict:
    use = {"style": source.style} if source.style else {"role": source.role}
    return use | {field: getattr(source, field) for field in SOURCE_FIELDS}
