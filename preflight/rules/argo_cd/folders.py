"""A folder is an application: of one set, in one wave."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from preflight.findings import Problem, Problems
from preflight.registry import rule
from preflight.render.applications import Application, of_set, own, root
from preflight.render.cluster import Render
from preflight.render.resources import Place
from preflight.rules.argo_cd.ownership import shared

PLACE = "argocd-apps"


@rule(
    "folder-in-no-applicationset",
    "a component whose folder no set lists is never installed, and nobody is told",
)
def folder_in_no_applicationset(render: Render) -> Problems:
    """Every overlay of this cluster is an application of some set."""
    sets = list(render.of("ApplicationSet"))
    listed = _by_path(render)
    unsure = any(each.unknown or each.refused for each in render.expansions)  # such a set may list it
    for folder in sorted((render.tree / "cluster-conf").glob(f"**/overlays/{render.cluster}")):
        path = folder.relative_to(render.tree).as_posix()
        if sets and path not in listed and not unsure:
            message = f"no ApplicationSet of {PLACE} lists it; add it to the one of its wave"
            yield Problem(Place(folder.parents[1].name, path, path), "", message)


@rule("folder-in-two-applicationsets", "two sets that make one application take it from each other for ever")
def folder_in_two_applicationsets(render: Render) -> Problems:
    """No overlay is one application of two sets."""
    for made in _of_two_sets(render):
        path, owners = made[0].path, " and ".join(dict.fromkeys(each.owner for each in made))
        message = f"ApplicationSets {owners} both list it; remove it from one"
        cause = shared(" and ".join(sorted({each.name for each in made})))
        yield Problem(Place(Path(path).parts[1], path, path), "", message, cause)


@rule("applicationset-lists-no-folder", "a misspelt folder in a set is a component that is never installed")
def applicationset_lists_no_folder(render: Render) -> Problems:
    """Every component that a set lists by name has a folder, if only for another cluster."""
    folders = {path.relative_to(render.tree).as_posix() for path in render.tree.glob("*/*") if path.is_dir()}
    for resource in render.of("ApplicationSet"):
        for at, generator in enumerate(resource.spec.get("generators") or []):
            for index, entry in enumerate((generator.get("git") or {}).get("directories") or []):
                component = "/".join(str(entry.get("path")).split("/")[:2])
                if "*" not in component and component not in folders:
                    field = f"spec.generators[{at}].git.directories[{index}].path"
                    message = f"there is no folder {component}; fix the name"
                    yield Problem(resource, field, message)


def in_two_sets(render: Render) -> set[tuple[str, str]]:
    """Each application of a folder that two sets list, with each of the sets."""
    made = [each for together in _of_two_sets(render) for each in together]
    sets = {source.name: str(source) for source in render.of("ApplicationSet")}
    return {(each.name, sets[each.owner]) for each in made}


def _of_two_sets(render: Render) -> Iterator[list[Application]]:
    """The applications of one folder and one name, of sets that differ."""
    for made in _by_path(render).values():
        for name in dict.fromkeys(each.name for each in made):
            same = [each for each in made if each.name == name]
            if len({each.owner for each in same}) > 1:
                yield same


def _by_path(render: Render) -> dict[str, list[Application]]:
    """What the sets make of folders of this repository."""
    made: dict[str, list[Application]] = defaultdict(list)
    ours = own(render.resources)
    for expansion in render.expansions:
        for application in of_set(expansion, root(render.cluster), ours):
            if any(source.ours and source.path == application.path for source in application.sources):
                made[application.path].append(application)
    return dict(made)
