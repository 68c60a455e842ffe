"""What an image file says beside its pixels: how EXIF turns it, how many pages it has, whether it is lossy.

Imports only Pillow, because the small serving environment uses it too.
"""

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin

UPRIGHT = 1  # the EXIF orientation of an image that needs no turning
_LOSSY = {"JPEG", "MPO"}
_PIXELS = {b"IDAT", b"acTL", b"fcTL", b"fdAT"}  # of a PNG, and of animated ones
_SIGNATURE, _END = b"\x89PNG\r\n\x1a\n", b"IEND"
_SUBFILE, _REDUCED, _TRANSPARENCY = 254, 1, 4  # TIFF 6.0, section 8: NewSubfileType, and two of its bits


def orientation(image: Image.Image) -> int:
    """The EXIF orientation of an opened file, 1 to 8, of which no pixels are decoded.

    Of a PNG, EXIF and XMP count that stand behind the pixels, too. Raises what Pillow does on damaged blocks.
    """
    if isinstance(image, PngImagePlugin.PngImageFile):
        image = _without_pixels(image)
    found = Image.Image.getexif(image).get(ExifTags.Base.Orientation, UPRIGHT)
    return found if found in range(1, 9) else UPRIGHT


def pages(image: Image.Image) -> int:
    """How many pictures are in an opened file: pages of a TIFF, or frames of an animation.

    Smaller copies and transparency that a TIFF has of its picture are none; nor is what cameras put behind
    a JPEG.
    """
    if image.format == "MPO":
        return 1
    count = int(getattr(image, "n_frames", 1))
    return sum(_full(image)) if count > 1 and isinstance(image, TiffImagePlugin.TiffImageFile) else count


def is_lossy(image: Image.Image, data: bytes) -> bool:
    """Whether an opened file's compression changes values; `data` is the file."""
    return image.format in _LOSSY or (image.format == "WEBP" and b"VP8L" not in _riff(data))


def _without_pixels(image: PngImagePlugin.PngImageFile) -> Image.Image:
    """An opened PNG with all that it says, before and behind its pixels, and without those."""
    file = image.fp
    assert file is not None  # noqa: S101  (it was opened just now)
    file.seek(len(_SIGNATURE))
    kept = [_SIGNATURE]
    while len(head := file.read(8)) == 8 and (kind := head[4:]) != _END:  # noqa: PLR2004
        size = int.from_bytes(head[:4], "big")
        if kind in _PIXELS:
            file.seek(size + 4, io.SEEK_CUR)
        else:
            kept.append(_chunk(kind, file.read(size + 4)[:size]))
    return Image.open(io.BytesIO(b"".join([*kept, _chunk(_END, b"")])), formats=["PNG"])


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def _full(image: TiffImagePlugin.TiffImageFile) -> Iterator[bool]:
    for page in range(image.n_frames):
        image.seek(page)
        yield page == 0 or not image.tag_v2.get(_SUBFILE, 0) & (_REDUCED | _TRANSPARENCY)


def _riff(data: bytes) -> Iterator[bytes]:
    """The names of a WebP's chunks (RFC 9649, 2.3)."""
    place = 12
    while place + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        yield name
        place += 8 + size + size % 2
