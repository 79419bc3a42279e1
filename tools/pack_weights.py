"""Makes the file that is shipped of a training checkpoint: the averaged weights alone, in bfloat16.

    .venv/bin/python tools/pack_weights.py run/checkpoints/step-00005500.safetensors assets/emoji64.safetensors

The description of the model in the metadata is kept, so the result can be sampled from; what only a resumed run needs
is left out.
"""

import sys

import torch
from safetensors import safe_open
from safetensors.torch import save_file

PREFIX = "ema_denoiser."
KEPT = ("pixnerd.config", "pixnerd.step")


def main(source: str, target: str) -> None:
    with safe_open(source, framework="pt") as file:
        names = [name for name in file.keys() if name.startswith(PREFIX)]
        if not names:
            raise SystemExit(f"pack_weights: '{source}' has no entries {PREFIX}*; give a checkpoint of `pixnerd train`")
        tensors = {name: file.get_tensor(name).to(torch.bfloat16) for name in names}
        metadata = {key: text for key, text in file.metadata().items() if key in KEPT}
    save_file(tensors, target, metadata=metadata)
    print(f"{target}: {len(tensors)} tensors, {sum(t.numel() for t in tensors.values()):,} parameters")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
