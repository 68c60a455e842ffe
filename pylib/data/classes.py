"""The classes of a data set: which mask id means what."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from pylib.data.dataset import TRIMAP
from pylib.errors import ConfigurationError, one_line

FILE = "classes.yaml"


def parse_classes(text: str) -> dict[int, str]:
    """Read `0=background,1=road` as classes; raises ConfigurationError."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if any(not key.strip().isdecimal() for key, _, _ in pairs):
        raise ConfigurationError(f"classes {text!r}: write mask ids and names, as in 0=background,1=road")
    return checked_classes([(int(key), name.strip()) for key, _, name in pairs], f"classes {text!r}")


def checked_classes(pairs: Iterable[tuple[object, object]], place: str) -> dict[int, str]:
    """Return classes sorted by id; raises ConfigurationError unless two or more ids 0…255 have names."""
    classes: dict[int, str] = {}
    for key, name in pairs:
        if not isinstance(key, int) or isinstance(key, bool) or not 0 <= key <= 255:  # noqa: PLR2004
            raise ConfigurationError(f"{place}: {key!r} is no mask id; ids are whole numbers from 0 to 255")
        if not isinstance(name, str) or not name or not name.isprintable():
            raise ConfigurationError(f"{place}: mask id {key} needs a name, as in {key}: road")
        if key in classes or name in classes.values():
            raise ConfigurationError(f"{place}: {key}: {name} is there twice; ids and names must be distinct")
        classes[key] = name
    if len(classes) < 2:  # noqa: PLR2004
        raise ConfigurationError(f"{place}: a segmentation needs two classes or more")
    return dict(sorted(classes.items()))


def default_classes(*choices: dict[int, str] | None) -> dict[int, str]:
    """Return the first classes that are given, or Oxford's trimap."""
    return next((classes for classes in choices if classes), TRIMAP)


def read_classes(path: Path) -> dict[int, str] | None:
    """Read a source's classes.yaml, None if it has none; raises ConfigurationError."""
    if not path.is_file():
        return None
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(f"{FILE} of the source cannot be read: {one_line(error)}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{FILE} of the source: write mask ids and names, as in 0: background")
    return checked_classes(content.items(), f"{FILE} of the source")


def class_lookup(classes: dict[int, str]) -> NDArray[np.int16]:
    """Table int16 [256] from class id to class index (position among the sorted ids), -1 for other ids."""
    lookup = np.full(256, -1, np.int16)
    for position, class_id in enumerate(sorted(classes)):
        lookup[class_id] = position
    return lookup
