"""Which candidates of a source are kept, and how deep their images are: each depends on the other.

What is rejected must not decide how what is kept is read: one image of 16 bits would darken a set of 12.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from pylib.data.assemble import Assembled, Parent
from pylib.data.checks import CheckedSample, examine
from pylib.data.depths import bits_beside, look, survey
from pylib.data.findings import Finding
from pylib.data.layout import Candidate
from pylib.tasks.task import Task


@dataclass(frozen=True)
class Selection:
    """What is kept, as `assembled`; `samples` are good by themselves, `findings` all but those of the layout.

    `usable` says whether anything of the source is in the commit, or was there already.
    """

    assembled: Assembled
    samples: list[CheckedSample]
    assumption: str
    findings: list[Finding]
    usable: bool


class Assemble(Protocol):
    """`assemble`, but for the samples and their bits."""

    def __call__(self, samples: Sequence[CheckedSample], *, sample_bits: int | None) -> Assembled:
        """See `pylib.data.assemble.assemble`."""
        ...


def select(
    candidates: Sequence[Candidate],
    legend: dict[int, str],
    task: Task,
    name: str,
    assemble: Assemble,
    *,
    base: Parent | None,
    max_pixels: int,
) -> Selection:
    """Check candidates and put the good ones together with what `base`, the commit added to, holds.

    Images are decoded once more only where one that was rejected decided how the others were read.
    """
    looked = look(candidates, max_pixels=max_pixels)
    beside = bits_beside(base, looked)
    check = partial(examine, classes=legend, checks=task.checks, max_pixels=max_pixels)
    rejected: list[Finding] = []
    while True:
        depths = survey(looked, name, beside)
        samples, found = check(candidates, sample_bits=depths.sample_bits)
        assembled = assemble(samples, sample_bits=depths.sample_bits)
        findings = [*found, *assembled.findings]
        gone = {finding.item for finding in assembled.findings if finding.rejected}
        good = {sample.id for sample in samples} - gone
        kept = [depth for depth in looked if depth.id in good]
        of_kept = survey(kept, name, beside) if good else depths
        if of_kept.sample_bits == depths.sample_bits:
            all_found = [*rejected, *of_kept.findings, *findings]
            return Selection(_as_it_was(assembled, base), samples, depths.assumption, all_found, bool(good))
        rejected += [finding for finding in findings if finding.rejected]
        looked, candidates = kept, [one for one in candidates if one.id in good]


def _as_it_was(assembled: Assembled, base: Parent | None) -> Assembled:
    """The same content again is the same commit, also where the bits in use were not recorded then."""
    if base is None or assembled.samples:
        return assembled
    index = assembled.index.model_copy(update={"sample_bits": base.index.sample_bits})
    return replace(assembled, index=index)
