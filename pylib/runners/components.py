"""Which components a pipeline uses, and which of their inputs are known before it runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_CHANNEL = "pipelinechannel--"
"""Before the name of a pipeline's parameter, inside a loop or a condition."""


@dataclass(frozen=True)
class Used:
    """A component in a pipeline: its function's name, and its inputs in KFP's messages."""

    name: str
    given: Mapping[str, Any]
    defined: Mapping[str, Any]

    @property
    def parameters(self) -> dict[str, str]:
        """The pipeline's parameter by the component's input, where one is handed on."""
        sources = {name: each.component_input_parameter for name, each in self.given.items()}
        return {name: source.removeprefix(_CHANNEL) for name, source in sources.items() if source}

    def inputs(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Values by the component's own names, where arguments, constants or defaults say them."""
        found = {name: _python(each.default_value) for name, each in self.defined.items() if each.is_optional}
        for name, source in self.given.items():
            if source.HasField("runtime_value"):
                found[name] = _python(source.runtime_value.constant)
            elif self.parameters.get(name) in arguments:
                found[name] = arguments[self.parameters[name]]
            else:
                found.pop(name, None)  # what an earlier step makes
        return found


def used(pipeline: Any) -> Iterator[Used]:
    """Every component that a pipeline uses, in loops and conditions too."""
    spec = pipeline.pipeline_spec
    executors = spec.deployment_spec["executors"]
    for dag in (spec.root.dag, *(part.dag for part in spec.components.values())):
        for task in dag.tasks.values():
            component = spec.components[task.component_ref.name]
            if component.executor_label in executors:
                name = _function(executors[component.executor_label])
                yield Used(name, task.inputs.parameters, component.input_definitions.parameters)


def _function(executor: Any) -> str:
    arguments = list(executor["container"]["args"])
    return str(arguments[arguments.index("--function_to_execute") + 1])


def _python(value: Any) -> Any:
    """A protobuf Value; its numbers are all floats."""
    from google.protobuf import json_format

    return json_format.MessageToDict(value)
