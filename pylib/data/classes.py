"""The classes of a data set: which id means what, as a person writes it.

What is written is a legend: ids and names, in which an id named `ignore` is no class. Nobody said, or could
say, what is there, so it counts for nothing, in training and in judging.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from pylib import distinct_yaml
from pylib.data.colours import Colour, by_colour, parse_colour
from pylib.errors import ConfigurationError, one_line

FILE = "classes.yaml"
IGNORE = "ignore"
"""The name, in a legend, of the ids that are no class."""
VOID = 255
"""The id that is ignored where no class has it, as in PASCAL VOC and Cityscapes."""

_IGNORED = {IGNORE, "ignored"}
# Of VOID alone: elsewhere a void may be a hole in a casting, and what is unlabelled the background.
_VOID = {"void", "unlabeled", "unlabelled", "unknown"}
_KEYS = {IGNORE, "ignore_index", "ignore_label"}  # what configurations of training call it
_FIELDS = {"name", "color", "colour", IGNORE}


def parse_classes(text: str) -> dict[int, str]:
    """Read `0=background,1=road` as classes; raises ConfigurationError."""
    parts = [part.partition("=") for part in text.split(",") if part.strip()]
    pairs = [_number_first(key.strip(), name.strip()) for key, _, name in parts]
    if any(not key.isdecimal() for key, _ in pairs):
        raise ConfigurationError(f"classes {text!r}: write class ids and names, as in 0=background,1=road")
    return _checked([(int(key), name) for key, name in pairs], f"classes {text!r}")


def read_classes(path: Path) -> dict[int, str] | None:
    """Read a source's classes.yaml, None if it has none; raises ConfigurationError.

    A class is a name, or `{name: road, color: [128, 64, 128]}`, of which `read_colours` reads the other part.
    """
    content = _content(path)
    return None if content is None else _checked(_ids_first(content), f"{FILE} of the source")


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
        content = distinct_yaml.load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{FILE} of the source is not UTF-8: save it so in your editor") from error
    except (yaml.YAMLError, OSError) as error:
        raise ConfigurationError(f"{FILE} of the source cannot be read: {one_line(error)}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{FILE} of the source: write class ids and names, as in 0: background")
    return content


def counted(legend: Mapping[int, str]) -> dict[int, str]:
    """The classes of a legend: all but what is ignored."""
    return {number: name for number, name in legend.items() if name != IGNORE}


def ignored(legend: Mapping[int, str]) -> list[int]:
    """The ids of a legend that are ignored."""
    return [number for number, name in legend.items() if name == IGNORE]


def _number_first(key: str, name: str) -> tuple[str, str]:
    """Take `ignore=255` for `255=ignore`."""
    return (name, IGNORE) if key.casefold() in _KEYS and name.isdecimal() else (key, name)


def _ids_first(content: Mapping[object, object]) -> Iterable[tuple[object, object]]:
    """Take `ignore: 255`, `ignore: [0, 255]` and `255: {name: void, ignore: true}` for `255: ignore`."""
    for key, value in content.items():
        if isinstance(key, str) and key.casefold() in _KEYS:
            yield from ((number, IGNORE) for number in (value if isinstance(value, list) else [value]))
        elif isinstance(value, dict):
            yield key, IGNORE if value.get(IGNORE) is True else value.get("name")
        else:
            yield key, value


def _name(number: int, name: str) -> str:
    """The name as a legend has it: every way to say that an id is ignored becomes one."""
    said = name.strip().casefold()
    return IGNORE if said in _IGNORED or (number == VOID and said in _VOID) else name


def _colour(key: object, value: object) -> object:
    if not isinstance(value, dict):
        return None
    if unknown := value.keys() - _FIELDS:
        what = f"{min(map(str, unknown))!r} is nothing that a class has"
        raise ConfigurationError(f"{FILE} of the source: class id {key}: {what}; write name and color")
    return value.get("color", value.get("colour"))


def _example(number: int, name: object) -> str:
    """How to write a name; YAML takes yes, no, on, off, numbers and dates for something else than text."""
    if isinstance(name, bool):
        words = "yes, on or true" if name else "no, off or false"
        return f'{number}: "{"yes" if name else "no"}": {words} is a name in quotes only'
    if isinstance(name, int | float | date):
        return f'{number}: "{name}": a number or a date is a name in quotes only'
    return f"{number}: road"


def _checked(pairs: Iterable[tuple[object, object]], place: str) -> dict[int, str]:
    """Return a legend sorted by id; raises ConfigurationError unless ids and classes' names are distinct."""
    classes: dict[int, str] = {}
    for key, name in pairs:
        if not isinstance(key, int) or isinstance(key, bool) or key < 0:
            raise ConfigurationError(f"{place}: {key!r} is no class id; ids are whole numbers from 0 on")
        if not isinstance(name, str) or not name or not name.isprintable():
            raise ConfigurationError(f"{place}: class id {key} needs a name, as in {_example(key, name)}")
        said = _name(key, name)
        if classes.get(key, said) != said or (said != IGNORE and said in classes.values()):
            raise ConfigurationError(f"{place}: {key}: {name} is there twice; ids and names must be distinct")
        classes[key] = said
    return dict(sorted(classes.items()))
