"""Each seeded fault, alone in a copy of this repository: its rule finds it in its place, and nothing else.

Without upstream's bases the check says what it did not look at. Then a fault that only the whole cluster
shows need not be found, and still nothing else may be.
"""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest

from preflight import rules, waivers
from preflight.registry import RULES
from preflight.validate import Report, validate
from tests.preflight.cases import Case, wrong
from tests.preflight.changes import PlaceError
from tests.preflight.conftest import CHECKED, copy_of_repository, needs_kustomize, partial
from tests.preflight.faults import BASES, FAULTS, expected, is_met_by, plant
from tests.preflight.test_cases import nothing

PROCESSES = min(os.cpu_count() or 1, 4)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the check reads of the repository, with the code that some of it is made by."""
    return copy_of_repository(tmp_path_factory.mktemp("whole"), *CHECKED, "katib", "pylib", "components")


@pytest.fixture(scope="module")
def reports(
    request: pytest.FixtureRequest,
    clean: dict[str, Report],
    checked_tree: Path,
    whole: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Future[Report]]]:
    """What the check says of each fault that this run asks for, made a few at a time ahead of the tests."""
    folder = tmp_path_factory.mktemp("planted")
    with pytest.MonkeyPatch.context() as patch:
        if any(partial(report) for report in clean.values()):
            patch.setenv("PYLIB_MIRROR", (folder / "nowhere").as_uri())  # it was looked for once
        with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
            yield {
                fault.name: pool.submit(
                    validate,
                    planted(fault, whole if fault.whole else checked_tree, folder),
                    "local",
                    processes=1,
                )
                for fault in asked(request)
            }
            pool.shutdown(cancel_futures=True)
    shutil.rmtree(folder)


def asked(request: pytest.FixtureRequest) -> list[Case]:
    """The faults among the tests that were chosen."""
    calls = [getattr(item, "callspec", None) for item in request.session.items]
    given_to = [call.params.get("fault") for call in calls if call]
    return [fault for fault in given_to if isinstance(fault, Case)]


def planted(fault: Case, tree: Path, folder: Path) -> Path:
    """A copy of the repository with nothing but this fault in it."""
    copy = shutil.copytree(tree, folder / fault.name, copy_function=os.link)
    plant(fault, copy)
    return copy


@needs_kustomize
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found_and_nothing_else(fault: Case, reports: dict[str, Future[Report]]) -> None:
    report = reports[fault.name].result()
    all_of_it = expected(fault)
    met = [[each for each in all_of_it if is_met_by(each, finding)] for finding in report.findings]
    false_alarms = [finding for finding, by in zip(report.findings, met, strict=True) if not by]
    found = [each for by in met for each in by]
    missed = [each for each in all_of_it if each not in found and (each.offline or not partial(report))]
    assert (missed, false_alarms) == ([], [])
    assert len(report.findings) == len(set(report.findings)), "a finding is there twice"


def test_every_rule_has_a_fault() -> None:
    known = {rule.id for rule in rules.every()} | {waivers.UNUSED}
    assert {fault.rule for fault in FAULTS} == known


def not_in_small() -> list[str]:
    """The rules of which no case of the small cluster expects a finding."""
    shown = {each.rule for case in wrong() for each in case.expected}
    return sorted({rule.id for rule in rules.every()} - shown)


@needs_kustomize
@pytest.mark.parametrize("name", not_in_small())
def test_a_rule_that_finds_nothing_is_noticed(
    name: str, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutation of the rules that take more than the small cluster; the others' is in test_cases.py."""
    fault = next(fault for fault in FAULTS if fault.rule == name)
    monkeypatch.setitem(RULES, name, replace(RULES[name], check=nothing))
    found = validate(planted(fault, whole, tmp_path), "local").findings
    assert not any(is_met_by(each, finding) for each in expected(fault) for finding in found)


@needs_kustomize
@pytest.mark.parametrize("base", BASES, ids=str)
def test_what_faults_begin_with_is_sound(base: Case, checked_tree: Path, tmp_path: Path) -> None:
    assert validate(planted(base, checked_tree, tmp_path), "local").findings == []


def test_ten_are_shown_on_a_cluster_too() -> None:
    assert sum(fault.on_cluster is not None for fault in FAULTS) >= 10


def test_a_fault_whose_place_has_changed_says_so(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("kind: A\nmetadata: {name: b}\n---\nkind: C\n")
    fault = Case(name="gone", why="", base="repository", set={"settings.yaml#A c": {"a": 1}})
    with pytest.raises(PlaceError, match=r"settings\.yaml#A c: 0 documents; the case has to follow the file"):
        plant(fault, tmp_path)


def test_a_file_keeps_what_is_not_changed(tmp_path: Path) -> None:
    text = "# why\na:\n- b: 1 # so\nc: &c {d: '1'}\ne: *c\nf: [{g: 1}]\n"
    (tmp_path / "settings.yaml").write_text(text)
    plant(Case(name="one", why="", base="repository", set={"settings.yaml": {"a[0].b": 2}}), tmp_path)
    assert (tmp_path / "settings.yaml").read_text() == text.replace("b: 1", "b: 2")
