"""The metrics of given features are those of torch-fidelity to 1e-3 relative (1e-6 where both are in float64).
Usage: torch_fidelity_test.py METRICS_PROGRAM (built of metrics_program.cpp).

torch-fidelity imports torchvision and tqdm, which its arithmetic does not need: stubs stand in for them.
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import numpy
import torch
from safetensors import torch as safetensors

for module in ("torchvision", "torchvision.transforms", "torchvision.transforms.functional", "torchvision.datasets"):
    sys.modules.setdefault(module, mock.MagicMock())
sys.modules.setdefault("tqdm", mock.MagicMock(tqdm=lambda items, **_: items))

from torch_fidelity import metric_fid, metric_isc, metric_kid, metric_prc  # noqa: E402

program = ""
SUBSETS, SIZE, SEED = 12, 60, 2020
SETTINGS = {
    "kid_subsets": SUBSETS,
    "kid_subset_size": SIZE,
    "kid_kernel": "poly",
    "kid_kernel_poly_degree": 3,
    "kid_kernel_poly_gamma": None,
    "kid_kernel_poly_coef0": 1,
    "rng_seed": SEED,
    "prc_neighborhood": 3,
    "prc_batch_size": 128,
    "save_cpu_ram": True,
    "verbose": False,
}


def features(count, seed, scale):
    """Correlated and skewed, at least 0, as pooled features are."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(64, 64, generator=torch.Generator().manual_seed(7)) / 8
    return torch.relu(torch.randn(count, 64, generator=generator) @ mixing * scale + 0.1)


def kid_rows(generated, reference):
    """The rows that torch-fidelity draws: of the generated and the reference features in turn."""
    random = numpy.random.RandomState(SEED)
    rows = [[random.choice(n, SIZE, replace=False) for n in (generated, reference)] for _ in range(SUBSETS)]
    return torch.from_numpy(numpy.array(rows, dtype=numpy.int64))


class TorchFidelity(unittest.TestCase):
    def metrics(self, tensors):
        with tempfile.TemporaryDirectory(prefix="pixnerd-metrics-") as name:
            folder = pathlib.Path(name)
            safetensors.save_file(tensors, folder / "in.safetensors")
            files = [folder / "in.safetensors", folder / "out.safetensors"]
            done = subprocess.run([program, *map(str, files)], capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stderr)
            return {key: value.item() for key, value in safetensors.load_file(files[1]).items()}

    def assert_close(self, ours, theirs, relative):
        self.assertLess(abs(ours - theirs), relative * abs(theirs), f"{ours} and {theirs}")

    def compare(self, reference, generated):
        logits = torch.randn(len(generated), 40, generator=torch.Generator().manual_seed(3)) * 2
        ours = self.metrics(
            {
                "reference": reference,
                "generated": generated,
                "logits": logits,
                "kid_rows": kid_rows(len(generated), len(reference)),
            }
        )
        statistics = [
            {"mu": f.numpy().mean(axis=0, dtype=numpy.float64), "sigma": numpy.cov(f.double().numpy(), rowvar=False)}
            for f in (generated, reference)
        ]
        fid = metric_fid.fid_statistics_to_metric(*statistics, verbose=False)
        self.assert_close(ours["fid"], fid[metric_fid.KEY_METRIC_FID], 1e-3)
        score = metric_isc.isc_features_to_metric(logits, splits=10, shuffle=False)
        self.assert_close(ours["is_mean"], score[metric_isc.KEY_METRIC_ISC_MEAN], 1e-6)
        self.assert_close(ours["is_deviation"], score[metric_isc.KEY_METRIC_ISC_STD], 1e-6)
        kid = metric_kid.kid_features_to_metric(generated.double(), reference.double(), **SETTINGS)
        self.assert_close(ours["kid_mean"], kid[metric_kid.KEY_METRIC_KID_MEAN], 1e-6)
        self.assert_close(ours["kid_deviation"], kid[metric_kid.KEY_METRIC_KID_STD], 1e-6)
        shares = metric_prc.prc_features_to_metric(generated.double(), reference.double(), **SETTINGS)
        self.assert_close(ours["precision"], shares[metric_prc.KEY_METRIC_PRECISION], 1e-6)
        self.assert_close(ours["recall"], shares[metric_prc.KEY_METRIC_RECALL], 1e-6)

    def test_of_many_pictures(self):
        self.compare(features(400, 1, 1.0), features(300, 2, 1.15))

    def test_of_singular_covariances(self):
        self.compare(features(62, 4, 1.0), features(61, 5, 1.3))


if __name__ == "__main__":
    program = sys.argv.pop(1)
    unittest.main()
