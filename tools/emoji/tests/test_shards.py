import json
import tarfile
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import drawing
import shards
from artwork import Artwork
from catalog import Emoji
from drawing import Picture
from packages import load_sources
from shards import Sample, group_samples, recipe_of, shard_name, split, write_shard
from tests.fixtures import emoji, source


def sample(key: str, name: str, style: str = "noto", group: str = "food-drink") -> Sample:
    picture = Picture(emoji(key, name, group), source("icons", style=style), Artwork("webp", name.encode()), 16)
    return Sample(picture, {"en": [name, f"{name}, {style}"], "ja": ["りんご"]})


@mock.patch.object(drawing, "tool_versions", lambda: {"librsvg": "1"})
class Shards(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.samples = [sample("1f34e", "red apple"), sample("1f34c", "banana"), sample("1f34c", "banana", "fluent-3d")]

    def draw(self, samples: list[Sample], length: int = 600) -> None:
        for number, one in enumerate(samples):
            path = self.folder / one.picture.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes([number]) * length)

    def test_samples_stand_by_group_class_and_style(self):
        flag = sample("1f3c1", "flag", group="flags")
        found = group_samples([flag, *self.samples])
        self.assertEqual(list(found), ["flags", "food-drink"])
        keys = ["1f34c_fluent-3d", "1f34c_noto", "1f34e_noto"]
        self.assertEqual([one.key for one in found["food-drink"]], keys)

    def test_keys_hold_no_dots(self):
        for style in (one.style for one in load_sources()[0]):
            self.assertNotIn(".", sample("1f441-200d-1f5e8", "eye", style).key)

    def test_a_shard_holds_pictures_and_what_they_show(self):
        self.draw(self.samples)
        shard = write_shard(self.folder / "food-drink-00000.tar", self.samples, "seal", self.folder)
        self.assertEqual((shard.name, shard.group, shard.pictures), ("food-drink-00000.tar", "food-drink", 3))
        self.assertTrue(shard.is_whole(self.folder))
        with tarfile.open(self.folder / shard.name, "r:") as archive:
            members = archive.getmembers()
            described = json.load(archive.extractfile("1f34e_noto.json"))
            self.assertEqual(archive.extractfile("1f34c_noto.png").read(), b"\1" * 600)
        self.assertEqual([one.name for one in members[:3]], ["1f34e_noto.json", "1f34e_noto.png", "1f34c_noto.json"])
        headers = {(one.mtime, one.uid, one.gid, one.uname, one.mode) for one in members}
        self.assertEqual(headers, {(0, 0, 0, "", 0o644)})
        wanted = {"class": "red apple", "style": "noto", "hex": "1f34e", "group": "food-drink"}
        wanted |= {"subgroup": "food-fruit", "caption": {"en": ["red apple", "red apple, noto"], "ja": ["りんご"]}}
        self.assertEqual(described, wanted)

    def test_two_shards_are_equal_to_the_byte(self):
        self.draw(self.samples)
        first, second = (write_shard(self.folder / name, self.samples, "", self.folder) for name in ("a", "b"))
        self.assertEqual((first.sha256, first.bytes), (second.sha256, second.bytes))

    def test_damage_is_noticed(self):
        self.draw(self.samples)
        shard = write_shard(self.folder / "a.tar", self.samples, "", self.folder)
        path = self.folder / "a.tar"
        whole = path.read_bytes()
        for damaged in (whole[:-1], whole[:700] + b"x" + whole[701:], b""):
            path.write_bytes(damaged)
            self.assertFalse(shard.is_whole(self.folder))
        path.unlink()
        self.assertFalse(shard.is_whole(self.folder))

    def test_large_groups_are_split(self):
        self.draw(self.samples)
        for most, lengths in ((5120, [2, 1]), (5119, [1, 1, 1]), (100_000, [3]), (1, [1, 1, 1])):
            with mock.patch.object(shards, "LARGEST_SHARD", most):
                self.assertEqual([len(part) for part in split(self.samples, self.folder)], lengths)
        self.assertEqual(shard_name("food-drink", 12), "food-drink-00012.tar")

    def test_the_size_of_a_shard_is_known_before(self):
        self.draw(self.samples, 1025)
        most = sum(shards.padded(len(one.description())) + shards.padded(1025) for one in self.samples)
        with mock.patch.object(shards, "LARGEST_SHARD", most):
            (part,) = split(self.samples, self.folder)
        written = write_shard(self.folder / "a.tar", part, "", self.folder).bytes
        # A tar ends in two empty blocks and is filled up to records of 20.
        self.assertTrue(most + 1024 <= written <= most + 1024 + tarfile.RECORDSIZE)

    def test_the_recipe_changes_with_all_that_a_shard_holds(self):
        other_class = Emoji("1f34e", "🍎", "food-drink", "food-fruit", "red apple", "apple")
        first = self.samples[0]
        others = [
            self.samples[:1],
            self.samples[1:],
            self.samples[::-1],
            [Sample(first.picture, {"en": ["apple"]}), *self.samples[1:]],
            [Sample(Picture(other_class, *picture_rest(first)), first.captions), *self.samples[1:]],
            [sample("1f34e", "red apple", "twemoji"), *self.samples[1:]],
        ]
        recipes = [recipe_of(found) for found in (self.samples, *others)]
        self.assertEqual(len(set(recipes)), len(recipes))


def picture_rest(one: Sample) -> tuple:
    return one.picture.source, one.picture.artwork, one.picture.side
