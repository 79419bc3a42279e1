"""What every peer is asked to do."""

import signal
from dataclasses import dataclass

EVALUATION, LEARNING, UPDATE = "evaluation", "forward + backward", "AdamW and average"


class Refused(Exception):
    """A peer does not run here; the message is why, in one line."""


@dataclass(frozen=True)
class Job:
    """One network in one arithmetic, with random weights and inputs; `runs` are counted, one before them is not."""

    official: str | None
    model: str
    mode: str  # forward: an evaluation; train: forward and backward, and the optimiser
    batch: int
    dtype: str  # float32, bfloat16 or int8
    device: str
    threads: int
    runs: int


def ending(status):
    """How a process ended, as it is said to a reader."""
    return signal.Signals(-status).name if status < 0 else f"status {status}"
