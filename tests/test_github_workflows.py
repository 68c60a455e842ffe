"""The workflows on GitHub: pinned actions, least permissions, and no shell that others can write into."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from preflight.diff.markdown import MARKER

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yaml"))
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yaml"))
PINNED = re.compile(r"uses: [\w-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
LOCAL = re.compile(r"uses: \./\.github/actions/[\w-]+")
OUTSIDE = {"pull_request"}
"""Events whose code may be anybody's."""

each_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
each_file = pytest.mark.parametrize(
    "file", WORKFLOWS + ACTIONS, ids=lambda file: file.parent.name + file.stem
)


def load(file: Path) -> dict[str, Any]:
    """Every scalar as it is written: `on` is no boolean."""
    return yaml.load(file.read_text(), Loader=yaml.BaseLoader)


def jobs(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from load(file)["jobs"].items()


def steps(file: Path) -> list[dict[str, Any]]:
    content = load(file)
    return (
        content["runs"]["steps"] if "runs" in content else [s for _, job in jobs(file) for s in job["steps"]]
    )


def test_the_workflows_are_there() -> None:
    assert {file.stem for file in WORKFLOWS} == {"ci", "diff", "images", "promote", "test-cluster"}


@each_file
def test_every_action_is_pinned_by_commit_and_says_its_version(file: Path) -> None:
    used = [line.strip().removeprefix("- ") for line in file.read_text().splitlines() if "uses: " in line]
    assert used
    assert [line for line in used if not (PINNED.fullmatch(line) or LOCAL.fullmatch(line))] == []
    assert len(used) == sum("uses" in step for step in steps(file))


def test_an_action_has_one_version_everywhere() -> None:
    text = "\n".join(file.read_text() for file in WORKFLOWS + ACTIONS)
    versions = set(re.findall(r"uses: ([\w-]+/[\w-]+)[\w/-]*@(\w+ # \S+)", text))
    assert len(versions) == len({action for action, _ in versions})


@each_workflow
def test_nothing_is_permitted_but_what_a_job_asks_for(file: Path) -> None:
    assert load(file)["permissions"] == {}
    for name, job in jobs(file):
        assert isinstance(job.get("permissions"), dict), name
        assert "id-token" not in job["permissions"], name


@each_workflow
def test_every_job_ends_and_none_runs_twice_at_once(file: Path) -> None:
    assert load(file)["concurrency"]["group"]
    for name, job in jobs(file):
        assert 0 < int(job["timeout-minutes"]) <= 90, name
        assert re.fullmatch(r"ubuntu-\d\d\.04", job["runs-on"]), name


@each_workflow
def test_no_event_gives_a_stranger_our_token(file: Path) -> None:
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(load(file)["on"])


@each_workflow
def test_a_job_that_may_write_runs_no_strangers_code(file: Path) -> None:
    if not OUTSIDE & set(load(file)["on"]):
        return
    for name, job in jobs(file):
        if "write" in job["permissions"].values():
            used = [step.get("uses", "") for step in job["steps"]]
            assert not any(each.startswith(("actions/checkout", "./")) for each in used), name
            assert "head.repo.full_name == github.repository" in job["if"], name


@each_file
def test_no_expression_stands_in_a_script(file: Path) -> None:
    assert [step["run"] for step in steps(file) if "${{" in step.get("run", "")] == []


@each_file
def test_no_checkout_leaves_its_token_behind(file: Path) -> None:
    for step in steps(file):
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] == "false"


@each_file
def test_the_verbs_that_are_called_exist(file: Path) -> None:
    from typer.main import get_command

    from preflight.cli import app

    scripts = "\n".join(step.get("run", "") for step in steps(file))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", scripts)) <= targets
    assert set(re.findall(r"preflight ([a-z]+)", scripts)) <= set(get_command(app).commands)


def test_the_comment_that_is_brought_up_to_date_is_the_one_we_write() -> None:
    assert MARKER in (ROOT / ".github/workflows/diff.yaml").read_text()


def test_nothing_that_lets_a_change_through_is_content_with_what_it_did_not_look_at() -> None:
    """Workflows and the hook; `make` says it, and is strict when told to: it runs without GitHub, too."""
    called = [step.get("run", "") for file in WORKFLOWS for step in steps(file)]
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    validating = [
        line for text in (*called, *(hook["entry"] for hook in hooks)) for line in text.splitlines()
    ]
    validating = [line for line in validating if "preflight validate" in line]
    assert len(validating) >= 4
    assert [line for line in validating if "--strict" not in line] == []
    for verb in ("validate", "test"):
        for variable in ("CI=true", "STRICT=--strict"):
            told = subprocess.run(
                ["make", "--dry-run", verb, variable], cwd=ROOT, capture_output=True, text=True, check=True
            )
            [line] = [each for each in told.stdout.splitlines() if "preflight validate" in each]
            assert ("--strict" in line) is (variable == "STRICT=--strict")


def test_the_tests_end_with_what_was_not_looked_at(tmp_path: Path) -> None:
    told = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "test", "CI="],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    last = told.stdout.splitlines()[-1]
    (tmp_path / "out").mkdir()
    report = "not judged: dangling-route 1 object\nlocal: 0 findings in what could be looked at\n"
    (tmp_path / "out/validate.txt").write_text(report)
    done = subprocess.run(["bash", "-c", last], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "NOT LOOKED AT: not judged: dangling-route 1 object\n"
