"""An explanation as a graph: the answer, the model, the steps, the data, and whom a correction is from."""

from collections.abc import Callable, Mapping, Sequence

from pylib.provenance.answers import answer, in_words
from pylib.provenance.explain import Explanation, Step
from pylib.review.origins import Origin
from pylib.store.artifacts import MODEL_FILE
from pylib.web.graph import Graph, Node

At = Callable[[str], str]


def of_explanation(found: Explanation, served: str, origins: Mapping[str, Origin], at: At) -> Graph:
    """The graph of an explained model or answer; `served` says where it is served, empty where nowhere.

    origins: of the training images that people sent, by the item's id
    """
    graph, groups = Graph(), _groups(found.steps)
    if found.prediction:
        said, time = in_words(answer(found.prediction)), str(found.prediction["time"])[:19]
        sha256 = str(found.prediction["image_sha256"])
        graph.add(Node("prediction", "Answer", [said, time.replace("T", " ")]), "asked", "model")
        graph.add(
            Node("asked", "The image asked about", [f"sha256 {sha256[:24]}"], at(f"/explain/image/{sha256}"))
        )
    state = "bad" if found.mismatches else "good"
    lines = [f"sha256 {found.model[:24]}", *filter(None, served.split(", "))]
    graph.add(Node("model", "Model", lines, at(f"/explain/{found.model}"), state), *_maker(groups))
    for name, steps in groups.items():
        graph.add(_step(name, steps), *_made_of(name, steps, groups, found.data))
    if found.data:
        graph.add(_data(found.data, at), *[name for name in groups if name == "ingest"], "images")
    graph.add(_images(found, origins), *(["corrections"] if origins else []))
    if origins:
        graph.add(_corrections(origins))
    return graph


def _groups(steps: Sequence[Step]) -> dict[str, list[Step]]:
    groups: dict[str, list[Step]] = {}
    for step in steps:
        groups.setdefault(step.step, []).append(step)
    return groups


def _maker(groups: Mapping[str, list[Step]]) -> list[str]:
    made = f"model/{MODEL_FILE}"
    return [name for name, steps in groups.items() if any(made in step.outputs for step in steps)]


def _made_of(name: str, steps: list[Step], groups: Mapping[str, list[Step]], data: str | None) -> list[str]:
    taken = {_digest(value) for step in steps for value in step.inputs.values()}
    makers = [
        other
        for other, theirs in groups.items()
        if other != name and taken & {_digest(value) for step in theirs for value in step.outputs.values()}
    ]
    model = _maker(groups)
    over = (
        ["model"] if any(each in model for each in makers) else []
    )  # such as evaluate: it looked at the model
    return over + [each for each in makers if each not in model] + (["data"] if data in taken else [])


def _digest(identity: str) -> str:
    return identity.split(" ", maxsplit=1)[0]


def _step(name: str, steps: list[Step]) -> Node:
    times = f", {len(steps)} times" if steps[1:] else ""
    when, seconds = steps[0].started[:19].replace("T", " "), sum(step.seconds for step in steps)
    commit, _, changed = steps[0].source.partition(" ")
    lines = [f"{when}, {seconds:.1f} s", f"code {commit[:12]}{' and changes' if changed else ''}"]
    return Node(name, f"{name}{times}", lines, f"#step-{name}")


def _data(data: str, at: At) -> Node:
    repository, _, commit = data.partition("@")
    return Node("data", "Data commit", [f"{repository}@{commit[:24]}"], at(f"/data/{repository}/at/{commit}"))


def _images(found: Explanation, origins: Mapping[str, Origin]) -> Node:
    checked = found.unchecked or ("a digest does not match" if found.mismatches else "every digest checked")
    state = "" if found.unchecked else "bad" if found.mismatches else "good"
    what = "a table" if found.kind == "table" else f"{len(found.images):,} training images"
    sent = f"{len(origins)} of them sent by people" if origins else ""
    return Node("images", what, [line for line in (checked, sent) if line], "#images", state)


def _corrections(origins: Mapping[str, Origin]) -> Node:
    people = sorted({each.by or "somebody" for each in origins.values()})
    reviewers = sorted({each.reviewer for each in origins.values()})
    lines = [f"sent by {', '.join(people)}", f"accepted by {', '.join(reviewers)}"]
    return Node("corrections", f"{len(origins)} corrections and contributions", lines, "#corrections", "good")
