"""Which mask belongs to which image, by their names: one rule, and nothing is guessed.

A mask of exactly the image's name is the image's. For what is left, names are compared without case, without
the way in which accents are encoded, without a second extension (`x.jpg.png`) and without the words that say
what a file is (`x_mask`, `gt_x`, `x_leftImg8bit`), and without folders where only one of both is in some.
Where exactly one image and one mask fit, they are a pair.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

from pylib.data.duplicates import clusters
from pylib.data.findings import Finding, find
from pylib.data.layout import Files, single
from pylib.data.names import printable
from pylib.tasks.segmentation import name_keys
from pylib.tasks.segmentation.checks import FINDINGS

_LOSSY = {".jpg", ".jpeg", ".jpe", ".jfif"}
_FEW = 5

Keys = Callable[[str], set[str]]


@dataclass(frozen=True)
class Clash:
    """Images and masks, by id, that could belong to one another."""

    images: list[str]
    masks: list[str]


@dataclass(frozen=True)
class Pairs:
    """Image and mask by the image's id; `renamed` are the ids whose mask has another name than the image."""

    files: dict[str, tuple[Path, Path]] = field(default_factory=dict)
    renamed: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def pair(images: Files, masks: Files, root: Path) -> Pairs:
    """Pair what fits; what is left over, or fits several, becomes a finding that names what it is about."""
    links, clashes = _links(images.keys() - masks.keys(), masks.keys() - images.keys())
    partner = {item: item for item in images.keys() & masks.keys()} | links
    one_image, one_mask = single(images), single(masks)
    files = {
        item: (one_image[item], one_mask[mask])
        for item, mask in sorted(partner.items())
        if item in one_image and mask in one_mask
    }
    left = _Left(images, masks, partner, clashes, root)
    findings = [*left.ambiguous(), *left.without_mask(), *left.without_image()]
    return Pairs(files, sorted(files.keys() & links.keys()), findings)


def apart(found: Files) -> tuple[Files, Files]:
    """Images and masks that lie in one folder: a mask is named as one, or is the PNG beside a JPEG."""
    images: Files = {}
    masks: Files = {}
    plain = {key for item in found if not name_keys.marked(item) for key in name_keys.image_keys(item)}
    for item, paths in found.items():
        lossy = [path for path in paths if path.suffix.lower() in _LOSSY]
        if len(paths) == 2 and len(lossy) == 1:  # noqa: PLR2004
            images[item], masks[item] = lossy, [path for path in paths if path not in lossy]
        elif name_keys.marked(item) and not plain.isdisjoint(name_keys.mask_keys(item)):
            masks[item] = paths
        else:
            images[item] = paths
    return images, masks


def _links(images: AbstractSet[str], masks: AbstractSet[str]) -> tuple[dict[str, str], list[Clash]]:
    """Masks by the image that they alone fit; and the images and masks of which several fit one another."""
    links: dict[str, str] = {}
    clashes: list[Clash] = []
    for image_keys, mask_keys in (
        (name_keys.plain_keys, name_keys.mask_keys),
        (name_keys.image_keys, name_keys.all_keys),
        (name_keys.image_keys_across, name_keys.mask_keys_across),
    ):
        for met in _meeting(images, masks, image_keys, mask_keys):
            if len(met.images) == len(met.masks) == 1:
                links[met.images[0]] = met.masks[0]
            else:
                clashes.append(met)
            images, masks = images - {*met.images}, masks - {*met.masks}
    return links, clashes


def _meeting(
    images: AbstractSet[str], masks: AbstractSet[str], image_keys: Keys, mask_keys: Keys
) -> Iterator[Clash]:
    """The images and masks that have a key in common, directly or through others, together."""
    by_key: dict[str, list[str]] = defaultdict(list)
    for mask in masks:
        for key in mask_keys(mask):
            by_key[key].append(mask)
    met = {
        (f"image {image}", f"mask {mask}")
        for image in images
        for key in image_keys(image)
        for mask in by_key.get(key, ())
    }
    for names in clusters(sorted(met)):
        kinds = [name.partition(" ") for name in names]
        yield Clash(*([name for kind, _, name in kinds if kind == one] for one in ("image", "mask")))


