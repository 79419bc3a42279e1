"""The official network (MCG-NJU/PixNerd) as it stands, by PyTorch: eager or compiled."""

import importlib.util
import statistics
import time
from pathlib import Path

import torch
from torch._inductor import config as inductor

from peers.job import EVALUATION, LEARNING, UPDATE
from peers.sizes import SIZES, SOURCE


def drawn(job):
    """The module of the official network, the network with random weights, and its inputs x, t, y."""
    torch.set_num_threads(job.threads)
    torch.manual_seed(0)
    spec = importlib.util.spec_from_file_location("pixnerd_c2i", Path(job.official) / SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.PixNerDiT(in_channels=3, patch_size=16, hidden_size_x=64, nerf_mlpratio=2, num_classes=1000,
                               **SIZES[job.model])
    torch.nn.init.normal_(network.final_layer.linear.weight, std=0.02)  # begins as zeros, and so would the velocity
    x = torch.randn(job.batch, 3, 256, 256)
    t = torch.linspace(0.5, 0.9, job.batch)
    y = torch.arange(job.batch) % 1000
    return module, network.to(job.device).eval(), [value.to(job.device) for value in (x, t, y)]


def difference(seen, expected):
    """The largest error as a part of the largest value."""
    return ((seen.float() - expected).abs().max() / expected.abs().max()).item()


def timed(work, runs, after=lambda: None):
    """Least and median seconds of `runs` runs, after one that is not counted."""
    seconds = []
    for _ in range(runs + 1):
        begun = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begun)
        after()
    return min(seconds[1:]), statistics.median(seconds[1:])


class Official:
    """`weights` is the type they are kept in; bfloat16 is autocast, as the official sampler has it."""

    def __init__(self, job, compiled=False, weights="float32"):
        self.job = job
        _, self.network, self.inputs = drawn(job)
        self.parameters = list(self.network.parameters())
        self.error = None
        if job.mode == "forward":
            self.network.requires_grad_(False)
            expected = self.network(*self.inputs)
            self.network.to(getattr(torch, weights))
            inductor.freezing = compiled  # weights as constants, laid out for the products
        if compiled:
            self.network = torch.compile(self.network)
        if job.mode == "forward":
            self.error = difference(self.evaluate(), expected)

    def velocity(self):
        kind = torch.device(self.job.device).type
        with torch.autocast(kind, torch.bfloat16, enabled=self.job.dtype == "bfloat16"):
            return self.network(*self.inputs)

    def evaluate(self):
        with torch.no_grad():
            return self.velocity()

    def learn(self):
        (self.velocity().float() - self.inputs[0]).square().mean().backward()

    def forget(self):
        for parameter in self.parameters:
            parameter.grad = None

    def measure(self):
        runs = self.job.runs
        if self.job.mode == "forward":
            return {EVALUATION: timed(self.evaluate, runs)}
        times = {LEARNING: timed(self.learn, runs, self.forget)}
        self.learn()
        optimiser = torch.optim.AdamW(self.parameters, lr=1e-4, weight_decay=0.0, fused=True)
        average = [parameter.detach().clone() for parameter in self.parameters]

        def update():
            optimiser.step()
            torch._foreach_lerp_(average, [parameter.detach() for parameter in self.parameters], 1e-4)

        times[UPDATE] = timed(update, runs)
        self.forget()
        torch.cuda.empty_cache()  # the others need a GPU's memory until the next round
        return times
