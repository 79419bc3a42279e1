import unittest

from licences import licences_text
from tests.fixtures import source

NOTO = source("@iconify-json/noto", style="noto", licence="Apache-2.0")


class Licences(unittest.TestCase):
    def test_every_source_with_its_licence_and_notice(self):
        names = source("cldr", role="names", licence="Unicode-3.0")
        text = licences_text([NOTO, names, source("groups", role="groups")])
        self.assertIn("| noto | [Title](https://example.org) by Author | Copyright Author | [Apache-2.0]", text)
        self.assertIn("| names | ", text)
        self.assertIn("## MIT", text)
        self.assertIn("## Unicode-3.0", text)
        self.assertEqual(text.count("Permission is hereby granted"), 2)

    def test_only_what_applies(self):
        text = licences_text([NOTO])
        self.assertNotIn("Permission is hereby granted", text)
        self.assertNotIn("CC-BY-SA", text)
        self.assertIn("under that licence only", licences_text([source("o", style="o", licence="CC-BY-SA-4.0")]))
