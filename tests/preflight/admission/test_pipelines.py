"""A compiled pipeline as pods: what each asks for, and the most at one moment."""

from decimal import Decimal
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from preflight.admission.graph import Graph, Work
from preflight.admission.kfp import Argo, compiled
from preflight.admission.made import Made, Run
from preflight.admission.pipelines import run
from preflight.admission.requirements import asked
from preflight.admission.resource_quota import of_pod
from preflight.render.pods import PodTemplate
from preflight.render.resources import Origin, Resource

ARGO = Argo({}, {}, 60, {"runAsNonRoot": True})
ROOT = Path(__file__).parents[3]
STEP = """
components:
  comp-step:
    executorLabel: exec-step
    inputDefinitions: {parameters: {gpus: {defaultValue: 1.0, isOptional: true}}}
  comp-create: {executorLabel: exec-create}
  comp-loop: {dag: {tasks: {step: {componentRef: {name: comp-step}}}}}
  comp-either:
    dag:
      tasks:
        condition-1: {componentRef: {name: comp-loop}}
        condition-2: {componentRef: {name: comp-loop}}
deploymentSpec:
  executors:
    exec-create: {container: {image: argostub/createpvc}}
    exec-step:
      container:
        image: example.org/step:1
        resources:
          resourceCpuRequest: "2"
          resourceMemoryLimit: "{{$.inputs.parameters['pipelinechannel--memory']}}"
          accelerator: {resourceType: nvidia.com/gpu, resourceCount: "{{$.inputs.parameters['gpus']}}"}
root:
  inputDefinitions: {parameters: {count: {defaultValue: 3.0}, items: {defaultValue: [1, 2, 3, 4]}, size: {}}}
  dag: {tasks: %s}
"""


def made(tasks: str) -> Run:
    """A run of a pipeline with these tasks."""
    resource = Resource(
        "pipelines", {"kind": "Pipeline", "metadata": {"name": "p"}}, Origin("p.yaml", upstream=False)
    )
    return run(resource, [yaml.safe_load(STEP % tasks)], ARGO, "ml")


def cost(each: Made) -> dict[str, Decimal]:
    """What a pod counts as."""
    return of_pod(asked(each.spec))


def step(told: Run) -> Made:
    """Its only step's pod."""
    return next(each for each in told.pods if each.what.startswith("step"))


def test_a_step_has_what_argo_and_the_launcher_add() -> None:
    pod = step(made("{a: {componentRef: {name: comp-step}}}"))
    assert [each["name"] for each in pod.spec["initContainers"]] == ["init", "kfp-launcher"]
    assert [each["name"] for each in pod.spec["containers"]] == ["wait", "main"]
    assert pod.spec["activeDeadlineSeconds"] == 60
    resources = "deploymentSpec.executors.exec-step.container.resources"
    assert pod.field_of("main", "requests.cpu") == f"{resources}.resourceCpuRequest"
    assert not pod.field_of("wait", "requests.cpu")


@pytest.mark.parametrize(
    ("inputs", "gpus"),
    [
        ("{}", 1),
        ("{gpus: {runtimeValue: {constant: 0}}}", 0),
        ("{gpus: {componentInputParameter: count}}", 3),
        ("{gpus: {runtimeValue: {constant: \"{{$.inputs.parameters['count']}}\"}}}", 3),
    ],
)
def test_a_parameter_counts_as_its_default(inputs: str, gpus: int) -> None:
    told = made(f"{{a: {{componentRef: {{name: comp-step}}, inputs: {{parameters: {inputs}}}}}}}")
    assert cost(step(told))["requests.nvidia.com/gpu"] == gpus


def test_what_nobody_knows_yet_is_left_out() -> None:
    told = made("{a: {componentRef: {name: comp-step}}}")
    assert told.unknown == ("a",)
    main = step(told).spec["containers"][-1]
    assert main["resources"]["limits"] == {"nvidia.com/gpu": "1"}


ONE = "componentRef: {name: comp-step}"
LOOP = "componentRef: {name: comp-loop}"
FOUR = "parameterIterator: {items: {inputParameter: items}}"


@pytest.mark.parametrize(
    ("tasks", "cpus"),
    [
        (f"{{a: {{{ONE}}}, b: {{{ONE}}}}}", 4),
        (f"{{a: {{{ONE}}}, b: {{{ONE}, dependentTasks: [a]}}}}", 2),
        (f"{{l: {{{LOOP}, parameterIterator: {{items: {{raw: '[1, 2, 3]'}}}}}}}}", 6),
        (f"{{l: {{{LOOP}, {FOUR}}}}}", 8),
        (f"{{l: {{{LOOP}, {FOUR}, iteratorPolicy: {{parallelismLimit: 2}}}}}}", 4),
        (f"{{l: {{{LOOP}, parameterIterator: {{items: {{inputParameter: size}}}}}}}}", 2),
        ("{condition-branches-1: {componentRef: {name: comp-either}}}", 2),
        ("{both: {componentRef: {name: comp-either}}}", 4),
    ],
)
def test_the_most_at_one_moment(tasks: str, cpus: int) -> None:
    assert made(tasks).peak(cost)["requests.cpu"] == cpus


def test_a_volume_that_a_run_makes_is_a_claim() -> None:
    size = "inputs: {parameters: {size: {runtimeValue: {constant: 5Gi}}}}"
    told = made(f"{{c: {{componentRef: {{name: comp-create}}, {size}}}}}")
    [claim] = told.claims
    assert claim.spec["resources"]["requests"]["storage"] == "5Gi"


@pytest.mark.parametrize(
    "file", sorted((ROOT / "pipelines/compiled").glob("*.yaml")), ids=lambda file: file.stem
)
def test_our_own_pipelines_are_read(file: Path) -> None:
    resource, documents = compiled(file, ROOT)
    told = run(resource, documents, ARGO, "ml")
    executors = documents[0]["deploymentSpec"]["executors"]
    assert len([each for each in told.pods if each.what.startswith("step")]) == len(executors)
    assert told.peak(cost)["requests.cpu"] > 0


def _pod(cpu: int) -> Made:
    resource = Resource("a", {"kind": "Pod", "metadata": {"name": "a"}}, Origin("a.yaml", upstream=False))
    container = {"name": "main", "resources": {"requests": {"cpu": str(cpu)}}}
    return Made(PodTemplate(resource, "spec", {}, {"containers": [container]}), "a")


@given(
    weights=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    edges=st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8),
)
def test_the_peak_is_the_heaviest_set_of_which_none_waits_for_another(
    weights: list[int], edges: set[tuple[int, int]]
) -> None:
    names = [str(at) for at in range(len(weights))]
    after = {
        name: {str(a) for a, b in edges if a < b and str(b) == name and a < len(weights)} for name in names
    }
    graph = Graph({name: Work((_pod(weight),)) for name, weight in zip(names, weights, strict=True)}, after)
    waits: dict[str, set[str]] = {}
    for name in names:
        waits[name] = after[name].union(*(waits[each] for each in after[name]))
    sets = [each for size in range(1, len(names) + 1) for each in combinations(names, size)]
    free = [each for each in sets if not any(a in waits[b] for a in each for b in each)]
    heaviest = max(sum(weights[int(name)] for name in each) for each in free)
    assert graph.peak(cost)["requests.cpu"] == heaviest
