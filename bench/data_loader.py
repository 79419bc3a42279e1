#!/usr/bin/env python3
"""How fast are training pictures made ready, beside PyTorch's DataLoader with Pillow on the same files?

    .venv/bin/python bench/data_loader.py build/pixnerd [--pictures 400] [--workers 2] [--rounds 7] [--folder DIR]

Draws JPEGs like ImageNet's (500 x 375, quality 90, some 80 kB: structure and noise) into a temporary folder, or takes
those of a folder of class folders; puts them into tar files, too. Then, in turn: PyTorch's DataLoader (ADM's crop to
256 x 256 with Pillow, a flip, numbers in [-1, 1]), the program's loader on the folder, on the tars, and from a cache.
Medians of the rounds, and of the ratios within a round. Processor time is that of all threads and processes, and does
not count what other programs take. Needs torch, numpy and Pillow.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy
import torch
from PIL import Image

SIDE = 256
BATCH = 32


def draw(path: Path, number: int) -> None:
    """Blobs, soft ground and noise: what JPEG finds in a photograph, not what people do."""
    random = numpy.random.default_rng(number)
    width, height = (500, 375) if number % 4 else (375, 500)
    ground = numpy.zeros((height, width, 3), numpy.float32)
    for scale in (8, 32, 128):
        small = random.integers(0, 256, (max(2 * height // scale, 2), max(2 * width // scale, 2), 3), numpy.uint8)
        ground += numpy.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)) * (scale / 168)
    y, x = numpy.mgrid[:height, :width]
    for _ in range(12):
        inside = (x - random.integers(width)) ** 2 + (y - random.integers(height)) ** 2 < random.integers(10, 120) ** 2
        ground[inside] = 0.4 * ground[inside] + 0.6 * random.integers(0, 256, 3)
    ground += random.normal(0, 13, ground.shape)
    Image.fromarray(ground.clip(0, 255).astype(numpy.uint8)).save(path, quality=90)


def draw_all(folder: Path, count: int) -> None:
    for number in range(count):
        path = folder / f"n{number % 10:08}" / f"{number:05}.JPEG"
        path.parent.mkdir(parents=True, exist_ok=True)
        draw(path, number)


def adm_crop(picture: Image.Image, side: int) -> numpy.ndarray:
    while min(*picture.size) >= 2 * side:
        picture = picture.resize(tuple(length // 2 for length in picture.size), Image.Resampling.BOX)
    scale = side / min(*picture.size)
    picture = picture.resize(tuple(round(length * scale) for length in picture.size), Image.Resampling.BICUBIC)
    pixels = numpy.asarray(picture)
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    return pixels[top : top + side, left : left + side]


class Pictures(torch.utils.data.Dataset):
    def __init__(self, folder: Path):
        self.files = sorted(path for path in folder.rglob("*") if path.is_file())

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        with Image.open(self.files[index]) as picture:
            pixels = adm_crop(picture.convert("RGB"), SIDE)
        if torch.rand(()) < 0.5:
            pixels = pixels[:, ::-1]
        chw = torch.from_numpy(pixels.copy()).permute(2, 0, 1).contiguous().float()
        return chw.div_(255).sub_(0.5).div_(0.5), index


def processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Torch:
    """A DataLoader whose processes stay from round to round, as in training."""

    def __init__(self, folder: Path, workers: int, seconds: float):
        self.seconds = seconds
        self.loader = torch.utils.data.DataLoader(Pictures(folder), BATCH, shuffle=True, num_workers=workers,
                                                  drop_last=True, persistent_workers=True)
        self.batches = self.endless()
        for _ in range(4 * workers):
            next(self.batches)

    def endless(self):
        while True:
            yield from self.loader

    def run(self) -> dict:
        processes = [os.getpid(), *(worker.pid for worker in self.loader._iterator._workers)]
        before = sum(map(processor_seconds, processes))
        begin, taken = time.monotonic(), 0
        while time.monotonic() - begin < self.seconds:
            taken += len(next(self.batches)[0])
        # What was made ahead at the beginning and is at the end is about the same.
        result = {"pictures_per_second": taken / (time.monotonic() - begin),
                  "processor_seconds": (sum(map(processor_seconds, processes)) - before) / taken}
        self.settle(processes)
        return result

    def settle(self, processes: list[int]) -> None:
        """Waits until the workers have made all they make ahead, and take no time from the next candidate."""
        before = -1.0
        while (now := sum(map(processor_seconds, processes))) != before:
            before = now
            time.sleep(0.5)


class Program:
    def __init__(self, program: str, workers: int, seconds: float, path: Path, cache: Path | None = None):
        settings = {"data.path": path, "data.workers": workers, "data.image_size": SIDE, "data.horizontal_flip": "true"}
        if cache:
            settings["data.cache"] = cache
        self.command = [program, "data", "speed", "imagenet256_L16", "--seconds", str(seconds), "--json",
                        *(word for key, value in settings.items() for word in ("--set", f"{key}={value}"))]

    def run(self) -> dict:
        return json.loads(subprocess.run(self.command, check=True, stdout=subprocess.PIPE,
                                         stderr=subprocess.DEVNULL).stdout)


def table(rounds: dict[str, list[dict]]) -> str:
    first = next(iter(rounds.values()))
    lines = [f"{'':36}{'pictures/s':>12}{'times':>8}{'processor ms':>14}{'times':>8}"]
    for name, found in rounds.items():
        speeds = [each["pictures_per_second"] for each in found]
        costs = [1000 * each["processor_seconds"] for each in found]
        faster = statistics.median(a / b["pictures_per_second"] for a, b in zip(speeds, first))
        cheaper = statistics.median(1000 * b["processor_seconds"] / a for a, b in zip(costs, first))
        lines.append(f"{name:36}{statistics.median(speeds):12.0f}{faster:8.1f}{statistics.median(costs):14.2f}"
                     f"{cheaper:8.1f}")
    for name, found in rounds.items():
        if "stages" not in found[0]:
            continue
        sums = {stage["name"]: statistics.median(each["stages"][i]["seconds"] for each in found)
                for i, stage in enumerate(found[0]["stages"])}
        all_of_it = sum(sums.values())
        lines.append(f"{name}: " + ", ".join(f"{key} {100 * value / all_of_it:.0f} %" for key, value in sums.items()))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3, help="of each candidate in each round")
    parser.add_argument("--folder", type=Path, help="pictures in class folders, instead of those that are drawn")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = flags.folder or Path(scratch) / "pictures"
        if not flags.folder:
            draw_all(folder, flags.pictures)
        shards = Path(scratch) / "shards"
        subprocess.run([flags.program, "data", "pack", folder, "--out", shards, "--shard-megabytes", "8"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        program = (flags.program, flags.workers, flags.seconds)
        candidates = {
            "DataLoader and Pillow": Torch(folder, flags.workers, flags.seconds),
            "pixnerd, decoding each time": Program(*program, folder),
            "the same from tar files": Program(*program, shards),
            "pixnerd, cached": Program(*program, folder, Path(scratch) / "folder.squares"),
            "the same of tar files": Program(*program, shards, Path(scratch) / "shards.squares"),
        }
        for candidate in list(candidates.values())[3:]:
            candidate.run()  # makes the cache
        rounds: dict[str, list[dict]] = {name: [] for name in candidates}
        for _ in range(flags.rounds):
            for name, candidate in candidates.items():
                rounds[name].append(candidate.run())
        print(f"{len(candidates['DataLoader and Pillow'].loader.dataset)} pictures as {SIDE} x {SIDE}, "
              f"{flags.workers} workers, {flags.rounds} rounds of {flags.seconds:g} s; torch {torch.__version__}, "
              f"Pillow {Image.__version__}")
        print(table(rounds))


if __name__ == "__main__":
    main()
