"""Where the state of a search is kept: a folder for each search, data, first weights and code of trials."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from katib.experiment import Experiment
from pylib.provenance import materials
from pylib.provenance.digests import canonical
from pylib.settings import settings
from pylib.sweeps.reading import Sweep

_OURS = ["pylib", "trial"]
_MODULES = ("pylib.sweeps.trial", "pylib.steps.prepare")
"""What `pylib trial` calls: the training, and before it the shards."""


def of(sweep: Sweep, given: Mapping[str, str]) -> Path:
    """The folder; its name ends with the digest of the code that a trial of ours runs.

    Trials of other code are others' results: a search that is finished is not taken for one of today's code.
    """
    parts = {"identity": sweep.identity, **{name: value for name, value in given.items() if value}}
    name = f"{sweep.experiment.name}-{hashlib.sha256(canonical(parts)).hexdigest()[:12]}"
    digest = code(sweep.experiment)
    return settings().output / "sweeps" / (f"{name}-{digest[:8]}" if digest else name)


def code(experiment: Experiment) -> str:
    """SHA-256 over what a trial of `pylib trial` can use of our code, as the key of a step has it.

    Empty where trials run another program: nothing is known of its code.
    """
    container = experiment.primary[1] if experiment.primary else {}
    words = [str(word) for key in ("command", "args") for word in container.get(key) or []]
    if words[:2] != _OURS or len(words) < len(_OURS) + 1:
        return ""
    used = [each for module in _MODULES for each in materials.code(module, words[2])]
    return hashlib.sha256(canonical([[each["name"], each["digest"]] for each in used])).hexdigest()


def former(folder: Path) -> str:
    """What a person should know where the same search was run with other code; empty where it was not."""
    whole, dash, digest = folder.name.rpartition("-")
    others = sorted(folder.parent.glob(f"{whole}*")) if dash and len(digest) == 8 else []  # noqa: PLR2004
    if folder.exists() or not others:
        return ""
    return (
        f"the code of the trials has changed since {max(others, key=_changed).name}: the search begins again"
    )


def _changed(folder: Path) -> float:
    return folder.stat().st_mtime
