import pytest
import yaml

from pylib.errors import PipelineError
from pylib.workflows import pipelines


@pytest.mark.parametrize("name", pipelines.names())
def test_what_a_cluster_gets_is_what_the_definition_compiles_to(name):
    for committed, fresh in pipelines.compiled(name).items():
        assert committed.read_bytes() == fresh, "stale: run `make compile` and commit"


@pytest.mark.parametrize("name", pipelines.names())
def test_the_synced_version_is_the_package_that_a_run_submits(name):
    spec, platform = yaml.safe_load_all((pipelines.COMPILED / f"{name}.yaml").read_text())
    pipeline, version = yaml.safe_load_all((pipelines.KUBERNETES / f"{name}.yaml").read_text())
    assert pipeline["metadata"]["name"] == version["spec"]["pipelineName"] == name
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


@pytest.mark.parametrize("name", pipelines.names())
def test_every_step_has_what_a_cluster_needs(name):
    images = yaml.safe_load((pipelines.ROOT / "images.lock").read_text())
    spec, platform = yaml.safe_load_all((pipelines.COMPILED / f"{name}.yaml").read_text())
    on_cluster = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    for task, executor in spec["deploymentSpec"]["executors"].items():
        container = executor["container"]
        assert container["image"] == images["train"]
        wanted = {"resourceCpuRequest", "resourceMemoryRequest", "resourceMemoryLimit"}
        assert wanted <= set(container["resources"])
        assert [e for e in container["env"] if e["name"] == "PYLIB_STEP_HOURS"]
        assert on_cluster[task]["configMapAsEnv"][0]["configMapName"] == "pylib"


def test_training_asks_for_a_gpu_and_tolerates_its_node():
    spec, platform = yaml.safe_load_all((pipelines.COMPILED / "segmentation.yaml").read_text())
    resources = spec["deploymentSpec"]["executors"]["exec-train"]["container"]["resources"]
    assert resources["accelerator"]["resourceType"] == "nvidia.com/gpu"
    tolerations = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-train"][
        "tolerations"
    ]
    assert tolerations == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]


def test_a_release_is_neither_repeated_nor_cached():
    spec = next(yaml.safe_load_all((pipelines.COMPILED / "segmentation.yaml").read_text()))
    tasks = spec["root"]["dag"]["tasks"]
    assert "retryPolicy" not in tasks["release"]
    assert tasks["train"]["retryPolicy"]["maxRetryCount"] == 2
    assert tasks["train"]["cachingOptions"] == {"enableCache": True}
    assert not tasks["release"]["cachingOptions"].get("enableCache")


def test_an_unknown_pipeline_names_those_that_there_are():
    with pytest.raises(PipelineError, match=r"'segmentaton': not in .*; there are: segmentation"):
        pipelines.load("segmentaton")
