"""Image bytes to arrays and back: the one decoder and the one resizer of training, evaluation and serving.

Imports only numpy, Pillow, pylib.errors, containers, samples and settings: the small serving environment
uses it too.
"""

import contextlib
import io
import math
import struct
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from pylib import settings
from pylib.data import containers, samples
from pylib.data.containers import UPRIGHT
from pylib.errors import DataError, one_line

# What we read, and the extension its true content gets. MPO is what some cameras put into a .jpg.
EXTENSIONS = {
    "JPEG": "jpg",
    "MPO": "jpg",
    "PNG": "png",
    "GIF": "gif",
    "WEBP": "webp",
    "BMP": "bmp",
    "TIFF": "tif",
}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Pillow's own limit would come before ours, which holds before anything is decoded.
Image.MAX_IMAGE_PIXELS = None
_STRIP = 256  # rows
Read = TypeVar("Read")
_FORMATS = [name for name in EXTENSIONS if name != "MPO"]  # Pillow finds MPO by itself, through JPEG
# What Pillow raises on damaged files, found by flipping bytes in files of every format.
_UNREADABLE = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    SyntaxError,
    EOFError,
    OverflowError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class TooLargeError(DataError):
    """An image has more pixels than are read."""


class Header(NamedTuple):
    """What is known of an image before it is decoded: its kind, its size, and how EXIF turns it (1 to 8)."""

    kind: str
    width: int
    height: int
    orientation: int


def decode_image(
    data: bytes, *, max_pixels: int | None = None, sample_bits: int | None = None
) -> NDArray[np.uint8]:
    """Decode an image file to uint8 [H, W, 3], RGB in 0..255, turned upright by its EXIF orientation.

    Grey, palette and 16-bit images become RGB; what is transparent becomes white; of several pages or
    frames the first is taken. Of files with more than 8 bits a sample, `sample_bits` are in use (by default
    16), and the upper 8 of those are taken. Raises DataError for what cannot be read to its end, or has more
    than max_pixels (by default those of the settings) or values above those bits.
    """
    image = _open(data, max_pixels)
    upright = partial(_upright, data=data)
    try:
        if samples.bits_of(image) > samples.BYTE:
            image = samples.eight_bits(image, data, sample_bits or samples.WORD, upright)
        else:
            image = upright(image)
        return _pixels(_to_rgb(image))
    except _UNREADABLE as error:
        raise _damaged(image, error) from error


def decode_mask(data: bytes, *, max_pixels: int | None = None) -> NDArray[np.uint8]:
    """Decode a mask file, one of ours, to its class ids, uint8 [H, W].

    Palette masks give their indices, 1-bit masks 0 and 1, RGB masks their one value where all channels agree.
    Raises DataError where that fails, or where lossy compression will have changed the ids. Other people's
    masks may mean something else: see pylib.tasks.segmentation.meaning.
    """
    return read_mask(data, lambda image: _one_channel(np.asarray(image), image.mode), max_pixels=max_pixels)


def read_mask(data: bytes, read: Callable[[Image.Image], Read], *, max_pixels: int | None = None) -> Read:
    """Open a mask file and let `read` make of it what it is; DataError where it is damaged or lossy."""
    image = _open(data, max_pixels)
    if containers.is_lossy(image, data):
        raise DataError(f"mask is a {image.format}, whose compression changes class ids: save it as PNG")
    try:
        return read(image)
    except _UNREADABLE as error:
        raise _damaged(image, error) from error


def image_depth(file: Path | bytes) -> int:
    """Bits a sample in an image file, of which only the header is read; 0 where that cannot be."""
    try:
        with _open(file, math.inf) as image:
            return samples.bits_of(image)
    except DataError:
        return 0


def largest_sample(data: bytes, *, max_pixels: int | None = None) -> int:
    """The largest value in a file with more than 8 bits a sample, but for its alpha; raises DataError."""
    image = _open(data, max_pixels)
    try:
        return samples.largest_sample(image, data)
    except _UNREADABLE as error:
        raise _damaged(image, error) from error


def true_extension(data: bytes) -> str:
    """Return the extension that the content deserves ("jpg", "png", …), without reading all of it."""
    return EXTENSIONS[str(_open(data, math.inf).format)]


def read_header(file: Path | bytes) -> Header:
    """Read an image's size and EXIF orientation without decoding it; raises DataError."""
    image = _open(file, math.inf)
    with image:
        try:
            found = containers.orientation(image)
        except _UNREADABLE:
            found = UPRIGHT  # as decode_image forgives it
        return Header(str(image.format), *image.size, found)


