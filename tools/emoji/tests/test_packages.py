import base64
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from errors import BuildError
from packages import choose_styles, complaint_of, fetch, integrity_of, load_sources, read_json, read_members
from tests.fixtures import source, write_package, write_program


class Table(unittest.TestCase):
    def test_every_source_is_pinned_and_says_its_licence(self):
        artwork, texts = load_sources()
        for row in artwork + texts:
            kind, digest = row.integrity.split("-", 1)
            self.assertEqual((kind, len(base64.b64decode(digest, validate=True))), ("sha512", 64), row.spec)
            self.assertTrue(row.licence and row.copyright and row.author, row.spec)
            self.assertRegex(row.version, r"^\d+\.\d+\.\d+$")
        self.assertEqual({row.role for row in texts}, {"groups", "names", "derived names"})

    def test_share_alike_is_drawn_on_request_alone(self):
        artwork, _ = load_sources()
        for row in artwork:
            self.assertFalse("-SA-" in row.licence and not (row.optional or row.judging), row.spec)
            self.assertFalse(row.optional and "-SA-" not in row.licence, row.spec)

    def test_styles_are_named_once(self):
        artwork, _ = load_sources()
        self.assertEqual(len({row.style for row in artwork}), len(artwork))

    def test_the_bound_of_a_style_is_a_style(self):
        artwork, _ = load_sources()
        styles = {row.style for row in artwork if not row.optional}
        self.assertEqual({row.published_in for row in artwork if row.published_in} - styles, set())

    def test_styles_are_taken_by_name_in_the_order_of_the_table(self):
        artwork, _ = load_sources()

        def chosen(styles: str | None, with_optional: bool = False) -> list[str]:
            return [row.style for row in choose_styles(artwork, styles, with_optional)]

        self.assertEqual(chosen("twemoji, noto"), ["noto", "twemoji"])
        self.assertEqual(chosen("openmoji"), ["openmoji"])
        self.assertNotIn("openmoji", chosen(None))
        self.assertEqual(chosen(None, True), ["noto", "twemoji", "fluent-flat", "fluent-3d", "openmoji"])
        with self.assertRaisesRegex(BuildError, "--styles: there is no style 'oil'; choose from noto, twemoji"):
            chosen("noto,oil")
        with self.assertRaisesRegex(BuildError, "--styles: names no style"):
            chosen(" ,")

    def test_tarball_names_are_those_of_npm(self):
        self.assertEqual(source("@iconify-json/noto", version="1.2.9").tarball_name, "iconify-json-noto-1.2.9.tgz")


class Fetching(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "registry").mkdir()
        (self.root / "bin").mkdir()
        self.cache = self.root / "cache"
        self.lines = []
        self.pinned = write_package(self.root / "registry", "@scope/icons", {"a.json": [1]})
        path = f"{self.root / 'bin'}:/usr/bin:/bin"
        patch = mock.patch.dict(os.environ, {"PATH": path})
        patch.start()
        self.addCleanup(patch.stop)

    def npm(self, script: str) -> None:
        write_program(self.root / "bin/npm", script)

    def npm_that_works(self) -> None:
        self.npm(f'test "$1 $2 $3" = "pack @scope/icons@1.0.0 --pack-destination" && cp {self.root}/registry/* "$4"\n')

    def test_a_package_is_fetched_once(self):
        self.npm_that_works()
        tarball = fetch(self.pinned, self.cache, self.lines.append)
        self.assertEqual(integrity_of(tarball), self.pinned.integrity)
        self.npm("exit 1\n")
        self.assertEqual(fetch(self.pinned, self.cache, self.lines.append), tarball)
        self.assertEqual(self.lines, ["fetching @scope/icons@1.0.0"])
        self.assertEqual([path.name for path in self.cache.iterdir()], [tarball.name])

    def test_a_damaged_tarball_and_a_broken_off_fetch_are_replaced(self):
        self.npm_that_works()
        scratch = self.cache / f"fetching-{self.pinned.tarball_name}"
        scratch.mkdir(parents=True)
        (scratch / "half").write_bytes(b"half")
        (self.cache / self.pinned.tarball_name).write_bytes(b"damaged")
        self.assertEqual(integrity_of(fetch(self.pinned, self.cache, self.lines.append)), self.pinned.integrity)
        self.assertFalse(scratch.exists())

    def test_another_file_than_the_pinned_one_is_refused(self):
        self.npm_that_works()
        pinned = source("@scope/icons", integrity="sha512-other")
        with self.assertRaisesRegex(BuildError, "the registry sent sha512-.*pins sha512-other"):
            fetch(pinned, self.cache, self.lines.append)
        self.assertEqual(list(self.cache.iterdir()), [])

    def test_a_failing_npm_is_quoted_in_one_line(self):
        self.npm("echo 'npm error code ENOTFOUND' >&2; echo 'npm error network request failed' >&2; exit 1\n")
        with self.assertRaisesRegex(BuildError, r"failed: network request failed; check the network") as caught:
            fetch(self.pinned, self.cache, self.lines.append)
        self.assertNotIn("\n", str(caught.exception))

    def test_a_missing_npm_is_named(self):
        with mock.patch.dict(os.environ, {"PATH": str(self.root / "bin")}):
            with self.assertRaisesRegex(BuildError, "`npm` is not installed.*apt-get install npm"):
                fetch(self.pinned, self.cache, self.lines.append)

    def test_a_cache_that_is_no_folder_is_named(self):
        self.cache.write_bytes(b"")
        with self.assertRaisesRegex(BuildError, "cache: .*another --cache"):
            fetch(self.pinned, self.cache, self.lines.append)

    def test_complaints_of_old_and_new_npm(self):
        old = "npm WARN x\nnpm ERR! code E404\nnpm ERR! 404 Not Found - GET https://r/x\nnpm ERR! 404\n"
        self.assertEqual(complaint_of(old, 1), "404 Not Found - GET https://r/x")
        self.assertEqual(complaint_of("npm error code EACCES\n", 1), "code EACCES")
        self.assertEqual(complaint_of("", 7), "exit code 7")


class Reading(unittest.TestCase):
    def test_members_and_json(self):
        with tempfile.TemporaryDirectory() as folder:
            row = write_package(Path(folder), "p", {"en/data.json": [1], "b.json": {"x": 2}, "c.txt": b"c"})
            tarball = Path(folder, row.tarball_name)
            self.assertEqual(read_json(tarball, "b.json", "en/data.json"), [{"x": 2}, [1]])
            self.assertEqual(read_members(tarball, "c.txt".__eq__), {"c.txt": b"c"})
            with self.assertRaisesRegex(BuildError, "p-1.0.0.tgz: has no d.json"):
                read_json(tarball, "b.json", "d.json")
