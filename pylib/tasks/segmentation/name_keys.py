"""What a person reads in a file's name, as keys: those of an image and its mask have one in common."""

import re

from pylib.data.layout import without_extension
from pylib.data.names import case_key

_OF_MASKS = (
    "masks?|msk|gt|gts|gtfine|gtcoarse|groundtruth|ground[_ -]truth|truth|labels?|lbl|labelids?"
    "|labeltrainids?|trainids?|classids?|seg|segs|segmentations?|segmentationmask|annotations?"
    "|annots?|anno|ann|trimaps?|targets?|matte|semantic|l"
)
_OF_IMAGES = "images?|imgs?|im|photos?|pictures?|pics?|sat|rgb|leftimg8bit|orig|original|inputs?|src"


def _word(words: str) -> re.Pattern[str]:
    """One of the words at the start or the end of a name, or all of it, with what separates it."""
    return re.compile(
        rf"^(?:{words})(?:[_\-. ]+|(?=\d)|$)|[_\-. ]+(?:{words})$"
        rf"|[_\-. ]*\((?:{words})\)$|(?:masks?|labels?)$"
    )


_MASK_WORD = _word(_OF_MASKS)
_IMAGE_WORD = re.compile(rf"^(?:{_OF_IMAGES})(?:[_\-. ]+|(?=\d)|$)|[_\-. ]+(?:{_OF_IMAGES})$")


def plain(item: str) -> str:
    """An id less case, the encoding of accents and a second extension."""
    folder, slash, name = item.rpartition("/")
    return case_key(folder + slash + without_extension(name))


def beginnings(item: str) -> list[str]:
    """What an id is when one part of its last name after another is left out, the longest first."""
    folder, slash, name = plain(item).rpartition("/")
    places = [match.start() for match in re.finditer(r"[_\-. ]", name)]
    return [folder + slash + name[:place] for place in reversed(places)]


def marked(item: str) -> bool:
    """Whether a name says that it is a mask: by a word, or by a second extension."""
    return without_extension(item) != item or len(mask_keys(item)) > 1


def plain_keys(item: str) -> set[str]:
    """The key of an image that is named as its mask is."""
    return {plain(item)}


def mask_keys(item: str) -> set[str]:
    """A mask's name, also less the words that say so."""
    return _less(_MASK_WORD, {plain(item)})


def image_keys(item: str) -> set[str]:
    """An image's name, also less the words that say so."""
    return _less(_IMAGE_WORD, {plain(item)})


def all_keys(item: str) -> set[str]:
    """A mask's name, also less the words of masks and of images."""
    return _less(_IMAGE_WORD, mask_keys(item))


def image_keys_across(item: str) -> set[str]:
    """Keys in which images in folders meet masks in none, and the other way round."""
    return {("/" if "/" in item else "") + last(key) for key in image_keys(item)}


def mask_keys_across(item: str) -> set[str]:
    """The same of masks."""
    return {("" if "/" in item else "/") + last(key) for key in all_keys(item)}


def last(key: str) -> str:
    """What follows the last slash."""
    return key.rpartition("/")[2]


def _less(word: re.Pattern[str], keys: set[str]) -> set[str]:
    """The keys, and what they become when one such word after another is taken off their last part."""
    found, left = set(keys), list(keys)
    while left:
        folder, slash, name = left.pop().rpartition("/")
        for match in word.finditer(name):
            shorter = folder + slash + without_extension(name[: match.start()] + name[match.end() :])
            if shorter not in found:
                found.add(shorter)
                left.append(shorter)
    return found