def page_count(data: bytes) -> int:
    """How many pages or frames an image file has, of which the first is decoded; raises DataError."""
    image = _open(data, math.inf)
    try:
        return containers.pages(image)
    except _UNREADABLE as error:
        raise DataError(f"damaged pages of a {image.format} ({one_line(error)})") from error


def turn(array: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turn an array [H, W] or [H, W, 3] upright as an EXIF orientation says, 1 to 8 (Exif 2.32, 4.6.4.A)."""
    method = _TURNS.get(orientation)
    return array if method is None else np.asarray(Image.fromarray(array).transpose(method), dtype=np.uint8)


def resize_image(array: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resize uint8 [H, W, 3] to [size, size, 3], bilinear with antialiasing (as Pillow does it)."""
    if array.shape[:2] == (size, size):
        return array
    image = Image.fromarray(array).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.uint8)


def resize_mask(array: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize class ids, uint8 [H, W], to (height, width) by nearest neighbour: no new id appears.

    Raises DataError if one did: a blend of two ids is a third class that nobody drew.
    """
    if array.shape == shape:
        return array
    image = Image.fromarray(array).resize((shape[1], shape[0]), Image.Resampling.NEAREST)
    resized = np.asarray(image, dtype=np.uint8)
    counts, before = np.bincount(resized.ravel(), minlength=256), np.bincount(array.ravel(), minlength=256)
    if np.any((counts > 0) & (before == 0)):
        raise DataError("resizing a mask made up new class ids: it must be nearest-neighbour")
    return resized


def encode_png(array: NDArray[np.uint8], *, fast: bool = False) -> bytes:
    """Encode uint8 [H, W] or [H, W, 3] as PNG; the same array gives the same bytes with the same Pillow.

    fast: half of the time for half as many bytes more; the pixels are the same
    """
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="PNG", **({"compress_level": 1} if fast else {}))
    return buffer.getvalue()


def _open(file: Path | bytes, max_pixels: float | None) -> Image.Image:
    if file == b"":
        raise DataError("image is empty (0 bytes)")
    limit = settings.max_pixels() if max_pixels is None else max_pixels
    try:
        image = Image.open(io.BytesIO(file) if isinstance(file, bytes) else file, formats=_FORMATS)
    except UnidentifiedImageError as error:
        readable = ", ".join(sorted(set(EXTENSIONS.values())))
        raise DataError(f"not an image of a kind that is read here ({readable})") from error
    except _UNREADABLE as error:
        raise DataError(f"damaged image header ({one_line(error)})") from error
    width, height = image.size
    if width * height > limit:
        raise TooLargeError(
            f"image of {width}x{height} is above the limit of {limit:,} pixels: scale it down, or raise the "
            "limit with PYLIB_MAX_PIXELS"
        )
    return image


def _upright(image: Image.Image, data: bytes) -> Image.Image:
    image.load()  # first, so that only what the EXIF block itself gets wrong is forgiven below
    if image.format == "PNG":  # of which Pillow sees more once it is loaded than a header's reader does
        method = _TURNS.get(read_header(data).orientation)
        return image if method is None else image.transpose(method)
    with contextlib.suppress(*_UNREADABLE):
        ImageOps.exif_transpose(image, in_place=True)  # a copy of 61 megapixels takes 240 MB
    return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    """The pixels of an RGB image, taken a strip at a time: Pillow's own way holds them twice more."""
    array = np.empty((image.height, image.width, 3), np.uint8)
    for top in range(0, image.height, _STRIP):
        bottom = min(top + _STRIP, image.height)
        array[top:bottom] = np.asarray(image.crop((0, top, image.width, bottom)))
    return array


def _one_channel(array: NDArray[np.generic], mode: str) -> NDArray[np.uint8]:
    if array.ndim > 2:  # noqa: PLR2004
        colours = array[..., : 1 if mode in {"LA", "PA", "La"} else 3]
        if np.any(colours != colours[..., :1]):
            raise DataError("mask is a colour picture, not class ids: save one channel of ids as PNG")
        array = array[..., 0]
    if array.dtype.kind not in "bui" or array.min() < 0 or array.max() > np.iinfo(np.uint8).max:
        raise DataError("mask holds values outside 0…255: class ids are one byte")
    return np.ascontiguousarray(array.astype(np.uint8))


def _damaged(image: Image.Image, error: Exception) -> DataError:
    return DataError(f"damaged or truncated {image.format} ({one_line(error)})")
