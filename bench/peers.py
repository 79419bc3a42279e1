#!/usr/bin/env python3
"""Times pixnerd's network in turn with the best that runs the same network elsewhere.

    bench/peers.py --official DIR [--pixnerd build/pixnerd] [--peers eager,compile,openvino] [--dtypes float32,bfloat16,int8]
    bench/peers.py --official DIR --modes train --batch 4 --peers eager,compile --dtypes bfloat16

DIR is a copy of MCG-NJU/PixNerd, whose network is taken as it stands: by PyTorch `eager` or by torch.`compile`, or by
`openvino`, converted (its complex rotations written with real numbers) and, for int8, quantised by NNCF. `reference`
is pixnerd's own plain reference and needs no DIR. Random weights, 256 x 256 pixels. Each round asks all in turn for
`--runs` runs after one that is not counted, each peer in a process of its own. Printed are the least of all, the median
of the rounds' medians, both as a multiple of pixnerd's in the same arithmetic, and the largest difference from the
official network in float32, of the largest value. Needs torch; openvino and nncf (pip install) where they are asked for.
"""

import argparse
import contextlib
import importlib.metadata
import importlib.util
import os
import shutil
import statistics
import sys
from pathlib import Path

from peers.job import Job, Refused
from peers.program import Program
from peers.sizes import SIZES, SOURCE
from peers.worker import Worker

NEEDS = {"eager": ["torch"], "compile": ["torch"], "openvino": ["torch", "openvino", "nncf"], "reference": []}
MODES = ("forward", "train")
DTYPES = ("float32", "bfloat16", "int8")
OFFICIAL, CONVERTED = "peers.official:Official", "peers.converted:Converted"


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"peers: error: {message}\n")


def listed(known):
    """An option's type: some of the known names, with commas between them."""

    def names(text):
        for name in text.split(","):
            if name not in known:
                raise argparse.ArgumentTypeError(f"there is no '{name}'; it takes {', '.join(known)}, with commas")
        return text.split(",")

    return names


def positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number from 1 on")
    return int(text)


