import tempfile
import unittest
from pathlib import Path

from artwork import icon_name, iconify_artwork, load_artwork, mend_clip_paths, picture_artwork, resolve, svg_of
from errors import BuildError
from tests.fixtures import emoji, source, write_package

ICONS = {
    "prefix": "test",
    "width": 32,
    "height": 32,
    "icons": {
        "left": {"body": "<path/>"},
        "wide": {"body": "<path/>", "height": 24},
        "moved": {"body": "<path/>", "left": 4, "top": 2, "width": 20, "height": 20},
    },
    "aliases": {
        "right": {"parent": "left", "hFlip": True},
        "again": {"parent": "right"},
        "back": {"parent": "right", "hFlip": True},
        "below": {"parent": "moved", "vFlip": True, "hFlip": True},
        "turned": {"parent": "left", "rotate": 1},
        "lost": {"parent": "nowhere"},
        "circle": {"parent": "circle"},
    },
}


def view_box(svg: str) -> str:
    return svg.split('viewBox="')[1].split('"')[0]


class Aliases(unittest.TestCase):
    def test_mirrors_add_up_along_the_chain(self):
        self.assertEqual(resolve(ICONS, "left")[1:], (False, False))
        self.assertEqual(resolve(ICONS, "right")[1:], (True, False))
        self.assertEqual(resolve(ICONS, "again")[1:], (True, False))
        self.assertEqual(resolve(ICONS, "back")[1:], (False, False))

    def test_a_mirrored_icon_stays_in_its_box(self):
        self.assertIn('<g transform="translate(32 0) scale(-1 1)"><path/></g>', svg_of(ICONS, "right"))
        self.assertIn('<g transform="translate(28 24) scale(-1 -1)"><path/></g>', svg_of(ICONS, "below"))
        self.assertNotIn("<g", svg_of(ICONS, "left"))

    def test_bad_aliases_are_named(self):
        with self.assertRaisesRegex(BuildError, "test: icon 'nowhere' leads to no drawing"):
            resolve(ICONS, "lost")
        with self.assertRaisesRegex(BuildError, "icon 'circle' leads to no drawing"):
            resolve(ICONS, "circle")
        with self.assertRaisesRegex(BuildError, "icon 'turned' has the unknown field 'rotate'"):
            resolve(ICONS, "turned")


class ViewBoxes(unittest.TestCase):
    def test_art_is_in_the_middle_of_a_square(self):
        self.assertEqual(view_box(svg_of(ICONS, "left")), "0 0 32 32")
        self.assertEqual(view_box(svg_of(ICONS, "wide")), "0 -4 32 32")
        self.assertEqual(view_box(svg_of(ICONS, "moved")), "4 2 20 20")


class ClipPaths(unittest.TestCase):
    def test_references_to_a_use_go_to_its_origin(self):
        body = '<use href="#A" id="B"/><use id="C" href="#B"/><clipPath id="D"><use href="#C"/></clipPath>'
        mended = '<use href="#A" id="B"/><use id="C" href="#A"/><clipPath id="D"><use href="#A"/></clipPath>'
        self.assertEqual(mend_clip_paths(body), mended)

    def test_a_use_that_changes_the_look_is_left_alone(self):
        body = '<use href="#A" id="B" fill="red"/><use href="#B"/>'
        self.assertEqual(mend_clip_paths(body), body)

    def test_a_circle_of_uses_ends(self):
        self.assertIn('href="#', mend_clip_paths('<use href="#A" id="B"/><use href="#B" id="A"/>'))


class Joining(unittest.TestCase):
    RIGHT = emoji("1f449", "right")

    def test_without_keys_all_icons_are_found_by_name(self):
        icons = {"icons": {"catface": {"body": "a"}, "red-apple": {"body": "b"}}}
        icons["aliases"] = {"fox": {"parent": "catface"}}
        wanted = [emoji("1", "cat face"), emoji("2", "red apple"), emoji("3", "fox"), emoji("4", "owl")]
        self.assertEqual(set(iconify_artwork(icons, {}, wanted)), {"1", "2", "3"})
        self.assertEqual(set(iconify_artwork(icons, {"2": "red-apple"}, wanted)), {"2", "3"})

    def test_icons_are_found_by_key_and_aliases_by_name(self):
        chars = {"1f448": "left", "2764-fe0f": "wide"}
        wanted = [emoji("1f448", "pointing left"), self.RIGHT, emoji("2764", "heart"), emoji("1f34e", "apple")]
        found = iconify_artwork(ICONS, chars, wanted)
        self.assertEqual(list(found), ["1f448", "1f449", "2764"])
        self.assertIn(b"scale(-1 1)", found["1f449"].content)

    def test_an_icon_of_another_emoji_is_not_taken_for_its_name(self):
        self.assertEqual(iconify_artwork(ICONS, {"1f448": "left"}, [emoji("1f34e", "left")]), {})

    def test_iconify_names(self):
        self.assertEqual(icon_name("Mrs. Claus"), "mrs-claus")
        self.assertEqual(icon_name("woman’s hat"), "womans-hat")

    def test_the_fully_qualified_file_wins(self):
        files = {"assets/26a7.webp": b"short", "assets/26a7-fe0f.webp": b"long", "assets/1f34e.webp": b"apple"}
        found = picture_artwork(files, [emoji("26a7", "transgender symbol")])
        self.assertEqual({key: art.content for key, art in found.items()}, {"26a7": b"long"})

    def test_packages_of_both_formats(self):
        with tempfile.TemporaryDirectory() as folder:
            files = {"icons.json": ICONS, "chars.json": {"1f448": "left"}}
            icons = write_package(Path(folder), "icons", files, format="iconify")
            found = load_artwork(icons, Path(folder, icons.tarball_name), [emoji("1f448", "a")])
            self.assertEqual(found["1f448"].kind, "svg")
            files = {"assets/1f448.webp": b"picture", "assets/readme.txt": b""}
            pictures = write_package(Path(folder), "pictures", files, format="pictures")
            found = load_artwork(pictures, Path(folder, pictures.tarball_name), [emoji("1f448", "a")])
            self.assertEqual((found["1f448"].kind, found["1f448"].content), ("webp", b"picture"))

    def test_an_unknown_format_is_named(self):
        with self.assertRaisesRegex(BuildError, "p@1.0.0 has the unknown format 'font'"):
            load_artwork(source("p", format="font"), Path("p.tgz"), [])
