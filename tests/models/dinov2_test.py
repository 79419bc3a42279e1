"""DINOv2 of `transformers`, at random weights, written under the names of the published files, gives the same tokens.
Only on the grid that its position table has: on others `transformers` resizes the table by another scale than DINOv2's
own code, whose tokens the golden cases hold.
Usage: dinov2_test.py DINOV2_PROGRAM (built of dinov2_program.cpp).
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import torch
from safetensors.torch import load_file, save_file
from transformers import Dinov2Config, Dinov2Model

program = ""


def published_names(model):
    """The tensors of a Dinov2Model as dinov2_vit*14_pretrain.pth has them."""
    state = model.state_dict()
    out = {
        "cls_token": state["embeddings.cls_token"],
        "mask_token": state["embeddings.mask_token"],
        "pos_embed": state["embeddings.position_embeddings"],
        "norm.weight": state["layernorm.weight"],
        "norm.bias": state["layernorm.bias"],
    }
    for kind in ("weight", "bias"):
        out[f"patch_embed.proj.{kind}"] = state[f"embeddings.patch_embeddings.projection.{kind}"]
        for i in range(model.config.num_hidden_layers):
            layer, block = f"encoder.layer.{i}.", f"blocks.{i}."
            out[f"{block}attn.qkv.{kind}"] = torch.cat([state[f"{layer}attention.{x}_proj.{kind}"] for x in "qkv"])
            out[f"{block}attn.proj.{kind}"] = state[f"{layer}attention.o_proj.{kind}"]
            for name in ("norm1", "norm2", "mlp.fc1", "mlp.fc2"):
                out[f"{block}{name}.{kind}"] = state[f"{layer}{name}.{kind}"]
            for number in (1, 2):
                out[f"{block}ls{number}.gamma"] = state[f"{layer}layer_scale{number}.lambda1"]
    return {name: tensor.contiguous() for name, tensor in out.items()}


class SameTokens(unittest.TestCase):
    def test_random_weights(self):
        torch.manual_seed(1)
        config = Dinov2Config(hidden_size=128, num_hidden_layers=3, num_attention_heads=2, image_size=84, patch_size=14)
        model = Dinov2Model(config).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(0, 0.3)
        pixels = torch.randn(2, 3, 84, 84)
        with torch.no_grad():
            expected = model(pixels).last_hidden_state
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            save_file(published_names(model), folder / "weights.safetensors")
            save_file({"pixels": pixels}, folder / "pixels.safetensors")
            subprocess.run(
                [program, folder / "weights.safetensors", folder / "pixels.safetensors", folder / "out.safetensors"],
                check=True,
            )
            found = load_file(folder / "out.safetensors")
        for name, tokens in (("class_token", expected[:, 0]), ("patch_tokens", expected[:, 1:])):
            error = (found[name] - tokens).abs().max() / tokens.abs().max()
            self.assertLess(error.item(), 2e-5, name)


if __name__ == "__main__":
    program = sys.argv.pop(1)
    unittest.main()
