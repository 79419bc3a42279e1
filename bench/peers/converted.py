"""The official network by OpenVINO: converted in float32, run in float32, bfloat16 or, quantised by NNCF, 8 bits."""

import nncf
import openvino
import torch

from peers.job import EVALUATION, Refused
from peers.official import difference, drawn, timed

LIMIT = 2e-5  # of the error in float32, as in the golden cases
CALIBRATIONS = 8


def rotate(q, k, freqs_cis):
    """The official rotary embedding without complex numbers: freqs_cis is [N, Hc / 2, 2], q and k [B, N, H, Hc]."""
    cos, sin = (part[None, :, None, :] for part in freqs_cis.unbind(-1))

    def turned(values):
        real, imaginary = values.unflatten(-1, (-1, 2)).unbind(-1)
        return torch.stack([real * cos - imaginary * sin, real * sin + imaginary * cos], -1).flatten(3)

    return turned(q), turned(k)


def convert(module, network, inputs):
    """The network with shapes fixed, and rotations that are constants and real."""
    side = inputs[0].shape[-1] // network.patch_size
    rotations = torch.view_as_real(network.fetch_pos(side, side, "cpu"))
    network.fetch_pos = lambda *_: rotations
    module.apply_rotary_emb = rotate
    model = openvino.convert_model(network, example_input=tuple(inputs))
    model.reshape({place: list(value.shape) for place, value in zip(model.inputs, inputs, strict=True)})
    return model


def quantise(model, inputs):
    """Calibrated on noise, which is what the network is measured on."""
    x, t, y = inputs
    items = [(torch.randn_like(x).numpy(), torch.rand_like(t).numpy(), torch.randint_like(y, 1000).numpy())
             for _ in range(CALIBRATIONS)]
    return nncf.quantize(model, nncf.Dataset(items), model_type=nncf.ModelType.TRANSFORMER, subset_size=len(items))


class Converted:
    def __init__(self, job):
        self.runs = job.runs
        module, network, inputs = drawn(job)
        with torch.no_grad():
            expected = network(*inputs)
            model = convert(module, network, inputs)
        if job.dtype == "int8":
            model = quantise(model, inputs)
        precision = "f32" if job.dtype == "float32" else "bf16"
        settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": job.threads,
                    "PERFORMANCE_HINT": "LATENCY"}
        self.request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
        self.inputs = [value.numpy() for value in inputs]
        self.error = difference(torch.from_numpy(self.evaluate()), expected)
        if job.dtype == "float32" and not self.error < LIMIT:
            raise Refused(f"its velocity differs from the official one by {self.error:.1e}, more than {LIMIT}")

    def evaluate(self):
        self.request.infer(self.inputs, share_inputs=True)
        return self.request.get_output_tensor().data

    def measure(self):
        return {EVALUATION: timed(self.evaluate, self.runs)}
