"""Image files as they should not be, and some as they should: each is made of a seeded random generator."""

import functools
import io
import random
import struct
import zlib
from collections.abc import Callable

from PIL import Image

Draw = random.Random
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>'
OTHERS = {
    "zip": b"PK\x03\x04" + bytes(40),
    "pdf": b"%PDF-1.7\n%\xe2\xe3\n1 0 obj<</Type/Catalog>>endobj\n",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(/etc/passwd) run\n",
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": SVG,
    "svg gz": zlib.compress(SVG, wbits=31),
    "ico": b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\x68\4\0\0\x16\0\0\0" + bytes(64),
    "psd": b"8BPS\0\1" + bytes(60),
}


@functools.cache
def picture(mode: str = "RGB", size: tuple[int, int] = (48, 32)) -> Image.Image:
    """A picture of some content, the same in each process."""
    noise = random.Random(7).randbytes(size[0] * size[1] * 3)
    return Image.frombytes("RGB", size, noise).convert(mode)


@functools.cache
def encoded(form: str = "JPEG", mode: str = "RGB", size: tuple[int, int] = (48, 32)) -> bytes:
    """That picture in a file."""
    buffer = io.BytesIO()
    picture(mode, size).save(buffer, form)
    return buffer.getvalue()


def png(width: int, height: int, *chunks: tuple[bytes, bytes], depth: int = 8, colour: int = 2) -> bytes:
    """A PNG of just these chunks after its header."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, data in ((b"IHDR", head), *chunks, (b"IEND", b"")):
        parts.append(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))
    return b"".join(parts)


def _good(draw: Draw) -> bytes:
    return encoded(draw.choice(["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"]))


def _truncated(draw: Draw) -> bytes:
    data = _good(draw)
    return data[: draw.randrange(len(data))]


def _flipped(draw: Draw) -> bytes:
    data = bytearray(_good(draw))
    for _ in range(draw.randint(1, 12)):
        data[draw.randrange(len(data))] = draw.randrange(256)
    return bytes(data)


def _spliced(draw: Draw) -> bytes:
    one, other = _good(draw), _good(draw)
    return one[: draw.randrange(len(one))] + other[draw.randrange(len(other)) :]


def _claims_too_much(draw: Draw) -> bytes:
    """Few bytes that would be gigabytes of pixels."""
    side = draw.choice([9_000, 65_535, 100_000, 2**31 - 1])
    if draw.random() < 0.5:
        return png(side, side, (b"IDAT", zlib.compress(bytes(1000))))
    gif = bytearray(encoded("GIF"))
    gif[6:10] = b"\xff\xff\xff\xff"
    bmp = bytearray(encoded("BMP"))
    bmp[18:26] = struct.pack("<ii", side % 2**31, -side % 2**31 if draw.random() < 0.3 else side % 2**31)
    return bytes(draw.choice([gif, bmp]))


@functools.cache
def _large() -> bytes:
    """Within the limit, and nine million pixels in a few kilobytes."""
    rows = zlib.compress(bytes((3000 + 1) * 3000))
    return png(3000, 3000, (b"IDAT", rows), colour=0)


@functools.cache
def _bomb() -> bytes:
    return zlib.compress(bytes(8_000_000))


def _inflating(draw: Draw) -> bytes:
    """More pixel data, text or profile than the header says."""
    chunk = draw.choice([(b"IDAT", _bomb()), (b"zTXt", b"a\0\0" + _bomb()), (b"iCCP", b"a\0\0" + _bomb())])
    return png(8, 8, chunk, (b"IDAT", zlib.compress(bytes(8 * 25))))


def _oriented(draw: Draw) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = draw.choice([*range(10), 255, 65535])
    exif[0x010E] = "x" * draw.choice([0, 10, 30_000])
    buffer = io.BytesIO()
    picture().save(buffer, draw.choice(["JPEG", "PNG", "WEBP"]), exif=exif)
    data = bytearray(buffer.getvalue())
    if draw.random() < 0.5:
        data[draw.randrange(2, 60)] ^= 1 << draw.randrange(8)
    return bytes(data)


def _other_mode(draw: Draw) -> bytes:
    form, mode = draw.choice(
        [("JPEG", "CMYK"), ("TIFF", "CMYK"), ("JPEG", "L"), ("PNG", "1"), ("PNG", "P"), ("PNG", "LA"),
         ("PNG", "RGBA"), ("TIFF", "F"), ("TIFF", "LAB"), ("TIFF", "I"), ("WEBP", "RGBA"), ("TIFF", "YCbCr")]
    )  # fmt: skip
    return encoded(form, mode)


def _deep(draw: Draw) -> bytes:
    """16 bits a sample: bright, almost black, or with too little data."""
    top = draw.choice([1, 255, 1023, 4095, 65535])
    values = b"".join(
        b"\0" + b"".join(struct.pack(">H", draw.randint(0, top)) for _ in range(24)) for _ in range(8)
    )
    return png(8, 8, (b"IDAT", zlib.compress(values[: draw.choice([len(values), 100])])), depth=16)


@functools.cache
def _frames(form: str, count: int) -> bytes:
    buffer = io.BytesIO()
    frames = [picture().rotate(20 * number) for number in range(count)]
    frames[0].save(buffer, form, save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def _animated(draw: Draw) -> bytes:
    return _frames(draw.choice(["GIF", "WEBP", "PNG", "TIFF"]), draw.choice([2, 30]))


def _no_image(draw: Draw) -> bytes:
    kind = draw.choice([*OTHERS, "empty", "random", "magic"])
    if kind in OTHERS:
        return OTHERS[kind]
    magic = draw.choice([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF....WEBP", b"II*\0", b"BM"])
    return (magic if kind == "magic" else b"") + (
        b"" if kind == "empty" else draw.randbytes(draw.randint(1, 400))
    )


def _tiny_or_thin(draw: Draw) -> bytes:
    size = draw.choice([(1, 1), (1, 4000), (4000, 1), (3, 2)])
    return encoded(draw.choice(["PNG", "JPEG"]), "RGB", size)


KINDS: dict[str, tuple[int, Callable[[Draw], bytes]]] = {
    "a good image": (6, _good),
    "truncated": (8, _truncated),
    "bytes changed": (10, _flipped),
    "two files in one": (3, _spliced),
    "pixel bomb": (5, _claims_too_much),
    "nine megapixels in few bytes": (0, lambda _: _large()),
    "inflating": (2, _inflating),
    "EXIF": (6, _oriented),
    "CMYK and other modes": (6, _other_mode),
    "16 bits": (4, _deep),
    "animated": (2, _animated),
    "no image": (8, _no_image),
    "thin": (2, _tiny_or_thin),
}
"""Name to weight and maker."""


def image(draw: Draw) -> tuple[str, bytes]:
    """One file, and of what kind it is; one in four hundred is costly to decode."""
    if draw.random() < 1 / 400:
        return "nine megapixels in few bytes", _large()
    kind = draw.choices(list(KINDS), [weight for weight, _ in KINDS.values()])[0]
    return kind, KINDS[kind][1](draw)
