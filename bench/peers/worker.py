"""A peer in a process of its own: one that crashes, hangs or keeps its threads awake stops nobody else."""

import contextlib
import gc
import importlib
import multiprocessing
import os
import signal

from peers.job import Refused, ending


def serve(connection, place, arguments):
    """Builds the peer, tells its error beside float32, then measures whenever asked."""
    os.setsid()  # so that compilers it starts end with it
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    module, name = place.split(":")
    try:
        peer = getattr(importlib.import_module(module), name)(**arguments)
        gc.collect()  # what it was converted from: gigabytes in cycles
        connection.send((True, peer.error))
        while connection.recv():
            connection.send((True, peer.measure()))
    except EOFError:
        pass
    except Exception as error:
        lines = str(error).strip().splitlines() or ["no message"]
        connection.send((False, f"{type(error).__name__}: {lines[0]}"))


class Worker:
    """`place` is module:class; the class takes `arguments` and has `error` and `measure()`."""

    def __init__(self, place, limit, **arguments):
        self.limit = limit
        context = multiprocessing.get_context("spawn")
        self.connection, self.theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(self.theirs, place, arguments))

    def __enter__(self):
        self.process.start()
        self.theirs.close()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.join()

    def prepare(self):
        """The peer's error beside the official network in float32, or None where there is none to tell."""
        return self.answer(lambda: None)

    def measure(self):
        """{part: (least, median)} in seconds."""
        return self.answer(lambda: self.connection.send(True))

    def answer(self, ask):
        try:
            ask()
            if not self.connection.poll(self.limit):
                raise Refused(f"does not run: no answer within {self.limit} s (--limit)")
            well, said = self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            raise Refused(f"does not run: its process ended with {ending(self.process.exitcode)}") from None
        if not well:
            raise Refused(f"does not run: {said}")
        return said
