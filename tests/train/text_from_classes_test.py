"""tools/text_from_classes.py: what the text network computes with the weights that it begins with is what the
class-conditional network did. Usage: text_from_classes_test.py tools/text_from_classes.py
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import torch
from safetensors.torch import load_file, save_file

tool = ""
WIDTH, HIDDEN, MORE = 8, 20, 24


def drawn(shapes):
    generator = torch.Generator().manual_seed(len(shapes))
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def classes():
    return drawn({
        "s_embedder.proj.weight": (WIDTH, 12),
        "y_embedder.embedding_table.weight": (5, WIDTH),
        "blocks.0.attn.qkv.weight": (3 * WIDTH, WIDTH),
        "blocks.0.mlp.w1.weight": (HIDDEN, WIDTH),
        "blocks.0.mlp.w2.weight": (WIDTH, HIDDEN),
        "blocks.0.mlp.w3.weight": (HIDDEN, WIDTH),
    })


def text():
    return drawn({
        "s_embedder.proj.weight": (WIDTH, 12),
        "y_embedder.proj.weight": (WIDTH, 6),
        "text_encoder.table": (7, 6),
        "blocks.0.attn.qkv_x.weight": (3 * WIDTH, WIDTH),
        "blocks.0.attn.kv_y.weight": (2 * WIDTH, WIDTH),
        "blocks.0.mlp.w12.weight": (2 * MORE, WIDTH),
        "blocks.0.mlp.w3.weight": (WIDTH, MORE),
    })


class TextFromClassesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_tool(self, of_classes, of_text):
        for name, weights in (("classes", of_classes), ("text", of_text)):
            named = {f"ema_denoiser.{key}": value for key, value in weights.items()}
            save_file(named, self.folder / f"{name}.safetensors", {"pixnerd.config": "model: {}"})
        files = [str(self.folder / f"{name}.safetensors") for name in ("classes", "text", "out")]
        return subprocess.run([sys.executable, tool, *files], capture_output=True, text=True, check=False)

    def result(self, of_classes, of_text):
        outcome = self.run_tool(of_classes, of_text)
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        prefix = "ema_denoiser."
        return {name[len(prefix):]: value for name, value in load_file(self.folder / "out.safetensors").items()}

    def test_what_both_have_is_of_the_classes_and_the_rest_of_the_text(self):
        begun = self.result(classes(), text())
        self.assertEqual(begun.keys(), text().keys())
        self.assertTrue(begun["s_embedder.proj.weight"].equal(classes()["s_embedder.proj.weight"]))
        self.assertTrue(begun["blocks.0.attn.qkv_x.weight"].equal(classes()["blocks.0.attn.qkv.weight"]))
        for name in ("y_embedder.proj.weight", "text_encoder.table"):
            self.assertTrue(begun[name].equal(text()[name]), name)

    def test_the_wider_mlp_computes_the_same(self):
        begun, before = self.result(classes(), text()), classes()
        x = torch.randn(3, WIDTH, generator=torch.Generator().manual_seed(9))
        w1, w2, w3 = (before[f"blocks.0.mlp.w{i}.weight"] for i in (1, 2, 3))
        expected = (torch.nn.functional.silu(x @ w1.t()) * (x @ w3.t())) @ w2.t()
        gate, up = (x @ begun["blocks.0.mlp.w12.weight"].t()).chunk(2, -1)
        found = (torch.nn.functional.silu(gate) * up) @ begun["blocks.0.mlp.w3.weight"].t()
        torch.testing.assert_close(found, expected)

    def test_the_text_has_no_say_at_first(self):
        values = self.result(classes(), text())["blocks.0.attn.kv_y.weight"][WIDTH:]
        self.assertEqual(values.abs().max().item(), 0)

    def test_what_does_not_fit_is_named(self):
        other = text()
        other["s_embedder.proj.weight"] = torch.zeros(WIDTH, 3)
        outcome = self.run_tool(classes(), other)
        self.assertEqual(outcome.returncode, 1)
        self.assertIn("s_embedder.proj.weight is [8, 3] in TEXT, [8, 12] in CLASSES", outcome.stderr)


if __name__ == "__main__":
    tool = sys.argv.pop(1)
    unittest.main()
