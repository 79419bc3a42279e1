#!/usr/bin/env python3
"""Random clients against a server for an hour: it must not grow, lose a job, or fail.

    python3 tools/soak.py build/pixnerd [--minutes 60] [--clients 12] [--seed N] [--checkpoint FILE]

Clients draw, watch and vanish, cancel, take out, read slowly, cut uploads and send what is no request. Every minute a
line tells memory, descriptors, threads and jobs. Exits with 1 on an answer of 500 or more, a job that does not end, a
server that ends, and growth: of memory after a warm-up, of descriptors and threads once all clients have gone.
"""

import argparse
import base64
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
JOB_SECONDS = 180  # within which a job must end, on a machine that does much else
ENDED = ("done", "failed", "cancelled")
# What memory may grow by after the warm-up: a share, and megabytes that allocators take as they like; of a short run
# more, as it is hardly warm.
GROWTH_SHARE, GROWTH_MEGABYTES, SHORT_GROWTH_MEGABYTES = 0.05, 24, 80
SHORT_SECONDS = 600
MORE_DESCRIPTORS, MORE_THREADS = 4, 2  # than before the clients came


class Server:
    def __init__(self, program: str, checkpoint: str, folder: str):
        command = [program, "serve", "--checkpoint", checkpoint, "--port", "0", "--folder", folder, "--threads", "1",
                   "--queue", "96", "--history", "300", "--grace", "5"]
        self.log = open(os.path.join(os.path.dirname(folder), "log"), "w+")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        env={**os.environ, "OMP_NUM_THREADS": "1"})
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("soak: the server did not start; it said: " + self.said())
        self.port = int(line.rsplit(":", 1)[1])

    def said(self) -> str:
        self.log.seek(0)
        return self.log.read()[-2000:]

    def megabytes(self) -> float:
        return int(re.search(r"VmRSS:\s+(\d+)", self._status())[1]) / 1000

    def threads(self) -> int:
        return int(re.search(r"Threads:\s+(\d+)", self._status())[1])

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def _status(self) -> str:
        return Path(f"/proc/{self.process.pid}/status").read_text()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


