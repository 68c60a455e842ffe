"""environment.yml says what the locks say, and nothing beside them."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[1]
# What no lock can name: the interpreter, what installs the locks, and what a release needs beside Python.
NOT_LOCKED = {"python", "pip", "git"}
INCLUDED = re.compile(r"-r (\S+)")


@pytest.fixture
def dependencies():
    return yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]


@pytest.fixture
def from_pip(dependencies):
    (lines,) = [each["pip"] for each in dependencies if isinstance(each, dict)]
    return lines


def versions(lock):
    """The versions of each package in a lock; more than one where markers choose."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / lock).read_text(), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def test_its_python_is_one_that_pylib_takes_and_the_image_has(dependencies):
    (version,) = [each.removeprefix("python=") for each in dependencies if str(each).startswith("python=")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert version in SpecifierSet(project["requires-python"])
    assert f"ARG BASE=python:{version}-slim" in (ROOT / "Dockerfile").read_text()


def test_conda_itself_brings_only_what_no_lock_has(dependencies):
    named = [each for each in dependencies if isinstance(each, str)]
    assert {re.split("[=<>! ]", each)[0] for each in named} == NOT_LOCKED


def test_pip_gets_the_locks_of_the_image_by_hash_and_no_package_beside(from_pip):
    assert from_pip[0] == "--require-hashes"
    locks = [INCLUDED.fullmatch(each)[1] for each in from_pip[1:]]
    image = re.findall(
        r"--requirement locks/(\w+)\.txt|--requirement /locks/(train)\.txt", _notebook_stages()
    )
    assert sorted(locks) == sorted(f"locks/{here or there}.txt" for here, there in image)
    assert all((ROOT / lock).is_file() for lock in locks)


def _notebook_stages():
    """The stages of the Dockerfile that the image `notebook` consists of."""
    stages = re.split(r"(?m)^(?=FROM )", (ROOT / "Dockerfile").read_text())
    return "".join(
        each for each in stages if re.search(r" AS (train-packages|train|notebook)$", each, re.MULTILINE)
    )


def test_its_locks_agree_with_each_other(from_pip):
    first, second = (versions(INCLUDED.fullmatch(each)[1]) for each in from_pip[1:])
    both = first.keys() & second.keys()
    assert both
    assert {name for name in both if not first[name] & second[name]} == set()
