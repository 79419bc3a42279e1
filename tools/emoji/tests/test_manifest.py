import json
import unittest
from unittest import mock

import manifest
from artwork import Artwork
from drawing import Picture
from manifest import licences_text, manifest_text
from tests.fixtures import emoji, source

NOTO = source("@iconify-json/noto", style="noto", licence="Apache-2.0", integrity="sha512-x")
NAMES = source("cldr", role="names")
ART = Artwork("svg", b"<svg/>")


@mock.patch.object(manifest, "tool_versions", lambda: {"librsvg": "1"})
class Manifest(unittest.TestCase):
    def test_pictures_and_sources(self):
        pictures = [
            Picture(emoji("1f34e", "red apple"), NOTO, ART, 64),
            Picture(emoji("1f34c", "banana"), NOTO, ART, 64),
        ]
        text = manifest_text(64, ["food-drink"], [NOTO, NAMES], pictures)
        read = json.loads(text)
        self.assertEqual((read["side"], read["classes"], read["pictures_per_style"]), (64, 2, {"noto": 2}))
        self.assertEqual(read["sources"][0]["integrity"], "sha512-x")
        self.assertEqual([row.get("style", row.get("role")) for row in read["sources"]], ["noto", "names"])
        wanted = {"path": "red apple/noto.png", "class": "red apple", "style": "noto", "hex": "1f34e"}
        wanted |= {"group": "food-drink", "subgroup": "food-fruit", "name": "red apple"}
        self.assertEqual(read["pictures"][0], wanted)
        self.assertEqual(sum('"path"' in line for line in text.splitlines()), 2)


class Licences(unittest.TestCase):
    def test_every_source_with_its_licence(self):
        text = licences_text([NOTO, NAMES])
        self.assertIn("| noto | [Title](https://example.org) by Author | Copyright Author | [Apache-2.0]", text)
        self.assertIn("| names | ", text)
        self.assertIn("Permission is hereby granted", text)

    def test_only_what_applies(self):
        text = licences_text([NOTO])
        self.assertNotIn("Permission is hereby granted", text)
        self.assertNotIn("CC-BY-SA", text)
        self.assertIn("under that licence only", licences_text([source("o", style="o", licence="CC-BY-SA-4.0")]))
