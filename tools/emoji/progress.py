"""Progress as plain lines on stderr: how much is done, how fast, and how long it still takes."""

import sys
import time


def report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """`48 s`, `3 min 20 s`."""
    whole = max(0, round(seconds))
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


class ProgressLines:
    """Prints a line at most every `every` seconds; the clock is an argument so that a test can turn it."""

    def __init__(self, task: str, total: int, every: float = 5.0, clock=time.monotonic, write=report):
        self.task_, self.total_, self.every_, self.clock_, self.write_ = task, total, every, clock, write
        self.start_ = self.last_ = clock()

    def update(self, done: int) -> None:
        now = self.clock_()
        if now - self.last_ < self.every_ or done == 0:
            return
        self.last_ = now
        rate = done / (now - self.start_)
        left = duration((self.total_ - done) / rate)
        self.write_(f"{self.task_}: {done} of {self.total_} ({100 * done // self.total_}%), {rate:.0f}/s, {left} left")

    def elapsed(self) -> float:
        return self.clock_() - self.start_