class Record:
    """What all clients have seen."""

    def __init__(self):
        self.lock = threading.Lock()
        self.statuses: dict[int, int] = {}
        self.failures: list[str] = []
        self.jobs: dict[str, float] = {}  # accepted and not seen to end: when

    def status(self, status: int, what: str) -> None:
        with self.lock:
            self.statuses[status] = self.statuses.get(status, 0) + 1
        if status >= 500:
            self.fail(f"{what} was answered {status}")

    def fail(self, what: str) -> None:
        with self.lock:
            self.failures.append(what)


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\x80\x40\x20" * width) * height
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Client(threading.Thread):
    """One after the other, until `over` is set: whatever clients do."""

    def __init__(self, server: Server, record: Record, over: threading.Event, seed: int):
        super().__init__(daemon=True)
        self.server, self.record, self.over = server, record, over
        self.random = random.Random(seed)

    def run(self) -> None:
        actions = (self.draw, self.draw, self.draw, self.draw, self.watch_and_vanish, self.watch_and_vanish, self.cancel,
                   self.take_out, self.read_slowly, self.cut_upload, self.send_nonsense, self.ask_around, self.edit,
                   self.ask_as_others_do, self.ask_as_others_do)
        while not self.over.is_set():
            action = self.random.choice(actions)
            try:
                action()
            except (OSError, http.client.HTTPException) as error:
                if self.over.is_set() or self.server.process.poll() is not None:
                    return
                self.record.fail(f"{action.__name__}: {type(error).__name__} {error}")

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=JOB_SECONDS)
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
            answer = connection.getresponse()
            content = answer.read()
            self.record.status(answer.status, f"{method} {path}")
            return answer.status, content
        finally:
            connection.close()

    def accept(self, **more: object) -> str | None:
        """The job's id; none where the queue was full."""
        request = {"class": self.random.randrange(300), "count": self.random.randint(1, 3), "client": self.name,
                   "steps": self.random.randint(2, 6), "seed": self.random.getrandbits(64), **more}
        status, content = self.ask("POST", "/api/jobs", request)
        if status == 429:
            self.over.wait(0.5)
            return None
        if status != 202:
            self.record.fail(f"a good request was answered {status}: {content[:200]!r}")
            return None
        job = json.loads(content)["id"]
        with self.record.lock:
            self.record.jobs[job] = time.monotonic()
        return job

    def wait_for(self, job: str | None, expected: tuple[str, ...] = ("done",)) -> dict | None:
        end = time.monotonic() + JOB_SECONDS
        while job is not None and time.monotonic() < end:
            status, content = self.ask("GET", f"/api/jobs/{job}")
            found = json.loads(content) if status == 200 else {"state": "done"}  # 404: taken out by another client
            if found["state"] in ENDED:
                with self.record.lock:
                    self.record.jobs.pop(job, None)
                if found["state"] not in expected:
                    self.record.fail(f"the job {job} is {found['state']}: {found.get('error')}")
                return found if status == 200 else None
            if self.over.wait(0.05):
                return None  # judged in the end
        if job is not None:
            self.record.fail(f"the job {job} has not ended in {JOB_SECONDS} s")
        return None

    def draw(self) -> None:
        found = self.wait_for(self.accept(), ("done", "cancelled"))  # another client may cancel it
        for picture in (found or {"pictures": []})["pictures"]:
            self.ask("GET", picture["url"])

    def edit(self) -> None:
        side = 8 * self.random.randint(2, 12)
        picture = base64.b64encode(png(side, side)).decode()
        self.wait_for(self.accept(image=picture, strength=0.5), ("done", "cancelled"))

    def cancel(self) -> None:
        job = self.accept(steps=self.random.randint(20, 60))
        if job is None:
            return
        self.over.wait(self.random.random() * 0.5)
        self.ask("DELETE", f"/api/jobs/{job}")
        self.wait_for(job, ENDED)

    def take_out(self) -> None:
        status, content = self.ask("GET", "/api/jobs?limit=20&state=" + self.random.choice(ENDED))
        jobs = json.loads(content)["jobs"] if status == 200 else []
        if jobs:
            self.ask("DELETE", f"/api/jobs/{self.random.choice(jobs)['id']}")

    def connected(self, sent: bytes, receive_bytes: int = 0) -> socket.socket:
        connection = socket.socket()
        if receive_bytes:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.settimeout(5)
        connection.connect(("127.0.0.1", self.server.port))
        connection.sendall(sent)
        return connection

    def vanish(self, connection: socket.socket) -> None:
        if self.random.random() < 0.5:  # with a reset
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def watch_and_vanish(self) -> None:
        job = self.accept() if self.random.random() < 0.5 else None
        path = f"/api/jobs/{job}/events" if job else "/api/events"
        connection = self.connected(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        end = time.monotonic() + self.random.random() * 2
        try:
            while time.monotonic() < end and connection.recv(4096):
                pass
        except TimeoutError:
            pass
        self.vanish(connection)

    def read_slowly(self) -> None:
        connection = self.connected(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n", 4096)
        end = time.monotonic() + self.random.random() * 5
        try:
            while time.monotonic() < end and not self.over.is_set() and connection.recv(1):
                time.sleep(0.05)
        except TimeoutError:
            pass
        self.vanish(connection)

    def ask_as_others_do(self) -> None:
        """By the APIs of OpenAI and A1111; half of them go before the answer."""
        path, body = self.random.choice((
            ("/v1/images/generations", {"prompt": "fox", "size": "64x64", "steps": 4}),
            ("/v1/images/generations", {"prompt": "fox", "size": "64x64", "steps": 4, "stream": True, "partial_images": 2}),
            ("/sdapi/v1/txt2img", {"prompt": "fox", "width": 64, "height": 64, "steps": 4})))
        if self.random.random() < 0.5:
            status, content = self.ask("POST", path, body)
            if status not in (200, 429):
                self.record.fail(f"{path} was answered {status}: {content[:200]!r}")
            return
        data = json.dumps(dict(body, steps=40)).encode()
        connection = self.connected(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                    f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
        self.over.wait(self.random.random() * 0.5)
        self.vanish(connection)

    def cut_upload(self) -> None:
        size = self.random.randrange(1, 200_000)
        connection = self.connected(b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                    + f"Content-Length: {size}\r\n\r\n".encode()
                                    + b"x" * self.random.randrange(size))
        self.over.wait(self.random.random() * 0.2)
        self.vanish(connection)

    def send_nonsense(self) -> None:
        wrong = self.random.choice((b"{", b"[]", b'{"class":', b'{"class":1,"steps":-1}', b'{"class":1,"sise":[8,8]}',
                                    b'{"class":"no such thing"}', b'{"class":1,"size":[100000,100000]}',
                                    b'{"class":1,"image":"!!"}', b"\xff" * 100, b'{"class":1,"count":0}'))
        status, content = self.ask("POST", "/api/jobs", wrong)
        if status != 400:
            self.record.fail(f"{wrong!r} was answered {status}: {content[:200]!r}")
        with self.connected(self.random.randbytes(200) + b"\r\n\r\n") as connection:
            try:
                connection.recv(4096)
            except (TimeoutError, ConnectionResetError):
                pass

    def ask_around(self) -> None:
        for path in ("/api/models", "/api/status", "/metrics", "/health", "/", "/api/jobs?limit=50", "/nothing"):
            self.ask("GET", path)


def growth(samples: list[tuple[float, float]], seconds: float) -> str:
    """Of (time, megabytes): what is wrong with them, or nothing. The first third is the warm-up."""
    early = [m for t, m in samples if seconds / 3 <= t < seconds / 2]
    late = [m for t, m in samples if t >= seconds * 5 / 6]
    if not early or not late:
        return ""
    before, after = statistics.median(early), statistics.median(late)
    megabytes = SHORT_GROWTH_MEGABYTES if seconds < SHORT_SECONDS else GROWTH_MEGABYTES
    if after <= before * (1 + GROWTH_SHARE) + megabytes:
        return ""
    return f"memory has grown from {before:.0f} MB to {after:.0f} MB"


def settle(server: Server, record: Record, before: tuple[int, int]) -> None:
    """All jobs come to their end, and what the clients held is given back."""
    asker = Client(server, record, threading.Event(), 0)
    end = time.monotonic() + JOB_SECONDS
    for job in list(record.jobs):
        while time.monotonic() < end:
            status, content = asker.ask("GET", f"/api/jobs/{job}")
            if status == 404 or json.loads(content)["state"] in ENDED:
                record.jobs.pop(job)
                break
            time.sleep(0.2)
    for job in record.jobs:
        record.fail(f"the job {job} has not ended")
    descriptors, threads = before
    end = time.monotonic() + 15
    while time.monotonic() < end:
        if server.descriptors() <= descriptors + MORE_DESCRIPTORS and server.threads() <= threads + MORE_THREADS:
            return
        time.sleep(0.2)
    record.fail(f"{server.descriptors()} descriptors and {server.threads()} threads stay of clients that have gone, "
                f"where {descriptors} and {threads} were before them")


def soak(server: Server, minutes: float, clients: int, seed: int) -> Record:
    record, over = Record(), threading.Event()
    asker = Client(server, record, over, seed)
    asker.wait_for(asker.accept())  # so that the network is there
    before = server.descriptors(), server.threads()
    threads = [Client(server, record, over, seed + i) for i in range(clients)]
    for thread in threads:
        thread.start()
    begin, samples, told = time.monotonic(), [], 0
    while time.monotonic() < begin + minutes * 60 and server.process.poll() is None:
        time.sleep(1)
        now = time.monotonic() - begin
        samples.append((now, server.megabytes()))
        if now >= (told + 1) * 60 or now >= minutes * 60:
            told += 1
            statuses = " ".join(f"{status}: {count}" for status, count in sorted(record.statuses.items()))
            print(f"soak: {now / 60:.0f} min: {samples[-1][1]:.0f} MB, {server.descriptors()} descriptors, "
                  f"{server.threads()} threads, {len(record.jobs)} jobs open; answers {statuses}", flush=True)
    over.set()
    for thread in threads:
        thread.join(30)
    if server.process.poll() is not None:
        record.fail(f"the server has ended with {server.process.returncode}")
        return record
    settle(server, record, before)
    if grown := growth(samples, minutes * 60):
        record.fail(grown)
    return record


def main() -> int:
    parser = argparse.ArgumentParser(description="Random clients against a server.")
    parser.add_argument("program")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--checkpoint", default=str(ROOT / "assets" / "emoji64.safetensors"))
    options = parser.parse_args()
    print(f"soak: {options.minutes:g} minutes, seed {options.seed}", flush=True)
    folder = tempfile.mkdtemp(prefix="pixnerd_soak.")
    try:
        server = Server(options.program, options.checkpoint, os.path.join(folder, "kept"))
        try:
            record = soak(server, options.minutes, options.clients, options.seed)
        finally:
            status = server.stop()
        if status not in (0, -signal.SIGTERM):
            record.fail(f"the server has ended with {status}: {server.said()}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for failure in record.failures[:20]:
        print(f"soak: {failure}")
    print(f"soak: {len(record.failures)} failures")
    return 1 if record.failures else 0


if __name__ == "__main__":
    sys.exit(main())
