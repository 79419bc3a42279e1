"""A server of the program under test, on any free port, and what clients say to it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time

SECONDS = 60  # for anything that is waited for, on a machine that does much else
ENDED = ("done", "failed", "cancelled")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def error(self):
        return self.json()["error"]


class RunningServer:
    """`pixnerd serve` with these flags. As a context it is stopped in the end."""

    def __init__(self, program, folder, *flags, token=None):
        self.folder = folder
        self.token = token
        environment = dict(os.environ, OMP_NUM_THREADS="1", XDG_CACHE_HOME=os.path.join(os.path.dirname(folder), "cache"))
        environment.pop("PIXNERD_TOKEN", None)
        if token:
            environment["PIXNERD_TOKEN"] = token
        self.log = open(folder + ".log", "a+")
        self.process = subprocess.Popen([program, "serve", "--port", "0", "--folder", folder, "--threads", "1", *flags],
                                        stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment)
        words = self.process.stdout.readline().split()
        if not words:
            self.process.wait()
            raise RuntimeError(f"the server did not start: {self.said()}")
        self.url = words[-1]
        self.port = int(self.url.rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def stop(self, number=signal.SIGTERM):
        """Sends the signal and waits for the end; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(SECONDS)
        self.process.stdout.close()
        self.log.close()
        return status

    def is_running(self):
        return self.process.poll() is None

    def ask(self, method, path, body=None, **headers):
        """An Answer. A body that is not bytes is sent as JSON. Headers are written with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def raw(self, sent, shut=False):
        """What comes back for these bytes until the other side closes or is silent: latin-1 text."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
            connection.sendall(sent)
            if shut:
                connection.shutdown(socket.SHUT_WR)
            received = b""
            try:
                while chunk := connection.recv(65536):
                    received += chunk
            except (TimeoutError, ConnectionResetError):
                pass
            return received.decode("latin-1")

    def accept(self, **request):
        answer = self.ask("POST", "/api/jobs", request)
        assert answer.status == 202, (answer.status, answer.body)
        return answer.json()["id"]

    def ended(self, job):
        for end in (time.monotonic() + SECONDS,):
            while time.monotonic() < end:
                state = self.ask("GET", f"/api/jobs/{job}").json()
                if state["state"] in ENDED:
                    return state
                time.sleep(0.02)
        raise AssertionError(f"the job {job} has not ended in {SECONDS} s")

    def drawn(self, **request):
        job = self.ended(self.accept(**request))
        assert job["state"] == "done", job
        return job


class Events:
    """An open stream of server-sent events."""

    def __init__(self, server, path, last=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
        headers = {"Accept": "text/event-stream"}
        if last:
            headers["Last-Event-ID"] = last
        if server.token:
            headers["Authorization"] = f"Bearer {server.token}"
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()
        self.last = last

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.answer.close()
        self.connection.close()

    def __iter__(self):
        name, data = None, None
        while line := self.answer.readline():
            line = line.decode().rstrip("\n")
            if line.startswith("id: "):
                self.last = line[4:]
            elif line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data = line[6:]
            elif not line and name:
                yield name, json.loads(data)
                name, data = None, None


def together(actions):
    """Runs them each in a thread; what the first that fails has raised."""
    errors = []

    def run(action):
        try:
            action()
        except BaseException as error:  # noqa: BLE001: raised again below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
