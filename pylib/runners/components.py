"""Which components a pipeline uses, and which of their inputs are known before it runs."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_ITERATION = re.compile(r"(.+)-iteration-(\d+)")
"""How KFP's local runner calls a turn of a loop."""
_CHANNEL = "pipelinechannel--"
"""Before the name of a pipeline's parameter, inside a loop or a condition."""


@dataclass(frozen=True)
class Loop:
    """A loop over a list: what an iteration calls its item, the list or its parameter."""

    item: str
    over: list[Any] | str

    def items(self, arguments: Mapping[str, Any]) -> list[Any]:
        """What it goes over; nothing where an earlier step says."""
        found = self.over if isinstance(self.over, list) else arguments.get(self.over, [])
        return list(found)


@dataclass(frozen=True)
class Used:
    """A component in a pipeline: its function's name, its inputs in KFP's messages, the loop it stands in.

    collected: by input, the loop of which it takes what each iteration made
    """

    name: str
    given: Mapping[str, Any]
    defined: Mapping[str, Any]
    loop: "Loop | None" = None
    collected: Mapping[str, Loop] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, str]:
        """The pipeline's parameter by the component's input, where one is handed on."""
        sources = {name: each.component_input_parameter for name, each in self.given.items()}
        return {name: source.removeprefix(_CHANNEL) for name, source in sources.items() if source}

    def inputs(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Values by the component's own names, where arguments, constants or defaults say them.

        Of what is collected these are the items that it will be made of; empty where an earlier step says.
        """
        found = {name: _python(each.default_value) for name, each in self.defined.items() if each.is_optional}
        for name, source in self.given.items():
            if source.HasField("runtime_value"):
                found[name] = _python(source.runtime_value.constant)
            elif self.parameters.get(name) in arguments:
                found[name] = arguments[self.parameters[name]]
            else:
                found.pop(name, None)  # what an earlier step makes
        return found | {name: loop.items(arguments) for name, loop in self.collected.items()}

    def each(self, arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The same for each iteration of the loop, with the loop's item; once where no input is of a loop."""
        known, loop = self.inputs(arguments), self.loop
        taking = [name for name, source in self.parameters.items() if loop and source == loop.item]
        if loop is None or not taking:
            yield known
            return
        for value in loop.items(arguments):
            yield {**known, **dict.fromkeys(taking, value)}


def loops(pipeline: Any) -> dict[str, Loop]:
    """Every loop of a pipeline over parameters, by the name of the component that is repeated."""
    spec = pipeline.pipeline_spec
    found = {}
    for dag in (spec.root.dag, *(part.dag for part in spec.components.values())):
        for task in dag.tasks.values():
            if task.HasField("parameter_iterator"):
                items = task.parameter_iterator.items
                over = json.loads(items.raw) if items.raw else items.input_parameter.removeprefix(_CHANNEL)
                item = task.parameter_iterator.item_input.removeprefix(_CHANNEL)
                found[task.component_ref.name] = Loop(item, over)
    return found


def items_of(turns: Iterable[str], within: Mapping[str, Loop], arguments: Mapping[str, Any]) -> list[str]:
    """The items of turns of loops, such as `for-loop-1-iteration-0`; of unknown ones their names."""
    return [_item(turn, within, arguments) for turn in turns]


def _item(turn: str, within: Mapping[str, Loop], arguments: Mapping[str, Any]) -> str:
    match = _ITERATION.fullmatch(turn)
    loop = within.get(f"comp-{match[1]}") if match else None
    items = loop.items(arguments) if loop else []
    return str(items[int(match[2])]) if match and int(match[2]) < len(items) else turn


def used(pipeline: Any) -> Iterator[Used]:
    """Every component that a pipeline uses, in loops and conditions too."""
    spec = pipeline.pipeline_spec
    executors, inside = spec.deployment_spec["executors"], loops(pipeline)
    parts = [("", spec.root.dag), *((name, part.dag) for name, part in spec.components.items())]
    for within, dag in parts:
        for task in dag.tasks.values():
            component = spec.components[task.component_ref.name]
            if component.executor_label in executors:
                name = _function(executors[component.executor_label])
                given, defined = task.inputs.parameters, component.input_definitions.parameters
                yield Used(name, given, defined, inside.get(within), dict(_collected(task, dag, inside)))


def _collected(task: Any, dag: Any, loops: Mapping[str, Loop]) -> Iterator[tuple[str, Loop]]:
    for name, source in task.inputs.artifacts.items():
        producer = source.task_output_artifact.producer_task
        if producer and dag.tasks[producer].component_ref.name in loops:
            yield name, loops[dag.tasks[producer].component_ref.name]


def _function(executor: Any) -> str:
    arguments = list(executor["container"]["args"])
    return str(arguments[arguments.index("--function_to_execute") + 1])


def _python(value: Any) -> Any:
    """A protobuf Value; its numbers are all floats."""
    from google.protobuf import json_format

    return json_format.MessageToDict(value)
