"""The seeded faults: cases that change files of this repository, planted in a copy of it.

A file is read, changed by structure and written again, comments and all, so that it may be laid out anew.
"""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from preflight.findings import Finding
from tests.preflight.cases import REPOSITORY, Case, Expected, case, cases
from tests.preflight.changes import PlaceError, Tree, change

ROOT = Path(__file__).parents[2]
FAULTS = [each for each in cases().values() if each.in_repository and each.rule]
MODEL = "segmentation"
"""The served model whose names the cases have."""
OF_EVERY_MODEL = "cluster-conf/components/served-model/"
BASES = [each for each in cases().values() if each.in_repository and not each.rule]


def plant(fault: Case, tree: Path) -> None:
    """Make the changes of its bases and its own, in a copy of the repository."""
    if fault.base != REPOSITORY:
        plant(case(fault.base), tree)
    for file in _files(fault):
        documents = _read(tree / file)
        for where in dict.fromkeys([*fault.set, *fault.remove]):
            name, _, wanted = where.partition("#")
            if name == file:
                at = _document(documents, where, wanted)
                change(at, fault.set.get(where, {}), fault.remove.get(where, ()))
        _write(tree / file, [*documents, *map(dict, fault.add.get(file, ()))])


def expected(fault: Case) -> list[Expected]:
    """Every finding that there must be, and no other, each with its application and its file."""
    made = []
    for each in fault.expected:
        file = each.file or _files(fault)[0]
        brought_by = _application(file) if each.application is None else each.application
        made.append(each.model_copy(update={"file": file, "application": brought_by}))
    if any(file.startswith(OF_EVERY_MODEL) for file in _files(fault)):
        return [_of_another(each, model) for model in [MODEL, *_others()] for each in made]
    return made


def _others() -> list[str]:
    """The other served models, which a fault in all models' component shows in as well."""
    found = {each.parent.name for each in (ROOT / "cluster-conf/models").glob("*/base")}
    return sorted(found - {MODEL})


def _of_another(expectation: Expected, model: str) -> Expected:
    """What a fault in all models' component shows in one of them."""
    told = expectation.model_dump(include={"application", "object", "file"})
    renamed = {field: text.replace(MODEL, model) for field, text in told.items() if text}
    return expectation.model_copy(update=renamed)


def application(fault: Case) -> str:
    """The application in which a fault shows."""
    return expected(fault)[0].application or ""


def is_met_by(wanted: Expected, finding: Finding) -> bool:
    """Whether a finding is the one that is expected."""
    told = (finding.id, finding.application, finding.object, finding.field)
    same = told == (wanted.rule, wanted.application, wanted.object, wanted.field)
    return same and fnmatchcase(finding.file, wanted.file)


def _files(fault: Case) -> list[str]:
    places = [where.partition("#")[0] for where in [*fault.set, *fault.remove]]
    return list(dict.fromkeys([*places, *fault.add]))


def _application(file: str) -> str:
    match file.split("/"):
        case "cluster-conf", "models", model, *_:
            return f"model-{model}"
        case "cluster-conf", folder, *_:
            return folder
    return "root"


def _yaml() -> YAML:
    made = YAML()
    made.preserve_quotes, made.width = True, 10_000
    made.brace_single_entry_mapping_in_flow_sequence = True
    return made


def _read(file: Path) -> list[Any]:
    if not file.is_file():
        return []
    text = file.read_text()
    return [json.loads(text)] if file.suffix == ".json" else list(_yaml().load_all(text))


def _write(file: Path, documents: list[Any]) -> None:
    text = StringIO()
    if file.suffix == ".json":
        json.dump(documents[0], text, indent=2)
    else:
        _yaml().dump_all(documents, text)
    file.unlink(missing_ok=True)  # it may be a link to the file of which it is a copy
    file.write_text(text.getvalue())


def _document(documents: list[Any], where: str, wanted: str) -> Tree:
    """The one document of a file that has the kind and the name, or that number; or the only one."""
    if wanted.isdigit():
        return documents[int(wanted)]
    found = [each for each in documents if not wanted or wanted in _names(each)]
    if len(found) != 1:
        raise PlaceError(f"{where}: {len(found)} documents; the case has to follow the file")
    return found[0]


def _names(document: Any) -> Iterator[str]:
    """`Kind name`, and `Kind namespace/name` where a namespace is written."""
    metadata = document.get("metadata") or {}
    yield f"{document.get('kind')} {metadata.get('name')}"
    if "namespace" in metadata:
        yield f"{document.get('kind')} {metadata['namespace']}/{metadata.get('name')}"
