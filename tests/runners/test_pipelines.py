import pytest
import yaml

from pylib.errors import PipelineError
from pylib.runners import pipelines


@pytest.mark.parametrize("name", pipelines.names())
def test_what_a_cluster_gets_is_what_the_definition_compiles_to(name):
    for committed, fresh in pipelines.compiled(name).items():
        assert committed.read_bytes() == fresh, "stale: run `make compile` and commit"


@pytest.mark.parametrize("name", pipelines.names())
def test_the_synced_version_is_the_package_that_a_run_submits(name):
    spec, platform = yaml.safe_load_all((pipelines.COMPILED / f"{name}.yaml").read_text())
    pipeline, version = yaml.safe_load_all((pipelines.KUBERNETES / f"{name}.yaml").read_text())
    named = name.replace("_", "-")
    assert pipeline["metadata"]["name"] == version["spec"]["pipelineName"] == named
    assert version["spec"]["pipelineSpec"] == spec
    assert version["spec"]["platformSpec"] == platform


def test_a_changed_pipeline_is_a_new_version(tmp_path):
    for version in ("1", "2"):
        pipelines.compile_resources("segmentation", tmp_path / f"{version}.yaml", version)
    one, two = (list(yaml.safe_load_all((tmp_path / f"{n}.yaml").read_text())) for n in ("1", "2"))
    assert one[0] == two[0]
    assert (one[1]["metadata"]["name"], two[1]["metadata"]["name"]) == ("segmentation-1", "segmentation-2")


def test_argo_cd_is_given_every_pipeline():
    kustomization = yaml.safe_load((pipelines.KUBERNETES / "kustomization.yaml").read_text())
    assert kustomization["resources"] == [f"{name}.yaml" for name in pipelines.names()]


def executors(name):
    """Each step's container, and what it is given on a cluster."""
    spec, platform = yaml.safe_load_all((pipelines.COMPILED / f"{name}.yaml").read_text())
    on_cluster = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    for label, executor in spec["deploymentSpec"]["executors"].items():
        yield label.removeprefix("exec-"), executor["container"], on_cluster.get(label, {})


@pytest.mark.parametrize("name", pipelines.names())
def test_every_step_has_what_a_cluster_needs(name):
    images = yaml.safe_load((pipelines.ROOT / "images.lock").read_text())
    for _, container, _ in executors(name):
        assert container["image"] == images["train"]
        wanted = {"resourceCpuRequest", "resourceMemoryRequest", "resourceMemoryLimit"}
        assert wanted <= set(container["resources"])
        assert [e for e in container["env"] if e["name"] == "PYLIB_STEP_HOURS"]


def test_training_asks_for_as_many_gpus_as_its_run_says_and_tolerates_their_node():
    [(container, platform)] = [(c, p) for name, c, p in executors("segmentation") if name == "train"]
    accelerator = container["resources"]["accelerator"]
    assert accelerator == {
        "resourceType": "nvidia.com/gpu",
        "type": "nvidia.com/gpu",
        "resourceCount": "{{$.inputs.parameters['pipelinechannel--gpus']}}",
    }
    tolerations = [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert platform["tolerations"] == tolerations
    assert [n for n, c, _ in executors("segmentation") if "accelerator" in c["resources"]] == ["train"]


def test_the_number_of_gpus_is_text_which_is_all_that_the_driver_reads():
    spec = next(yaml.safe_load_all((pipelines.COMPILED / "segmentation.yaml").read_text()))
    gpus = spec["root"]["inputDefinitions"]["parameters"]["gpus"]
    assert (gpus["parameterType"], gpus["defaultValue"]) == ("STRING", "0")
    task = spec["root"]["dag"]["tasks"]["train"]
    assert task["inputs"]["parameters"]["pipelinechannel--gpus"] == {"componentInputParameter": "gpus"}


DATA = {
    "PYLIB_STORE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL",
}  # fmt: skip
GIT = {"GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"}
GIVEN = {
    "prepare": DATA,
    "train": DATA | {"MLFLOW_TRACKING_URI"},
    "evaluate": DATA - {"PYLIB_STORE"} | {"PYLIB_ARTIFACTS"},
    "release": DATA | GIT | {"PYLIB_ARTIFACTS", "PYLIB_RELEASE_SOURCE", "MLFLOW_TRACKING_URI"},
}
SECRETS = {
    "prepare": {"step-store": True},
    "train": {"step-store": True},
    "evaluate": {"step-store": True},
    "release": {"step-store": True, "release-git": True},
}


def test_a_step_is_given_what_it_uses_and_the_token_goes_to_the_release_alone():
    for name, _, platform in executors("segmentation"):
        sources = [*platform.get("configMapAsEnv", []), *platform.get("secretAsEnv", [])]
        assert {key["envVar"] for source in sources for key in source["keyToEnv"]} == GIVEN[name], name
        secrets = {source["secretName"]: source["optional"] for source in platform.get("secretAsEnv", [])}
        assert secrets == SECRETS[name]


def test_no_pod_default_reaches_the_steps():
    defaults = (pipelines.ROOT / "cluster-conf/ml-user/base/pod-defaults.yaml").read_text()
    for default in yaml.safe_load_all(defaults):
        labels = default["spec"]["selector"]["matchLabels"]
        assert not [label for label in labels if label.startswith("pipelines.kubeflow.org/")]


def test_a_release_is_neither_repeated_nor_cached():
    spec = next(yaml.safe_load_all((pipelines.COMPILED / "segmentation.yaml").read_text()))
    tasks = spec["root"]["dag"]["tasks"]
    assert "retryPolicy" not in tasks["release"]
    assert tasks["train"]["retryPolicy"]["maxRetryCount"] == 2
    assert tasks["train"]["cachingOptions"] == {"enableCache": True}
    assert not tasks["release"]["cachingOptions"].get("enableCache")


def test_a_step_with_retries_knows_which_try_it_is():
    spec = next(yaml.safe_load_all((pipelines.COMPILED / "segmentation.yaml").read_text()))
    for name, _, platform in executors("segmentation"):
        retried = "retryPolicy" in spec["root"]["dag"]["tasks"][name]
        path = "metadata.annotations['workflows.argoproj.io/node-name']"
        assert platform.get("fieldPathAsEnv", []) == (
            [{"name": "PYLIB_NODE", "fieldPath": path}] if retried else []
        )


def test_an_unknown_pipeline_names_those_that_there_are():
    with pytest.raises(PipelineError, match=r"'segmentaton': not in .*; did you mean segmentation[?]"):
        pipelines.load("segmentaton")
