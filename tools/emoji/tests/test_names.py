import tempfile
import unittest
from pathlib import Path

from errors import BuildError
from names import LANGUAGES, captions_of, choose_languages, read_names, wanted_languages
from tests.fixtures import emoji, source, write_package

APPLE, PEAR = emoji("1f34e", "red apple"), emoji("1f350", "pear")
NAMES = {
    "de": {"1f34e": "roter Apfel", "1f350": "Birne"},
    "en": {"1f34e": "red apple", "1f350": "pear"},
    "fr-CA": {"1f34e": "pomme"},
    "und": {},
}
CLDR = source("cldr")


class Reading(unittest.TestCase):
    def read(self, languages: set[str] | None) -> dict:
        plain, derived = "annotations/{}/annotations.json", "annotationsDerived/{}/annotations.json"
        files = {
            plain.format("en"): {"annotations": {"annotations": {"🍎": {"tts": ["red apple"]}, "{": {}}}},
            plain.format("zh-Hant"): {"annotations": {"annotations": {"🍎": {"tts": ["紅蘋果"]}}}},
            plain.format("und"): {"annotations": {"identity": {}}},
            "package.json": {},
        }
        derived_files = {
            derived.format("en"): {"annotationsDerived": {"annotations": {"#\ufe0f\u20e3": {"tts": ["keycap: #"]}}}}
        }
        with tempfile.TemporaryDirectory() as folder:
            rows = [write_package(Path(folder), "a", files), write_package(Path(folder), "b", derived_files)]
            return read_names(*(Path(folder, row.tarball_name) for row in rows), languages=languages)

    def test_all_languages(self):
        english = {"1f34e": "red apple", "0023-20e3": "keycap: #"}
        self.assertEqual(self.read(None), {"en": english, "und": {}, "zh-Hant": {"1f34e": "紅蘋果"}})

    def test_some_languages(self):
        self.assertEqual(list(self.read({"zh-Hant", "xx"})), ["zh-Hant"])


class Choosing(unittest.TestCase):
    def test_a_list_keeps_its_order(self):
        wanted = wanted_languages("de, en,de")
        self.assertEqual(wanted, ["de", "en"])
        self.assertEqual(choose_languages(wanted, NAMES, [APPLE, PEAR], CLDR), ["de", "en"])

    def test_all_are_those_that_name_nearly_everything(self):
        self.assertIsNone(wanted_languages("all"))
        self.assertEqual(choose_languages(None, NAMES, [APPLE, PEAR], CLDR), ["en", "de"])

    def test_unknown_or_no_languages_are_refused(self):
        for wanted in ("xx", "und"):
            with self.assertRaisesRegex(BuildError, f"--languages: cldr@1.0.0 has no '{wanted}'"):
                choose_languages(["en", wanted], NAMES, [APPLE], CLDR)
        with self.assertRaisesRegex(BuildError, "--languages: names no language"):
            wanted_languages(",")

    def test_twenty_by_default_english_first(self):
        self.assertEqual((len(set(LANGUAGES)), LANGUAGES[0]), (20, "en"))


class Captions(unittest.TestCase):
    def test_languages_without_the_name_are_left_out(self):
        self.assertEqual(captions_of(PEAR, NAMES, ["fr-CA", "de"]), {"de": "Birne"})

    def test_there_is_always_one(self):
        unnamed = emoji("1f346", "eggplant")
        self.assertEqual(captions_of(unnamed, NAMES, ["de"]), {"en": "eggplant"})
        self.assertEqual(captions_of(unnamed, NAMES, ["en", "de"]), {"en": "eggplant"})
