"""What pixnerd writes, Python's safetensors reads, and the other way round: same names, dtypes, shapes, values and
metadata, and the very same bytes. Usage: python_interop_test.py INTEROP_PROGRAM (built of interop_program.cpp).

A missing torch or safetensors is a failure: an interoperability that nobody looked at is not there.
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

METADATA = {"config": 'model:\n  name: "größe"\n'}
DTYPES = ("int64", "float64", "float32", "int32", "bfloat16", "float16", "int16", "int8", "uint8", "bool")
program = ""


def tensors():
    """As tensors() of interop_program.cpp."""
    result = {}
    for name in DTYPES:
        dtype = getattr(torch, name)
        numbers = [i if name in ("uint8", "bool") else i - 12 for i in range(24)]
        if name == "bool":
            numbers = [i % 2 == 1 for i in numbers]
        if dtype.is_floating_point:
            numbers = [i / 8 for i in numbers]
        values = torch.tensor(numbers, dtype=dtype)
        prefix = f'größe "{name}".'
        result[prefix + "matrix"] = values.reshape(2, 3, 4)
        result[prefix + "scalar"] = values[5].clone()
        result[prefix + "empty"] = torch.empty(3, 0, dtype=dtype)
        result[prefix + "odd"] = values[:5].clone()
    return result


class Interop(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pixnerd-interop-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_program(self, mode, path):
        return subprocess.run([program, mode, str(path)], capture_output=True, text=True, timeout=120)

    def test_python_reads_what_we_write(self):
        path = self.folder / "ours.safetensors"
        done = self.run_program("write", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        loaded, expected = load_file(path), tensors()
        self.assertEqual(loaded.keys(), expected.keys())
        for name, tensor in expected.items():
            self.assertEqual(loaded[name].dtype, tensor.dtype, name)
            self.assertEqual(loaded[name].shape, tensor.shape, name)
            self.assertTrue(torch.equal(loaded[name], tensor), name)
        with safe_open(path, framework="pt") as file:
            self.assertEqual(file.metadata(), METADATA)

    def test_we_read_what_python_writes(self):
        path = self.folder / "theirs.safetensors"
        save_file(tensors(), path, METADATA)
        done = self.run_program("check", path)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_difference_is_noticed(self):
        path = self.folder / "other.safetensors"
        for name in ('größe "bool".scalar', 'größe "bfloat16".odd'):
            changed = tensors()
            changed[name] = torch.zeros_like(changed[name]) + 1 - changed[name].to(torch.int8)
            save_file(changed, path, METADATA)
            done = self.run_program("check", path)
            self.assertEqual(done.returncode, 1, name)
            self.assertIn(name, done.stderr)

    def test_both_write_the_same_bytes(self):
        ours, theirs = self.folder / "ours.safetensors", self.folder / "theirs.safetensors"
        done = self.run_program("write", ours)
        self.assertEqual(done.returncode, 0, done.stderr)
        save_file(tensors(), theirs, METADATA)
        self.assertEqual(ours.read_bytes(), theirs.read_bytes())


if __name__ == "__main__":
    program = sys.argv.pop(1)
    unittest.main()
