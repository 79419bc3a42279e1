#!/usr/bin/env bash
# OpenVINO converts complex numbers of torch.polar and torch.complex to another tensor, and reports success.
#
# Version:   OpenVINO 2026.4.1, with PyTorch 2.13.0, CPU build.
# One would guess: what openvino.convert_model converts computes what the module computes, and an operation that it
#            does not know for complex numbers makes it fail, as torch.stack of complex tensors does.
# Seen:      complex tensors of view_as_complex go through cat and unsqueeze rightly. Those of polar and complex go
#            through view_as_real alone rightly, but cat and unsqueeze take their hidden last axis, of the real and
#            imaginary parts, for one of the tensor's own: concatenating [5, 4] and [5, 4] gives [10, 4] instead of
#            [5, 8, 2]. No error, no warning. Rotary embeddings are often computed this way; write them with cos and
#            sin, or make the angles a constant before the conversion.
# PYTHON may name a Python that has these versions; otherwise they are installed (some 300 MB), for which pip must be
# set up with an index that has the CPU build.
set -u
scratch=$(mktemp -d) || exit 77
trap 'rm -rf "$scratch"' EXIT
cannot_tell() { echo "cannot tell: $*"; exit 77; }

python=${PYTHON:-$scratch/venv/bin/python}
if [ -z "${PYTHON:-}" ]; then
  python3 -m venv "$scratch/venv" && "$python" -m pip install -q torch==2.13.0+cpu numpy==2.4.6 openvino==2026.4.1 ||
    cannot_tell "torch 2.13.0 and openvino 2026.4.1 cannot be installed"
fi
version=$("$python" -c 'import importlib.metadata as m; print(m.version("torch").partition("+")[0], m.version("openvino"))') ||
  cannot_tell "$python has no torch and openvino"
echo "torch and openvino $version"
[ "$version" = "2.13.0 2026.4.1" ] || cannot_tell "other versions"

seen=$("$python" -W ignore - <<'PY'
import numpy
import openvino
import torch

makers = {
    "view_as_complex": lambda a: torch.view_as_complex(torch.stack([a.cos(), a.sin()], -1)),
    "polar": lambda a: torch.polar(torch.ones_like(a), a),
    "complex": lambda a: torch.complex(a.cos(), a.sin()),
}
operations = {
    "nothing": lambda z: z,
    "unsqueeze": lambda z: z.unsqueeze(-1),
    "cat": lambda z: torch.cat([z, z], -1),
}


class Module(torch.nn.Module):
    def __init__(self, maker, operation):
        super().__init__()
        self.maker, self.operation = maker, operation

    def forward(self, angles):
        return torch.view_as_real(self.operation(self.maker(angles)))


angles = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
settings = {"INFERENCE_PRECISION_HINT": "f32"}
for maker_name, maker in makers.items():
    for name, operation in operations.items():
        module = Module(maker, operation)
        converted = openvino.compile_model(openvino.convert_model(module, example_input=angles), "CPU", settings)
        wanted, found = module(angles).numpy(), converted([angles.numpy()])[0]
        same = wanted.shape == found.shape and numpy.allclose(wanted, found, atol=1e-6)
        print(f"{maker_name}, {name}:", "same" if same else f"{list(found.shape)} instead of {list(wanted.shape)}")
PY
) || exit 1
echo "$seen"
[ "$seen" = "view_as_complex, nothing: same
view_as_complex, unsqueeze: same
view_as_complex, cat: same
polar, nothing: same
polar, unsqueeze: [5, 1, 4] instead of [5, 4, 1, 2]
polar, cat: [10, 4] instead of [5, 8, 2]
complex, nothing: same
complex, unsqueeze: [5, 1, 4] instead of [5, 4, 1, 2]
complex, cat: [10, 4] instead of [5, 8, 2]" ] || exit 1
echo "as stated"
