"""Which image a table means: by its path, or the end of it, from wherever the paths begin."""

import posixpath
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from pylib.data.layout import Files, without_extension
from pylib.data.names import case_key


class References:
    """Images by all that the rows of a table may call them, in any case.

    A path may begin below the data set's folder (`cat1.jpg`), or above it (`/home/ann/pets/cat/cat1.jpg`):
    what all rows begin with is left out as far as images are found. Nothing else is, so a row whose image is
    missing is not taken for an image of the same name in another folder.
    """

    def __init__(self, root: Path, images: Files, names: Sequence[str]) -> None:
        self.known: dict[str, set[str]] = defaultdict(set)
        for item, paths in images.items():
            for path in paths:
                self._add(item, path.relative_to(root).as_posix())
        self.skip = self._where_paths_begin([_parts(name) for name in names])

    def find(self, name: str) -> set[str]:
        """The ids of the images that a row may mean."""
        return self._look_up(_parts(name)[self.skip :])

    def _add(self, item: str, path: str) -> None:
        parts = case_key(path).split("/")
        for start in range(len(parts)):
            end = "/".join(parts[start:])
            self.known[end].add(item)
            self.known[without_extension(end)].add(item)

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
    return [part for part in case_key(plain).split("/") if part not in {"", ".", ".."}]
