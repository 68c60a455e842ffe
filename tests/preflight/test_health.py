"""The health scripts in argocd-cm, run by a real Lua 5.1 on statuses as the controllers write them."""

from pathlib import Path

import pytest
import yaml
from lupa.lua51 import LuaRuntime

ROOT = Path(__file__).parents[2]
ARGOCD = ROOT / "cluster-conf/argocd/base"
SCRIPTS = sorted((ARGOCD / "health").glob("*.lua"))
SAMPLES = sorted((ROOT / "tests/manifests/health").glob("*/*.yaml"))
KINDS = {"Application", "ApplicationSet", "Experiment", "Notebook", "SeldonDeployment", "TFJob"}
STATES = ("degraded", "healthy", "progressing", "suspended")
# Argo CD opens no other library for a script of argocd-cm.
SANDBOX = """
getmetatable("").__index = nil
for _, name in ipairs({"coroutine", "debug", "io", "math", "os", "python", "string"}) do _G[name] = nil end
"""


def health(script: Path, body: dict[str, object]) -> dict[str, str]:
    """What the script answers of an object, in a fresh Lua."""
    lua = LuaRuntime(register_builtins=False, unpack_returned_tuples=True)
    lua.execute(SANDBOX)
    lua.globals().obj = lua.table_from(body, recursive=True)
    return dict(lua.execute(script.read_text()).items())


def script_of(group: str, kind: str) -> Path:
    return ARGOCD / "health" / f"{group}_{kind}.lua"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_status_is_judged_as_its_file_is_named(sample: Path) -> None:
    body = yaml.safe_load(sample.read_text())
    answer = health(script_of(body["apiVersion"].split("/")[0], body["kind"]), body)
    assert answer["status"].lower() == sample.stem.split("-")[0]
    assert answer.get("message") or answer["status"] == "Healthy", "says why it is not healthy"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_samples_of_its_states(kind: str) -> None:
    states = {sample.stem.split("-")[0] for sample in SAMPLES if sample.parent.name == kind}
    assert {"degraded", "healthy", "progressing"} <= states <= set(STATES)
    assert (ROOT / "tests/manifests/health" / kind / "progressing-no-status.yaml").is_file()


def test_the_scripts_are_those_that_argocd_cm_includes() -> None:
    assert {path.stem.split("_")[1] for path in SCRIPTS} == KINDS
    generator = yaml.safe_load((ARGOCD / "kustomization.yaml").read_text())["configMapGenerator"][0]
    prefix = "resource.customizations.health."
    assert generator["files"] == [f"{prefix}{path.stem}=health/{path.name}" for path in SCRIPTS]


def test_a_script_that_leaves_the_sandbox_is_found(tmp_path: Path) -> None:
    script = tmp_path / "open.lua"
    script.write_text('return { status = string.upper("healthy") }')
    with pytest.raises(Exception, match="string"):
        health(script, {})
