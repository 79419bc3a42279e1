#!/usr/bin/env python3
"""native_test.py PIXNERD TINY_MODELS: the server's own API as a program meets it, every answer held against the
description that the server gives of itself."""

import base64
import hashlib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import jsonschema
import openapi_spec_validator
import prometheus_client.parser

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from running_server import SECONDS, Events, RunningServer, together  # noqa: E402

TINY_MODELS = os.path.abspath(sys.argv.pop())
PROGRAM = os.path.abspath(sys.argv.pop())
TOKEN = "a long enough token"


def setUpModule():
    global MODELS
    MODELS = tempfile.mkdtemp(prefix="pixnerd_models.")
    unittest.addModuleCleanup(shutil.rmtree, MODELS)
    subprocess.run([TINY_MODELS, MODELS], check=True)


def checkpoint(name):
    return os.path.join(MODELS, name + ".safetensors")


class ServerCase(unittest.TestCase):
    """One server for all tests of a class, of the models of FLAGS."""

    NAMES = ("fruit", "plain")
    FLAGS = ()
    TOKEN = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="pixnerd_served.")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        flags = [flag for name in cls.NAMES for flag in ("--checkpoint", checkpoint(name))]
        cls.server = RunningServer(PROGRAM, os.path.join(cls.folder, "kept"), *flags, *cls.FLAGS, token=cls.TOKEN)
        cls.addClassCleanup(cls.server.stop)

    def tearDown(self):
        self.assertTrue(self.server.is_running(), self.server.said() if not self.server.is_running() else "")
        self.assertEqual(self.server.ask("GET", "/health").json(), {"status": "ok"})


