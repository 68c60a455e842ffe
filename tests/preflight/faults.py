"""The seeded faults: a few edits of the real repository each, what is found of it, and what it would cost.

A fault is a file of tests/manifests/faults, whose first line is `# RULE: what it costs on a cluster`. `given`
names a file of faults/given with edits that are sound, for what the repository has no example of.
"""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from preflight.findings import Finding
from preflight.waivers import renamed

FOLDER = Path(__file__).parents[1] / "manifests" / "faults"


class Strict(BaseModel):
    """A misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Edit(Strict):
    """A change of one file: a text that it has once is replaced, or one is put at its end.

    A file that is not there is made.
    """

    file: str
    find: str | None = None
    replace: str = ""
    append: str = ""

    def apply(self, tree: Path) -> None:
        """Change the file, in a copy of the repository."""
        file = tree / self.file
        text = file.read_text() if file.is_file() else ""
        if self.find is not None:
            times = text.count(self.find)
            assert times == 1, f"{self.file} has {self.find!r} {times} times; fix the fault"
            text = text.replace(self.find, self.replace)
        file.unlink(missing_ok=True)  # it may be a link to the file of which it is a copy
        file.write_text(text + self.append)


class Expected(Strict):
    """A finding, without its message.

    file: a pattern, since the tag of an upstream's file changes
    offline: whether it is found too where no base of an upstream could be had
    """

    rule: str
    application: str
    object: str
    file: str
    field: str = ""
    offline: bool = True

    def is_met_by(self, finding: Finding) -> bool:
        """Whether a finding is this one."""
        rule = renamed().get(self.rule, self.rule)
        told = (finding.id, finding.application, finding.object, finding.field)
        same = told == (rule, self.application, self.object, self.field)
        return same and fnmatchcase(finding.file, self.file)


class Fault(Strict):
    """One fault.

    costs: what it would cost on a cluster, in a sentence
    also: what is found of it too, since it follows
    whole: whether it takes a whole checkout, with the code
    on_cluster: a part of what the API server or Argo CD says of it, in the status of the application or of
        the object, or in an event; None where a small cluster does not show it
    """

    name: str
    rule: str
    costs: str
    application: str
    object: str
    file: str
    field: str = ""
    offline: bool = True
    also: tuple[Expected, ...] = ()
    whole: bool = False
    edits: tuple[Edit, ...]
    on_cluster: str | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def expected(self) -> list[Expected]:
        """Every finding that there must be, and no other."""
        own = {key: getattr(self, key) for key in Expected.model_fields}
        return [Expected(**own), *self.also]

    def plant(self, tree: Path) -> None:
        """Make the edits, in a copy of the repository."""
        for edit in self.edits:
            edit.apply(tree)


def _read(file: Path) -> Fault:
    text = file.read_text()
    rule, _, costs = text.partition("\n")[0].removeprefix("# ").partition(": ")
    told: dict[str, Any] = yaml.safe_load(text)
    place = {key: told[key] for key in ("application", "file", "object")}
    told["also"] = [{**place, **each} for each in told.get("also", [])]
    told["edits"] = [*given(told.pop("given", None)), *told["edits"]]
    return Fault(name=file.stem, rule=rule, costs=costs, **told)


def given(name: str | None) -> list[Any]:
    """The edits that a fault begins with; none where it names none."""
    return yaml.safe_load((FOLDER / "given" / f"{name}.yaml").read_text())["edits"] if name else []


FAULTS = [_read(file) for file in sorted(FOLDER.glob("*.yaml"))]
