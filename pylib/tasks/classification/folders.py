"""Where a source keeps the images of each class: a folder a class, in whatever folders those lie."""

from dataclasses import dataclass
from pathlib import Path

from pylib.data import classes
from pylib.data.dataset import SplitName
from pylib.data.given_splits import split_named
from pylib.data.layout import is_picture, levels, subfolders
from pylib.data.names import printable
from pylib.errors import DataError
from pylib.tasks.classification.class_names import plain

_FEW, _FEWEST_CLASSES = 5, 2
_NO_CLASS = {"images", "image", "imgs", "img", "pictures", "photos", "data", "all", "train", "test", "val"}
"""What a lone folder of images is called that is no class."""


@dataclass(frozen=True)
class Place:
    """The folder of a class, by the class's name as it is written; `prefix` goes before the ids in it.

    `split` is what the folder above says of all of it.
    """

    folder: Path
    name: str
    prefix: str
    split: SplitName | None = None


def find_places(folder: Path, place: str) -> tuple[Path, list[Place]] | None:
    """The data set's own folder, at or below `folder`, and its folders of classes; None where there are none.

    Raises DataError, which names the place, where there are two data sets, or folders that could be either.
    """
    for level in levels(folder):
        found = [(root, places) for root in level if (places := _split(root, place) or _classes(root, place))]
        if len(found) > 1:
            names = ", ".join(_named(root, folder) for root, _ in found[:_FEW])
            raise DataError(f"{place}: {len(found)} data sets are in it ({names}); name one of them")
        if found:
            return found[0]
    return _single(folder)


def with_pictures(folder: Path) -> list[Path]:
    """The subfolders that hold images, in themselves or below."""
    return [sub for sub in subfolders(folder) if _anywhere(sub)]


def _split(root: Path, place: str) -> list[Place]:
    """Folders of classes in a folder for each split."""
    subs = with_pictures(root)
    named = [(sub, split) for sub in subs if (split := split_named(sub.name))]
    others = [sub for sub in subs if not split_named(sub.name)]
    if others and "train" not in {split for _, split in named}:
        return []  # a class that is called test, among others
    places = [
        Place(one, one.name, f"{one.relative_to(root).as_posix()}/", split)
        for sub, split in named
        for one in _within(sub)
    ]
    beside = [sub for sub in others if _direct(sub)]
    # One folder more, of pictures to try the model on say, is no second class.
    if not places or len(beside) < _FEWEST_CLASSES or _are_classes(root, places, beside, place):
        return places
    return []


def _are_classes(root: Path, places: list[Place], beside: list[Path], place: str) -> bool:
    """Whether the folders in splits are the classes, or those that hold images beside the splits are.

    Raises DataError where classes.yaml names neither.
    """
    if _listed(root, beside):
        return False
    if _listed(root, [one.folder for one in places]):
        return True
    split, other = (printable(path.relative_to(root).parts[0]) for path in (places[0].folder, beside[0]))
    raise DataError(
        f"{place}: {split}/ holds folders of images, and {other}/ beside it holds images: which folders are "
        f"the classes? take the others out of the source, or list the classes in {classes.FILE}"
    )


def _within(split: Path) -> list[Path]:
    """The folders of classes of a split, also where another folder lies around them, as train/images/cat."""
    subs = with_pictures(split)
    around = len(subs) == 1 and not _direct(subs[0]) and not _direct(split)
    return _within(subs[0]) if around else subs


def _classes(root: Path, place: str) -> list[Place]:
    """Folders of classes in this very folder: two or more, or those that classes.yaml names."""
    subs = with_pictures(root)
    if len(subs) < 2 and not _listed(root, subs):  # noqa: PLR2004
        return []
    if not _listed(root, subs):
        _check_one_level(subs, place)
    return [Place(sub, sub.name, f"{sub.name}/") for sub in subs]


def _listed(root: Path, subs: list[Path]) -> bool:
    """Whether classes.yaml beside them names some of these folders, or has them for ids."""
    legend = classes.read_classes(root / classes.FILE) or {}
    known = {*map(plain, legend.values()), *map(str, legend)}
    return any(plain(sub.name) in known for sub in subs)


def _check_one_level(subs: list[Path], place: str) -> None:
    """Raise DataError where folders of classes may lie side by side with folders of such folders."""
    direct = [sub for sub in subs if _direct(sub)]
    deep = {sub: {plain(inner.name) for inner in with_pictures(sub)} for sub in subs if sub not in direct}
    several = [sub for sub, names in deep.items() if len(names) > 1]
    for sub in several:
        twin = next((other for other in several if other != sub and deep[other] & deep[sub]), None)
        if not (direct or twin):
            continue
        one, other = (f"{printable(path.name)}/" for path in (sub, twin or direct[0]))
        shared = ", ".join(sorted(map(printable, deep[sub] & deep[twin]))[:_FEW]) if twin else ""
        both = f"{one} and {other} hold folders of the same names ({shared})"
        found = both if twin else f"{one} holds folders of images, and {other} holds images"
        raise DataError(
            f"{place}: {found}: which folders are the classes? name the right one as the source, or list the "
            f"classes in {classes.FILE}"
        )


def _single(folder: Path) -> tuple[Path, list[Place]] | None:
    """The one folder with images, where all others only lie around it: one class, to be added."""
    root, subs = folder, with_pictures(folder)
    while len(subs) == 1 and not _direct(root) and not _direct(subs[0]):
        root, subs = subs[0], with_pictures(subs[0])
    if len(subs) != 1 or _direct(root) or subs[0].name.casefold() in _NO_CLASS:
        return None
    return root, [Place(subs[0], subs[0].name, f"{subs[0].name}/")]


def _direct(folder: Path) -> bool:
    return any(is_picture(path) for path in folder.iterdir())


def _anywhere(folder: Path) -> bool:
    """Whether there is an image; links are followed once, because they may lead back up."""
    return _direct(folder) or any(_anywhere(sub) for sub in subfolders(folder) if not sub.is_symlink())


def _named(path: Path, folder: Path) -> str:
    return printable(path.relative_to(folder).as_posix())
