"""LICENSES.md beside the shards: whose the pictures and the names are, and on what terms."""

from packages import Source

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

UNICODE_TEXT = """\
Permission is hereby granted, free of charge, to any person obtaining a copy of data files and any associated
documentation (the "Data Files") or software and any associated documentation (the "Software") to deal in the Data Files
or Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, and/or sell copies of the Data Files or Software, and to permit persons to whom the Data Files or Software
are furnished to do so, provided that either (a) this copyright and permission notice appear with all copies of the Data
Files or Software, or (b) this copyright and permission notice appear in associated Documentation.

THE DATA FILES AND SOFTWARE ARE PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT OF THIRD PARTY
RIGHTS.

IN NO EVENT SHALL THE COPYRIGHT HOLDER OR HOLDERS INCLUDED IN THIS NOTICE BE LIABLE FOR ANY CLAIM, OR ANY SPECIAL
INDIRECT OR CONSEQUENTIAL DAMAGES, OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
THE DATA FILES OR SOFTWARE.

Except as contained in this notice, the name of a copyright holder shall not be used in advertising or otherwise to
promote the sale, use or other dealings in these Data Files or Software without prior written authorization of the
copyright holder.
"""

# The notices that have to go with every copy.
NOTICES = {"MIT": MIT_TEXT, "Unicode-3.0": UNICODE_TEXT}


def licences_text(sources: list[Source]) -> str:
    artwork = [source for source in sources if source.style]
    texts = [source for source in sources if not source.style]
    lines = [
        "# Where these pictures come from",
        "",
        "Each picture is one emoji of one of these works, drawn on white and shrunk, otherwise unchanged.",
        "The `style` in the JSON beside it, which also ends its name, says of which.",
        "",
        *source_table("style", artwork),
        "",
        "The classes, the captions and the groups are from:",
        "",
        *source_table("use", texts),
        "",
    ]
    if any("-SA-" in source.licence for source in artwork):
        lines += ["Pictures under CC-BY-SA-4.0 may be passed on under that licence only.", ""]
    for licence, text in NOTICES.items():
        if any(source.licence == licence for source in sources):
            lines += [f"## {licence}", "", text]
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
