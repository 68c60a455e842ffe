"""Pipelines on this machine by KFP's own local runner, with steps side by side."""

import builtins
import logging
import re
import threading
from typing import List  # noqa: UP035  # KFP reads no `list[str]`

import pytest
from kfp import dsl
from kfp.dsl import Artifact, Output

from components import component
from pylib.errors import PipelineError
from pylib.runners import local


@component
def speak(word: str, written: Output[Artifact]) -> str:
    import time
    from pathlib import Path

    for number in range(20):
        print(f"{word} {number}", flush=True)  # noqa: T201
        time.sleep(0.02)
    Path(written.path).write_text(word)
    return word


@component
def refuse_one(word: str) -> None:
    import time

    for number in range(20):
        print(f"    {word} {number}", flush=True)  # noqa: T201
        time.sleep(0.02)
    if word == "three":
        raise ValueError("three is one too many")


@component
def gather(words: list[str]) -> None:
    print("heard", *words)  # noqa: T201


@component
def look_at_scratch() -> None:
    import tempfile

    print("scratch is", tempfile.gettempdir())  # noqa: T201


@dsl.pipeline(name="side-by-side")
def side_by_side(last: str = "four"):
    with dsl.ParallelFor(["one", "two", "three"]) as word:
        spoken = speak(word=word)
    gather(words=dsl.Collected(spoken.outputs["Output"]))
    speak(word=last)


@dsl.pipeline(name="one-fails")
def one_fails():
    with dsl.ParallelFor(["one", "two", "three", "four"]) as word:
        refuse_one(word=word).set_retry(num_retries=2, backoff_duration="60s")


@dsl.pipeline(name="by-parameter")
def by_parameter(words: List[str] = ["one", "two"]):  # noqa: B006, UP006
    with dsl.ParallelFor(words) as word:
        speak(word=word)


@dsl.pipeline(name="scratched")
def scratched():
    look_at_scratch()


def said(step):
    return re.findall(r"^ *(\w+) \d+$", step.log.read_text(), re.MULTILINE)


LOOP = [f"for-loop-2-iteration-{number}" for number in range(4)]


def test_each_iteration_has_its_log_its_state_its_seconds_and_its_outputs(tmp_path):
    heard = []
    done = local.execute(side_by_side, {}, tmp_path, lambda step, line: heard.append((step.name, line)))
    words = {
        f"{LOOP[0]}/speak": "one",
        f"{LOOP[1]}/speak": "two",
        f"{LOOP[2]}/speak": "three",
        "speak-2": "four",
    }
    assert {step.name for step in done.steps} == {*words, "gather"}
    titles = {"speak one", "speak two", "speak three", "speak-2", "gather"}
    assert {step.title for step in done.steps} == titles
    assert all(step.succeeded for step in done.steps)
    for step in (step for step in done.steps if step.name in words):
        assert step.seconds > 20 * 0.02
        assert said(step) == [words[step.name]] * 20
        assert [line for name, line in heard if (name, line) == (step.name, f"{words[step.name]} 19")]
        (written,) = done.folder.glob(f"*/{step.name}/written")
        assert written.read_text() == words[step.name]
    assert "heard one two three" in (done.folder / "logs/gather.log").read_text()
    assert sum(line is None for _, line in heard) == 2 * len(done.steps)


@pytest.mark.parametrize(("given", "words"), [({}, ["one", "two"]), ({"words": ["six"]}, ["six"])])
def test_what_people_read_of_an_iteration_is_its_item(given, words, tmp_path):
    done = local.execute(by_parameter, given, tmp_path, lambda _step, _line: None)
    assert sorted(step.title for step in done.steps) == [f"speak {word}" for word in words]


def test_the_iteration_that_failed_is_named_with_its_own_last_words(tmp_path):
    ended = {}
    with pytest.raises(PipelineError) as failure:
        local.execute(one_fails, {}, tmp_path, lambda step, _line: ended.__setitem__(step.name, step))
    assert {name: step.succeeded for name, step in ended.items()} == {
        f"{loop}/refuse-one": loop != LOOP[2] for loop in LOOP
    }
    failed = ended[f"{LOOP[2]}/refuse-one"]
    assert str(failure.value) == f"step refuse-one three failed: three is one too many (log: {failed.log})"
    assert set(said(failed)) == {"three"}
    assert all(step.seconds > 20 * 0.02 for step in ended.values())
    assert "\n    three 7\n" in failed.log.read_text()


def test_nothing_of_the_process_is_changed_by_a_run(tmp_path):
    printing, handlers = builtins.print, logging.getLogger().handlers[:]
    threads = threading.active_count()
    local.execute(side_by_side, {}, tmp_path, lambda _step, _line: None)
    assert builtins.print is printing
    assert logging.getLogger().handlers == handlers
    assert threading.active_count() == threads


def test_what_a_step_leaves_among_temporary_files_goes_with_it(tmp_path):
    from pathlib import Path

    done = local.execute(scratched, {}, tmp_path, lambda _step, _line: None)
    (place,) = re.findall(r"scratch is (.*)", done.steps[0].log.read_text())
    assert Path(place).name.startswith("pylib-")
    assert not Path(place).exists()
