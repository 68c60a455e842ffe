"""All checks of a commit to be, and which of their findings must be answered before it is made."""

from collections.abc import Callable, Collection, Iterator

from pylib.data.findings import Finding, find
from pylib.errors import ReviewError
from pylib.review.checks import backdoors, copies, labels
from pylib.review.checks.material import Material

Check = Callable[[Material], Iterator[Finding]]

BLOCKING = (
    "test-duplicate",
    "source-flood",
    "labels-flipped",
    "backdoor-patch",
    "backdoor-signature",
    "class-new",
    "check-missing",
)
"""The kinds that are answered by --allow, or by rejecting the items; a single suspect is not among them."""
_FEW = 3
_OF_LABELS, _OF_FEATURES = ("labels-flipped", "label-suspect"), ("backdoor-signature",)


def new_classes(material: Material) -> Iterator[Finding]:
    """Name the classes that nobody had before: a misspelt label would be one."""
    index, old = material.plan.index, material.parent.index.classes
    for number in sorted(index.classes.keys() - old.keys()):
        first = next(
            (s.id for s in material.new if number in s.target.amounts), f"class {index.classes[number]}"
        )
        yield find("class-new", first, f"{index.classes[number]} is no class of the data set yet")


def not_looked_at(material: Material) -> dict[str, str]:
    """The kinds of findings that nobody has looked for, each with the reason."""
    if material.features is None:
        return dict.fromkeys((*_OF_LABELS, *_OF_FEATURES), material.blind)
    if not labels.can_tell(material.features):
        return dict.fromkeys(_OF_LABELS, "the data set has too few images of a class to tell it by")
    return {}


def unseen(material: Material) -> Iterator[Finding]:
    """Name the checks that were not looked at, so that nobody takes silence for an answer."""
    for kind, why in not_looked_at(material).items() if material.new else ():
        yield find("check-missing" if material.missing else "check-skipped", kind, why)


CHECKS: tuple[Check, ...] = (
    new_classes,
    copies.of_the_test,
    copies.floods,
    labels.contradicting,
    backdoors.patches,
    backdoors.signatures,
    unseen,
)


def examine(material: Material) -> list[Finding]:
    """What all checks find."""
    return [finding for check in CHECKS for finding in check(material)]


def check_answered(found: Collection[Finding], allowed: Collection[str], place: str) -> None:
    """Raise ReviewError, one line, where a finding is neither allowed nor gone with its items."""
    if unknown := sorted(set(allowed) - {*BLOCKING}):
        raise ReviewError(f"--allow {unknown[0]}: there are: {', '.join(BLOCKING)}")
    open_ = [each for each in found if each.code in BLOCKING and each.code not in allowed]
    if open_:
        kinds = {each.code: each for each in reversed(open_)}
        said = "; ".join(f"{code}: {each.item}: {each.reason}" for code, each in list(kinds.items())[:_FEW])
        raise ReviewError(
            f"{place}: not committed, {len(open_)} findings: {said}. Look at them (the report shows all), "
            f"then reject the items (`pylib review reject`), or answer for it: --allow {next(iter(kinds))}"
        )
