"""What pixnerd writes, Python's safetensors and torch.load(weights_only=True) read, and the other way round: same names,
dtypes, shapes, values and metadata, and of safetensors the very same bytes.
Usage: python_interop_test.py INTEROP_PROGRAM (built of interop_program.cpp).

A missing torch or safetensors is a failure: an interoperability that nobody looked at is not there.
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile
from collections import OrderedDict

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

METADATA = {"config": 'model:\n  name: "größe"\n'}
DTYPES = {
    "I64": torch.int64,
    "F64": torch.float64,
    "F32": torch.float32,
    "I32": torch.int32,
    "BF16": torch.bfloat16,
    "F16": torch.float16,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
# Those that are only listed and copied.
OTHER_DTYPES = {
    "U64": torch.uint64,
    "U32": torch.uint32,
    "U16": torch.uint16,
    "C64": torch.complex64,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "F8_E4M3FNUZ": torch.float8_e4m3fnuz,
    "F8_E5M2FNUZ": torch.float8_e5m2fnuz,
}
program = ""


def tensors():
    """As tensors() of interop_program.cpp."""
    result = {}
    for name, dtype in DTYPES.items():
        numbers = [i if name in ("U8", "BOOL") else i - 12 for i in range(24)]
        if name == "BOOL":
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


def odd_tensors():
    """Views, storages that tensors share, and values that only bits tell apart."""
    base = torch.arange(60, dtype=torch.float32)
    return {
        "whole": base,
        "transposed": base.view(6, 10).t(),
        "columns": base.view(6, 10)[:, 2:9:3],
        "rows": base.view(6, 10)[3:],
        "repeated": torch.tensor([1.0, 2.0]).expand(4, 2),
        "channels_last": torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last),
        "parameter": torch.nn.Parameter(torch.randn(3, 2)),
        "scalar": torch.tensor(3, dtype=torch.int8),
        "specials": torch.tensor([float("nan"), float("inf"), -0.0, 1e-45]),
    }


def flat(value, path=""):
    """Tensors by their ways through the containers, as pixnerd names them."""
    if isinstance(value, torch.Tensor):
        return {path: value.detach()}
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, (list, tuple)):
        items = enumerate(value)
    else:
        return {}
    found = {}
    for key, item in items:
        found |= flat(item, f"{path}/{key}" if path else str(key))
    return found


class Interop(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        folder = tempfile.TemporaryDirectory(prefix="pixnerd-interop-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_program(self, mode, path):
        return subprocess.run([program, mode, str(path)], capture_output=True, text=True, timeout=120)

    def written(self, name):
        path = self.folder / name
        done = self.run_program("write", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        return path

    def assert_equal_tensors(self, loaded, expected):
        self.assertEqual(loaded.keys(), expected.keys())
        for name, tensor in expected.items():
            self.assertEqual(loaded[name].dtype, tensor.dtype, name)
            self.assertEqual(loaded[name].shape, tensor.shape, name)
            self.assertTrue(torch.equal(loaded[name], tensor), name)

    def assert_reads(self, path, saved):
        """The program finds in the file what was saved, bit by bit."""
        done = self.run_program("list", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {}
        for line in done.stdout.splitlines():
            name, dtype, shape, content = line.split("\t")
            found[name] = ((DTYPES | OTHER_DTYPES)[dtype], json.loads(shape), content)
        expected = {}
        for name, tensor in flat(saved).items():
            content = tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes().hex()
            expected[name] = (tensor.dtype, list(tensor.shape), content)
        self.assertEqual(found, expected)

    def test_python_reads_what_we_write(self):
        path = self.written("ours.safetensors")
        self.assert_equal_tensors(load_file(path), tensors())
        with safe_open(path, framework="pt") as file:
            self.assertEqual(file.metadata(), METADATA)

    def test_we_read_what_python_writes(self):
        path = self.folder / "theirs.safetensors"
        save_file(tensors(), path, METADATA)
        done = self.run_program("check", path)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_difference_is_noticed(self):
        path = self.folder / "other.safetensors"
        for name in ('größe "BOOL".scalar', 'größe "BF16".odd'):
            changed = tensors()
            changed[name] = torch.zeros_like(changed[name]) + 1 - changed[name].to(torch.int8)
            save_file(changed, path, METADATA)
            done = self.run_program("check", path)
            self.assertEqual(done.returncode, 1, name)
            self.assertIn(name, done.stderr)

    def test_both_write_the_same_bytes(self):
        ours, theirs = self.written("ours.safetensors"), self.folder / "theirs.safetensors"
        save_file(tensors(), theirs, METADATA)
        self.assertEqual(ours.read_bytes(), theirs.read_bytes())

    def test_shards_both_ways(self):
        index = self.written("ours.safetensors.index.json")
        placed = json.loads(index.read_text())["weight_map"]
        self.assertGreater(len(set(placed.values())), 1)
        loaded = {}
        for name in set(placed.values()):
            part = load_file(index.parent / name)
            self.assertEqual({placed[key] for key in part}, {name})
            loaded |= part
        self.assert_equal_tensors(loaded, tensors())

        everything = tensors()
        files = {f"model-{i:05d}-of-00003.safetensors": list(everything)[i - 1 :: 3] for i in (1, 2, 3)}
        for name, keys in files.items():
            save_file({key: everything[key] for key in keys}, self.folder / name, METADATA)
        index = self.folder / "model.safetensors.index.json"
        index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": {k: n for n in files for k in files[n]}}))
        done = self.run_program("check", index)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_torch_loads_what_we_write(self):
        path = self.written("ours.ckpt")
        self.assertIsNone(zipfile.ZipFile(path).testzip())
        for mapped in (False, True):
            loaded = torch.load(path, weights_only=True, mmap=mapped)
            self.assertEqual(loaded.keys(), {"state_dict"} | METADATA.keys())
            self.assertEqual(loaded["config"], METADATA["config"])
            self.assert_equal_tensors(loaded["state_dict"], tensors())

    def test_we_read_what_torch_saves(self):
        for zipped in (True, False):
            path = self.folder / f"theirs-{zipped}.pt"
            torch.save({"state_dict": tensors()} | METADATA, path, _use_new_zipfile_serialization=zipped)
            done = self.run_program("check", path)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_views_shared_storages_and_odd_values(self):
        path = self.folder / "odd.pt"
        for protocol in (2, 4, 5):
            torch.save(odd_tensors(), path, pickle_protocol=protocol)
            self.assert_reads(path, torch.load(path, weights_only=protocol == 2))
        torch.save(odd_tensors(), path, _use_new_zipfile_serialization=False)
        self.assert_reads(path, torch.load(path, weights_only=True))

    def test_types_that_are_only_listed(self):
        """Also as views, which have to be put into order."""
        saved = {}
        for name, dtype in OTHER_DTYPES.items():
            saved[name] = torch.arange(12, dtype=torch.float32).to(dtype).view(3, 4)
        save_file(saved, self.folder / "others.safetensors")
        self.assert_reads(self.folder / "others.safetensors", saved)
        saved |= {name + ".t": tensor.t() for name, tensor in saved.items()}
        torch.save(saved, self.folder / "others.pt")
        self.assert_reads(self.folder / "others.pt", saved)

    def test_quantised_and_sparse_tensors_do_not_block_others(self):
        rows = torch.arange(6, dtype=torch.float32).view(2, 3)
        saved = {
            "state_dict": {"w": torch.ones(2)},
            "quantised": torch.quantize_per_tensor(rows, 0.1, 10, torch.quint8),
            "by_channel": torch.quantize_per_channel(rows, torch.ones(2), torch.zeros(2), 0, torch.qint8),
            "sparse": rows.to_sparse(),
            "chalf": torch.zeros(3, dtype=torch.complex32),
            "scales": torch.ones(4).to(torch.float8_e8m0fnu),
        }
        torch.save(saved, self.folder / "all.pt")
        done = self.run_program("list", self.folder / "all.pt")
        self.assertEqual(done.returncode, 0, done.stderr)
        types = dict(line.split("\t")[:2] for line in done.stdout.splitlines())
        for name, dtype in {"state_dict/w": "F32", "quantised": "quint8", "by_channel": "qint8", "chalf": "complex32",
                            "scales": "F8_E8M0"}.items():
            self.assertEqual(types[name], dtype)

    def test_modules_and_optimisers_as_lightning_saves_them(self):
        module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
        optimiser = torch.optim.AdamW(module.parameters(), lr=1e-3)
        module(torch.randn(5, 3)).sum().backward()
        optimiser.step()
        scheduler = torch.optim.lr_scheduler.StepLR(optimiser, 3)
        saved = {
            "epoch": 1,
            "global_step": 7,
            "pytorch-lightning_version": "2.6.6",
            "state_dict": module.state_dict(),  # an OrderedDict with the attribute _metadata
            "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 1}, "done": True}}},
            "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(0.5), "dirpath": None}},
            "optimizer_states": [optimiser.state_dict()],
            "lr_schedulers": [scheduler.state_dict()],
            "hparams_name": "kwargs",
            "hyper_parameters": OrderedDict(lr=1e-3, sizes=(64, 128), betas={0.9, 0.999}, shape=torch.Size([2, 3])),
        }
        for zipped in (True, False):
            path = self.folder / f"lightning-{zipped}.ckpt"
            torch.save(saved, path, _use_new_zipfile_serialization=zipped)
            self.assert_reads(path, saved)

    def test_a_file_of_more_than_four_gigabytes(self):
        """Written with holes: the disk holds a few kilobytes of it."""
        path = self.folder / "big.pt"
        elements = 2**32 + 100
        with torch.serialization.skip_data():
            torch.save({"big": torch.empty(elements, dtype=torch.int8), "small": torch.empty(3)}, path)
        self.assertGreater(path.stat().st_size, 2**32)
        self.assertLess(path.stat().st_blocks * 512, 2**24)
        with zipfile.ZipFile(path) as archive, open(path, "r+b") as file:
            for member, content in (("big/data/0", None), ("big/data/1", struct.pack("<3f", 1.5, 0, 2.5))):
                file.seek(archive.getinfo(member).header_offset + 26)
                name, extra = struct.unpack("<HH", file.read(4))
                start = archive.getinfo(member).header_offset + 30 + name + extra
                file.seek(start)
                file.write(content or b"\x07")
                if not content:
                    file.seek(start + elements - 1)
                    file.write(b"\xf7")
        done = self.run_program("ends", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, f"big\t{elements}\t7\t-9\nsmall\t3\t1.5\t2.5\n")


if __name__ == "__main__":
    program = sys.argv.pop(1)
    unittest.main()