class _Left:
    """What was not paired, in sentences."""

    def __init__(
        self, images: Files, masks: Files, partner: Mapping[str, str], clashes: list[Clash], root: Path
    ) -> None:
        self.all_images, self.all_masks, self.clashes, self.root = images, masks, clashes, root
        self.partner, self.image_of = partner, {mask: image for image, mask in partner.items()}
        met_images = {image for clash in clashes for image in clash.images}
        met_masks = {mask for clash in clashes for mask in clash.masks}
        self.images = sorted(images.keys() - partner.keys() - met_images)
        self.masks = sorted(masks.keys() - self.image_of.keys() - met_masks)

    def ambiguous(self) -> Iterator[Finding]:
        for clash in self.clashes:
            images = [self._image(item) for item in clash.images]
            masks = [self._mask(item) for item in clash.masks]
            reason = f"{_few(images)} and {_few(masks)} could belong together in more than one way"
            for item in clash.images:
                others = [other for other in clash.images if other != item]
                yield find("name-ambiguous", printable(item), reason, others, rules=FINDINGS)

    def without_mask(self) -> Iterator[Finding]:
        taken = _by_key(self.image_of, name_keys.all_keys) if self.images else {}
        beginning: dict[str, list[str]] = defaultdict(list)
        namesakes: dict[str, set[str]] = defaultdict(set)
        for mask in self.masks if self.images else ():
            for key in name_keys.all_keys(mask):
                namesakes[name_keys.last(key)].add(mask)
            for key in name_keys.beginnings(mask):
                beginning[key].append(mask)
        for item in self.images:
            name = self._image(item)
            fitting = next((taken[key] for key in sorted(name_keys.image_keys(item)) if key in taken), None)
            if fitting is not None:
                owner = self._image(self.image_of[fitting])
                reason = (
                    f"{name} has no mask of its own: {self._mask(fitting)}, which fits, is that of {owner}"
                )
            elif same := sorted(
                {
                    mask
                    for key in name_keys.image_keys(item)
                    for mask in namesakes.get(name_keys.last(key), ())
                }
            ):
                there = _few(list(map(self._mask, same)))
                reason = f"{name} has no mask in the same folder; {there} is in another"
            elif alike := beginning.get(name_keys.plain(item)):
                begins = "begins so" if len(alike) == 1 else "begin so"
                reason = f"{name} has no mask of that name; {_few(list(map(self._mask, alike)))} {begins}"
            else:
                reason = f"{name} has no mask of that name"
            yield find("image-without-mask", printable(item), reason, rules=FINDINGS)

    def without_image(self) -> Iterator[Finding]:
        taken = _by_key(self.partner, name_keys.image_keys) if self.masks else {}
        for item in self.masks:
            name = self._mask(item)
            image = next((taken[key] for key in sorted(name_keys.all_keys(item)) if key in taken), None)
            if image is not None:
                mask = self._mask(self.partner[image])
                reason = f"{name} has no image of its own: {self._image(image)}, which fits, goes with {mask}"
            elif begun := next((taken[key] for key in name_keys.beginnings(item) if key in taken), None):
                mask = self._mask(self.partner[begun])
                reason = f"{name} begins as {self._image(begun)}, whose mask is {mask}"
            else:
                reason = f"{name} has no image of that name"
            yield find("mask-without-image", printable(item), reason, rules=FINDINGS)

    def _image(self, item: str) -> str:
        return printable(self.all_images[item][0].relative_to(self.root).as_posix())

    def _mask(self, item: str) -> str:
        return printable(self.all_masks[item][0].relative_to(self.root).as_posix())


def _by_key(items: Iterable[str], keys: Keys) -> dict[str, str]:
    return {key: item for item in sorted(items, reverse=True) for key in keys(item)}


def _few(names: list[str]) -> str:
    return ", ".join(names[:_FEW]) + (", …" if len(names) > _FEW else "")
