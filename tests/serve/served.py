"""A server of the program under test, for a test of its clients."""

import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODEL = os.path.join(ROOT, "assets", "emoji64.safetensors")
ANSWER_SECONDS = 60
# Of these nothing is drawn before somebody gives up, on any machine.
SLOW = {"steps": 250, "width": 256, "height": 256}


class Server:
    """Two networks of the same weights, emoji64 and again, on any free port."""

    def __init__(self, program, *flags, token=None):
        self.folder = tempfile.mkdtemp(prefix="served.")
        again = os.path.join(self.folder, "again.safetensors")
        shutil.copyfile(MODEL, again)
        environment = dict(os.environ, OMP_NUM_THREADS="1")
        environment.pop("PIXNERD_TOKEN", None)
        if token:
            environment["PIXNERD_TOKEN"] = token
        self.process = subprocess.Popen(
            [program, "serve", "--checkpoint", MODEL, "--checkpoint", again, "--port", "0", "--grace", "1", *flags,
             "--folder", os.path.join(self.folder, "kept")],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
        self.token = token
        line = self.process.stdout.readline().split()
        if not line:
            raise RuntimeError("the server did not start")
        self.url = line[-1]

    def close(self):
        self.process.terminate()
        status = self.process.wait(timeout=ANSWER_SECONDS)
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        # By a signal, as whoever has sent it expects.
        assert status in (0, 130, 143, -15), f"the server ended with {status}"

    def request(self, path, body=None, method=None, headers=None):
        """Status, headers and body; JSON is parsed. A body that is no bytes is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = dict(headers or {})
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        method = method or ("GET" if body is None else "POST")
        request = urllib.request.Request(self.url + path, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
                status, fields, content = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, fields, content = error.code, error.headers, error.read()
        is_json = fields.get("Content-Type", "").startswith("application/json")
        return status, fields, json.loads(content) if is_json else content

    def get(self, path, **more):
        status, _, body = self.request(path, **more)
        assert status == 200, (status, body)
        return body

    def jobs(self):
        return self.get("/api/jobs?limit=200")["jobs"]

    def live(self):
        return [job for job in self.jobs() if job["state"] in ("queued", "running")]


def until(is_so, seconds=20):
    """Waits for something to become so; whether it did."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
