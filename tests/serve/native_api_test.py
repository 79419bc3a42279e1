#!/usr/bin/env python3
"""native_api_test.py PIXNERD TINY_MODELS: the server's own API as a program meets it, every answer held against the
description that the server gives of itself."""

import base64
import hashlib
import os
import sys
import unittest

import jsonschema
import openapi_spec_validator
import prometheus_client.parser

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from running_server import Events, together  # noqa: E402
from served_case import MODELS, DescribedCase, ServerCase  # noqa: E402


class NativeApi(DescribedCase):
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
        self.assertEqual(self.ask("GET", "/api/jobs?limit=1").json()["jobs"][0]["id"], job)
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


if __name__ == "__main__":
    unittest.main()
