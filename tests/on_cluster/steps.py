"""A pipeline's step as a pod: its compiled command line, with the input that Kubeflow Pipelines would write.

The launcher of a real run, which fetches and stores artifacts, is left out: they lie in the pod's volume.
https://github.com/kubeflow/pipelines/blob/2.16.0/backend/src/v2/component/launcher_v2.go
"""

import json
from dataclasses import dataclass
from typing import Any

import yaml

from tests.on_cluster.kubectl import Body
from tests.on_cluster.pods import container, pod

OUTPUT_FILE = "/tmp/kfp_outputs/output_metadata.json"
ARTIFACTS = "/minio"
"""Where the SDK looks for artifacts whose URI begins with minio://"""


@dataclass(frozen=True)
class Step:
    """A step of a compiled pipeline."""

    name: str
    component: Body
    container: Body
    platform: Body

    @classmethod
    def read(cls, compiled: str, name: str) -> "Step":
        """A step by its name in the pipeline's two documents."""
        pipeline, platform = yaml.safe_load_all(compiled)
        component = pipeline["components"][f"comp-{name}"]
        label = component["executorLabel"]
        container = pipeline["deploymentSpec"]["executors"][label]["container"]
        return cls(
            name,
            component,
            container,
            platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"][label],
        )

    def folder(self, output: str) -> str:
        """Where an output artifact lies in the pod."""
        return f"{ARTIFACTS}/mlpipeline/v2/artifacts/segmentation/{self.name}/{output}"

    def command(self, **parameters: Any) -> list[str]:
        """The command line with its placeholder filled in."""
        given = json.dumps(self._input(parameters))
        return [
            *self.container["command"],
            *(given if each == "{{$}}" else each for each in self.container["args"]),
        ]

    def environment(self, **instead: str) -> list[Body]:
        """The step's variables, with those that come from ConfigMaps; `instead` replaces some."""
        plain = {each["name"]: {"value": each["value"]} for each in self.container.get("env", [])}
        mapped = {
            key["envVar"]: {
                "valueFrom": {
                    "configMapKeyRef": {"name": source["configMapName"], "key": key["configMapKey"]}
                }
            }
            for source in self.platform.get("configMapAsEnv", [])
            for key in source["keyToEnv"]
        }
        replaced = {name: {"value": value} for name, value in instead.items()}
        return [{"name": name, **entry} for name, entry in (plain | mapped | replaced).items()]

    def pod(self, namespace: str, before: list[str], after: list[str], **parameters: Any) -> Body:
        """A pod that runs `before`, the step and `after`, each in a container with the step's image."""
        places = {"tmp": "/tmp", "artifacts": ARTIFACTS}
        mounts = [{"name": volume, "mountPath": place} for volume, place in places.items()]
        environment = self.environment(PYLIB_STORE="file:///tmp/store", PYLIB_OUTPUT="/tmp/out")

        def run(name: str, command: list[str]) -> Body:
            image = self.container["image"]
            return container(name, image, command, env=environment, volumeMounts=mounts)

        made = pod(
            self.name,
            namespace,
            run("after", after),
            initContainers=[run("before", before), run(self.name, self.command(**parameters))],
            volumes=[{"name": volume, "emptyDir": {}} for volume in places],
        )
        made["metadata"]["labels"] = {"sidecar.istio.io/inject": "false"}  # which would outlive it
        return made

    def uri(self, output: str) -> str:
        """What Kubeflow Pipelines calls an output artifact."""
        return "minio:/" + self.folder(output).removeprefix(ARTIFACTS)

    def _input(self, parameters: dict[str, Any]) -> Body:
        outputs = self.component["outputDefinitions"]["artifacts"]
        artifacts = {
            name: {
                "artifacts": [
                    {
                        "name": name,
                        "type": definition["artifactType"],
                        "uri": self.uri(name),
                        "metadata": {},
                    }
                ]
            }
            for name, definition in outputs.items()
        }
        return {
            "inputs": {"parameterValues": parameters},
            "outputs": {"artifacts": artifacts, "outputFile": OUTPUT_FILE},
        }
