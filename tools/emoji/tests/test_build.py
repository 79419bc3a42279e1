import contextlib
import io
import json
import shutil
import tarfile
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import build
import shards
from tests.fixtures import webp, write_package

META = {
    "groups": {"0": "smileys-emotion", "9": "flags"},
    "subgroups": {"0": "face", "97": "flag", "98": "country-flag"},
}
ENTRIES = [
    {"hexcode": "1F448", "emoji": "👈", "label": "left", "group": 0, "subgroup": 0, "order": 1},
    {"hexcode": "1F449", "emoji": "👉", "label": "right", "group": 0, "subgroup": 0, "order": 2},
    {"hexcode": "1F46A", "emoji": "👪", "label": "family", "group": 0, "subgroup": 0, "order": 3},
    {"hexcode": "1F3C1", "emoji": "🏁", "label": "flag", "group": 9, "subgroup": 97, "order": 4},
]
# Red on the left half of the box.
ICONS = {
    "prefix": "test",
    "width": 32,
    "height": 32,
    "icons": {"pointing-left": {"body": '<path fill="red" d="M0 0h16v32H0z"/>'}, "flag": {"body": "<g/>"}},
    "aliases": {"pointing-right": {"parent": "pointing-left", "hFlip": True}},
}
RED, WHITE = (255, 0, 0), (255, 255, 255)


HANDS, FLAGS = "smileys-emotion-00000.tar", "flags-00000.tar"


def annotations(kind: str, table: dict) -> dict:
    return {f"annotations{kind}": {"annotations": table}}


def members(tar: Path) -> list[str]:
    with tarfile.open(tar) as archive:
        return archive.getnames()


