#!/usr/bin/env python3
"""Calls pixnerd from Python, with the standard library alone: docs/program.md explains what it relies on.

    docs/call_pixnerd.py build/pixnerd assets/emoji64.safetensors out/foxes fox 4
"""

import json
import subprocess
import sys
import tempfile


class PixnerdError(Exception):
    """What pixnerd says in its last line: the exit code is 1 for a failure, 2 for a wrong command line."""

    def __init__(self, exit_code, message):
        super().__init__(message)
        self.exit_code = exit_code


class Call:
    """One run of a verb that has --json: iterate over its events, then ask for its result."""

    def __init__(self, program, *arguments):
        # Standard output comes at the end and may be longer than a pipe holds while nobody reads it: it goes to a file.
        self._out = tempfile.TemporaryFile()
        command = [program, *map(str, arguments), "--json", "--progress", "json"]
        self._process = subprocess.Popen(command, stdout=self._out, stderr=subprocess.PIPE, encoding="utf-8",
                                         errors="replace")
        self._error = None

    def __iter__(self):
        for line in self._process.stderr:
            try:
                event = json.loads(line)
            except ValueError:  # a library's own words
                event = {"event": "log", "level": "warning", "message": line.rstrip("\n")}
            if event["event"] == "error":
                self._error = event
            yield event

    def stop(self):
        """What is done is kept: sample --resume and train --resume go on with it."""
        self._process.terminate()

    def result(self):
        for _ in self:
            pass
        code = self._process.wait()
        self._process.stderr.close()
        with self._out as out:
            if code != 0:
                message = self._error["message"] if self._error else f"ended by signal {-code}"
                raise PixnerdError(code, message)
            out.seek(0)
            return json.load(out)


def main(program, checkpoint, out, class_name, count):
    call = Call(program, "sample", "--checkpoint", checkpoint, "--class", class_name, "--count", count, "--out", out,
                "--steps", 8, "--resume")
    for event in call:
        if event["event"] == "update":
            print(f"{event['label']}: {event['done']} of {event['total']}, {event['seconds_left']} s left")
        elif event["event"] == "log":
            print(f"{event['level']}: {event['message']}")
    result = call.result()
    print(f"{result['drawn']} pictures drawn, {result['kept']} kept, in {result['seconds']} s")
    for picture in result["pictures"]:
        print(f"{result['out']}/{picture['file']}: {picture['class_name']}, seed {picture['seed']}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except PixnerdError as error:
        sys.exit(f"pixnerd failed with {error.exit_code}: {error}")
