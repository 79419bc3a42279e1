"""TensorBoard itself reads the events of a run: every curve with its steps and values, the pictures, and nothing of
what a resumed run has dropped. Usage: tensorboard_test.py TENSORBOARD_PROGRAM (built of tensorboard_program.cpp).

A missing tensorboard is a failure: an interoperability that nobody looked at is not there.
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import zlib

from tensorboard.backend.event_processing import event_accumulator, io_wrapper
from tensorboard.backend.event_processing import plugin_event_accumulator
from tensorboard.util import tensor_util

program = ""


def expected(last):
    """tag -> [(step, value)] of the steps 1 to `last`, as losses() and log_steps() of tensorboard_program.cpp."""
    curves = {}

    def add(tag, step, value):
        curves.setdefault(tag, []).append((step, value))

    def add_losses(group, step):
        for bucket in range(10):
            if bucket != 3:
                add(f"{group}/loss_t/{bucket / 10:.1f}-{(bucket + 1) / 10:.1f}", step, step + bucket + 0.5)

    for step in range(1, last + 1):
        add("train/loss", step, 1 / step)
        add_losses("train", step)
        add("train/lr", step, 1e-4 * step)
        add("train/gradient_norm", step, 2 * step)
        add("train/images_per_second", step, 100 + step)
        add("train/memory_bytes", step, step * 2**30)
        if step % 10 == 0:
            add("validation/loss", step, 2 / step)
            add_losses("validation", step)
    return curves


def first_pixel(png):
    """Of a PNG whose first line has no neighbours to be predicted from but the left one."""
    data, at = b"", 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + size]
        at += 12 + size
    return tuple(zlib.decompress(data)[1:4])


def loaded(accumulator):
    accumulator.Reload()
    return accumulator


class TensorBoard(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pixnerd-tensorboard-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def log_steps(self, first, last):
        done = subprocess.run(
            [program, str(self.folder), str(first), str(last)], capture_output=True, text=True, timeout=120
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")

    def events_file(self):
        return max(self.folder.glob("*tfevents*"))

    def reader(self):
        everything = {event_accumulator.SCALARS: 0, event_accumulator.IMAGES: 0}
        return event_accumulator.EventAccumulator(str(self.folder), size_guidance=everything)

    def assert_curves(self, last, events=None):
        events = loaded(events or self.reader())
        curves = expected(last)
        self.assertEqual(set(events.Tags()["scalars"]), set(curves))
        for tag, points in curves.items():
            found = events.Scalars(tag)
            self.assertEqual([event.step for event in found], [step for step, _ in points], tag)
            for event, (step, value) in zip(found, points):
                self.assertAlmostEqual(event.value, value, delta=1e-6 * abs(value), msg=f"{tag} at {step}")
                self.assertLess(abs(event.wall_time - time.time()), 600)
        return events

    def test_every_curve_and_picture(self):
        self.log_steps(1, 30)
        self.assertTrue(io_wrapper.IsSummaryEventsFile(str(self.events_file())))
        events = self.assert_curves(30)
        self.assertEqual(events.file_version, 2.0)
        pictures = events.Images("samples")
        self.assertEqual([(p.step, p.width, p.height) for p in pictures], [(10, 5, 4), (20, 5, 4), (30, 5, 4)])
        for picture in pictures:
            self.assertEqual(first_pixel(picture.encoded_image_string), (picture.step, 2, 3))

    def test_as_the_dashboards_read_them(self):
        self.log_steps(1, 10)
        events = loaded(plugin_event_accumulator.EventAccumulator(str(self.folder)))
        self.assertEqual(set(events.PluginTagToContent("scalars")), set(expected(10)))
        (picture,) = events.Tensors("samples")
        width, height, png = tensor_util.make_ndarray(picture.tensor_proto)[:3]
        self.assertEqual((picture.step, width, height), (10, b"5", b"4"))
        self.assertEqual(first_pixel(png), (10, 2, 3))

    def test_a_resumed_run_has_each_step_once(self):
        self.log_steps(1, 25)
        self.log_steps(16, 30)
        self.assert_curves(30)
        steps = [json.loads(line)["step"] for line in (self.folder / "log.jsonl").read_text().splitlines()]
        self.assertEqual(steps, sorted(steps))
        self.assertEqual(len(steps), 33)

    def test_a_reader_at_work_sees_a_resumed_run(self):
        events = self.reader()
        self.log_steps(1, 25)
        self.assert_curves(25, events)
        before = {file: file.read_bytes() for file in self.folder.glob("*tfevents*")}
        self.log_steps(16, 30)
        self.assert_curves(30, events)
        self.log_steps(31, 33)
        self.assert_curves(33, events)
        for file, content in before.items():
            self.assertEqual(file.read_bytes(), content, file)
        self.log_steps(9, 12)
        self.assert_curves(12, events)

    def test_a_half_written_event_is_no_hindrance(self):
        self.log_steps(1, 12)
        file = self.events_file()
        file.write_bytes(file.read_bytes()[:-7])
        self.log_steps(12, 20)
        self.assert_curves(20)

    def test_lines_are_what_python_reads(self):
        self.log_steps(10, 10)
        train, validation = map(json.loads, (self.folder / "log.jsonl").read_text().splitlines())
        by_time = [None if bucket == 3 else 10.5 + bucket for bucket in range(10)]
        self.assertEqual(
            train,
            {
                "step": 10,
                "loss": 0.1,
                "loss_by_time": by_time,
                "lr": 0.001,
                "gradient_norm": 20.0,
                "images_per_second": 110.0,
                "memory_bytes": 10 * 2**30,
            },
        )
        self.assertEqual(validation, {"step": 10, "validation_loss": 0.2, "validation_loss_by_time": by_time})


if __name__ == "__main__":
    program = sys.argv.pop(1)
    unittest.main()
