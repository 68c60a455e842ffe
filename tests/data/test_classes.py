"""Legends as people write them: classes, and the ids that are none."""

from pathlib import Path

import pytest

from pylib.data.classes import FILE, counted, ignored, parse_classes, read_classes
from pylib.errors import ConfigurationError

CAT = {0: "background", 8: "cat"}

# name: (what follows 0=background,8=cat on the command line, the same in classes.yaml, what is ignored)
WAYS: dict[str, tuple[str, str, list[int]]] = {
    "nothing": ("", "", []),
    "by name": (",255=ignore", "255: ignore", [255]),
    "by name, as people write": (",255= Ignored", "255: Ignored", [255]),
    "another id": (",9=ignore", "9: ignore", [9]),
    "as void": (",255=void", "255: void", [255]),
    "as unlabelled": (",255=unlabeled", "255: Unlabelled", [255]),
    "twice": (",255=ignore,ignore=255", "255: ignore\nignore: 255", [255]),
    "unlabelled, where it may be the background": (",7=unlabeled", "7: unlabeled", []),
    "two ids of one name": (",7=ignore,255=ignore", "7: ignore\n255: ignore", [7, 255]),
    "the other way round": (",ignore=255", "ignore: 255", [255]),
    "as the loss calls it": (",ignore_index=255", "ignore_index: 255", [255]),
    "void, where it may be a hole": (",3=void", "3: void", []),
    "255, where it is a class": (",255=dog", "255: dog", []),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_say_that_an_id_is_ignored(tmp_path: Path, way: str) -> None:
    said, written, expected = WAYS[way]
    (tmp_path / FILE).write_text(f"0: background\n8: cat\n{written}\n")
    for legend in (parse_classes(f"0=background,8=cat{said}"), read_classes(tmp_path / FILE)):
        assert legend is not None
        assert ignored(legend) == expected
        assert counted(legend).items() >= CAT.items()
        assert set(legend) == set(counted(legend)) | set(expected)
        assert list(legend) == sorted(legend)


def test_a_class_that_is_written_in_full_may_be_ignored(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(
        "0: {name: road}\n3: {name: hood, ignore: true}\n4: {name: sky, ignore: false}\n"
    )
    legend = read_classes(tmp_path / FILE)
    assert legend == {0: "road", 3: "ignore", 4: "sky"}


def test_a_list_of_ids_is_ignored(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("ignore: [0, 255]\n1: wall\n2: floor\n")
    legend = read_classes(tmp_path / FILE)
    assert legend is not None
    assert (ignored(legend), counted(legend)) == ([0, 255], {1: "wall", 2: "floor"})


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("0: a\n1: a", "1: a is there twice"),
        ("0: a\n0: b", "cannot be read: 0 is there twice; keep one of them"),
        ("0: {name: a, name: b}\n1: c", "'name' is there twice"),
        ("0: a\nignore: 0", "0: ignore is there twice"),
        ("0: a\nignore: sky", "'sky' is no class id"),
        ("0: a\nignore: [-1]", "-1 is no class id"),
        ("0: a\nignore:", "None is no class id"),
    ],
)
def test_a_legend_that_contradicts_itself_is_one_line(tmp_path: Path, written: str, message: str) -> None:
    (tmp_path / FILE).write_text(written)
    with pytest.raises(ConfigurationError, match=message) as caught:
        read_classes(tmp_path / FILE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "example"),
    [
        ("0: yes\n1: cat", '0: "yes": yes, on or true is a name in quotes only'),
        ("0: cat\n1: {name: off}", '1: "no": no, off or false is a name in quotes only'),
        ("0: cat\n7: 7", '7: "7": a number or a date is a name in quotes only'),
        ("0: cat\n1: 2026-01-31", '1: "2026-01-31": a number or a date is a name in quotes only'),
        ("0: cat\n1:", "1: road"),
    ],
)
def test_a_name_that_yaml_reads_as_something_else_is_to_be_quoted(
    tmp_path: Path, written: str, example: str
) -> None:
    (tmp_path / FILE).write_text(written)
    with pytest.raises(ConfigurationError) as caught:
        read_classes(tmp_path / FILE)
    assert str(caught.value).endswith(f"needs a name, as in {example}")
