import io
import os
import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from PIL import Image

import drawing
from artwork import Artwork, mend_clip_paths
from drawing import Picture, draw_picture, on_white, pad_to_square, rasterise, recipe_in, shrink
from errors import BuildError
from tests.fixtures import emoji, source, webp, write_program

HAS_RSVG = shutil.which("rsvg-convert") is not None
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{}</svg>'
# Red in the upper left quarter, which the clip path takes from a <use> of a <use>.
CLIPPED = (
    '<defs><path id="A" d="M0 0h16v16H0z"/><use href="#A" id="B"/></defs><clipPath id="C"><use href="#B"/></clipPath>'
    '<path fill="red" d="M0 0h32v32H0z" clip-path="url(#C)"/>'
)


def picture(kind: str, content: bytes, side: int = 16) -> Picture:
    return Picture(emoji("1f34e", "red apple"), source("icons", style="noto"), Artwork(kind, content), side)


class Pixels(unittest.TestCase):
    def test_padding_keeps_the_art_in_the_middle(self):
        wide = pad_to_square(Image.new("RGBA", (4, 2), (255, 0, 0, 255)))
        self.assertEqual(wide.size, (4, 4))
        self.assertEqual([wide.getpixel((1, y))[3] for y in range(4)], [0, 255, 255, 0])
        tall = pad_to_square(Image.new("RGBA", (1, 2), (255, 0, 0, 255)))
        self.assertEqual([tall.getpixel((x, 0))[3] for x in range(2)], [255, 0])

    def test_invisible_colours_do_not_reach_the_outline(self):
        image = Image.new("RGBA", (2, 2), (0, 255, 0, 0))
        image.putpixel((0, 0), (0, 0, 0, 255))
        image.putpixel((1, 0), (0, 0, 0, 255))
        self.assertEqual(shrink(on_white(image), 1).getpixel((0, 0)), (128, 128, 128))

    def test_half_transparency_is_mixed_with_white(self):
        self.assertEqual(on_white(Image.new("RGBA", (1, 1), (255, 0, 0, 128))).getpixel((0, 0)), (255, 127, 127))

    def test_shrinking_takes_the_mean_of_the_area(self):
        image = Image.new("RGB", (4, 4), "white")
        image.putpixel((0, 0), (1, 1, 1))
        small = shrink(image, 2)
        self.assertEqual([small.getpixel((x, 0)) for x in (0, 1)], [(192, 192, 192), (255, 255, 255)])


@mock.patch.object(drawing, "tool_versions", lambda: {"librsvg": "1"})
class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache = Path(folder.name)
        self.path = self.cache / "drawn-16/noto/1f34e.png"
        self.red = picture("webp", webp((255, 0, 0, 255), (8, 4)))

    def test_a_drawn_picture_knows_its_recipe(self):
        draw_picture(self.red, self.cache)
        self.assertEqual(recipe_in(self.path), self.red.recipe())
        self.assertEqual([path.name for path in self.path.parent.iterdir()], ["1f34e.png"])
        with Image.open(self.path) as image:
            self.assertEqual((image.mode, image.size), ("RGB", (16, 16)))
            self.assertEqual([image.getpixel((8, y)) for y in (1, 8)], [(255, 255, 255), (255, 0, 0)])

    def test_two_drawings_are_equal_to_the_byte(self):
        draw_picture(self.red, self.cache)
        first = self.path.read_bytes()
        draw_picture(self.red, self.cache)
        self.assertEqual(self.path.read_bytes(), first)

    def test_the_recipe_changes_with_art_size_and_tools(self):
        others = [picture("webp", webp((255, 0, 0, 255), (8, 4)), 32), picture("webp", webp((0, 0, 0, 255)))]
        with mock.patch.object(drawing, "tool_versions", lambda: {"librsvg": "2"}):
            newer = self.red.recipe()
        self.assertEqual(len({self.red.recipe(), newer, *(other.recipe() for other in others)}), 4)

    def test_damaged_foreign_and_missing_files_have_no_recipe(self):
        self.assertIsNone(recipe_in(self.path))
        draw_picture(self.red, self.cache)
        whole = self.path.read_bytes()
        for damaged in (b"", b"text", whole[:-20], whole[:-20] + b"x" + whole[-19:]):
            self.path.write_bytes(damaged)
            self.assertIsNone(recipe_in(self.path), damaged[-20:])
        Image.new("RGB", (16, 16)).save(self.path)
        self.assertIsNone(recipe_in(self.path))

    def test_art_that_is_no_picture_is_named(self):
        with self.assertRaisesRegex(BuildError, "icons@1.0.0, red apple: is no picture"):
            draw_picture(picture("webp", b"nothing"), self.cache)

    def test_a_place_that_cannot_be_written_is_named(self):
        self.path.parent.parent.write_bytes(b"")
        with self.assertRaisesRegex(BuildError, "1f34e.png: .*another --cache"):
            draw_picture(self.red, self.cache)


class Programs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.program = Path(folder.name, "rsvg-convert")
        patch = mock.patch.dict(os.environ, {"PATH": folder.name})
        patch.start()
        self.addCleanup(patch.stop)
        drawing.tool_versions.cache_clear()
        self.addCleanup(drawing.tool_versions.cache_clear)

    def test_a_missing_rsvg_convert_is_named(self):
        with self.assertRaisesRegex(BuildError, "`rsvg-convert` is not installed.*apt-get install librsvg2-bin"):
            drawing.tool_versions()
        with self.assertRaisesRegex(BuildError, "`rsvg-convert` is not installed"):
            rasterise(picture("svg", b"<svg/>"))

    def test_its_version_is_part_of_the_recipe(self):
        write_program(self.program, "echo rsvg-convert version 2.54.7\n")
        self.assertEqual(drawing.tool_versions()["librsvg"], "2.54.7")

    def test_its_complaint_is_quoted_in_one_line(self):
        write_program(self.program, "echo 'bad XML' >&2; echo more >&2; exit 1\n")
        with self.assertRaisesRegex(BuildError, "^icons@1.0.0, red apple: rsvg-convert: bad XML; update librsvg2-bin$"):
            rasterise(picture("svg", b"<svg/>"))


@unittest.skipUnless(HAS_RSVG, "rsvg-convert is not installed")
class Drawn(unittest.TestCase):
    def drawn(self, body: str) -> Image.Image:
        return rasterise(picture("svg", SVG.format(body).encode()))

    def test_svg_is_drawn_at_256_pixels(self):
        image = self.drawn('<path fill="red" d="M0 0h16v32H0z"/>')
        self.assertEqual((image.size, image.mode), ((256, 256), "RGBA"))
        self.assertEqual([image.getpixel((x, 128)) for x in (100, 200)], [(255, 0, 0, 255), (0, 0, 0, 0)])

    def test_a_mended_clip_path_shows_its_part(self):
        image = self.drawn(mend_clip_paths(CLIPPED))
        self.assertEqual([image.getpixel((x, 64)) for x in (64, 200)], [(255, 0, 0, 255), (0, 0, 0, 0)])

    def test_bad_svg_is_named(self):
        with self.assertRaisesRegex(BuildError, "red apple: rsvg-convert: "):
            rasterise(picture("svg", b"<svg"))


class Encodings(unittest.TestCase):
    def test_palettes_and_grey_become_rgba(self):
        buffer = io.BytesIO()
        Image.new("P", (4, 4)).save(buffer, format="PNG")
        self.assertEqual(rasterise(picture("webp", buffer.getvalue())).mode, "RGBA")
