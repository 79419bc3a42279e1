import contextlib
import io
import json
import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import build
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
        plain = {"👈": {"tts": ["pointing left"]}, "👉": {"tts": ["pointing right"]}}
        plain, derived = {"annotations": {"annotations": plain}}, {"annotationsDerived": {"annotations": {}}}
        icons = {"icons.json": ICONS, "chars.json": {"1f448": "pointing-left", "1f3c1": "flag"}}
        texts = {"en/data.json": ENTRIES, "meta/groups.json": META}
        names, derived_names = "annotations/en/annotations.json", "annotationsDerived/en/annotations.json"
        artwork = [
            write_package(self.cache, "icons", icons, style="flat", format="iconify"),
            write_package(self.cache, "pictures", art, style="3d", format="pictures", published_in="flat"),
            write_package(self.cache, "more", icons, style="more", format="iconify", optional=True),
        ]
        return artwork, [
            write_package(self.cache, "groups", texts, role="groups"),
            write_package(self.cache, "names", {names: plain}, role="names"),
            write_package(self.cache, "derived", {derived_names: derived}, role="derived names"),
        ]

    def run_build(self, *arguments: str) -> tuple[int, str]:
        lines = io.StringIO()
        with contextlib.redirect_stderr(lines):
            code = build.main(["--out", str(self.out), "--cache", str(self.cache), "--size", "16", *arguments])
        return code, lines.getvalue()

    def pixels(self, path: str) -> list[tuple]:
        with build.PIL.Image.open(self.out / path) as image:
            return [image.getpixel((x, 8)) for x in (4, 12)]

    def test_draws_what_there_is(self):
        code, said = self.run_build()
        self.assertEqual(code, 0, said)
        wanted = {f"pointing {way}/{style}.png" for way in ("left", "right") for style in ("flat", "3d")}
        self.assertEqual(set(contents(self.out)), wanted | {"manifest.json", "LICENSES.md"})
        self.assertEqual(self.pixels("pointing left/flat.png"), [RED, WHITE])
        self.assertEqual(self.pixels("pointing right/flat.png"), [WHITE, RED])
        pictures = json.loads((self.out / "manifest.json").read_text())["pictures"]
        self.assertEqual({row["path"] for row in pictures}, wanted)

    def test_a_second_run_draws_nothing(self):
        self.run_build()
        before = contents(self.out)
        self.assertIn("0 drawn, 0 removed", self.run_build()[1])
        self.assertEqual(contents(self.out), before)

    def test_an_interrupted_run_is_completed(self):
        self.run_build()
        whole = contents(self.out)
        (self.out / "manifest.json").unlink()
        (self.out / "pointing left/flat.png").unlink()
        (self.out / "pointing right/flat.png").write_bytes(whole["pointing right/flat.png"][:50])
        (self.out / "pointing right/3d.png.part").write_bytes(b"half")
        self.assertIn("2 drawn", self.run_build()[1])
        self.assertEqual(contents(self.out), whole)

    def test_the_result_depends_on_the_options_alone(self):
        self.run_build()
        whole = contents(self.out)
        self.run_build("--groups", "flags", "--with-openmoji", "--size", "32")
        self.assertEqual({path for path in contents(self.out) if "/" in path}, {"flag/flat.png", "flag/more.png"})
        self.run_build()
        self.assertEqual(contents(self.out), whole)

    def test_files_of_others_are_left_alone(self):
        (self.out / "mine").mkdir(parents=True)
        build.PIL.Image.new("RGB", (4, 4)).save(self.out / "mine/a.png")
        self.run_build()
        self.assertTrue((self.out / "mine/a.png").exists())

    def test_an_error_is_one_line_and_no_manifest_stays(self):
        self.run_build()
        (self.out / "pointing left/flat.png").unlink()
        with mock.patch.object(build, "draw_picture", side_effect=build.BuildError("disk: full; free it")):
            code, said = self.run_build()
        self.assertEqual((code, said), (1, "error: disk: full; free it\n"))
        self.assertFalse((self.out / "manifest.json").exists())
        code, said = self.run_build("--groups", "food")
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
