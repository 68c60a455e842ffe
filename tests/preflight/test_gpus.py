"""How many GPUs a training takes is said once for a cluster, and means the same however a run is started."""

import pytest
import yaml

from preflight.render import kustomize
from pylib.provenance.materials import ROOT
from tests.preflight.conftest import needs_kustomize


def objects(folder, cluster):
    return list(yaml.safe_load_all(kustomize.build(ROOT / "cluster-conf" / folder / "overlays" / cluster)))


def settings(cluster):
    found = [o for o in objects("ml-user", cluster) if o["kind"] == "ConfigMap"]
    [config] = [o["data"] for o in found if o["metadata"]["name"] == "pylib"]
    return config


@needs_kustomize
@pytest.mark.parametrize(("cluster", "gpus"), [("local", "0"), ("gpu", "1")])
def test_a_run_from_the_dashboard_takes_what_the_cluster_says(cluster, gpus):
    config = settings(cluster)
    assert config["PYLIB_GPUS"] == gpus
    versions = [o for o in objects("retrain", cluster) if o["kind"] == "PipelineVersion" and _on_gpus(o)]
    assert versions
    for version in versions:
        parameters = version["spec"]["pipelineSpec"]["root"]["inputDefinitions"]["parameters"]
        assert parameters["gpus"]["defaultValue"] == gpus


@needs_kustomize
@pytest.mark.parametrize("cluster", ["local", "gpu"])
def test_a_cluster_that_gives_gpus_has_a_quota_for_them(cluster):
    config = settings(cluster)
    [quota] = [o for o in objects("ml-user", cluster) if o["kind"] == "ResourceQuota"]
    assert int(config["PYLIB_GPUS"]) <= int(quota["spec"]["hard"].get("requests.nvidia.com/gpu", 0))


@needs_kustomize
@pytest.mark.parametrize(
    ("cluster", "host"),
    [
        ("local", "localhost"),
        ("gpu", yaml.safe_load((ROOT / "cluster-conf/settings/settings.yaml").read_text())["data"]["host"]),
    ],
)
def test_the_page_of_a_run_is_where_the_gateway_is(cluster, host):
    config = settings(cluster)
    assert config["PYLIB_DASHBOARD"] == f"https://{host}"


def _on_gpus(version):
    return "gpus" in version["spec"]["pipelineSpec"]["root"]["inputDefinitions"]["parameters"]
