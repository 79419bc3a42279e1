import tempfile
import unittest
from pathlib import Path

from catalog import Words
from errors import BuildError
from names import LANGUAGES, UNSEEN, USUAL, captions_of, choose_languages, read_names, wanted_languages
from tests.fixtures import emoji, source, write_package

APPLE, PEAR = emoji("1f34e", "red apple"), emoji("1f350", "pear")
NAMES = {
    "de": {"1f34e": Words("roter Apfel", ("Apfel", "Obst")), "1f350": Words("Birne", ("Birne",))},
    "en": {"1f34e": Words("red apple", ("apple", "red")), "1f350": Words("pear")},
    "fr-CA": {"1f34e": Words("pomme")},
    "und": {},
}
CLDR = source("cldr")


class Reading(unittest.TestCase):
    def read(self, languages: set[str] | None) -> dict:
        plain, derived = "annotations/{}/annotations.json", "annotationsDerived/{}/annotations.json"
        apple = {"default": ["apple", "red"], "tts": ["red apple"]}
        files = {
            plain.format("en"): {"annotations": {"annotations": {"🍎": apple, "{": {}}}},
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
        english = {"1f34e": Words("red apple", ("apple", "red")), "0023-20e3": Words("keycap: #")}
        self.assertEqual(self.read(None), {"en": english, "und": {}, "zh-Hant": {"1f34e": Words("紅蘋果")}})

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

    def test_usual_ones_by_default_english_first_and_some_to_be_kept_from_training(self):
        self.assertEqual((LANGUAGES[0], len(set(USUAL)), len(set(UNSEEN))), ("en", 22, 6))
        self.assertEqual((LANGUAGES, len(set(LANGUAGES))), (USUAL + UNSEEN, 28))


class Captions(unittest.TestCase):
    def test_the_name_then_with_the_style_then_keywords(self):
        wanted = {
            "de": ["roter Apfel", "roter Apfel, flat", "Apfel, Obst, flat"],
            "en": ["red apple", "red apple, flat", "apple, red, flat"],
        }
        self.assertEqual(captions_of(APPLE, "flat", NAMES, ["de", "en"]), wanted)

    def test_none_is_said_twice(self):
        self.assertEqual(captions_of(PEAR, "3D", NAMES, ["de"]), {"de": ["Birne", "Birne, 3D"]})

    def test_languages_without_the_name_are_left_out(self):
        self.assertEqual(list(captions_of(PEAR, "flat", NAMES, ["fr-CA", "de"])), ["de"])

    def test_there_is_always_one(self):
        unnamed, wanted = emoji("1f346", "eggplant"), {"en": ["eggplant", "eggplant, noto"]}
        self.assertEqual(captions_of(unnamed, "noto", NAMES, ["de"]), wanted)
        self.assertEqual(captions_of(unnamed, "noto", NAMES, ["en", "de"]), wanted)