def parse_arguments():
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pixnerd", default="build/pixnerd")
    parser.add_argument("--official", metavar="DIR")
    parser.add_argument("--peers", type=listed(NEEDS), default=["eager", "compile", "openvino"])
    parser.add_argument("--models", type=listed(SIZES), default=["imagenet256_L16"])
    parser.add_argument("--modes", type=listed(MODES), default=["forward"], help="forward: an evaluation; train: "
                        "forward + backward, and the optimiser with the average (not of openvino, not in int8)")
    parser.add_argument("--dtypes", type=listed(DTYPES), default=list(DTYPES))
    parser.add_argument("--device", default="cpu", help="cpu, or cuda (not of openvino, not in int8)")
    parser.add_argument("--batch", type=positive, default=1)
    parser.add_argument("--runs", type=positive, default=3)
    parser.add_argument("--rounds", type=positive, default=5)
    parser.add_argument("--threads", type=positive, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--limit", type=positive, default=900, help="seconds a peer may take to be ready, or for a round")
    args = parser.parse_args()
    check(parser, args)
    return args


def check(parser, args):
    """Everything that can be known before minutes are spent."""
    if not shutil.which(args.pixnerd):
        parser.error(f"there is no program '{args.pixnerd}'; mend: make build, or name one by --pixnerd")
    for peer in args.peers:
        for package in NEEDS[peer]:
            if importlib.util.find_spec(package) is None:
                parser.error(f"{sys.executable} has no package {package}, which the peer {peer} needs; "
                             f"mend: pip install {package}, or leave {peer} out of --peers")
        if not NEEDS[peer]:
            continue
        if args.official is None:
            parser.error(f"the peer {peer} needs the official code; mend: --official DIR, a copy of MCG-NJU/PixNerd")
        if not (Path(args.official) / SOURCE).is_file():
            parser.error(f"--official: '{args.official}' has no {SOURCE}; mend: name a copy of MCG-NJU/PixNerd")


def contenders(args, job):
    """[(label, peer)] of those that have this mode, arithmetic and device, pixnerd first; each is a context."""
    found = [("pixnerd", Program(args.pixnerd, job))]
    half, plain = job.dtype == "bfloat16", job.dtype != "int8"
    if "reference" in args.peers and plain:
        found.append(("plain reference", Program(args.pixnerd, job, "plain reference")))
    for peer in ("eager", "compile"):
        if peer not in args.peers or not plain:
            continue
        compiled = peer == "compile"
        name = "official, compiled" if compiled else "official, eager"
        for weights in ("float32", "bfloat16") if half and job.mode == "forward" else ("float32",):
            label = f"{name}, bfloat16 weights" if weights == "bfloat16" else f"{name}, autocast" if half else name
            found.append((label, Worker(OFFICIAL, args.limit, job=job, compiled=compiled, weights=weights)))
    if "openvino" in args.peers and job.mode == "forward" and job.device == "cpu":
        found.append(("OpenVINO, NNCF" if job.dtype == "int8" else "OpenVINO", Worker(CONVERTED, args.limit, job=job)))
    return found


def compare(args, job):
    """[(label, rounds, error, refusal)]: each round {part: (least, median)}; one that refuses takes no further part."""
    rounds, errors, refusals = {}, {}, {}
    with contextlib.ExitStack() as stack:
        asked = {}
        for label, peer in contenders(args, job):
            asked[label] = stack.enter_context(peer)
            rounds[label] = []
            with refused(refusals, label):
                errors[label] = peer.prepare()
        print(f"{job.model}, {job.mode}, {job.dtype}: ready", file=sys.stderr, flush=True)
        labels = list(asked)
        for turn in range(args.rounds):
            first = turn % len(labels)
            for label in labels[first:] + labels[:first]:
                if label not in refusals:
                    with refused(refusals, label):
                        rounds[label].append(asked[label].measure())
            print(f"round {turn + 1} of {args.rounds}", file=sys.stderr, flush=True)
    return [(label, rounds[label], errors.get(label), refusals.get(label)) for label in labels]


@contextlib.contextmanager
def refused(refusals, label):
    try:
        yield
    except Refused as refusal:
        if label == "pixnerd":
            print(f"peers: error: {refusal}", file=sys.stderr)
            sys.exit(2)
        refusals[label] = str(refusal)


def show(job, results):
    """A block of rows for each part that was timed."""
    own = results[0][1]
    for part in own[0]:
        print(f"| **{job.model}, {part}, {job.dtype}** | | | | |")
        base = best(own, part)
        for label, rounds, error, refusal in results:
            if refusal or part not in rounds[0]:
                print(f"| {label} | {refusal or 'not timed'} | | | |")
                continue
            least, median = best(rounds, part)
            ratios = f"{least / base[0]:.2f}, {median / base[1]:.2f}"
            print(f"| {label} | {least:.4f} | {median:.4f} | {ratios} | {'' if error is None else f'{error:.1e}'} |")
    sys.stdout.flush()


def best(rounds, part):
    return min(times[part][0] for times in rounds), statistics.median(times[part][1] for times in rounds)


def main():
    args = parse_arguments()
    packages = sorted({package for peer in args.peers for package in NEEDS[peer]})
    versions = "".join(f", {package} {importlib.metadata.version(package)}" for package in packages)
    print(f"{args.device}, {args.threads} threads, batch {args.batch}: {args.rounds} rounds of {args.runs} runs in turn{versions}\n")
    print("| | least s | median s | times pixnerd's, least and median | error |\n| --- | --- | --- | --- | --- |", flush=True)
    for model in args.models:
        for mode in args.modes:
            for dtype in args.dtypes:
                if dtype != "int8" or (mode == "forward" and args.device == "cpu"):
                    job = Job(args.official, model, mode, args.batch, dtype, args.device, args.threads, args.runs)
                    show(job, compare(args, job))


if __name__ == "__main__":
    main()
