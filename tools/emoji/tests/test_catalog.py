import unittest

from catalog import Words, build_catalog, choose_emoji, class_names, key_of, key_of_text, plain_name, words_of
from errors import BuildError
from tests.fixtures import emoji

META = {
    "groups": {"0": "smileys-emotion", "2": "component", "9": "flags"},
    "subgroups": {"0": "face-smiling", "32": "skin-tone", "97": "flag", "98": "country-flag", "99": "subdivision-flag"},
}


def entry(hexcode: str, label: str, group: int | None = 0, subgroup: int = 0, order: int = 0) -> dict:
    row = {"hexcode": hexcode, "emoji": chr(int(hexcode.split("-")[0], 16)), "label": label, "order": order}
    return row if group is None else row | {"group": group, "subgroup": subgroup}


class Keys(unittest.TestCase):
    def test_every_variation_selector_goes(self):
        self.assertEqual(key_of("1F441-FE0F-200D-1F5E8-FE0F"), "1f441-200d-1f5e8")
        self.assertEqual(key_of("0023-fe0f-20e3"), "0023-20e3")
        self.assertEqual(key_of("1f3f4-e0067_e0062"), "1f3f4-e0067-e0062")

    def test_characters_and_hex_codes_meet(self):
        self.assertEqual(key_of_text("\u2764\ufe0f\u200d\U0001f525"), key_of("2764-FE0F-200D-1F525"))
        self.assertEqual(key_of_text("#\ufe0f\u20e3"), key_of("0023-FE0F-20E3"))


class ClassNames(unittest.TestCase):
    def test_readable_and_safe(self):
        for name, plain in {
            "grinning face": "grinning face",
            "keycap: *": "keycap asterisk",
            "keycap: #": "keycap hash",
            "piñata": "pinata",
            "woman’s hat": "woman's hat",
            "Japanese “here” button": "Japanese here button",
            "family: man, woman, boy": "family man woman boy",
            "A button (blood type)": "A button (blood type)",
            "../a/b\\c\0": "a b c",
            "Mrs. Claus": "Mrs. Claus",
            "etc.": "etc",
        }.items():
            self.assertEqual(plain_name(name), plain)

    def test_names_that_coincide_carry_their_key(self):
        names = {"1": "O button", "2": "o: button", "3": "ring", "4": "指"}
        expected = {"1": "O button 1", "2": "o button 2", "3": "ring", "4": "4"}
        self.assertEqual(class_names(names), expected)
        self.assertEqual(class_names(dict(reversed(names.items()))), expected)


class WordsOfALanguage(unittest.TestCase):
    def test_tables_are_joined_and_earlier_ones_win(self):
        plain = {"\u2764": {"default": ["heart", "love"], "tts": ["red heart"]}, "{": {"default": ["brace"]}}
        derived = {"\u2764\ufe0f": {"tts": ["another heart"]}, "#\u20e3": {"tts": ["keycap: #"]}}
        wanted = {"2764": Words("red heart", ("heart", "love")), "0023-20e3": Words("keycap: #")}
        self.assertEqual(words_of(plain, derived), wanted)


class Catalog(unittest.TestCase):
    def test_joins_groups_and_names_in_chart_order(self):
        entries = [entry("2764-FE0F", "heart label", order=2), entry("1F600", "grin label", order=1)]
        first, second = build_catalog(entries, META, {"1f600": "grinning face", "2764": "red heart"})
        self.assertEqual((first.key, first.name, first.class_name), ("1f600", "grinning face", "grinning face"))
        self.assertEqual((second.key, second.group, second.subgroup), ("2764", "smileys-emotion", "face-smiling"))

    def test_without_a_cldr_name_the_label_serves(self):
        self.assertEqual(build_catalog([entry("1F600", "label")], META, {})[0].name, "label")

    def test_leaves_out_what_is_no_thing_of_its_own(self):
        entries = [
            entry("1F1E6", "regional indicator A", group=None),
            entry("1F3FB", "light skin tone", group=2, subgroup=32),
            entry("1F1E8-1F1ED", "flag: Switzerland", group=9, subgroup=98),
            entry("1F3F4-E0067", "flag: Scotland", group=9, subgroup=99),
            entry("1F3C1", "chequered flag", group=9, subgroup=97),
        ]
        self.assertEqual([one.key for one in build_catalog(entries, META, {})], ["1f3c1"])


class Choice(unittest.TestCase):
    CATALOG = [
        emoji("1f600", "a", "smileys-emotion", "face-smiling"),
        emoji("1f631", "d", "smileys-emotion", "face-concerned"),
        emoji("1f34e", "b"),
        emoji("1f3c1", "c", "flags"),
    ]

    def chosen(self, groups: str | None, subset: str | None) -> str:
        return "".join(one.name for one in choose_emoji(self.CATALOG, groups, subset))

    def test_default_is_all_but_flags(self):
        self.assertEqual(self.chosen(None, None), "adb")

    def test_a_list_is_taken_in_chart_order(self):
        self.assertEqual(self.chosen("flags, smileys-emotion", None), "adc")

    def test_a_subset_has_groups_or_parts_of_them(self):
        self.assertEqual(self.chosen(None, "demo"), "adb")
        self.assertEqual(self.chosen(None, "faces"), "a")

    def test_unknown_or_no_groups_are_refused(self):
        with self.assertRaisesRegex(BuildError, "no group 'food'; choose from smileys-emotion, food-drink, flags"):
            self.chosen("food", None)
        with self.assertRaisesRegex(BuildError, "names no group"):
            self.chosen(",", None)
