#!/usr/bin/env python3
"""program_example_test.py PIXNERD: runs the example of docs/program.md, and what that page says of stopping."""

import os
import signal
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "docs"))
import call_pixnerd  # noqa: E402

PROGRAM = os.path.abspath(sys.argv.pop())
CHECKPOINT = os.path.join(ROOT, "assets", "emoji64.safetensors")


class ProgramExample(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        os.environ["OMP_WAIT_POLICY"] = "passive"  # other tests run at the same time

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def call(self, *arguments):
        return call_pixnerd.Call(PROGRAM, *arguments)

    def test_the_example_draws_and_goes_on(self):
        command = [sys.executable, os.path.join(ROOT, "docs", "call_pixnerd.py"), PROGRAM, CHECKPOINT,
                   self.path("foxes"), "fox", "2"]
        first = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        self.assertIn("2 pictures drawn, 0 kept", first)
        self.assertIn("sampling: 16 of 16", first)
        self.assertIn("00001.png: fox, seed 1", first)
        os.remove(self.path("foxes/00001.png"))
        self.assertIn("1 pictures drawn, 1 kept", subprocess.run(command, capture_output=True, text=True).stdout)
        command[5] = "no such thing"
        failed = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(failed.returncode, 1)
        self.assertIn("pixnerd failed with 1: there is no class 'no such thing'", failed.stderr)

    def test_a_wrong_command_line_has_an_exit_code_of_its_own(self):
        with self.assertRaises(call_pixnerd.PixnerdError) as caught:
            self.call("sample", "--checkpoint", CHECKPOINT, "--out", self.path("a.png")).result()
        self.assertEqual(caught.exception.exit_code, 2)

    def test_what_was_stopped_goes_on(self):
        arguments = ["sample", "--checkpoint", CHECKPOINT, "--class", "fox", "--count", 4, "--batch", 1, "--steps", 30,
                     "--threads", 1, "--out", self.path("foxes.npz"), "--resume"]
        call = self.call(*arguments)
        for event in call:
            if event["event"] == "update" and event["done"] > 30:
                call.stop()
                break
        with self.assertRaises(call_pixnerd.PixnerdError) as caught:
            call.result()
        self.assertEqual(caught.exception.exit_code, -signal.SIGTERM)
        result = self.call(*arguments).result()
        self.assertEqual(result["count"], 4)
        self.assertGreater(result["kept"], 0)
        self.assertEqual([picture["seed"] for picture in result["pictures"]], list(range(4)))
        self.assertEqual(os.listdir(self.folder.name), ["foxes.npz"])


if __name__ == "__main__":
    unittest.main()
