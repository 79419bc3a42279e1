"""pixnerd, and its plain reference, by `pixnerd bench`, which draws weights of its own."""

import contextlib
import json
import subprocess

from peers.job import EVALUATION, Refused, ending


class Program(contextlib.nullcontext):
    """`name` is that of the rows of `pixnerd bench` that count: pixnerd or plain reference."""

    def __init__(self, path, job, name="pixnerd"):
        super().__init__(self)
        self.name = name
        self.command = [path, "bench", "--json", "--model", job.model, "--mode", job.mode, "--dtype", job.dtype]
        for option in ("batch", "device", "threads", "runs"):
            self.command += [f"--{option}", str(getattr(job, option))]
        if name == "pixnerd":
            self.command.append("--no-reference")

    def prepare(self):
        """Runs once, so that what is wrong is told before others take minutes to be ready."""
        self.measure()

    def measure(self):
        said = " ".join(self.command)
        try:
            done = subprocess.run(self.command, capture_output=True, text=True, check=False)
            if done.returncode:
                lines = done.stderr.strip().splitlines() or [f"ended with {ending(done.returncode)}"]
                raise Refused(f"{said}: {lines[-1]}")
            rows = json.loads(done.stdout)["rows"]
        except (OSError, ValueError, KeyError) as error:
            raise Refused(f"{said}: no program of pixnerd's, or another version ({error})") from None
        times = {}
        for row in rows:
            name, _, part = row["name"].partition(", ")
            if name == self.name:
                times[part or EVALUATION] = row["seconds_min"], row["seconds_median"]
        return times
