#!/usr/bin/env python3
"""What does it cost to be served? Pictures over HTTP beside the same ones from the command line, drawn in the same run.

    bench/serve_bench.py build/pixnerd [--large build/random_weights] [--rounds 3]

Pictures per second of 16 clients beside one `sample --batch 16` and beside the same requests one after another; time to
the first preview and from cancelling to rest, in evaluations; what slow readers cost everybody else; an idle server's
share of a core; the time from its start to the first answer. With --large, how long a small picture waits while a large
one is drawn by L/16 (random weights). Rounds take turns; medians are told.
"""

import argparse
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

CHECKPOINT = "assets/emoji64.safetensors"
CLIENTS = 16
PICTURES = 64  # of a round


class Served:
    """The program, serving, with its own folder."""

    def __init__(self, program: str, checkpoint: str, *flags: str):
        self.folder = tempfile.TemporaryDirectory()
        began = time.monotonic()
        self.process = subprocess.Popen(
            [program, "serve", "--checkpoint", checkpoint, "--port", "0", "--folder", self.folder.name, *flags],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        self.call("GET", "/health")
        self.seconds_to_start = time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.folder.cleanup()

    def call(self, method: str, path: str, body: dict | None = None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]}")
        return json.loads(text) if answer.headers.get_content_type() == "application/json" else text.decode()

    def draw(self, previews: bool = False, **request):
        """Accepts a job and reads its events to the end: (name, seconds since it was asked for) of each."""
        began = time.monotonic()
        job = self.call("POST", "/api/jobs", request)["id"]
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request("GET", f"/api/jobs/{job}/events?previews={int(previews)}")
        seen = []
        for line in connection.getresponse():
            if line.startswith(b"event: "):
                seen.append((line[7:].strip().decode(), time.monotonic() - began))
        connection.close()
        return seen

    def metric(self, name: str) -> float:
        lines = self.call("GET", "/metrics").splitlines()
        return float(next(line for line in lines if line.startswith(name + " ")).split()[1])

    def processor_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run_clients(server: Served, clients: int) -> float:
    """Pictures per second of so many clients, each of which asks for one picture after the other."""
    def client(number: int):
        for i in range(PICTURES // clients):
            server.draw(**{"class": "fox", "style": "noto", "seed": 1000 * number + i, "client": str(number)})

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return PICTURES / (time.monotonic() - began)


def run_sample(program: str) -> float:
    """Pictures per second of the command line, without its start."""
    seconds = []
    for count in (CLIENTS, CLIENTS + PICTURES):
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            subprocess.run([program, "sample", "--checkpoint", CHECKPOINT, "--class", "fox", "--style", "noto", "--batch",
                            str(CLIENTS), "--count", str(count), "--out", f"{folder}/pictures/"], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            seconds.append(time.monotonic() - began)
    return PICTURES / (seconds[1] - seconds[0])


def throughput(program: str, server: Served, rounds: int):
    rates = {"16 clients": [], "sample --batch 16": [], "one by one": []}
    run_clients(server, CLIENTS)  # what is measured of evaluations is known afterwards
    for _ in range(rounds):
        rates["16 clients"].append(run_clients(server, CLIENTS))
        rates["sample --batch 16"].append(run_sample(program))
        rates["one by one"].append(run_clients(server, 1))
    median = {name: statistics.median(each) for name, each in rates.items()}
    for name, rate in median.items():
        print(f"{name:24} {rate:8.2f} pictures/s   {[round(each, 2) for each in rates[name]]}")
    print(f"{'':24} {median['16 clients'] / median['sample --batch 16']:8.2f} of sample, "
          f"{median['16 clients'] / median['one by one']:.2f} of one by one")


def latency(server: Served, rounds: int):
    previews, rests = [], []
    for i in range(3 * rounds):
        seen = server.draw(previews=True, **{"class": "owl", "style": "noto", "seed": i})
        began = next(at for name, at in seen if name == "job")
        evaluation = (seen[-1][1] - began) / 25
        previews.append(next(at for name, at in seen if name == "preview") / evaluation)
        job = server.call("POST", "/api/jobs", {"class": "owl", "count": 8, "seed": i})["id"]
        while server.call("GET", f"/api/jobs/{job}")["steps_done"] == 0:
            time.sleep(0.01)
        server.call("DELETE", f"/api/jobs/{job}")
        before = server.metric("pixnerd_steps_total")
        time.sleep(1)
        rests.append((server.metric("pixnerd_steps_total") - before) / 8)
    print(f"first preview after      {statistics.median(previews):8.2f} evaluations (median), {max(previews):.2f} (most)")
    print(f"after cancelling         {statistics.median(rests):8.2f} evaluations more (median), {max(rests):.2f} (most)")


def slow_readers(server: Served, rounds: int):
    def one(count: int) -> float:
        began = time.monotonic()
        for i in range(count):
            server.draw(**{"class": "fox", "style": "noto", "seed": i})
        return (time.monotonic() - began) / count

    alone, beside, held = [], [], []
    for _ in range(rounds):
        alone.append(one(4))
        memory = server.metric("process_resident_memory_bytes")
        stop = threading.Event()
        open_ones = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
        for each in open_ones[:100]:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            each.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")

        def sip():
            while not stop.wait(1):
                for each in open_ones[:100]:
                    each.recv(1)

        thread = threading.Thread(target=sip)
        thread.start()
        beside.append(one(4))
        held.append(server.metric("process_resident_memory_bytes") - memory)
        stop.set()
        thread.join()
        for each in open_ones:
            each.close()
    ratio = statistics.median(beside) / statistics.median(alone)
    print(f"beside 200 connections   {ratio:8.2f} of a picture's time alone (100 read events, one byte a second); "
          f"{statistics.median(held) / 1e6:.1f} MB more memory")


def idle(server: Served):
    before, began = server.processor_seconds(), time.monotonic()
    time.sleep(10)
    share = (server.processor_seconds() - before) / (time.monotonic() - began)
    print(f"idle                     {100 * share:8.2f} % of a core")


def admission(program: str, writer: str):
    with tempfile.TemporaryDirectory() as folder:
        weights = f"{folder}/L16.safetensors"
        subprocess.run([writer, "imagenet256_L16", weights], check=True)
        with Served(program, weights, "--dtype", "bfloat16") as server:
            server.draw(**{"class": 0, "steps": 2})
            large = server.call("POST", "/api/jobs", {"class": 1, "size": [512, 512], "steps": 40, "guidance": 1})["id"]
            waits, evaluations = [], []
            while server.call("GET", f"/api/jobs/{large}")["steps_done"] < 2:
                time.sleep(0.1)
            for i in range(4):
                steps, began = server.call("GET", f"/api/jobs/{large}")["steps_done"], time.monotonic()
                while server.call("GET", f"/api/jobs/{large}")["steps_done"] == steps:
                    time.sleep(0.02)
                evaluations.append(time.monotonic() - began)
                began = time.monotonic()
                small = server.call("POST", "/api/jobs", {"class": 2, "size": [128, 128], "steps": 2, "guidance": 1, "seed": i})
                while server.call("GET", f"/api/jobs/{small['id']}")["state"] == "queued":
                    time.sleep(0.02)
                waits.append(time.monotonic() - began)
            server.call("DELETE", f"/api/jobs/{large}")
    print(f"L/16: a 128x128 picture  {statistics.median(waits):8.2f} s until it begins, {max(waits):.2f} s at most, "
          f"while a 512x512 one is drawn (an evaluation of that: up to {max(evaluations):.2f} s)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("program")
    parser.add_argument("--large", metavar="WRITER", help="also L/16, whose random weights this program writes")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with Served(arguments.program, CHECKPOINT) as server:
        print(f"start to first answer    {server.seconds_to_start:8.2f} s")
        throughput(arguments.program, server, arguments.rounds)
        latency(server, arguments.rounds)
        slow_readers(server, arguments.rounds)
        idle(server)
    if arguments.large:
        admission(arguments.program, arguments.large)


if __name__ == "__main__":
    sys.exit(main())