class NativeApi(ServerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.spec = cls.server.ask("GET", "/api/openapi.json").json()

    def schema(self, schema, instance):
        whole = dict(schema, components=self.spec["components"])
        jsonschema.Draft202012Validator(whole).validate(instance)

    def ask(self, method, path, body=None, **headers):
        """As the server's, but the answer is what the description says of it."""
        answer = self.server.ask(method, path, body, **headers)
        pure = path.split("?")[0]
        for template, operations in self.spec["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), pure) and method.lower() in operations:
                responses = operations[method.lower()]["responses"]
                described = responses.get(str(answer.status), responses["default"])
                if answer.status < 400:
                    self.assertIn(str(answer.status), responses, (method, path))
                if "content" not in described:
                    self.assertEqual(answer.body, b"")
                    return answer
                kind = answer.headers["Content-Type"].split(";")[0]
                (media, content), = described["content"].items()
                self.assertTrue(kind == media or media == "image/*", (method, path, kind, media))
                if kind == "application/json":
                    self.schema(content["schema"], answer.json())
                return answer
        self.fail(f"{method} {path} is not described")

    def test_the_description_is_openapi(self):
        openapi_spec_validator.validate(self.spec)
        self.assertTrue(self.spec["openapi"].startswith("3.1"))

    def test_requests_that_are_accepted_are_described(self):
        request = {"class": "pear", "style": 1, "seed": 2**64 - 1, "count": 2, "preset": "exact", "steps": 3,
                   "size": [8, 8], "guidance": 1.5, "solver": "euler", "deadline": 60, "client": "test"}
        wanted = {"$ref": "#/components/schemas/DrawRequest"}
        self.schema(wanted, request)
        self.assertEqual(self.ask("POST", "/api/jobs", request).status, 202)
        for wrong in ({"count": 0}, {"colour": "red"}, {"steps": "many"}, {"solver": "eulr"}, {"seed": -1}):
            self.assertEqual(self.ask("POST", "/api/jobs", {"class": "pear", **wrong}).status, 400, wrong)
            with self.assertRaises(jsonschema.ValidationError, msg=wrong):
                self.schema(wanted, wrong)

    def test_models_say_what_they_draw(self):
        body = self.ask("GET", "/api/models").json()
        self.assertEqual([model["name"] for model in body["models"]], ["fruit", "plain"])
        self.assertEqual(body["default"], "fruit")
        fruit = body["models"][0]
        self.assertEqual(fruit["kind"], "classes")
        self.assertEqual(fruit["classes"], ["apple", "pear", "hot dog"])
        self.assertEqual(fruit["styles"], ["flat", "round"])
        self.assertEqual(fruit["size"], [8, 8])
        self.assertEqual(fruit["patch"], 4)
        self.assertIn("float32", fruit["dtypes"])
        self.assertEqual(fruit["settings"]["steps"], 4)

    def test_a_job_from_its_request_to_its_end(self):
        answer = self.ask("POST", "/api/jobs", {"class": "hot dog", "count": 2, "seed": 9})
        self.assertEqual(answer.status, 202)
        job = answer.json()["id"]
        self.assertEqual(answer.headers["Location"], f"/api/jobs/{job}")
        self.assertEqual(answer.json()["title"], "hot dog")
        done = self.server.ended(job)
        self.assertEqual(done["state"], "done")
        self.assertEqual(self.ask("GET", f"/api/jobs/{job}").json(), done)
        self.assertEqual([picture["seed"] for picture in done["pictures"]], [9, 10])
        self.assertEqual(done["progress"], 1)
        self.assertLessEqual(done["created"], done["started"])
        self.assertLessEqual(done["started"], done["ended"])
        for picture in done["pictures"]:
            png = self.ask("GET", picture["url"])
            self.assertEqual(hashlib.sha256(png.body).hexdigest(), picture["hash"])
            self.assertTrue(png.body.startswith(b"\x89PNG"))
            self.assertIn(b"parameters", png.body)
            again = self.ask("GET", picture["url"], If_None_Match=png.headers["ETag"])
            self.assertEqual((again.status, again.body), (304, b""))
        self.assertEqual(self.ask("HEAD" if False else "GET", "/api/jobs?limit=1").json()["jobs"][0]["id"], job)
        self.assertEqual(self.ask("DELETE", f"/api/jobs/{job}").status, 204)
        for method in ("GET", "DELETE"):
            gone = self.ask(method, f"/api/jobs/{job}")
            self.assertEqual((gone.status, gone.error()["code"]), (404, "unknown_job"))
        self.assertEqual(self.ask("GET", done["pictures"][0]["url"]).status, 404)

    def test_the_same_request_is_the_same_picture(self):
        first, second = (self.server.drawn(**{"class": 0, "seed": 4, "steps": 6}) for _ in range(2))
        self.assertEqual(first["pictures"][0]["hash"], second["pictures"][0]["hash"])

    def test_a_list_has_pages(self):
        jobs = [self.server.accept(**{"class": 0, "steps": 1}) for _ in range(7)]
        for job in jobs:
            self.server.ended(job)
        found, before = [], ""
        while True:
            page = self.ask("GET", f"/api/jobs?limit=3&state=done{before}").json()
            found += [job["id"] for job in page["jobs"]]
            if page["next"] is None or len(found) > 500:
                break
            before = f"&before={page['next']}"
        self.assertEqual([job for job in found if job in jobs], jobs[::-1])
        self.assertEqual(len(set(found)), len(found))
        for query in ("limit=0", "limit=501", "limit=x", "state=finished", "before=x"):
            self.assertEqual(self.ask("GET", f"/api/jobs?{query}").status, 400, query)

    def test_a_running_job_is_cancelled(self):
        job = self.server.accept(**{"class": 0, "steps": 250, "count": 64})
        answer = self.ask("DELETE", f"/api/jobs/{job}")
        self.assertEqual((answer.status, answer.json()["state"]), (200, "cancelled"))
        self.assertEqual(self.server.ended(job)["state"], "cancelled")
        self.assertEqual(self.ask("DELETE", f"/api/jobs/{job}").status, 204)

    def test_a_picture_is_drawn_from_another(self):
        drawn = self.server.drawn(**{"class": 0, "seed": 1})
        picture = drawn["pictures"][0]
        png = self.ask("GET", picture["url"]).body
        sent = {"class": 1, "seed": 2, "strength": 0.5}
        by_content = self.server.drawn(image=base64.b64encode(png).decode(), **sent)
        by_path = self.server.drawn(image=picture["url"], **sent)
        kept = by_content["request"]["image"]
        self.assertEqual(kept["hash"], picture["hash"])
        self.assertEqual(self.ask("GET", kept["url"]).body, png)
        again = self.server.drawn(image=kept["url"], **sent)
        hashes = {job["pictures"][0]["hash"] for job in (by_content, by_path, again)}
        self.assertEqual(len(hashes), 1)

    def test_what_is_wrong_is_said(self):
        png = base64.b64encode(bytes(100)).decode()
        for body, status, param in (
                ({}, 400, "class"), ({"class": "paer"}, 400, "class"), ({"class": 99}, 400, "class"),
                ({"class": 0, "count": 0}, 400, "count"), ({"class": 0, "count": 65}, 400, "count"),
                ({"class": 0, "size": [1, 1]}, 400, "size"), ({"class": 0, "size": [100000, 100000]}, 400, "size"),
                ({"class": 0, "size": 8}, 400, "size"), ({"class": 0, "solver": "eulr"}, 400, "solver"),
                ({"class": 0, "steps": 251}, 400, "steps"), ({"class": 0, "steps": "4"}, 400, "steps"),
                ({"class": 0, "style": "rond"}, 400, "style"), ({"class": 0, "image": "!!"}, 400, "image"),
                ({"class": 0, "image": png}, 400, "image"), ({"class": 0, "image": "/etc/passwd"}, 400, "image"),
                ({"class": 0, "mask": png}, 400, "image"), ({"class": 0, "seed": 2**64}, 400, "seed"),
                ({"class": 0, "model": "friut"}, 404, "model"), ({"class": 0, "negative_prompt": "a"}, 400,
                                                                 "negative_prompt"),
                ({"class": 0, "setps": 4}, 400, "setps"), ([], 400, None), ("class", 400, None), (7, 400, None)):
            answer = self.ask("POST", "/api/jobs", body)
            self.assertEqual(answer.status, status, body)
            error = answer.error()
            self.assertEqual(error["param"], param, body)
            self.assertLess(len(error["message"]), 300)
            self.assertNotIn("\n", error["message"])
        for field, value, nearest in (("class", "paer", "pear"), ("model", "friut", "fruit"),
                                      ("solver", "eulr", "euler"), ("setps", 4, "steps"), ("style", "rond", "round")):
            error = self.ask("POST", "/api/jobs", {"class": 0, field: value}).error()
            self.assertEqual(error["nearest"], [nearest])

    def test_bodies_that_are_none(self):
        for body, kind, status, code in (
                (b"{", "application/json", 400, "invalid_json"), (b'{"class":0,"class":1}', "application/json", 400,
                                                                  "invalid_json"),
                (b"\xff\xfe", "application/json", 400, "invalid_json"), (b"[" * 100000, "application/json", 400,
                                                                         "invalid_json"),
                (b'{"class":0}', "text/plain", 415, "unsupported_media_type"),
                (b"class=0", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
                (b'{"class":0}', "", 415, "unsupported_media_type")):
            answer = self.ask("POST", "/api/jobs", body, Content_Type=kind)
            self.assertEqual((answer.status, answer.error()["code"]), (status, code), body[:40])

    def test_routes_that_are_none(self):
        for method, path, status in (("GET", "/api/job", 404), ("GET", "/api/jobs/x/y", 404), ("PUT", "/api/jobs", 405),
                                     ("POST", "/api/models", 405), ("GET", "/page/none.js", 404),
                                     ("GET", "/api/pictures/x", 404), ("GET", "/api/pictures/" + "0" * 64 + ".png", 404),
                                     ("GET", "/api/jobs/" + "x" * 5000, 404), ("BREW", "/api/jobs", 405)):
            answer = self.server.ask(method, path)
            self.assertEqual(answer.status, status, path)
            self.assertLess(len(answer.error()["message"]), 300)

    def test_metrics_are_prometheus(self):
        self.server.drawn(**{"class": 0})
        answer = self.ask("GET", "/metrics")
        families = {family.name: family for family in
                    prometheus_client.parser.text_string_to_metric_families(answer.body.decode())}
        self.assertEqual(families["pixnerd_jobs_accepted"].type, "counter")
        self.assertGreaterEqual(families["pixnerd_pictures"].samples[0].value, 1)
        states = {sample.labels["state"] for sample in families["pixnerd_jobs_ended"].samples}
        self.assertEqual(states, {"done", "failed", "cancelled"})
        self.assertGreater(families["process_resident_memory_bytes"].samples[0].value, 1e6)
        for family in families.values():
            self.assertTrue(family.documentation, family.name)

    def test_status(self):
        status = self.ask("GET", "/api/status").json()
        self.assertIs(status["token_required"], False)
        self.assertGreaterEqual(status["connections"], 1)

    def test_events_go_on_where_they_were_cut(self):
        with Events(self.server, "/api/events?previews=0") as events:
            name, data = next(iter(events))
            self.assertEqual(name, "hello")
            for job in data["jobs"]:
                self.schema({"$ref": "#/components/schemas/Job"}, job)
            seen = events.last
        jobs = [self.server.accept(**{"class": 0, "steps": 1}) for _ in range(3)]
        for job in jobs:
            self.server.ended(job)
        found = {}
        with Events(self.server, "/api/events?previews=0", last=seen) as events:
            for name, data in events:
                self.assertEqual(name, "job")
                self.schema({"$ref": "#/components/schemas/Job"}, data)
                found[data["id"]] = data["state"]
                if all(found.get(job) == "done" for job in jobs):
                    break
        with Events(self.server, "/api/events", last="0123abcd-5") as events:  # of another run
            self.assertEqual(next(iter(events))[0], "hello")

    def test_a_jobs_events_end_with_it(self):
        job = self.server.accept(**{"class": 0, "steps": 100})
        with Events(self.server, f"/api/jobs/{job}/events") as events:
            said = list(events)
            last = events.last
        self.assertEqual((said[-1][0], said[-1][1]["state"]), ("job", "done"))
        self.assertTrue({name for name, _ in said} <= {"job", "progress", "preview"})
        steps = [data["steps_done"] for name, data in said if name != "preview"]
        self.assertEqual(steps, sorted(steps))
        again = self.ask("GET", f"/api/jobs/{job}/events", Last_Event_ID=last)
        self.assertEqual((again.status, again.body), (204, b""))
        with Events(self.server, f"/api/jobs/{job}/events") as events:
            self.assertEqual([data["state"] for _, data in events], ["done"])

    def test_many_at_once(self):
        jobs = []

        def draw(number):
            job = self.server.drawn(**{"class": number % 3, "seed": number, "client": f"c{number}"})
            jobs.append(job["pictures"][0]["seed"])

        together([lambda number=number: draw(number) for number in range(24)])
        self.assertEqual(sorted(jobs), list(range(24)))

    def test_pages_of_other_sites_change_nothing(self):
        for headers, status in (({"Origin": "https://evil.example"}, 403), ({"Origin": "null"}, 403),
                                ({"Sec_Fetch_Site": "cross-site"}, 403), ({"Host": "evil.example"}, 403),
                                ({"Origin": f"http://127.0.0.1:{self.server.port}"}, 202),
                                ({"Sec_Fetch_Site": "same-origin"}, 202)):
            self.assertEqual(self.server.ask("POST", "/api/jobs", {"class": 0}, **headers).status, status, headers)
        answer = self.server.ask("GET", "/")
        self.assertIn("default-src 'self'", answer.headers["Content-Security-Policy"])
        self.assertEqual(answer.headers["X-Frame-Options"], "DENY")

    def test_requests_in_bad_form(self):
        good = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        post = b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        for sent, status in (
                (post + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + good, 400),
                (post + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + good, 400),
                (post + b"Content-Length: 2, 2\r\n\r\n{}" + good, 400),
                (post + b"Content-Length: -1\r\n\r\n{}" + good, 400),
                (post + b"Content-Length: +2\r\n\r\n{}" + good, 400),
                (post + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + good, 501),
                (post + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n" + good, 501),
                (post + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n" + good, 400),
                (post + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + good, 400),
                (post + b"Content-Length: 99999999999999999999\r\n\r\n" + good, 400),
                (post + b"Content-Length: 999999999999\r\n\r\n" + good, 413),
                (b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n" + good, 400),
                (b"GET /health HTTP/1.1\r\n\r\n" + good, 400),
                (b"GET /health HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n" + good, 400),
                (b"GET /health HTTP/1.1\nHost: localhost\n\n" + good, 400),
                (b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n" + good, 400),
                (b"GET //evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n" + good, 400),
                (b"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n" + good, 400),
                (b"GET /health HTTP/2.0\r\nHost: localhost\r\n\r\n" + good, 505),
                (b"GET /health HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * 70000 + b"\r\n\r\n", 431),
                (b"\x16\x03\x01\x02\x00\x01\x00", 400), (b"nonsense\r\n\r\n", 400)):
            said = self.server.raw(sent)
            self.assertTrue(said.startswith(f"HTTP/1.1 {status} "), (sent[:120], said[:80]))
            self.assertEqual(len(re.findall(r"HTTP/1\.1 \d\d\d ", said)), 1, sent[:120])  # nothing behind it is taken for a request

    def test_uploads_that_are_cut(self):
        head = b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
        for sent in (head, head + b'{"class":', head[:40], b""):
            self.assertNotIn("202", self.server.raw(sent, shut=True))


class Prompts(ServerCase):
    NAMES = ("words", "fruit")

    @classmethod
    def setUpClass(cls):
        cls.FLAGS = ("--text-encoder", os.path.join(MODELS, "qwen3"))
        super().setUpClass()

    def test_prompts_are_drawn(self):
        request = {"prompt": "ab", "seed": 3, "guidance": 3.0}
        plain = self.server.drawn(**request)
        self.assertEqual(plain["title"], "ab")
        self.assertEqual(plain["warnings"], [])
        record = plain["pictures"][0]["record"]
        self.assertEqual((record["prompt"], record["text_encoder"]), ("ab", "qwen3"))
        other = self.server.drawn(**request, negative_prompt="b")
        self.assertNotEqual(other["pictures"][0]["hash"], plain["pictures"][0]["hash"])
        self.assertEqual(self.server.drawn(**request)["pictures"][0]["hash"], plain["pictures"][0]["hash"])

    def test_a_prompt_that_is_cut_is_said(self):
        job = self.server.drawn(prompt="abcdefghijklmnopqrstuvwxyz" * 8)
        self.assertEqual(len(job["warnings"]), 1)
        self.assertNotIn("\n", job["warnings"][0])

    def test_long_prompts(self):
        self.assertEqual(len(self.server.drawn(prompt="x" * 10000)["warnings"]), 1)
        self.assertEqual(self.server.ask("POST", "/api/jobs", {"prompt": "x" * 32001}).error()["code"],
                         "prompt_too_long")

    def test_texts_in_any_script(self):
        for prompt in ("", "Füchse 狐 🦊", "a\nb\tc", "\u0000", "\u202eabc", "\\\"'"):
            self.assertEqual(self.server.drawn(prompt=prompt)["request"]["prompt"], prompt)

    def test_each_model_takes_what_it_draws(self):
        self.assertEqual(self.server.ask("POST", "/api/jobs", {"class": 0}).error()["param"], "prompt")
        self.assertEqual(self.server.ask("POST", "/api/jobs", {}).error()["code"], "missing_prompt")
        job = self.server.drawn(model="fruit", prompt="dog")
        self.assertEqual(job["pictures"][0]["record"]["class_name"], "hot dog")


class Token(ServerCase):
    TOKEN = TOKEN

    def status(self, method="GET", path="/api/models", **headers):
        headers.setdefault("Authorization", "")
        return self.server.ask(method, path, **headers).status

    def test_it_is_asked_for(self):
        for path in ("/api/models", "/api/jobs", "/api/events", "/metrics", "/api/openapi.json", "/nothing"):
            answer = self.server.ask("GET", path, Authorization="")
            self.assertEqual(answer.status, 401, path)
            self.assertIn("Bearer", answer.headers["WWW-Authenticate"])
            self.assertEqual(answer.error()["type"], "authentication_error")
        for path in ("/", "/health"):
            self.assertEqual(self.status(path=path), 200)

    def test_bearer_basic_and_cookie(self):
        basic = base64.b64encode(f"somebody:{TOKEN}".encode()).decode()
        self.assertEqual(self.status(Authorization=f"Bearer {TOKEN}"), 200)
        self.assertEqual(self.status(Authorization=f"Basic {basic}"), 200)
        for wrong in (f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN} ", "Bearer", "Basic ====", f"Basic {basic[:-4]}", TOKEN):
            self.assertEqual(self.status(Authorization=wrong.rstrip() if wrong.endswith(" ") else wrong),
                             200 if wrong.endswith(" ") else 401, wrong)
        login = self.server.ask("POST", "/login", {"token": TOKEN}, Authorization="")
        self.assertEqual(login.status, 204)
        cookie = login.headers["Set-Cookie"]
        self.assertIn("HttpOnly", cookie)
        self.assertIn("SameSite=Strict", cookie)
        session = cookie.split(";")[0]
        self.assertEqual(self.status(Cookie=session), 200)
        self.assertEqual(self.status(Cookie=session[:-1] + ("0" if session[-1] != "0" else "1")), 401)
        form = self.server.ask("POST", "/login", b"token=a+long+enough+token", Authorization="",
                               Content_Type="application/x-www-form-urlencoded")
        self.assertEqual(form.status, 204)
        self.assertIn("Max-Age=0", self.server.ask("POST", "/logout", Cookie=session).headers["Set-Cookie"])

    def test_guessing_is_slowed(self):
        statuses = [self.server.ask("POST", "/login", {"token": f"guess {i}"}).status for i in range(12)]
        self.assertEqual(statuses, [401] * 10 + [429] * 2)
        self.assertEqual(self.status(Authorization=f"Bearer {TOKEN}"), 200)

    def tearDown(self):
        self.assertTrue(self.server.is_running())


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


class Limits(ServerCase):
    FLAGS = ("--queue", "16", "--history", "5", "--most-steps", "100", "--most-pixels", "256", "--connections", "20")

    def test_the_queue_is_full(self):
        slow = {"class": 0, "steps": 100, "count": 6, "size": [16, 16]}
        answers = [self.server.ask("POST", "/api/jobs", {**slow, "client": f"c{i // 2}"}) for i in range(8)]
        statuses = [answer.status for answer in answers]
        self.assertEqual(statuses[:2], [202, 202])
        self.assertIn(429, statuses)
        for answer in answers:
            if answer.status == 429:
                self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
                self.assertEqual(answer.error()["type"], "rate_limit_error")
            else:
                self.server.ended(answer.json()["id"])
        self.assertEqual(self.server.ask("POST", "/api/jobs", {"class": 0, "count": 13}).error()["param"], "count")

    def test_more_than_is_drawn_here(self):
        for request, param in (({"steps": 101}, "steps"), ({"size": [16, 20]}, "size")):
            self.assertEqual(self.server.ask("POST", "/api/jobs", {"class": 0, **request}).error()["param"], param)

    def test_the_history_has_an_end(self):
        jobs = [self.server.drawn(**{"class": 0, "steps": 1})["id"] for _ in range(8)]
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            kept = [job["id"] for job in self.server.ask("GET", "/api/jobs").json()["jobs"]]
            if len(kept) <= 5:
                break
            time.sleep(0.05)
        self.assertEqual(kept, jobs[:-6:-1])

    def test_connections_beyond_their_number(self):
        open_ = [socket.create_connection(("127.0.0.1", self.server.port)) for _ in range(20)]
        try:
            self.assertTrue(self.server.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").startswith("HTTP/1.1 503"))
        finally:
            for each in open_:
                each.close()
        time.sleep(0.1)


if __name__ == "__main__":
    unittest.main(verbosity=1)
