import unittest

from progress import ProgressLines, duration


class Durations(unittest.TestCase):
    def test_words(self):
        self.assertEqual(
            [duration(s) for s in (-1, 0.4, 59.4, 59.6, 200)], ["0 s", "0 s", "59 s", "1 min 0 s", "3 min 20 s"]
        )


class Lines(unittest.TestCase):
    def test_rate_and_time_left_at_intervals(self):
        now, lines = [100.0], []
        progress = ProgressLines("drawing", 100, every=5, clock=lambda: now[0], write=lines.append)
        for seconds, done in ((1, 5), (10, 20), (12, 24), (40, 100)):
            now[0] = 100.0 + seconds
            progress.update(done)
        expected = ["drawing: 20 of 100 (20%), 2/s, 40 s left", "drawing: 100 of 100 (100%), 2/s, 0 s left"]
        self.assertEqual(lines, expected)
        self.assertEqual(progress.elapsed(), 40)