def times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@unittest.skipUnless(shutil.which("rsvg-convert"), "rsvg-convert is not installed")
class Build(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache, self.out = Path(folder.name, "cache"), Path(folder.name, "out")
        self.cache.mkdir()
        patch = mock.patch.object(build, "load_sources", return_value=self.write_packages())
        patch.start()
        self.addCleanup(patch.stop)

    def write_packages(self):
        art = dict.fromkeys(("assets/1f448.webp", "assets/1f449.webp", "assets/1f46a.webp"), webp((255, 0, 0, 255)))
        english = {"👈": {"default": ["finger", "left"], "tts": ["pointing left"]}}
        english |= {"👉": {"tts": ["pointing right"]}}
        german = {"👈": {"tts": ["nach links"]}}
        icons = {"icons.json": ICONS, "chars.json": {"1f448": "pointing-left", "1f3c1": "flag"}}
        texts = {"en/data.json": ENTRIES, "meta/groups.json": META}
        tables = {"en": english, "de": german}
        names = {f"annotations/{tag}/annotations.json": annotations("", table) for tag, table in tables.items()}
        derived = {f"annotationsDerived/{tag}/annotations.json": annotations("Derived", {}) for tag in tables}
        artwork = [
            write_package(self.cache, "icons", icons, style="flat", format="iconify"),
            write_package(self.cache, "pictures", art, style="3d", word="3D", format="pictures", published_in="flat"),
            write_package(self.cache, "more", icons, style="more", format="iconify", optional=True),
            write_package(self.cache, "old", icons | {"chars.json": {}}, style="old", format="iconify", judging=True),
        ]
        return artwork, [
            write_package(self.cache, "groups", texts, role="groups"),
            write_package(self.cache, "names", names, role="names"),
            write_package(self.cache, "derived", derived, role="derived names"),
        ]

    def run_build(self, *arguments: str) -> tuple[int, str]:
        lines = io.StringIO()
        options = ["--out", str(self.out), "--cache", str(self.cache), "--size", "16", "--languages", "en,de"]
        with contextlib.redirect_stderr(lines):
            code = build.main([*options, *arguments])
        return code, lines.getvalue()

    def manifest(self) -> dict:
        return json.loads((self.out / "manifest.json").read_text())

    def pixels(self, key: str) -> list[tuple]:
        with tarfile.open(self.out / HANDS) as archive:
            image = build.PIL.Image.open(archive.extractfile(f"{key}.png"))
            return [image.getpixel((x, 8)) for x in (4, 12)]

    def test_draws_what_there_is(self):
        code, said = self.run_build()
        self.assertEqual(code, 0, said)
        self.assertEqual(set(contents(self.out)), {HANDS, "manifest.json", "LICENSES.md"})
        wanted = ["1f448_3d", "1f448_flat", "1f449_3d", "1f449_flat"]
        self.assertEqual(members(self.out / HANDS), [f"{key}.{end}" for key in wanted for end in ("json", "png")])
        self.assertEqual(self.pixels("1f448_flat"), [RED, WHITE])
        self.assertEqual(self.pixels("1f449_flat"), [WHITE, RED])
        with tarfile.open(self.out / HANDS) as archive:
            left, right = (json.load(archive.extractfile(f"{hex}_3d.json")) for hex in ("1f448", "1f449"))
        self.assertEqual((left["class"], left["style"], left["group"]), ("pointing left", "3d", "smileys-emotion"))
        english = ["pointing left", "pointing left, 3D", "finger, left, 3D"]
        self.assertEqual(left["caption"], {"en": english, "de": ["nach links", "nach links, 3D"]})
        self.assertEqual(right["caption"], {"en": ["pointing right", "pointing right, 3D"]})
        self.assertEqual(self.manifest()["pictures_per_style"], {"3d": 2, "flat": 2})
        self.assertEqual([row["name"] for row in self.manifest()["shards"]], [HANDS])

    def test_styles_for_judging_are_a_set_of_their_own(self):
        code, said = self.run_build("--for-judging")
        self.assertEqual(code, 0, said)
        self.assertEqual(self.manifest()["pictures_per_style"], {"old": 2})
        self.assertEqual(self.pixels("1f448_old"), [RED, WHITE])
        self.assertEqual(build.parse(["--for-judging"]).out.name, "emoji_judge")
        self.assertEqual(build.parse([]).out.name, "emoji")

    def test_a_second_run_changes_nothing(self):
        self.run_build()
        before = times(self.out)
        # Good shards need no pictures.
        shutil.rmtree(self.cache / "drawn-16")
        self.assertIn("0 drawn, 0 shards written, 0 removed", self.run_build()[1])
        self.assertEqual(times(self.out), before)

    def test_drawn_pictures_are_kept_in_the_cache(self):
        self.run_build()
        whole = contents(self.out)
        shutil.rmtree(self.out)
        self.assertIn("0 drawn, 1 shards written", self.run_build()[1])
        self.assertEqual(contents(self.out), whole)

    def test_two_builds_are_equal_to_the_byte(self):
        self.run_build()
        whole = contents(self.out)
        shutil.rmtree(self.out)
        shutil.rmtree(self.cache / "drawn-16")
        self.assertIn("4 drawn", self.run_build()[1])
        self.assertEqual(contents(self.out), whole)

    def test_damage_is_mended(self):
        self.run_build()
        whole = contents(self.out)
        (self.out / HANDS).write_bytes(whole[HANDS][:5000])
        drawing = next(self.cache.glob("drawn-16/flat/*.png"))
        drawing.write_bytes(drawing.read_bytes()[:50])
        self.assertIn("1 drawn, 1 shards written", self.run_build()[1])
        self.assertEqual(contents(self.out), whole)

    def test_an_interrupted_run_is_completed_or_undone(self):
        self.run_build("--groups", "flags")
        flags = contents(self.out)
        with mock.patch.object(build, "write_shard", side_effect=KeyboardInterrupt):
            self.assertEqual(self.run_build()[0], 130)
        self.assertTrue(self.manifest()["unfinished"])
        (self.out / HANDS).write_bytes(b"whole, but not yet in the manifest")
        self.assertEqual(self.run_build("--groups", "flags")[0], 0)
        self.assertEqual(contents(self.out), flags)

    def test_the_result_depends_on_the_options_alone(self):
        self.run_build()
        whole = contents(self.out)
        self.assertIn("1 removed", self.run_build("--groups", "flags", "--with-openmoji")[1])
        self.assertEqual({path for path in contents(self.out) if path.endswith(".tar")}, {FLAGS})
        self.assertEqual(members(self.out / FLAGS)[1::2], ["1f3c1_flat.png", "1f3c1_more.png"])
        self.assertIn("1 shards written", self.run_build("--size", "32")[1])
        self.run_build()
        self.assertEqual(contents(self.out), whole)

    def test_a_style_alone_keeps_to_what_bounds_it(self):
        self.run_build("--styles", "3d")
        wanted = ["1f448_3d", "1f449_3d"]  # the family is not among the flat ones
        self.assertEqual(members(self.out / HANDS), [f"{key}.{end}" for key in wanted for end in ("json", "png")])
        self.assertEqual([row.get("style") for row in self.manifest()["sources"] if "style" in row], ["3d"])

    def test_a_group_that_stays_is_not_written_again(self):
        self.run_build("--groups", "flags")
        before = times(self.out)[FLAGS]
        self.assertIn("1 shards written, 0 removed", self.run_build("--groups", "flags,smileys-emotion")[1])
        self.assertEqual([row["name"] for row in self.manifest()["shards"]], [HANDS, FLAGS])
        self.assertIn("0 shards written, 1 removed", self.run_build("--groups", "flags")[1])
        self.assertEqual(times(self.out)[FLAGS], before)

    def test_other_captions_need_no_drawing(self):
        self.run_build()
        self.assertIn("0 drawn, 1 shards written", self.run_build("--languages", "all")[1])
        self.assertEqual(self.manifest()["languages"], ["en"])

    def test_large_groups_take_several_shards(self):
        with mock.patch.object(shards, "LARGEST_SHARD", 4096):
            self.run_build()
            names = [f"smileys-emotion-{number:05d}.tar" for number in range(2)]
            self.assertEqual([row["name"] for row in self.manifest()["shards"]], names)
            self.assertEqual([len(members(self.out / name)) for name in names], [4, 4])
            self.assertIn("0 shards written, 0 removed", self.run_build()[1])
        self.assertIn("1 shards written, 1 removed", self.run_build()[1])

    def test_files_of_others_are_left_alone(self):
        (self.out / "mine").mkdir(parents=True)
        build.PIL.Image.new("RGB", (4, 4)).save(self.out / "mine/a.png")
        (self.out / "mine-00000.tar").write_bytes(b"mine")
        self.run_build()
        self.run_build("--groups", "flags")
        self.assertTrue((self.out / "mine/a.png").exists())
        self.assertTrue((self.out / "mine-00000.tar").exists())

    def test_the_former_layout_makes_room(self):
        self.run_build()
        whole = contents(self.out)
        drawing = next(self.cache.glob("drawn-16/flat/*.png")).read_bytes()
        shutil.rmtree(self.out)
        (self.out / "pointing left").mkdir(parents=True)
        (self.out / "pointing left/flat.png").write_bytes(drawing)
        (self.out / "manifest.json").write_text('{"format": "pixnerd-emoji-1"}')
        self.assertIn("removed 1 pictures of the former layout", self.run_build()[1])
        self.assertEqual(contents(self.out), whole)

    def test_an_error_is_one_line_and_the_old_set_stays_whole(self):
        self.run_build()
        whole = contents(self.out)
        with mock.patch.object(build, "draw_picture", side_effect=build.BuildError("disk: full; free it")):
            code, said = self.run_build("--size", "32")
        self.assertEqual((code, said), (1, "error: disk: full; free it\n"))
        self.assertEqual(contents(self.out), whole)
        for wrong in (("--groups", "food"), ("--languages", "xx"), ("--styles", "oil")):
            code, said = self.run_build(*wrong)
            self.assertEqual((code, said.count("\n")), (1, 1))

    def test_ctrl_c_says_how_to_go_on(self):
        with mock.patch.object(build, "draw_picture", side_effect=KeyboardInterrupt):
            self.assertEqual(self.run_build(), (130, "interrupted; the same command goes on from here\n"))


class Options(unittest.TestCase):
    def test_sizes_out_of_range_are_wrong_usage(self):
        for size in ("15", "257", "-1", "big"):
            with self.assertRaises(SystemExit) as caught, contextlib.redirect_stderr(io.StringIO()):
                build.parse([f"--size={size}"])
            self.assertEqual(caught.exception.code, 2)
