import errno
import tempfile
import unittest
from pathlib import Path

from errors import BuildError
from files import write_text, write_whole


class Writing(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name, "new/a.txt")

    def test_the_folder_is_made_and_nothing_else_stays(self):
        write_whole(self.path, lambda path: path.write_text("a"))
        self.assertEqual(self.path.read_text(), "a")
        self.assertEqual(list(self.path.parent.iterdir()), [self.path])

    def test_a_failure_leaves_the_old_file(self):
        def run_out_of_space(path: Path) -> None:
            path.write_text("half")
            raise OSError(errno.ENOSPC, "No space left on device")

        write_whole(self.path, lambda path: path.write_text("old"))
        with self.assertRaisesRegex(BuildError, "a.txt: No space left on device; free the disk"):
            write_whole(self.path, run_out_of_space)
        self.assertEqual(self.path.read_text(), "old")
        self.assertEqual(list(self.path.parent.iterdir()), [self.path])

    def test_a_folder_that_cannot_be_is_named(self):
        write_whole(self.path, lambda path: path.write_text("a"))
        with self.assertRaisesRegex(BuildError, "a.txt/b: .*another --out"):
            write_whole(self.path / "b", lambda path: path.write_text("b"))

    def test_the_option_that_chose_the_folder_is_named(self):
        self.path.parent.write_bytes(b"")
        with self.assertRaisesRegex(BuildError, "another --cache"):
            write_whole(self.path, lambda path: path.write_text("a"), option="--cache")

    def test_a_text_that_is_there_is_left_alone(self):
        write_text(self.path, "names: \u00f1")
        before = self.path.stat()
        write_text(self.path, "names: \u00f1")
        self.assertEqual(self.path.stat(), before)
        write_text(self.path, "others")
        self.assertEqual(self.path.read_text(), "others")
