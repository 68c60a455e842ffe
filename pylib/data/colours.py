"""Colours of classes in masks: from classes.yaml, from CVAT's labelmap.txt, and PASCAL VOC's."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from PIL import ImageColor

from pylib.errors import ConfigurationError, one_line

Colour = tuple[int, int, int]
"""Red, green and blue."""

LABELMAP = "labelmap.txt"
"""CVAT's: a line `name:red,green,blue:parts:actions` for each class, in the order of their ids."""

_VOC = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train"),
    "tvmonitor",
)
_VOID = (224, 224, 192)  # of VOC's id 255
_CHANNELS, _MOST = 3, (1 << 16) - 1


def parse_colour(value: object, place: str) -> Colour:
    """Read `[255, 0, 0]`, `"255,0,0"`, `"#ff0000"`, `red`, or a grey level as one number.

    Values may go up to 65535, for masks of 16 bits. Raises ConfigurationError, which names the place.
    """
    parts = value.replace(",", " ").split() if isinstance(value, str) else value
    if isinstance(parts, list) and all(isinstance(part, str) and part.isdecimal() for part in parts):
        parts = [int(part) for part in parts]
    levels = parts if isinstance(parts, list) and len(parts) > 1 else _named(parts, place)
    match levels:
        case [int(red), int(green), int(blue)] if all(0 <= level <= _MOST for level in (red, green, blue)):
            return red, green, blue
    raise _wrong(value, place)


def _named(parts: object, place: str) -> list[object]:
    """The three values of a grey level, or of a colour by its name or in hex."""
    one = parts[0] if isinstance(parts, list) and parts else parts
    if not isinstance(one, str):
        return [] if isinstance(one, bool) else [one] * _CHANNELS
    try:
        return list(ImageColor.getrgb(one)[:_CHANNELS])
    except ValueError as error:
        raise _wrong(one, place) from error


def read_labelmap(path: Path) -> tuple[dict[int, str], dict[Colour, str]] | None:
    """Classes by the order of their lines, and their names by colour; None where there is no such file.

    Raises ConfigurationError.
    """
    if not path.is_file():
        return None
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{LABELMAP} of the source is not UTF-8: save it so in your editor"
        ) from error
    except OSError as error:
        raise ConfigurationError(f"{LABELMAP} of the source cannot be read: {one_line(error)}") from error
    rows = [line.strip().split(":") for line in lines if line.strip() and not line.lstrip().startswith("#")]
    names = [row[0].strip() for row in rows]
    if len(set(names)) != len(names) or not all(names):
        raise ConfigurationError(
            f"{LABELMAP} of the source: each line needs a name of its own before the `:`"
        )
    pairs = [(row[1], row[0].strip()) for row in rows if len(row) > 1 and row[1].strip()]
    place = f"{LABELMAP} of the source"
    return dict(enumerate(names)), by_colour(
        ((parse_colour(colour, f"{place}: {name}"), name) for colour, name in pairs), place
    )


def by_colour(pairs: Iterable[tuple[Colour, str]], place: str) -> dict[Colour, str]:
    """Names by colour; raises ConfigurationError where two names have one."""
    names: dict[Colour, str] = {}
    for colour, name in pairs:
        if names.setdefault(colour, name) != name:
            raise ConfigurationError(
                f"{place}: {names[colour]} and {name} have the same colour, {shown(colour)}"
            )
    return names


def voc_colours(classes: Mapping[int, str]) -> dict[Colour, int]:
    """The ids of classes by VOC's colour of their names; empty unless all of them are VOC's."""
    known = {name: voc_colour(place) for place, name in enumerate(_VOC)}
    known |= dict.fromkeys(("void", "ignore", "border"), _VOID)
    plain = {number: "".join(filter(str.isalnum, name.casefold())) for number, name in classes.items()}
    if not all(name in known for name in plain.values()):
        return {}
    return {_VOID: 255} | {known[name]: number for number, name in plain.items()}


def voc_colour(index: int) -> Colour:
    """The colour of an id in VOC's palette, whose bits are dealt to red, green and blue in turn.

    Source: VOC development kit, VOClabelcolormap.m
    """
    levels = [0, 0, 0]
    for place in range(8):
        for channel in range(_CHANNELS):
            levels[channel] |= (index >> (_CHANNELS * place + channel) & 1) << (7 - place)
    return levels[0], levels[1], levels[2]


def shown(colour: Colour) -> str:
    """A colour for messages: #RRGGBB, or its three values where they are of 16 bits."""
    if max(colour) > 255:  # noqa: PLR2004
        return ",".join(map(str, colour))
    return "#" + bytes(colour).hex()


def _wrong(value: object, place: str) -> ConfigurationError:
    return ConfigurationError(
        f"{place}: {value!r} is no colour; write [255, 0, 0], '#ff0000' or a grey level"
    )
