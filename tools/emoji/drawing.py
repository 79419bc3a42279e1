"""From artwork to a picture file: draw at 256 pixels, pad to a square, put on white, shrink by area, write PNG.

The picture is put on white before it is shrunk: averaging colours first would let the invisible colour of transparent
pixels into the outline.
"""

import functools
import hashlib
import io
import subprocess
from dataclasses import dataclass
from pathlib import Path

import PIL
from PIL import Image, PngImagePlugin

from artwork import Artwork
from catalog import Emoji
from errors import BuildError
from files import write_whole
from packages import Source

DRAWN_SIDE = 256
SMALLEST_SIDE = 16
RECIPE_KEY = "emoji-recipe"
# Raise it when a change here changes pixels: pictures of an earlier recipe are then drawn again.
RECIPE_VERSION = 1
NO_RSVG_CONVERT = "`rsvg-convert` is not installed; install it (Debian: apt-get install librsvg2-bin)"


@dataclass(frozen=True)
class Picture:
    """One file to be drawn, `side` pixels wide and high."""

    emoji: Emoji
    source: Source
    artwork: Artwork
    side: int

    @property
    def path(self) -> Path:
        """Relative to the cache, where pictures of all sizes, styles and selections live side by side."""
        return Path(f"drawn-{self.side}", self.source.style, f"{self.emoji.key}.png")

    @property
    def where(self) -> str:
        """Names it in errors."""
        return f"{self.source.spec}, {self.emoji.name}"

    def recipe(self) -> str:
        """Names everything that the pixels depend on; stored in the file, so that a later run knows what to keep."""
        tools = " ".join(f"{name} {version}" for name, version in tool_versions().items())
        seal = hashlib.sha256(f"{RECIPE_VERSION} {tools} {self.side} {self.artwork.kind} ".encode())
        seal.update(self.artwork.content)
        return seal.hexdigest()[:32]


@functools.cache
def tool_versions() -> dict[str, str]:
    """The programs whose version may show in a picture; BuildError if one is missing."""
    try:
        done = subprocess.run(["rsvg-convert", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildError(NO_RSVG_CONVERT) from error
    return {"librsvg": done.stdout.split()[-1], "pillow": PIL.__version__}


def recipe_in(path: Path) -> str | None:
    """The recipe that an existing, undamaged file was drawn by; None if there is no such file or it is not ours."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            image.verify()
            return image.info.get(RECIPE_KEY)
    except (OSError, SyntaxError):
        return None


def draw_picture(picture: Picture, cache: Path) -> None:
    """Draws into `cache`, over what may be there. Never leaves half a file under the final name."""
    image = shrink(on_white(pad_to_square(rasterise(picture))), picture.side)
    notes = PngImagePlugin.PngInfo()
    notes.add_text(RECIPE_KEY, picture.recipe())
    write_whole(
        cache / picture.path,
        lambda path: image.save(path, format="PNG", pnginfo=notes, compress_level=9),
        option="--cache",
    )


def rasterise(picture: Picture) -> Image.Image:
    """Returns RGBA, alpha not multiplied in, at about 256 pixels."""
    content = picture.artwork.content
    if picture.artwork.kind == "svg":
        content = run_rsvg_convert(content, picture.where)
    try:
        return Image.open(io.BytesIO(content), formats=["PNG", "WEBP"]).convert("RGBA")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise BuildError(f"{picture.where}: is no picture ({error}); pin another version in sources.json") from error


def run_rsvg_convert(svg: bytes, where: str) -> bytes:
    command = ["rsvg-convert", f"--width={DRAWN_SIDE}", f"--height={DRAWN_SIDE}", "--format=png"]
    try:
        done = subprocess.run(command, input=svg, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise BuildError(NO_RSVG_CONVERT) from error
    if done.returncode != 0 or not done.stdout:
        complaint = done.stderr.decode(errors="replace").strip().split("\n")[0]
        raise BuildError(f"{where}: rsvg-convert: {complaint or f'exit code {done.returncode}'}; update librsvg2-bin")
    return done.stdout


def pad_to_square(image: Image.Image) -> Image.Image:
    """Transparent bars on both sides of the shorter direction; the odd pixel goes right or below."""
    width, height = image.size
    if width == height:
        return image
    side = max(width, height)
    square = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    square.paste(image, ((side - width) // 2, (side - height) // 2))
    return square


def on_white(image: Image.Image) -> Image.Image:
    """RGBA to RGB."""
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")


def shrink(image: Image.Image, side: int) -> Image.Image:
    """Each target pixel is the mean over its area."""
    return image.resize((side, side), Image.Resampling.BOX)
