"""Labels become class ids: the same in any order of files, kept from commit to commit, never renumbered."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.data.dataset import LabelTarget, MaskTarget
from pylib.data.ingest import IngestResult, ingest
from pylib.data.layout import Candidate
from pylib.data.names import case_key
from pylib.data.plan import Options
from pylib.errors import ConfigurationError, DataError
from pylib.store.local import LocalStore
from pylib.tasks.classification.checks import class_id, classes, meaning, picture
from pylib.tasks.classification.class_names import in_order
from tests.tasks.classification.made import CLASSES, names, put

Run = Callable[..., IngestResult]
Names = st.lists(
    st.text("abcXYZ012 é", min_size=1).map(str.strip).filter(bool), unique_by=case_key, min_size=2
)


def found(labels: list[str]) -> dict[int, str]:
    """What a layout says of the labels that it met, in the order in which it met them."""
    return dict(enumerate(in_order(labels)))


@given(Names, st.randoms())
def test_the_order_of_files_gives_no_other_ids(labels: list[str], random: object) -> None:
    shuffled = [*labels, *labels]
    random.shuffle(shuffled)
    assert classes(None, found(shuffled), None) == classes(None, found(labels), None)


@given(Names, Names)
def test_no_class_of_the_parent_gets_another_id(first: list[str], second: list[str]) -> None:
    second = [name for name in second if case_key(name) not in map(case_key, first)]
    kept = classes(None, found(first), None)
    for more in (second, [*first, *second], first[:1]):
        legend = classes(None, found(more), kept)
        assert kept.items() <= legend.items()
        assert {*legend.values()} == {*first, *more}
        assert len(legend) == len({*legend.values()})


def test_numbers_are_names_in_the_order_of_numbers() -> None:
    assert [*found(["10", "2", "1", "a10", "a9"]).values()] == ["1", "2", "10", "a9", "a10"]
    legend = classes(None, found(["7", "3"]), None)
    assert legend == {0: "3", 1: "7"}
    assert (class_id("3", legend), class_id("1", legend), class_id("9", legend)) == (0, 1, None)


def test_a_label_may_be_the_id_of_a_class_that_is_named() -> None:
    legend = {0: "cat", 5: "dog"}
    assert [class_id(label, legend) for label in ("5", "dog", "05", "Dog", "²")] == [5, 5, None, None, None]


@pytest.mark.parametrize(
    ("asked", "labels", "parent", "reason"),
    [
        (None, ["cat"], None, "a classification needs two or more, and there is cat"),
        ({0: "cat"}, ["cat", "dog"], None, "a classification needs two or more, and there is cat"),
        ({0: "cat", 1: "dog", 255: "ignore"}, ["cat"], None, "id 255 is named ignore"),
        (None, ["ignore", "cat"], None, "is named ignore"),
        (None, ["Cat"], {0: "cat", 1: "dog"}, "classes 'Cat' and 'cat' differ by case"),
        ({0: "cat", 2**31: "dog"}, ["cat"], None, "2147483648 is no id"),
    ],
)
def test_classes_that_cannot_be_are_one_line(
    asked: dict[int, str] | None, labels: list[str], parent: dict[int, str] | None, reason: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        classes(asked, found(labels), parent)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_target_of_another_kind_says_nothing() -> None:
    assert meaning(LabelTarget(label=3), str.encode) == "3"
    with pytest.raises(DataError, match="a target is a mask, not a label"):
        meaning(MaskTarget(file="masks/a.png", sha256="0" * 64), str.encode)


def test_a_report_shows_the_label_in_words() -> None:
    assert picture(Candidate("a", Path("a"), "eel"), {}, 144).caption == "eel"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for label, name, seed in names(16):
        put(tmp_path / "pets" / label / f"{name}.jpg", seed)
    return tmp_path / "pets"


@pytest.fixture
def run(root: Path, tmp_path: Path) -> Run:
    store = LocalStore(tmp_path / "store")
    return lambda **options: ingest(
        str(root),
        store,
        "pets",
        Options(**{"task": "classification", **options}),
        cache=tmp_path / "cache",
        report=tmp_path / "report",
    )


def rejected(result: IngestResult) -> dict[str, str]:
    return {finding.item: finding.code for finding in result.findings if finding.rejected}


def empty(root: Path) -> None:
    for path in root.rglob("*.jpg"):
        path.unlink()


def test_the_commit_has_the_classes_and_a_label_an_image(run: Run) -> None:
    result = run()
    assert result.index.classes == dict(enumerate(CLASSES))
    labels = {item.id: item.target for item in result.index.items}
    assert labels == {
        f"{label}/{name}": LabelTarget(label=CLASSES.index(label)) for label, name, _ in names(16)
    }
    assert rejected(result) == {}
    assert run().commit.id == result.commit.id


def test_one_image_under_two_labels_is_set_aside(run: Run, root: Path) -> None:
    put(root / "dog/liar.jpg", 3)  # that of cat_03
    put(root / "eel/copy.jpg", 204)  # that of eel_04
    found = rejected(run())
    assert found == {
        "dog/liar": "duplicate-contradictory",
        "cat/cat_03": "duplicate-contradictory",
        "eel/eel_04": "duplicate",
    }


@pytest.mark.parametrize("add", [True, False])
def test_a_new_class_is_numbered_on_and_no_other_gets_a_new_id(run: Run, root: Path, add: bool) -> None:
    first = run()
    if add:
        empty(root)
    put(root / "asp/one.jpg", 900)  # sorted, it would be the first
    result = run(add=add)
    assert result.index.classes == {**first.index.classes, 3: "asp"}
    before = {item.id: item.target for item in first.index.items}
    assert before.items() <= {item.id: item.target for item in result.index.items}.items()
    assert "new beside the classes of the parent commit: asp (id 3)" in result.assumed
    assert {item.id: item.target for item in result.index.items}["asp/one"] == LabelTarget(label=3)


def test_images_of_one_known_class_can_be_added(run: Run, root: Path) -> None:
    classes_before = run().index.classes
    empty(root)
    put(root / "eel/another.jpg", 901)
    result = run(add=True)
    assert result.index.classes == classes_before
    assert not any("new beside" in sentence for sentence in result.assumed)


def test_what_is_asked_for_names_and_orders_and_the_rest_is_no_class(run: Run) -> None:
    result = run(classes={7: "eel", 2: "dog"})
    assert result.index.classes == {2: "dog", 7: "eel"}
    assert {*rejected(result).values()} == {"class-unknown"}
    assert len(rejected(result)) == 16
    assert {item.target.label for item in result.index.items} == {2, 7}


def test_classes_yaml_does_the_same_and_names_one_that_nobody_has(run: Run, root: Path) -> None:
    (root / "classes.yaml").write_text("0: dog\n1: eel\n2: cat\n3: fox\n")
    result = run()
    assert result.index.classes == {0: "dog", 1: "eel", 2: "cat", 3: "fox"}
    assert ("class-unseen", "fox") in {(finding.code, finding.item) for finding in result.findings}


def test_folders_of_ids_take_their_names_from_classes_yaml(run: Run, root: Path) -> None:
    for number, label in enumerate(CLASSES):
        (root / label).rename(root / str(number))
    (root / "classes.yaml").write_text("0: cat\n1: dog\n2: eel\n")
    result = run()
    assert result.index.classes == dict(enumerate(CLASSES))
    assert "labels 0, 1, 2 are ids of classes" in result.assumed
    assert rejected(result) == {}


def test_what_is_added_under_another_label_is_refused(run: Run, root: Path) -> None:
    run()
    empty(root)
    put(root / "dog/liar.jpg", 3)  # that of cat_03
    put(root / "eel/new.jpg", 902)
    assert rejected(run(add=True)) == {"dog/liar": "duplicate-contradictory"}


def test_a_class_that_a_split_lacks_is_named(run: Run, root: Path) -> None:
    put(root / "fox/one.jpg", 903)
    reasons = [finding.reason for finding in run().findings if finding.code == "split-without-class"]
    assert reasons
    assert all("fox" in reason for reason in reasons)


def test_the_report_says_how_it_was_read_and_shows_labels(run: Run, root: Path, tmp_path: Path) -> None:
    put(root / "dog/liar.jpg", 3)
    run()
    page = (tmp_path / "report/report.html").read_text()
    assert "classes are the folders of the top that hold images: cat, dog, eel" in page
    assert "Share of images, by class" in page
    assert "cat/cat_00 · cat" in page
    assert "Duplicates with different labels" in page
    shares = json.loads((tmp_path / "report/report.json").read_text())["class_shares"]
    assert shares == pytest.approx({"cat": 15 / 47, "dog": 16 / 47, "eel": 16 / 47})
