"""A command as several processes: told who they are, started again, ended with the chief."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pylib.errors import ConfigurationError, PipelineError
from pylib.runners import workers

WHO = """
import json, os, pathlib, sys, time
config = json.loads(os.environ["TF_CONFIG"])
task, folder = config["task"], pathlib.Path(sys.argv[1])
name = f"{task['type']}-{task['index']}"
tries = len(list(folder.glob(name + ".*")))
(folder / f"{name}.{tries}").write_text(os.environ["TF_CONFIG"])
"""
WAITS = "time.sleep(600)\n"


def command(folder: Path, script: str) -> list[str]:
    return [sys.executable, "-c", WHO + script, str(folder)]


def told(folder: Path) -> dict[str, dict[str, object]]:
    return {file.name: json.loads(file.read_text()) for file in folder.iterdir()}


def test_each_is_told_its_part_of_one_cluster_and_all_end_with_the_chief(tmp_path: Path) -> None:
    script = f"if name != 'chief-0': {WAITS}while len(list(folder.iterdir())) < 3: time.sleep(0.01)\n"
    workers.run(command(tmp_path, script), 3)
    found = told(tmp_path)
    assert set(found) == {"chief-0.0", "worker-0.0", "worker-1.0"}
    (cluster,) = {json.dumps(config["cluster"]) for config in found.values()}
    addresses = [address for task in json.loads(cluster).values() for address in task]
    assert len(set(addresses)) == 3
    assert all(address.startswith("127.0.0.1:") for address in addresses)


def test_one_that_fails_or_is_killed_comes_again_at_its_address(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    script = (
        "if name == 'worker-0' and tries == 0: os.kill(os.getpid(), 9)\n"
        "if name == 'worker-0' and tries == 1: sys.exit(3)\n"
        f"if name == 'worker-0': print('third time', flush=True); {WAITS}"
        "while len(list(folder.iterdir())) < 4: time.sleep(0.01)\n"
        "time.sleep(0.2); print('done')\n"
    )
    workers.run(command(tmp_path, script), 2)
    found = told(tmp_path)
    assert set(found) == {"chief-0.0", *(f"worker-0.{attempt}" for attempt in range(3))}
    assert len({json.dumps(config["cluster"]) for config in found.values()}) == 1
    said = capfd.readouterr()
    assert said.out == "done\n"
    assert "worker 1 was ended by SIGKILL: started again" in said.err
    assert "worker 1 failed with exit code 3: started again" in said.err
    assert "worker 1: third time" in said.err


def test_at_the_backoff_limit_all_are_ended_and_it_fails(tmp_path: Path) -> None:
    script = f"if name == 'chief-0': {WAITS}sys.exit(7)\n"
    with pytest.raises(PipelineError, match="worker 1 failed with exit code 7, as failure 2") as caught:
        workers.run(command(tmp_path, script), 2, backoff_limit=2)
    assert "\n" not in str(caught.value)
    assert set(told(tmp_path)) >= {"worker-0.0", "worker-0.1"}
    assert "worker-0.2" not in told(tmp_path)
    assert not processes_with(str(tmp_path))


def verb(*words: str) -> "subprocess.CompletedProcess[str]":
    program = [str(Path(sys.executable).with_name("pylib")), "workers", *words]
    return subprocess.run(program, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "words", [("1", "--backoff-limit", "0", "--"), ("1", "--backoff-limit=1"), ("--backoff-limit=0", "1")]
)
def test_at_a_limit_of_0_the_first_failure_ends_it_as_with_a_tfjob(tmp_path: Path, words: list[str]) -> None:
    done = verb(*words, *command(tmp_path, "sys.exit(7)"))
    assert (done.returncode, set(told(tmp_path))) == (1, {"chief-0.0"})
    assert done.stderr == (
        "error: the chief failed with exit code 7, as failure 1, the last allowed; see its reason above\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--backoff-limits", "3", "true"), "--backoff-limits: before COMMAND there is --backoff-limit"),
        (("--backoff-limit", "none", "true"), "--backoff-limit: before COMMAND there is"),
        (("--backoff-limit", "3"), "no COMMAND after COUNT"),
        (("--",), "no COMMAND after COUNT"),
    ],
)
def test_what_is_no_option_before_the_command_is_one_line(words: list[str], said: str) -> None:
    done = verb("1", *words)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert said in done.stderr


def test_a_worker_that_is_done_is_not_started_again(tmp_path: Path) -> None:
    script = "if name == 'chief-0': time.sleep(0.5)\n"
    workers.run(command(tmp_path, script), 2)
    assert set(told(tmp_path)) == {"chief-0.0", "worker-0.0"}


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no-such-command: cannot be started"):
        workers.run([str(tmp_path / "no-such-command")], 2)


def processes_with(argument: str) -> list[str]:
    """What still runs with that argument, as the kernel knows it."""
    listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if argument in line]
