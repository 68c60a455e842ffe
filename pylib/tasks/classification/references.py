"""Which image a table means: by its path, or the end of it, from wherever the paths begin."""

import posixpath
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from pylib.data.layout import Files, without_extension
from pylib.data.names import case_key

_UP = ".."


class References:
    """Images by all that the rows of a table may call them, in any case.

    A path may begin below the data set's folder (`cat1.jpg`), or above it (`/home/ann/pets/cat/cat1.jpg`):
    what all rows begin with is left out as far as images are found. Nothing else is, so a row whose image is
    missing is not taken for an image of the same name in another folder. A path that leads up (`../a/1.jpg`)
    begins at its table's folder, and means what lies there alone; where all do, and from another folder than
    the table's (`../input/pets/1.jpg` of a notebook), that is what all rows begin with.
    """

    def __init__(self, root: Path, images: Files, names: Sequence[str]) -> None:
        self.root = root
        self.known: dict[str, set[str]] = defaultdict(set)
        self.whole: dict[str, set[str]] = defaultdict(set)
        for item, paths in images.items():
            for path in paths:
                self._add(item, path.relative_to(root).as_posix())
        rows = [_parts(name) for name in names]
        down = [parts for parts in rows if _UP not in parts]
        self.skip = self._where_paths_begin(down or rows)
        self.all_lead_up = not down

    def find(self, name: str, beside: Path) -> set[str]:
        """The ids of the images that a row may mean, of a table in the folder `beside`."""
        parts = _parts(name)
        if _UP in parts and ((found := self._up(parts, beside)) or not self.all_lead_up):
            return found
        return self._look_up(parts[self.skip :])

    def _add(self, item: str, path: str) -> None:
        parts = case_key(path).split("/")
        for start in range(len(parts)):
            end = "/".join(parts[start:])
            self.known[end].add(item)
            self.known[without_extension(end)].add(item)
        for name in ("/".join(parts), without_extension("/".join(parts))):
            self.whole[name].add(item)

    def _up(self, parts: Sequence[str], beside: Path) -> set[str]:
        root = posixpath.normpath(case_key(self.root.absolute().as_posix()))
        path = posixpath.normpath(posixpath.join(case_key(beside.absolute().as_posix()), *parts))
        inside = posixpath.relpath(path, root)
        return self.whole.get(inside) or self.whole.get(without_extension(inside)) or set()

    def _look_up(self, parts: Sequence[str]) -> set[str]:
        name = "/".join(parts)
        return self.known.get(name) or self.known.get(without_extension(name)) or set()

    def _where_paths_begin(self, names: Sequence[list[str]]) -> int:
        """How many folders to leave out: as few as bring an image to light."""
        common = posixpath.commonprefix([parts[:-1] for parts in names])
        found = (skip for skip in range(len(common) + 1) if any(self._look_up(each[skip:]) for each in names))
        return next(found, 0)


def _parts(name: str) -> list[str]:
    plain = posixpath.normpath(name.replace("\\", "/"))
    return [part for part in case_key(plain).split("/") if part not in {"", "."}]
