"""The classes of a data set: which id means what, as a person writes it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from pylib.data.colours import by_colour, parse_colour
from pylib.data.layout import Colour
from pylib.errors import ConfigurationError, one_line

FILE = "classes.yaml"
_FIELDS = {"name", "color", "colour", "ignore"}


def parse_classes(text: str) -> dict[int, str]:
    """Read `0=background,1=road` as classes; raises ConfigurationError."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if any(not key.strip().isdecimal() for key, _, _ in pairs):
        raise ConfigurationError(f"classes {text!r}: write class ids and names, as in 0=background,1=road")
    return _checked([(int(key), name.strip()) for key, _, name in pairs], f"classes {text!r}")


def read_classes(path: Path) -> dict[int, str] | None:
    """Read a source's classes.yaml, None if it has none; raises ConfigurationError.

    A class is a name, or `{name: road, color: [128, 64, 128]}`, of which `read_colours` reads the other part.
    """
    content = _content(path)
    return None if content is None else _checked(_names(content), f"{FILE} of the source")


def read_colours(path: Path) -> dict[Colour, str]:
    """The names of a source's classes.yaml by colour, of those that have one; raises ConfigurationError."""
    content, names, place = _content(path) or {}, read_classes(path) or {}, f"{FILE} of the source"
    pairs = ((key, _colour(key, value)) for key, value in content.items())
    return by_colour(
        (
            (parse_colour(value, f"{place}: {names[key]}"), names[key])
            for key, value in pairs
            if value is not None
        ),
        place,
    )


def _content(path: Path) -> dict[Any, Any] | None:
    if not path.is_file():
        return None
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(f"{FILE} of the source cannot be read: {one_line(error)}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{FILE} of the source: write class ids and names, as in 0: background")
    return content


def _names(content: dict[Any, Any]) -> Iterable[tuple[object, object]]:
    return ((key, value.get("name") if isinstance(value, dict) else value) for key, value in content.items())


def _colour(key: object, value: object) -> object:
    if not isinstance(value, dict):
        return None
    if unknown := value.keys() - _FIELDS:
        what = f"{min(map(str, unknown))!r} is nothing that a class has"
        raise ConfigurationError(f"{FILE} of the source: class id {key}: {what}; write name and color")
    return value.get("color", value.get("colour"))


def _checked(pairs: Iterable[tuple[object, object]], place: str) -> dict[int, str]:
    """Return classes sorted by id; raises ConfigurationError unless ids and names are distinct."""
    classes: dict[int, str] = {}
    for key, name in pairs:
        if not isinstance(key, int) or isinstance(key, bool) or key < 0:
            raise ConfigurationError(f"{place}: {key!r} is no class id; ids are whole numbers from 0 on")
        if not isinstance(name, str) or not name or not name.isprintable():
            raise ConfigurationError(f"{place}: class id {key} needs a name, as in {key}: road")
        if key in classes or name in classes.values():
            raise ConfigurationError(f"{place}: {key}: {name} is there twice; ids and names must be distinct")
        classes[key] = name
    return dict(sorted(classes.items()))
