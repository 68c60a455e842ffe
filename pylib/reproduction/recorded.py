"""What the records of a model say was done: each step, what it took, what came out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pylib.errors import ReproductionError
from pylib.provenance import statement as records
from pylib.provenance.chain import downstream, maker, upstream
from pylib.provenance.digests import BUNDLE
from pylib.provenance.materials import is_material
from pylib.provenance.statement import Statement
from pylib.store.artifacts import MODEL_FILE

Resource = Mapping[str, Any]


@dataclass(frozen=True)
class RecordedStep:
    """A step as its record has it.

    parameters: by name, JSON; inputs: in-toto resources by the name of the argument that took them
    outputs: of each output folder its files, path → SHA-256
    circumstances: what else the result may depend on, in-toto resources and facts of the machine, by name
    """

    name: str
    parameters: Mapping[str, Any]
    inputs: Mapping[str, Resource]
    outputs: Mapping[str, Mapping[str, str]]
    circumstances: Mapping[str, Any]
    number: int = 1
    """Of the steps of this name, as those of a loop: the first, the second, …"""

    @property
    def label(self) -> str:
        """A name that no other step of the model has, such as `fit_head-2`."""
        return self.name if self.number == 1 else f"{self.name}-{self.number}"

    @property
    def commit(self) -> str:
        """The Git commit of the code; empty where none is recorded."""
        return str(self.circumstances.get("git", {}).get("digest", {}).get("gitCommit", ""))


def recorded_step(statement: Statement) -> RecordedStep:
    """Read one record."""
    definition = statement["predicate"]["buildDefinition"]
    resources = {resource["name"]: resource for resource in records.dependencies(statement)}
    machine = {name: value for name, value in definition["internalParameters"].items() if name != "key"}
    machine |= {f"host's {name}": value for name, value in machine.pop("host", {}).items()}
    return RecordedStep(
        name=records.step_name(statement),
        parameters=definition["externalParameters"],
        inputs={name: each for name, each in resources.items() if not is_material(name)},
        outputs=_outputs(statement),
        circumstances={name: each for name, each in resources.items() if is_material(name)} | machine,
    )


def recorded_steps(folder: Path, digest: str) -> list[RecordedStep]:
    """The steps between a data commit and a judged model, in the order in which they ran.

    folder: the model with its records; ReproductionError where they do not say how it was made.
    """
    bundle = records.read_bundle(folder)
    trained = maker(bundle, digest)
    if trained is None:
        raise ReproductionError(_unrecorded(folder, bundle, digest))
    chain = [*upstream(bundle, trained), trained, *downstream(bundle, trained)]
    steps = sorted((made for made in chain if _makes_folders(made)), key=_started)
    return list(_numbered(recorded_step(made) for made in steps))


def _numbered(steps: Iterable[RecordedStep]) -> Iterator[RecordedStep]:
    seen = Counter[str]()
    for step in steps:
        seen[step.name] += 1
        yield replace(step, number=seen[step.name])


def _unrecorded(folder: Path, bundle: list[Statement], digest: str) -> str:
    """Why no record made this model: they have another in its place, or none at all."""
    subjects = [(s["name"], s["digest"]) for each in bundle for s in each["subject"]]
    named = {each["sha256"] for name, each in subjects if Path(name).name == MODEL_FILE and "sha256" in each}
    if named:
        recorded = min(named)
        return (
            f"{folder / MODEL_FILE}: its SHA-256 is {digest[:12]}, and {recorded[:12]} in the record "
            f"beside it; was it altered? Restore the file, or name the released model {recorded[:12]}"
        )
    there = ", ".join(dict.fromkeys(map(records.step_name, bundle)))
    return (
        f"{folder / BUNDLE}: records of {there}, and none of how model {digest[:12]} was trained; "
        "restore the file, or was the model copied in?"
    )


def _makes_folders(statement: Statement) -> bool:
    """Whether a step left folders, as all do but `ingest`, which makes the data commit."""
    return any("/" in subject["name"] for subject in statement["subject"])


def _started(statement: Statement) -> str:
    return str(statement["predicate"]["runDetails"]["metadata"]["startedOn"])


def _outputs(statement: Statement) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for subject in statement["subject"]:
        output, slash, path = subject["name"].partition("/")
        files = found.setdefault(output, {})
        if slash:
            files[path] = subject["digest"]["sha256"]
    return found
