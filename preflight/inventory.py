"""The table of what is installed: component by wave, version, namespace and cluster, made of the renders."""

from collections.abc import Iterator
from pathlib import Path

from preflight.errors import ClusterError
from preflight.render.applications import ROOT, Application
from preflight.render.cluster import Render
from preflight.render.versions import UPSTREAM

FILE = "cluster-conf/README.md"
BEGIN, END = "<!-- components: preflight inventory -->", "<!-- end of components -->"


def table(renders: list[Render]) -> str:
    """A Markdown table with a line for each component, and one of sums."""
    names = sorted({place for made in renders for place in _components(made)})
    clusters = [made.cluster for made in renders]
    head = ["wave", "component", "upstream", "namespaces", *(f"objects, {name}" for name in clusters)]
    lines = [head, ["---"] * len(head), *([*_line(name, renders)] for _, name in names)]
    sums = [f"{len(made.resources)} ({_definitions(made)} CRDs)" for made in renders]
    lines.append(["", "all, with what installs them", "", "", *sums])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def write(tree: Path, renders: list[Render]) -> bool:
    """Put the table into the README between its marks; whether that changed anything."""
    file = tree / FILE
    text = file.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise ClusterError(f"{FILE}: has no line '{BEGIN}' or '{END}'; put them around the table")
    before, _, rest = text.partition(BEGIN)
    changed = f"{before}{BEGIN}\n{table(renders)}\n{END}{rest.partition(END)[2]}"
    file.write_text(changed, encoding="utf-8")
    return changed != text


def _components(made: Render) -> Iterator[tuple[int, str]]:
    for application in made.applications.values():
        if application.name != ROOT and not application.parent:
            yield application.wave, application.name


def _line(name: str, renders: list[Render]) -> Iterator[str]:
    parts = [(made, _parts(made, name)) for made in renders]
    resources = [each for made, apps in parts for app in apps for each in made.of_application(app.name)]
    wave = next(app.wave for _, apps in parts for app in apps)
    upstream = {match[0][:-1] for each in resources if (match := UPSTREAM.match(each.origin.file))}
    yield str(wave)
    yield f"`{name}`"
    yield ", ".join(sorted(upstream)) or "ours"
    yield ", ".join(sorted({each.namespace for each in resources} - {"", "argocd"})) or "argocd"
    for made, apps in parts:
        yield str(sum(len(made.of_application(app.name)) for app in apps)) if apps else "none"


def _parts(made: Render, name: str) -> list[Application]:
    """The application of that folder, and the charts that it brings."""
    return [each for each in made.applications.values() if name in {each.name, each.owner}]


def _definitions(made: Render) -> int:
    return len(made.by_kind.get("CustomResourceDefinition", []))
