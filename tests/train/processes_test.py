"""Training on several processes as its users start it: their losses are those of one, whoever dies is named to the
others within seconds, and a run that was killed ends in the bytes of one that was not.
Usage: processes_test.py PIXNERD [KILLS]
"""

import json
import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import zlib

program, kills = "", 2
STEPS = 40
CONFIG = """
model: {hidden_size: 32, num_heads: 2, patch_size: 8, field_width: 8, num_cond_blocks: 2, num_blocks: 3, num_classes: 0}
data: {path: DATA, image_size: 32, workers: 1}
train: {steps: 40, batch_size: 16, learning_rate: 1.0e-3, precision: float32, log_every: 1, checkpoint_every: 10,
        gradient_clip_norm: 1.0}
"""


def png(side, value):
    """A picture with a gradient, without a library."""
    rows = b"".join(
        b"\0" + bytes(v for x in range(side) for v in (value, (x * 8) % 256, (y * 8) % 256)) for y in range(side)
    )
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Processes(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        for name, value in (("dark", 30), ("light", 220)):
            (self.folder / "data" / name).mkdir(parents=True)
            for i in range(4):
                (self.folder / "data" / name / f"{i}.png").write_bytes(png(32, value + 5 * i))
        self.config = self.folder / "config.yaml"
        self.config.write_text(CONFIG.replace("DATA", str(self.folder / "data")))

    def command(self, out, *more):
        return [program, "train", self.config, "--out", self.folder / out, "--threads", "1", *more]

    def start(self, ranks, out, *more):
        return self.launch(ranks, out, self.command(out, *more))

    def launch(self, ranks, out, command):
        """So many processes, as a launcher starts them."""
        port = free_port()
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM_", "OMPI_", "PMI_"))}
        started = []
        for rank in range(ranks):
            own = environment | {
                "RANK": str(rank),
                "WORLD_SIZE": str(ranks),
                "LOCAL_RANK": str(rank),
                "LOCAL_WORLD_SIZE": str(ranks),
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
            }
            errors = open(self.folder / f"{out}.{rank}.err", "ab")
            self.addCleanup(errors.close)
            started.append(subprocess.Popen(command, env=own, stderr=errors, stdout=subprocess.DEVNULL))
        return started

    def train(self, ranks, out, *more):
        for rank, process in enumerate(self.start(ranks, out, *more)):
            self.assertEqual(process.wait(180), 0, self.errors(out, rank))

    def errors(self, out, rank):
        return (self.folder / f"{out}.{rank}.err").read_text(errors="replace")

    def steps_logged(self, out):
        log = self.folder / out / "log.jsonl"
        return log.read_bytes().count(b"\n") if log.exists() else 0

    def losses(self, out):
        lines = (self.folder / out / "log.jsonl").read_text().splitlines()
        return [json.loads(line)["loss"] for line in lines]

    def checkpoint(self, out, step=STEPS):
        return (self.folder / out / "checkpoints" / f"step-{step:08d}.safetensors").read_bytes()

    def test_losses_are_those_of_one(self):
        self.train(1, "one")
        expected = self.losses("one")
        self.assertEqual(len(expected), STEPS)
        for ranks in (2, 4):
            self.train(ranks, str(ranks))
            for step, (found, wanted) in enumerate(zip(self.losses(str(ranks)), expected, strict=True)):
                self.assertLess(abs(found - wanted), 1e-5 * wanted, f"{ranks} processes, step {step + 1}")

    def test_whoever_is_killed_is_named_and_the_run_goes_on(self):
        steps = 400
        longer = ["--set", f"train.steps={steps}", "--set", "train.checkpoint_every=7"]
        self.train(2, "whole", *longer)
        whole, seed = self.checkpoint("whole", steps), random.randrange(1 << 30)
        print("seed", seed)
        chance = random.Random(seed)
        for number in range(kills):
            out, victim = f"killed{number}", chance.randrange(2)
            processes = self.start(2, out, *longer)
            # After a random step, and in its middle.
            last = chance.randrange(1, steps // 2)
            self.wait_for(lambda: self.steps_logged(out) >= last, processes)
            time.sleep(chance.uniform(0, 0.02))
            self.assertEqual([process.poll() for process in processes], [None, None], "too late to be killed")
            processes[victim].kill()
            began = time.monotonic()
            self.assertEqual(processes[1 - victim].wait(30), 1, self.errors(out, 1 - victim))
            self.assertLess(time.monotonic() - began, 10)
            self.assertIn(f"rank {victim}", self.errors(out, 1 - victim))
            processes[victim].wait(60)
            self.train(2, out, "--resume", "--or-new", *longer)
            self.assertEqual(self.checkpoint(out, steps), whole, f"killed rank {victim}")

    def test_torchrun_starts_and_stops_it(self):
        torchrun = pathlib.Path(sys.executable).parent / "torchrun"
        if not torchrun.exists():
            self.skipTest("this Python has no torchrun")
        endless = ["--set", "train.steps=100000", "--set", "train.checkpoint_every=100000"]
        launch = [torchrun, "--no-python", "--standalone", "--nproc-per-node", "2"]
        with open(self.folder / "torchrun.err", "ab") as errors:
            run = subprocess.Popen(
                [*launch, *self.command("run", *endless)], stderr=errors, stdout=subprocess.DEVNULL
            )
            self.wait_for(lambda: self.steps_logged("run") > 3, [run])
            run.send_signal(signal.SIGTERM)
            run.wait(60)
        # Nothing but the signal makes one.
        self.assertEqual(len(list((self.folder / "run" / "checkpoints").glob("step-*.safetensors"))), 1)

    def draw(self, ranks, out, *more):
        command = [program, "sample", "--checkpoint", "assets/emoji64.safetensors", "--classes", "0-4", "--count", "1"]
        command += ["--steps", "2", "--threads", "1", "--dtype", "float32", "--out", self.folder / out, *more]
        for rank, process in enumerate(self.launch(ranks, out, command)):
            self.assertEqual(process.wait(180), 0, self.errors(out, rank))

    def test_pictures_are_those_of_one_process(self):
        self.draw(1, "one")
        self.draw(3, "three")
        pictures = sorted(path.name for path in (self.folder / "one").glob("*.png"))
        self.assertEqual(len(pictures), 5)
        for name in pictures:
            self.assertEqual((self.folder / "three" / name).read_bytes(), (self.folder / "one" / name).read_bytes())
        (self.folder / "three" / pictures[1]).unlink()
        self.draw(2, "three", "--resume")
        name = pictures[1]
        self.assertEqual((self.folder / "three" / name).read_bytes(), (self.folder / "one" / name).read_bytes())
        self.draw(1, "one.npz")
        self.draw(2, "two.npz")
        self.assertEqual((self.folder / "two.npz").read_bytes(), (self.folder / "one.npz").read_bytes())

    def test_an_error_of_one_ends_all(self):
        processes = self.start(2, "failed", "--set", "data.path=nowhere")
        for rank, process in enumerate(processes):
            self.assertEqual(process.wait(60), 1, self.errors("failed", rank))
            self.assertIn("nowhere", self.errors("failed", rank))

    def wait_for(self, what, processes):
        for _ in range(30000):
            if what() or any(process.poll() is not None for process in processes):
                return
            time.sleep(0.002)


if __name__ == "__main__":
    program = pathlib.Path(sys.argv.pop(1)).resolve()
    if len(sys.argv) > 1 and sys.argv[1].isdigit():
        kills = int(sys.argv.pop(1))
    unittest.main()
