#!/usr/bin/env python3
"""native_refusals_test.py PIXNERD TINY_MODELS: what a server refuses, and goes on."""

import base64
import os
import re
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from running_server import SECONDS  # noqa: E402
from served_case import DescribedCase, ServerCase  # noqa: E402


TOKEN = "a long enough token"


class Refusals(DescribedCase):
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

    def tearDown(self):
        self.assertTrue(self.server.is_running())


class Guessing(ServerCase):
    TOKEN = TOKEN

    def test_it_is_slowed(self):
        statuses = [self.server.ask("POST", "/login", {"token": f"guess {i}"}).status for i in range(12)]
        self.assertEqual(statuses, [401] * 10 + [429] * 2)
        for token in ("another guess", TOKEN):  # nothing is learnt from this address any more
            self.assertEqual(self.server.ask("GET", "/api/models", Authorization=f"Bearer {token}").status, 429)


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
    unittest.main()
