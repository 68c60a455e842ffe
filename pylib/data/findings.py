"""What a check of a data set can find, and what a person can do about each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pylib.records import Record


@dataclass(frozen=True)
class Rule:
    """A kind of finding: whether it rejects the item, its title, and the likely fix.

    What is a `risk` is kept unless a person asks for a strict check: only they can tell what is right.
    """

    rejected: bool
    title: str
    fix: str
    risk: bool = False


_OF_AN_IMAGE: dict[str, Rule] = {
    "image-unreadable": Rule(
        True, "Unreadable images", "copy the file again from where it came, or save it as JPEG or PNG"
    ),
    "image-too-large": Rule(
        True,
        "Images above the limit of pixels",
        "scale them down, or raise it: --max-pixels, PYLIB_MAX_PIXELS",
    ),
    "image-too-small": Rule(True, "Images too small", "use the original, not its thumbnail"),
    "image-pages": Rule(
        False,
        "Images of several pages or frames",
        "save the page that its target was drawn on as a file of its own",
        risk=True,
    ),
    "extension-wrong": Rule(False, "Extensions that lie", "nothing: it is stored under its true extension"),
}
_OF_A_DATA_SET: dict[str, Rule] = {
    "duplicate": Rule(True, "Exact duplicates", "remove the copy"),
    "duplicate-contradictory": Rule(
        True, "Duplicates with different labels", "decide which label is right and remove the others"
    ),
    "forgotten": Rule(True, "Images that were forgotten", "leave it out: somebody asked for that"),
    "id-twice": Rule(True, "Ids that occur twice", "keep one file a name, whatever its extension"),
    "id-case": Rule(True, "Ids that file systems confuse", "rename one: some file systems cannot hold both"),
    "name-unsafe": Rule(True, "Unsafe names", "use letters, digits, spaces and . _ - in names"),
    "split-bridged": Rule(
        True, "Images that would join two splits", "leave it out: it resembles images on both sides"
    ),
    "split-leak": Rule(
        False,
        "Given splits that share images",
        "leave it in one of them: what was trained on says nothing when it is tested on",
        risk=True,
    ),
    "split-kept": Rule(
        False,
        "Given splits that came too late",
        "name another repository to split anew: a known item never changes its split",
        risk=True,
    ),
    "split-name-unknown": Rule(False, "Names in lists of splits that no image has", "correct the list"),
    "near-duplicate": Rule(False, "Near duplicates", "nothing: they stay in one split"),
    "group-unmatched": Rule(False, "Ids without a group", "widen --group if they belong to one"),
    "class-unseen": Rule(False, "Classes that no item has", "check the ids in classes.yaml or --classes"),
    "id-ignored": Rule(
        False, "Ids that are ignored", "nothing; name it in classes.yaml or --classes if it is a class"
    ),
    "split-without-class": Rule(
        False, "Splits without a class", "add images: what is measured there says nothing of that class"
    ),
    "depth-mixed": Rule(
        False,
        "Images of several depths",
        "bring them to one range of values, if they are of several cameras",
        risk=True,
    ),
    "split-empty": Rule(False, "Empty splits", "add images: a split has about a tenth of them"),
    "id-taken": Rule(
        True, "Ids that the commit has", "rename it; to replace the old one, ingest all without --add"
    ),
    "item-replaced": Rule(False, "Replaced items", "nothing: it keeps its split"),
    "item-removed": Rule(False, "Removed items", "use --add to keep what the parent commit holds"),
    "file-ignored": Rule(False, "Ignored files", "nothing, if they are no part of the data set"),
}
_LOOK = "look at them; reject those that are wrong, or answer for the kind with --allow"
_OF_A_REVIEW: dict[str, Rule] = {
    "test-duplicate": Rule(False, "New images like those of the test split", _LOOK, risk=True),
    "source-flood": Rule(False, "Floods of images that look alike", _LOOK, risk=True),
    "labels-flipped": Rule(False, "Sources whose labels contradict their images", _LOOK, risk=True),
    "label-suspect": Rule(False, "Labels that may be wrong", "look at it, and correct it", risk=True),
    "backdoor-patch": Rule(False, "One small pattern in images of one class", _LOOK, risk=True),
    "backdoor-signature": Rule(False, "Images that lie apart from others of their class", _LOOK, risk=True),
    "check-missing": Rule(
        False, "Checks that nobody looked at", "commit with `pylib review commit`, which looks", risk=True
    ),
    "check-skipped": Rule(False, "Checks that cannot be looked at here", "look at the images yourself"),
    "class-new": Rule(False, "Classes that nobody had before", _LOOK, risk=True),
}
_OF_EVERY_TASK = _OF_AN_IMAGE | _OF_A_DATA_SET | _OF_A_REVIEW


class Finding(Record):
    """One thing found: its kind, the item's id or path, the reason in a sentence, and the likely fix.

    `related` are the ids of other items that it is about. What is `rejected` is not in the commit.
    """

    code: str
    item: str
    rejected: bool
    reason: str
    fix: str
    related: list[str]


def all_rules(own: Mapping[str, Rule]) -> dict[str, Rule]:
    """Every rule where a task has rules of its own, in the order in which a report lists them."""
    return {**_OF_AN_IMAGE, **own, **_OF_A_DATA_SET, **_OF_A_REVIEW}


def find(
    code: str,
    item: str,
    reason: str,
    related: Iterable[str] = (),
    *,
    rules: Mapping[str, Rule] = _OF_EVERY_TASK,
) -> Finding:
    """Make a finding of a kind that every task has, or that a task's own `rules` have."""
    rule = rules[code]
    return Finding(
        code=code, item=item, rejected=rule.rejected, reason=reason, fix=rule.fix, related=list(related)
    )
