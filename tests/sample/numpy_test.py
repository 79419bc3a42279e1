"""NumPy reads what open_output() writes as .npz, and so does a strict reader of zip files (Python's own, which checks
the checksums). Usage: numpy_test.py NPZ_PROGRAM [PICTURES] (built of npz_program.cpp). With PICTURES, so many of
1024 x 1024 pixels are written as well: from 1366 on the file has more than 4 GB.
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest
import zipfile

import numpy as np

program = ""
many = 0


def picture(i, height, width):
    """Picture i of npz_program."""
    return ((7 * i + np.arange(height * width * 3)) % 251).astype(np.uint8).reshape(height, width, 3)


class NumpyReadsPictures(unittest.TestCase):
    def check(self, count, height, width, looked_at):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "batch.npz"
            subprocess.run([program, path, str(count), str(height), str(width)], check=True)
            self.assertIsNone(zipfile.ZipFile(path).testzip())
            arrays = np.load(path)
            self.assertEqual(arrays.files, ["arr_0", "arr_1"])
            self.assertEqual(arrays["arr_1"].dtype, np.int64)
            np.testing.assert_array_equal(arrays["arr_1"], np.arange(count))
            pictures = arrays["arr_0"]
            self.assertEqual(pictures.dtype, np.uint8)
            self.assertEqual(pictures.shape, (count, height, width, 3))
            for i in looked_at:
                np.testing.assert_array_equal(pictures[i], picture(i, height, width))

    def test_pictures_and_labels(self):
        self.check(5, 4, 6, range(5))

    def test_one_picture(self):
        self.check(1, 33, 1, [0])

    def test_more_than_four_gigabytes(self):
        if many == 0:
            self.skipTest("no number of pictures was given")
        self.check(many, 1024, 1024, [0, many // 2, many - 1])


if __name__ == "__main__":
    program = sys.argv[1]
    many = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    unittest.main(argv=sys.argv[:1])
