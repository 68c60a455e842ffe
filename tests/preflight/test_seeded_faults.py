"""Each seeded fault, alone in a copy of this repository: its rule finds it in its place, and nothing else.

Without upstream's bases the check says what it did not look at. Then a fault that only the whole cluster
shows need not be found, and still nothing else may be.
"""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from preflight import rules, waivers
from preflight.validate import Report, validate
from tests.preflight.conftest import CHECKED, copy_of_repository, needs_kustomize, partial
from tests.preflight.faults import FAULTS, FOLDER, Edit, Fault, given

PROCESSES = min(os.cpu_count() or 1, 4)


@pytest.fixture(scope="module")
def reports(
    request: pytest.FixtureRequest,
    clean: dict[str, Report],
    checked_tree: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Future[Report]]]:
    """What the check says of each fault that this run asks for, made a few at a time ahead of the tests."""
    whole = copy_of_repository(tmp_path_factory.mktemp("whole"), *CHECKED, "pylib", "components")
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


def asked(request: pytest.FixtureRequest) -> list[Fault]:
    """The faults among the tests that were chosen."""
    calls = [getattr(item, "callspec", None) for item in request.session.items]
    given_to = [call.params.get("fault") for call in calls if call]
    return [fault for fault in given_to if isinstance(fault, Fault)]


def planted(fault: Fault, tree: Path, folder: Path) -> Path:
    """A copy of the repository with nothing but this fault in it."""
    copy = shutil.copytree(tree, folder / fault.name, copy_function=os.link)
    fault.plant(copy)
    return copy


@needs_kustomize
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found_and_nothing_else(fault: Fault, reports: dict[str, Future[Report]]) -> None:
    report = reports[fault.name].result()
    met = [[each for each in fault.expected if each.is_met_by(finding)] for finding in report.findings]
    false_alarms = [finding for finding, by in zip(report.findings, met, strict=True) if not by]
    found = [each for by in met for each in by]
    missed = [each for each in fault.expected if each not in found and (each.offline or not partial(report))]
    assert (missed, false_alarms) == ([], [])
    assert len(found) == len(set(found)), "a finding is there twice"


def test_every_rule_has_a_fault() -> None:
    known = {rule.id for rule in rules.every()} | {waivers.UNUSED}
    assert {waivers.renamed().get(fault.rule, fault.rule) for fault in FAULTS} == known


@needs_kustomize
@pytest.mark.parametrize("name", [file.stem for file in sorted((FOLDER / "given").iterdir())])
def test_what_faults_begin_with_is_sound(name: str, checked_tree: Path, tmp_path: Path) -> None:
    tree = shutil.copytree(checked_tree, tmp_path / "tree")
    for edit in given(name):
        Edit(**edit).apply(tree)
    assert validate(tree, "local").findings == []


def test_ten_are_shown_on_a_cluster_too() -> None:
    assert sum(fault.on_cluster is not None for fault in FAULTS) >= 10


def test_a_fault_whose_place_has_changed_says_so(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("a: 1\na: 1\n")
    with pytest.raises(AssertionError, match=r"settings\.yaml has 'a: 1' 2 times; fix the fault"):
        Edit(file="settings.yaml", find="a: 1", replace="a: 2").apply(tmp_path)
