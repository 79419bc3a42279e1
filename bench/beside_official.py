#!/usr/bin/env python3
"""Times pixnerd's network and training step beside the official code (MCG-NJU/PixNerd), in turn, on one device.

    bench/beside_official.py --pixnerd build/pixnerd --official DIR [--device cuda] [--models imagenet256_L16]

DIR is a copy of the official repository; its network is taken as it stands. Random weights, 256 x 256 pixels. Each
round times both programs, `--runs` runs after one that is not counted, and the least median of the rounds is printed.
Without --official pixnerd stands alone, beside its own plain reference.
"""
import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

SIZES = {  # as configs_c2i/ of the official repository
    "imagenet256_L16": dict(hidden_size=1024, num_groups=16, num_blocks=24, num_cond_blocks=22),
    "imagenet256_XL16": dict(hidden_size=1152, num_groups=16, num_blocks=30, num_cond_blocks=28),
}
PARTS = ("evaluation", "forward + backward", "AdamW and average")


def official_network(folder, model):
    path = Path(folder) / "src/models/transformer/pixnerd_c2i.py"
    if not path.is_file():
        sys.exit(f"beside_official: error: no {path}; --official names a copy of MCG-NJU/PixNerd")
    spec = importlib.util.spec_from_file_location("pixnerd_c2i", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PixNerDiT(in_channels=3, patch_size=16, hidden_size_x=64, nerf_mlpratio=2, num_classes=1000,
                            **SIZES[model])


class Official:
    """The official network with the optimiser and the average of its configurations."""

    def __init__(self, args, model, dtype):
        import torch

        self.torch, self.device, self.runs = torch, torch.device(args.device), args.runs
        self.half = dtype == "bfloat16"
        if args.threads:
            torch.set_num_threads(args.threads)
        torch.manual_seed(0)
        network = official_network(args.official, model).to(self.device)
        self.parameters = list(network.parameters())
        self.network = torch.compile(network) if args.compile else network
        self.x = torch.randn(args.batch, 3, 256, 256, device=self.device)
        self.target = torch.randn_like(self.x)
        self.t = torch.full((args.batch,), 0.5, device=self.device)
        self.y = torch.zeros(args.batch, dtype=torch.long, device=self.device)

    def velocity(self):
        with self.torch.autocast(self.device.type, self.torch.bfloat16, enabled=self.half):
            return self.network(self.x, self.t, self.y)

    def evaluate(self):
        with self.torch.no_grad():
            self.velocity()

    def learn(self):
        (self.velocity().float() - self.target).square().mean().backward()

    def median(self, work, after=lambda: None):
        seconds = []
        for _ in range(self.runs + 1):
            begun = time.perf_counter()
            work()
            if self.device.type == "cuda":
                self.torch.cuda.synchronize(self.device)
            seconds.append(time.perf_counter() - begun)
            after()
        return statistics.median(seconds[1:])

    def forget(self):
        for parameter in self.parameters:
            parameter.grad = None

    def measure(self):
        torch = self.torch
        times = {"evaluation": self.median(self.evaluate),
                 "forward + backward": self.median(self.learn, self.forget)}
        self.learn()
        optimiser = torch.optim.AdamW(self.parameters, lr=1e-4, weight_decay=0.0, fused=True)
        average = [parameter.detach().clone() for parameter in self.parameters]

        def update():
            optimiser.step()
            torch._foreach_lerp_(average, [parameter.detach() for parameter in self.parameters], 1e-4)

        times["AdamW and average"] = self.median(update)
        return times


def bench(args, model, dtype, mode):
    command = [args.pixnerd, "bench", "--model", model, "--mode", mode, "--batch", str(args.batch), "--dtype", dtype,
               "--device", args.device, "--runs", str(args.runs), "--json"]
    if args.official:
        command.append("--no-reference")
    if args.threads:
        command += ["--threads", str(args.threads)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def pixnerd(args, model, dtype):
    """Times of pixnerd, and of its plain reference unless that is left out."""
    rows = bench(args, model, dtype, "forward")["rows"]
    own, reference = {"evaluation": rows[0]["seconds_median"]}, {}
    if len(rows) > 1:
        reference["evaluation"] = rows[1]["seconds_median"]
    rows = bench(args, model, dtype, "train")["rows"]
    own["forward + backward"] = rows[0]["seconds_median"]
    own["AdamW and average"] = rows[1]["seconds_median"]
    if len(rows) > 2:
        reference["forward + backward"] = rows[2]["seconds_median"]
    return own, reference


def least(rounds, part):
    times = [times[part] for times in rounds if part in times]
    return min(times) if times else None


def seconds(value):
    return "-" if value is None else f"{value:.4f} s"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pixnerd", default="build/pixnerd")
    parser.add_argument("--official", metavar="DIR")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--models", default="imagenet256_L16", help="names with commas between them")
    parser.add_argument("--dtypes", default="bfloat16,float32")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, help="on a CPU")
    parser.add_argument("--compile", action="store_true", help="the official network by torch.compile")
    args = parser.parse_args()
    args.models, args.dtypes = args.models.split(","), args.dtypes.split(",")
    for model in args.models:
        if args.official and model not in SIZES:
            parser.error(f"the official sizes are {', '.join(SIZES)}, not {model}")
    return args


def main():
    args = parse_arguments()
    beside = "official" if args.official else "plain reference"
    print(f"{args.device}, batch {args.batch}: least median of {args.rounds} rounds of {args.runs} runs in turn")
    print(f"{'':<28}{'':<22}{'pixnerd':>12}{beside:>18}{'ratio':>8}")
    for model in args.models:
        for dtype in args.dtypes:
            own_rounds, other_rounds = [], []
            for _ in range(args.rounds):
                own, reference = pixnerd(args, model, dtype)
                own_rounds.append(own)
                other_rounds.append(Official(args, model, dtype).measure() if args.official else reference)
            for part in PARTS:
                own, other = least(own_rounds, part), least(other_rounds, part)
                ratio = f"{other / own:.2f}" if own and other else "-"
                print(f"{model + ', ' + dtype:<28}{part:<22}{seconds(own):>12}{seconds(other):>18}{ratio:>8}", flush=True)


if __name__ == "__main__":
    main()
