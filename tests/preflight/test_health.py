"""The health scripts in argocd-cm, run by a real Lua 5.1 on statuses as the controllers write them."""

from pathlib import Path

import pytest
import yaml
from lupa.lua51 import LuaRuntime

from preflight.render.resources import Resource
from tests.preflight.cases import Case, cases

ROOT = Path(__file__).parents[2]
ARGOCD = ROOT / "cluster-conf/argocd/base"
SCRIPTS = sorted((ARGOCD / "health").glob("*.lua"))
SAMPLES = [each for each in cases().values() if any(expected.health for expected in each.expect)]
KINDS = {"Application", "ApplicationSet", "Experiment", "Notebook", "SeldonDeployment", "TFJob"}
STATES = ("Degraded", "Healthy", "Progressing", "Suspended")
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


def judged(sample: Case) -> Resource:
    """The object of a sample."""
    return next(each for each in sample.render.resources if str(each) == sample.expect[0].object)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_status_is_judged_as_the_case_expects(sample: Case) -> None:
    [expected] = sample.expect
    made = judged(sample)
    answer = health(script_of(made.group, made.kind), dict(made.body))
    assert answer["status"] == expected.health
    assert answer.get("message") or answer["status"] == "Healthy", "says why it is not healthy"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_samples_of_its_states(kind: str) -> None:
    samples = [sample for sample in SAMPLES if sample.expect[0].object.startswith(f"{kind} ")]
    states = {sample.expect[0].health for sample in samples}
    assert {"Degraded", "Healthy", "Progressing"} <= states <= set(STATES)
    unseen = [sample for sample in samples if "status" not in judged(sample).body]
    assert "Progressing" in {sample.expect[0].health for sample in unseen}


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
