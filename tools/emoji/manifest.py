"""The two texts beside the pictures: manifest.json, for programs, and LICENSES.md, for people.

Neither holds a date or a path of the machine, so that two builds of one selection are equal to the byte.
"""

import json
from collections import Counter

from drawing import Picture, tool_versions
from packages import Source

SOURCE_FIELDS = ("package", "version", "integrity", "title", "author", "copyright", "url", "licence", "licence_url")

MIT_TEXT = """\
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def manifest_text(side: int, groups: list[str], sources: list[Source], pictures: list[Picture]) -> str:
    """JSON with one picture a line, so that two manifests can be compared line by line."""
    head = {
        "format": "pixnerd-emoji-1",
        "side": side,
        "groups": groups,
        "classes": len({picture.emoji.class_name for picture in pictures}),
        "pictures_per_style": Counter(picture.source.style for picture in pictures),
        "pictures_per_group": Counter(picture.emoji.group for picture in pictures),
        "drawn_with": tool_versions(),
        "sources": [source_entry(source) for source in sources],
        "pictures": [],
    }
    lines = ",\n".join("    " + json.dumps(picture_entry(picture), ensure_ascii=False) for picture in pictures)
    empty_list = '"pictures": []'
    text = json.dumps(head, ensure_ascii=False, indent=2)
    return text.replace(empty_list, f'"pictures": [\n{lines}\n  ]') + "\n"


def picture_entry(picture: Picture) -> dict:
    emoji = picture.emoji
    return {
        "path": picture.path.as_posix(),
        "class": emoji.class_name,
        "style": picture.source.style,
        "hex": emoji.key,
        "group": emoji.group,
        "subgroup": emoji.subgroup,
        "name": emoji.name,
    }


def source_entry(source: Source) -> dict:
    use = {"style": source.style} if source.style else {"role": source.role}
    return use | {field: getattr(source, field) for field in SOURCE_FIELDS}


def licences_text(sources: list[Source]) -> str:
    artwork = [source for source in sources if source.style]
    texts = [source for source in sources if not source.style]
    lines = [
        "# Where these pictures come from",
        "",
        "Each picture is one emoji of one of these works, drawn on white and shrunk, otherwise unchanged.",
        "The name of its file is its style.",
        "",
        *source_table("style", artwork),
        "",
        "The names of the folders, and the groups in `manifest.json`, are from:",
        "",
        *source_table("use", texts),
        "",
    ]
    if any("-SA-" in source.licence for source in artwork):
        lines += ["Pictures under CC-BY-SA-4.0 may be passed on under that licence only.", ""]
    if any(source.licence == "MIT" for source in sources):
        lines += ["## MIT", "", MIT_TEXT]
    return "\n".join(lines)


def source_table(first_column: str, sources: list[Source]) -> list[str]:
    rows = (
        (
            source.style or source.role,
            f"[{source.title}]({source.url}) by {source.author}",
            source.copyright,
            f"[{source.licence}]({source.licence_url})",
            f"`{source.spec}`",
        )
        for source in sources
    )
    head = [f"| {first_column} | work | copyright | licence | npm package |", "|---|---|---|---|---|"]
    return head + ["| " + " | ".join(row) + " |" for row in rows]
