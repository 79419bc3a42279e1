import json
import unittest
from unittest import mock

import manifest
from artwork import Artwork
from drawing import Picture
from manifest import manifest_text, unfinished_text
from shards import Sample, Shard
from tests.fixtures import emoji, source

NOTO = source("@iconify-json/noto", style="noto", licence="Apache-2.0", integrity="sha512-x")
NAMES = source("cldr", role="names")
SHARD = Shard("food-drink-00000.tar", "food-drink", 2, 10240, "ab", "cd")
SHARD_ENTRY = {"name": "food-drink-00000.tar", "group": "food-drink", "pictures": 2, "bytes": 10240}
SHARD_ENTRY |= {"sha256": "ab", "recipe": "cd"}


def sample(key: str, name: str) -> Sample:
    return Sample(Picture(emoji(key, name), NOTO, Artwork("svg", b"<svg/>"), 128), {"en": [name]})


@mock.patch.object(manifest, "tool_versions", lambda: {"librsvg": "1"})
class Manifest(unittest.TestCase):
    def test_counts_sources_and_shards(self):
        groups = {"food-drink": [sample("1f34c", "banana"), sample("1f34e", "red apple")]}
        read = json.loads(manifest_text(128, groups, ["en"], [NOTO, NAMES], [SHARD]))
        self.assertEqual((read["format"], read["side"], read["languages"]), ("pixnerd-emoji-2", 128, ["en"]))
        self.assertEqual((read["classes"], read["pictures"], read["pictures_per_style"]), (2, 2, {"noto": 2}))
        self.assertEqual(read["pictures_per_group"], {"food-drink": 2})
        self.assertEqual(read["sources"][0]["integrity"], "sha512-x")
        self.assertEqual([row.get("style", row.get("role")) for row in read["sources"]], ["noto", "names"])
        self.assertEqual(read["shards"], [SHARD_ENTRY])
        self.assertNotIn("unfinished", read)

    def test_an_unfinished_one_says_so(self):
        read = json.loads(unfinished_text([SHARD], ["symbols-00000.tar"]))
        self.assertEqual((read["format"], read["unfinished"]), ("pixnerd-emoji-2", True))
        self.assertEqual(read["shards"], [SHARD_ENTRY, {"name": "symbols-00000.tar"}])
