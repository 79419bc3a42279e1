#!/usr/bin/env python3
"""native_restarts_test.py PIXNERD TINY_MODELS: how servers start, stop and are killed, and what becomes of their files meanwhile."""

import hashlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from running_server import SECONDS, Events, RunningServer  # noqa: E402
from served_case import PROGRAM, checkpoint  # noqa: E402


TOKEN = "a long enough token"


class Restarts(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pixnerd_restarts.")
        self.addCleanup(shutil.rmtree, self.folder)

    def start(self, name="kept", *flags):
        return RunningServer(PROGRAM, os.path.join(self.folder, name), "--checkpoint", checkpoint("fruit"),
                             "--checkpoint", checkpoint("plain"), *flags)

    def test_what_was_accepted_survives_kill(self):
        def request(number):
            return {"class": number % 3, "model": ("fruit", "plain")[number % 2], "seed": number, "steps": 20 + number,
                    "count": 1 + number % 3, "client": f"c{number % 4}"}

        accepted = {}
        number = 0
        for round_ in range(3):
            server = self.start()
            lock = threading.Lock()

            def send():
                nonlocal number
                while True:
                    with lock:
                        number += 1
                        mine = number
                    try:
                        answer = server.ask("POST", "/api/jobs", request(mine))
                    except (OSError, http.client.HTTPException):
                        return
                    if answer.status == 202:
                        accepted[answer.json()["id"]] = mine

            threads = [threading.Thread(target=send) for _ in range(3)]
            for thread in threads:
                thread.start()
            enough = 20 * (round_ + 1)
            while len(accepted) < enough and server.is_running():
                time.sleep(0.01)
            server.stop(signal.SIGKILL)
            for thread in threads:
                thread.join()
        with self.start() as server, self.start("undisturbed") as undisturbed:
            self.assertIn("going on with", server.said())
            for job, mine in accepted.items():
                done = server.ended(job)
                self.assertEqual(done["state"], "done", done["error"])
                expected = undisturbed.drawn(**request(mine))
                self.assertEqual([picture["hash"] for picture in done["pictures"]],
                                 [picture["hash"] for picture in expected["pictures"]])
                self.assertEqual(done["request"], expected["request"])
                png = server.ask("GET", done["pictures"][-1]["url"])
                self.assertEqual(hashlib.sha256(png.body).hexdigest(), done["pictures"][-1]["hash"])
        self.assertGreaterEqual(len(accepted), 60)

    def test_a_stop_keeps_what_waits(self):
        with self.start() as server:
            jobs = [server.accept(**{"class": 0, "steps": 250, "count": 8}) for _ in range(4)]
            start = time.monotonic()
            status = server.stop(signal.SIGTERM)
            self.assertLess(time.monotonic() - start, 15)
            self.assertEqual(status, 0)
        with self.start() as server:
            for job in jobs:
                self.assertEqual(len(server.ended(job)["pictures"]), 8)

    def test_a_stop_ends_streams_and_refuses(self):
        with self.start() as server:
            with Events(server, "/api/events") as events:
                self.assertEqual(next(iter(events))[0], "hello")
                status = []
                waiting = threading.Thread(target=lambda: status.append(server.stop()))
                waiting.start()
                self.assertEqual([name for name, _ in events if name == "hello"], [])
                waiting.join()


class Starts(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pixnerd_starts.")
        self.addCleanup(shutil.rmtree, self.folder)

    def failure(self, *flags, **environment):
        """What a start that fails says, in one line."""
        outcome = subprocess.run([PROGRAM, "serve", "--folder", os.path.join(self.folder, "other"), *flags],
                                 capture_output=True, text=True, timeout=SECONDS,
                                 env={**os.environ, "OMP_NUM_THREADS": "1", **environment})
        self.assertNotEqual(outcome.returncode, 0)
        self.assertEqual(outcome.stdout, "")
        self.assertTrue(outcome.stderr.startswith("pixnerd: error: "), outcome.stderr)
        self.assertEqual(outcome.stderr.count("\n"), 1, outcome.stderr)
        return outcome.stderr

    def test_what_cannot_be_started_is_said(self):
        fruit = ("--checkpoint", checkpoint("fruit"))
        self.assertIn("--token-file", self.failure(*fruit, "--address", "0.0.0.0", "--port", "0"))
        self.assertIn("harder to guess", self.failure(*fruit, "--port", "0", PIXNERD_TOKEN="short"))
        self.assertIn("no address", self.failure(*fruit, "--address", "evil.example", "--without-token"))
        self.assertIn("--text-encoder", self.failure("--checkpoint", checkpoint("words"), "--port", "0"))
        self.assertIn("nothing", self.failure("--checkpoint", os.path.join(self.folder, "nothing"), "--port", "0"))
        with socket.create_server(("127.0.0.1", 0)) as taken:
            said = self.failure(*fruit, "--port", str(taken.getsockname()[1]))
            self.assertIn("another program does already", said)

    def test_a_folder_has_one_server(self):
        kept = os.path.join(self.folder, "other")
        with RunningServer(PROGRAM, kept, "--checkpoint", checkpoint("fruit")) as server:
            said = self.failure("--checkpoint", checkpoint("fruit"), "--port", "0")
            self.assertIn("held by another process", said)
            self.assertEqual(server.ask("GET", "/health").status, 200)

    def test_other_addresses_need_a_token_or_a_word(self):
        token_file = os.path.join(self.folder, "token")
        with open(token_file, "w") as file:
            file.write(TOKEN + "\n")
        for flags in (("--token-file", token_file), ("--without-token",)):
            with RunningServer(PROGRAM, os.path.join(self.folder, flags[0]), "--checkpoint", checkpoint("fruit"),
                               "--address", "0.0.0.0", *flags) as server:
                expected = 401 if flags[0] == "--token-file" else 200
                self.assertEqual(server.ask("GET", "/api/models").status, expected)


class Checkpoints(unittest.TestCase):
    """What happens to the files while the server runs."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pixnerd_checkpoints.")
        self.addCleanup(shutil.rmtree, self.folder)
        self.paths = {}
        for name in ("fruit", "plain"):
            self.paths[name] = os.path.join(self.folder, name + ".safetensors")
            shutil.copyfile(checkpoint(name), self.paths[name])
        time.sleep(0.05)  # the clock of files is coarse

    def start(self, *flags):
        return RunningServer(PROGRAM, os.path.join(self.folder, "kept"), "--checkpoint", self.paths["fruit"],
                             "--checkpoint", self.paths["plain"], *flags)

    def loaded(self, server):
        return [model["name"] for model in server.ask("GET", "/api/models").json()["models"] if model["is_loaded"]]

    def test_one_at_a_time(self):
        with self.start("--loaded", "1") as server:
            for name in ("fruit", "plain", "fruit", "plain"):
                job = server.drawn(model=name, **{"class": 0})
                self.assertEqual(job["model"], name)
                self.assertEqual(self.loaded(server), [name])
            # Clients of both, all the time: each comes to its turn.
            stop = threading.Event()

            def draw(name):
                while not stop.is_set():
                    server.drawn(model=name, client=name, steps=10, **{"class": 0})

            threads = [threading.Thread(target=draw, args=("fruit",)) for _ in range(3)]
            for thread in threads:
                thread.start()
            try:
                job = server.accept(model="plain", client="patient", **{"class": 0})
                self.assertEqual(server.ended(job)["state"], "done")
            finally:
                stop.set()
                for thread in threads:
                    thread.join()

    def test_a_file_that_goes_before_it_is_loaded(self):
        with self.start() as server:
            os.rename(self.paths["plain"], self.paths["plain"] + ".away")
            job = server.ended(server.accept(model="plain", **{"class": 0}))
            self.assertEqual(job["state"], "failed")
            self.assertIn("plain.safetensors", job["error"]["message"])
            server.drawn(**{"class": 0})
            os.rename(self.paths["plain"] + ".away", self.paths["plain"])
            server.drawn(model="plain", **{"class": 0})

    def test_a_file_that_is_damaged_before_it_is_loaded(self):
        with self.start() as server:
            with open(self.paths["plain"], "r+b") as file:
                file.truncate(100)
            job = server.ended(server.accept(model="plain", **{"class": 0}))
            self.assertEqual(job["state"], "failed")
            self.assertIn("plain.safetensors", job["error"]["message"])
            server.drawn(**{"class": 0})

    def test_a_file_that_is_cut_while_it_is_drawn_from(self):
        with self.start() as server:
            server.drawn(model="plain", **{"class": 0})
            with open(self.paths["plain"], "r+b") as file:
                file.truncate(5000)
            job = server.ended(server.accept(model="plain", **{"class": 0}))
            self.assertEqual(job["state"], "failed")
            self.assertIn("plain.safetensors", job["error"]["message"])
            server.drawn(**{"class": 0})
            # And when it is mended it is read again.
            shutil.copyfile(checkpoint("plain"), self.paths["plain"] + ".new")
            os.replace(self.paths["plain"] + ".new", self.paths["plain"])
            server.drawn(model="plain", **{"class": 0})


if __name__ == "__main__":
    unittest.main()
