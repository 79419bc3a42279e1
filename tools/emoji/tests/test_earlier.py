import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from PIL import Image, PngImagePlugin

import earlier
from drawing import RECIPE_KEY
from earlier import begin_change, read_earlier, remove_former_pictures
from errors import BuildError
from manifest import MANIFEST, unfinished_text
from shards import Shard, sha256_of


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name)

    def write_shard(self, name: str, content: bytes = b"tar") -> Shard:
        (self.out / name).write_bytes(content)
        return Shard(name, name[: -len("-00000.tar")], 1, len(content), sha256_of(self.out / name), "seal")

    def write_manifest(self, text: str) -> None:
        (self.out / MANIFEST).write_text(text)

    def files(self) -> set[str]:
        return {path.name for path in self.out.iterdir()} - {MANIFEST}


class Reading(Folder):
    def test_nothing_there(self):
        self.assertEqual(read_earlier(self.out / "absent"), earlier.Earlier())

    def test_finished_and_unfinished_shards(self):
        symbols = self.write_shard("symbols-00000.tar")
        self.write_manifest(unfinished_text([symbols], ["objects-00000.tar"]))
        found = read_earlier(self.out)
        self.assertEqual((found.names, found.shards), (["symbols-00000.tar", "objects-00000.tar"], [symbols]))
        self.assertEqual(found.shards_of("symbols", "seal", self.out), [symbols])
        self.assertEqual(found.shards_of("symbols", "other", self.out), [])
        self.assertEqual(found.shards_of("objects", "seal", self.out), [])
        self.write_shard("symbols-00000.tar", b"bad")
        self.assertEqual(found.shards_of("symbols", "seal", self.out), [])

    def test_names_that_lead_elsewhere_are_not_ours(self):
        names = [{"name": name} for name in ("../a-00000.tar", "/a-00000.tar", "mine.tar", "a-00000.tar\n")]
        self.write_manifest(json.dumps({"format": "pixnerd-emoji-2", "shards": names}))
        self.assertEqual(read_earlier(self.out).names, [])

    def test_the_manifest_of_others_is_refused(self):
        broken = ("", "{", "[]", "{}", '{"format": "other"}', '{"format": "pixnerd-emoji-2"}', "\0", "3")
        for text in (*broken, '{"format": "pixnerd-emoji-2", "shards": [1]}'):
            self.write_manifest(text)
            with self.assertRaisesRegex(BuildError, "manifest.json: is not of this program .*; remove it", msg=text):
                read_earlier(self.out)


class Changing(Folder):
    def test_only_shards_of_ours_go(self):
        kept, _, _ = (self.write_shard(f"{name}-00000.tar") for name in ("symbols", "objects", "mine"))
        (self.out / "objects-00000.tar.part").write_bytes(b"half")
        self.write_manifest(unfinished_text([kept], ["objects-00000.tar", "flags-00000.tar"]))
        found = read_earlier(self.out)
        self.assertEqual(begin_change(self.out, found, [kept], ["flags-00000.tar"]), 1)
        self.assertEqual(self.files(), {"symbols-00000.tar", "mine-00000.tar"})
        again = read_earlier(self.out)
        self.assertEqual(again.shards, [kept])
        self.assertEqual(set(again.names), {f"{name}-00000.tar" for name in ("symbols", "objects", "flags")})

    def test_a_shard_of_others_is_not_written_over(self):
        self.write_shard("flags-00000.tar")
        with self.assertRaisesRegex(BuildError, "flags-00000.tar: is there, but not in manifest.json; remove it"):
            begin_change(self.out, read_earlier(self.out), [], ["flags-00000.tar"])
        self.assertEqual(self.files(), {"flags-00000.tar"})
        self.assertFalse((self.out / MANIFEST).exists())

    def test_a_folder_that_cannot_be_changed_is_named(self):
        self.write_shard("objects-00000.tar")
        self.write_manifest(unfinished_text([], ["objects-00000.tar"]))
        with mock.patch.object(Path, "unlink", side_effect=PermissionError(13, "Permission denied")):
            with self.assertRaisesRegex(BuildError, "Permission denied; make it writable or choose another --out"):
                begin_change(self.out, read_earlier(self.out), [], [])


class FormerLayout(Folder):
    def picture(self, name: str, recipe: str | None) -> None:
        path = self.out / name
        path.parent.mkdir(exist_ok=True)
        notes = PngImagePlugin.PngInfo()
        if recipe is not None:
            notes.add_text(RECIPE_KEY, recipe)
        Image.new("RGB", (4, 4)).save(path, format="PNG", pnginfo=notes)

    def test_our_pictures_go_and_others_stay(self):
        self.write_manifest('{"format": "pixnerd-emoji-1", "pictures": []}')
        self.assertTrue(read_earlier(self.out).has_folders)
        self.picture("fox/noto.png", "ab")
        self.picture("fox/twemoji.png.part", "ab")
        self.picture("pizza/noto.png", "cd")
        self.picture("pizza/mine.png", None)
        self.assertEqual(remove_former_pictures(self.out), 2)
        self.assertEqual([path.name for path in self.out.rglob("*.png*")], ["mine.png"])
        self.assertFalse((self.out / "fox").exists())
