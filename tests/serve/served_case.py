"""What the tests of the native API share: the program and small models, a server for a class of tests, and its answers
held against its own description. The scripts are given PIXNERD and TINY_MODELS."""

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import jsonschema

from running_server import RunningServer

TINY_MODELS = os.path.abspath(sys.argv.pop())
PROGRAM = os.path.abspath(sys.argv.pop())
MODELS = tempfile.mkdtemp(prefix="pixnerd_models.")
atexit.register(shutil.rmtree, MODELS)
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


class DescribedCase(ServerCase):
    """Whose answers are held against the description that the server gives of itself."""

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
