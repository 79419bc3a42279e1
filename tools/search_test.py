"""search.py is run as the documentation says, and finds what is missing before its hours of work."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SEARCH = pathlib.Path(__file__).resolve().parent / "search" / "search.py"


class SearchTest(unittest.TestCase):
    def test_is_executable(self):
        self.assertTrue(os.access(SEARCH, os.X_OK))

    def test_names_what_is_missing_before_the_work(self):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, SEARCH, "--checkpoint", "a", "--reference", "b", "--folder", f"{folder}/search",
                       "--program", f"{folder}/pixnerd"]
            for more, what in ([["--plot", "a.png"], "gnuplot"], [[], "pixnerd"]):
                done = subprocess.run([*command, *more], env={"PATH": folder}, capture_output=True, text=True)
                self.assertEqual(done.returncode, 1)
                self.assertIn(what, done.stderr)
                self.assertNotIn("Traceback", done.stderr)
            self.assertEqual(os.listdir(folder), [])


if __name__ == "__main__":
    unittest.main()
