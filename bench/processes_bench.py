#!/usr/bin/env python3
"""Training by one process with all threads beside several with their share of them: pictures a second, and the share of
the time in which rank 0 waited for others and for messages. In turn, medians.

Usage: processes_bench.py PIXNERD CONFIG [--set KEY=VALUE ...] [--threads 2] [--steps 30] [--rounds 3]
"""

import argparse
import json
import os
import pathlib
import socket
import statistics
import subprocess
import tempfile


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def train(options, ranks, folder):
    """Lines of the log of a run by so many processes, but for the first, in which it warms up."""
    port, started = free_port(), []
    for rank in range(ranks):
        own = {"RANK": rank, "WORLD_SIZE": ranks, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": ranks, "MASTER_PORT": port}
        environment = os.environ | {key: str(value) for key, value in own.items()} | {"MASTER_ADDR": "127.0.0.1"}
        command = [options.pixnerd, "train", options.config, "--out", folder, "--threads", str(options.threads // ranks)]
        settings = [f"train.steps={options.steps}", "train.log_every=5", "train.checkpoint_every=1000000"]
        for setting in [*settings, "train.validate_every=0", "train.sample_every=0", *options.set]:
            command += ["--set", setting]
        started.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
    if any(process.wait() for process in started):
        raise SystemExit(f"a run of {ranks} processes failed; try: {' '.join(map(str, command))}")
    lines = [json.loads(line) for line in (pathlib.Path(folder) / "log.jsonl").read_text().splitlines()]
    return [line for line in lines if "loss" in line][1:]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pixnerd", type=pathlib.Path)
    parser.add_argument("config")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    options.pixnerd = options.pixnerd.resolve()
    rates, waits = {1: [], options.threads: []}, []
    for _ in range(options.rounds):
        for ranks in rates:
            with tempfile.TemporaryDirectory() as name:
                lines = train(options, ranks, pathlib.Path(name) / "run")
            rates[ranks].append(statistics.median(line["images_per_second"] for line in lines))
            if ranks > 1:
                waits.append(statistics.median(line["waiting"] for line in lines))
    for ranks, values in rates.items():
        print(f"{ranks} processes of {options.threads // ranks} threads: {statistics.median(values):.1f} pictures/s", values)
    ratio = statistics.median(b / a for a, b in zip(rates[1], rates[options.threads]))
    print(f"ratio {ratio:.3f}, waiting {statistics.median(waits):.3f} of the time")


if __name__ == "__main__":
    main()
