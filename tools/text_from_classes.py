"""Begins a text-to-image network with the weights of a class-conditional one.

    text_from_classes.py CLASSES.safetensors TEXT.safetensors OUT.safetensors

TEXT is a checkpoint of a text-to-image network with `model.parts: c2i` and the sizes of CLASSES: its text encoder is
kept, all else that both have is taken from CLASSES. The MLPs are wider: their first channels become those of CLASSES,
the others, and what the image attends to of a text, begin without a say.
"""

import sys

import torch
from safetensors import safe_open
from safetensors.torch import save_file


def read(path):
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name).float() for name in file.keys()}
        return tensors, file.metadata() or {}


def averaged(tensors):
    prefix = "ema_denoiser."
    weights = {name[len(prefix):]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    return weights or sys.exit(f"a file has no averaged weights ({prefix}*)")


def widened_mlp(name, target, classes):
    """The rows or columns of an MLP of fewer hidden channels, in one of more."""
    w1, w2, w3 = (classes[f"{name}.w{i}.weight"] for i in (1, 2, 3))
    hidden, more = w1.shape[0], target[f"{name}.w3.weight"].shape[1]
    w12 = target[f"{name}.w12.weight"].clone()
    w12[:hidden], w12[more:more + hidden] = w1, w3
    out = torch.zeros_like(target[f"{name}.w3.weight"])
    out[:, :hidden] = w2
    return {f"{name}.w12.weight": w12, f"{name}.w3.weight": out}


def begun(target, classes):
    result = dict(target)
    for name, tensor in classes.items():
        alike = name.replace(".attn.qkv.", ".attn.qkv_x.")
        if not name.startswith("y_embedder.") and ".mlp.w" not in name:
            there = list(target[alike].shape) if alike in target else "missing"
            if there != list(tensor.shape):
                sys.exit(f"{alike} is {there} in TEXT, {list(tensor.shape)} in CLASSES; has TEXT model.parts: c2i?")
            result[alike] = tensor
    for name in list(target):
        if name.startswith("blocks.") and ".w12." in name:
            result.update(widened_mlp(name.rsplit(".w12.", 1)[0], target, classes))
        if name.endswith(".attn.kv_y.weight"):
            result[name] = target[name].clone()
            result[name][target[name].shape[0] // 2:] = 0
    return result


def main(classes_path, text_path, out_path):
    classes, _ = read(classes_path)
    text, metadata = read(text_path)
    weights = begun(averaged(text), averaged(classes))
    save_file({f"ema_denoiser.{name}": tensor.contiguous() for name, tensor in weights.items()}, out_path,
              {"pixnerd.config": metadata["pixnerd.config"]})


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
