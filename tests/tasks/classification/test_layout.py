"""How folders of classes and tables of labels lie in sources of other people's making: a table of shapes."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from pylib.data.layout import Layout
from pylib.errors import ConfigurationError, DataError
from pylib.tasks.classification.layout import read_layout
from tests.tasks.classification.made import CLASSES, names, put, split_of

Plant = Callable[[Path], object]
BEGINS = {"train": "train", "val": "validation", "test": "test"}


def folders(pattern: str) -> Plant:
    def plant(root: Path) -> None:
        for label, name, seed in names():
            put(root / pattern.format(label=label, name=name, split=split_of(name)), seed)

    return plant


def table(
    header: str, row: str, *, images: str = "{name}.jpg", file: str = "labels.csv", encoding: str = "utf-8"
) -> Plant:
    def plant(root: Path) -> None:
        folders(images)(root)
        rows = [row.format(label=label, name=name, split=split_of(name)) for label, name, _ in names()]
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([header, *rows, ""]), encoding=encoding)

    return plant


def tables_by_split(root: Path) -> None:
    folders("{split}/{name}.jpg")(root)
    for split in BEGINS:
        rows = [f"{split}/{name}.jpg,{label}" for label, name, _ in names() if split_of(name) == split]
        (root / f"{split}.csv").write_text("\n".join(["path,label", *rows]))


def linked(root: Path) -> None:
    folders("there/{label}/{name}.jpg")(root.parent)
    root.mkdir()
    for label in CLASSES:
        (root / label).symlink_to(root.parent / "there" / label)


SHAPES: dict[str, tuple[Plant, bool]] = {
    "a folder a class": (folders("{label}/{name}.jpg"), False),
    "below another": (folders("trashnet/{label}/{name}.jpg"), False),
    "in images": (folders("images/{label}/{name}.jpg"), False),
    "deep": (folders("export/v2/data set/images/{label}/{name}.jpg"), False),
    "sessions in a class": (folders("{label}/session/{name}.jpg"), False),
    "other kinds of files": (folders("{label}/{name}.png"), False),
    "links": (linked, False),
    "splits": (folders("{split}/{label}/{name}.jpg"), True),
    "splits below": (folders("pets/{split}/{label}/{name}.jpg"), True),
    "splits in images": (folders("images/{split}/{label}/{name}.jpg"), True),
    "images in splits": (folders("{split}/images/{label}/{name}.jpg"), True),
    "path,label": (table("path,label", "{name}.jpg,{label}"), False),
    "filename;class": (table("Filename; Class", "{name}.jpg; {label}"), False),
    "tabs": (table("image\tcategory", "{name}.jpg\t{label}", file="labels.tsv"), False),
    "without extension": (table("id,target", "{name},{label}"), False),
    "a byte order mark": (table("file,label", "{name}.jpg,{label}", encoding="utf-8-sig"), False),
    "pandas' index": (table(",image,label", "7,{name}.jpg,{label}"), False),
    "quotes": (table("path,note,label", '{name}.jpg,"a, b",{label}'), False),
    "numbers beside names": (table("path,label,class_name", "{name}.jpg,7,{label}"), False),
    "a column of splits": (table("path,label,split", "{name}.jpg,{label},{split}"), True),
    "a table a split": (tables_by_split, True),
    "images beside a table": (table("path,label", "{name}.jpg,{label}", images="images/{name}.jpg"), False),
    "paths from the top": (
        table("path,label", "images/{name}.jpg,{label}", images="images/{name}.jpg"),
        False,
    ),
    "somebody's own paths": (
        table("path,label", "C:\\Users\\ann\\set\\a\\{name}.JPG,{label}", images="set/a/{name}.jpg"),
        False,
    ),
    "paths from a notebook's folder": (
        table("path,label", "../input/pets/{name}.jpg,{label}", images="pets/{name}.jpg"),
        False,
    ),
    "a table in a folder": (
        table("path,label", "../images/{name}.jpg,{label}", images="images/{name}.jpg", file="meta/l.csv"),
        False,
    ),
    "a table below": (
        table("path,label", "{name}.jpg,{label}", images="ds/pics/{name}.jpg", file="ds/labels.csv"),
        False,
    ),
    "one name in two folders": (
        table("path,label", "{label}/{name}.jpg,{label}", images="all/{label}/{name}.jpg"),
        False,
    ),
}


def read(root: Path) -> Layout:
    return read_layout(root, "here")


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_same_labels(shape: str, tmp_path: Path) -> None:
    plant, given = SHAPES[shape]
    root = tmp_path / "source"
    plant(root)
    layout = read(root)
    assert layout.class_names == dict(enumerate(CLASSES))
    assert {Path(one.id).name: one.source for one in layout.candidates} == {
        name: label for label, name, _ in names()
    }
    assert layout.findings == []
    assert {one.split for one in layout.candidates} == ({*BEGINS.values()} if given else {None})
    if given:
        assert all(one.split == BEGINS[split_of(one.id)] for one in layout.candidates)
    said = "labels are those of" if "." in layout.assumed[0] else "classes are the folders of"
    assert layout.assumed[0].startswith(said)
    assert len(layout.assumed) == 1 + given


@pytest.mark.parametrize(
    ("shape", "by"),
    [
        ("splits", "its folders"),
        ("a column of splits", "the column 'split' of labels.csv"),
        ("a table a split", "the name of test.csv, the name of train.csv, the name of val.csv"),
    ],
)
def test_what_gave_the_splits_is_said(shape: str, by: str, tmp_path: Path) -> None:
    SHAPES[shape][0](tmp_path / "source")
    assert read(tmp_path / "source").assumed[1].startswith(f"the split is given by {by}: ")


def second(header: str, row: str, file: str = "more.csv") -> Plant:
    def plant(root: Path) -> None:
        table("path,label,split", "{name}.jpg,{label},{split}")(root)
        (root / file).write_text(f"{header}\n{row}\n")

    return plant


def yaml(root: Path) -> None:
    folders("{label}/{name}.jpg")(root)
    (root / "classes.yaml").write_text("4: eel\n2: cat\n")


def stray(root: Path) -> None:
    folders("{label}/{name}.jpg")(root)
    put(root / "readme.png", 900)


def system(root: Path) -> None:
    folders("{label}/{name}.jpg")(root)
    for name in ("__MACOSX/cat/._cat_00.jpg", "cat/Thumbs.db", ".git/x.png", "cat/.cat.jpg", "dog/notes.txt"):
        put(root / name, 901)


def empty(root: Path) -> None:
    folders("{label}/{name}.jpg")(root)
    (root / "fox").mkdir()


def row(text: str) -> Plant:
    def plant(root: Path) -> None:
        table("path,label", "{name}.jpg,{label}", images="a/{name}.jpg")(root)
        put(root / "b/cat_00.jpg", 902)
        put(root / "b/lone.jpg", 903)
        with (root / "labels.csv").open("a") as file:
            file.write(text + "\na/cat_00.jpg,cat\n")

    return plant


def beside(text: str) -> Plant:
    """A table in the folder `source`, of images in its folder a; one of somebody else lies beside it."""

    def plant(root: Path) -> None:
        table("path,label", "{name}.jpg,{label}", images="a/{name}.jpg")(root)
        put(root / "a/lone.jpg", 903)
        put(root.parent / "a/lone.jpg", 904)
        with (root / "labels.csv").open("a") as file:
            file.write(text + "\n")

    return plant


LONE = {"a/lone": "image-without-label"}
FLAWS: dict[str, tuple[Plant, dict[str, str]]] = {
    "an image in no folder": (stray, {"readme": "image-without-label"}),
    "a folder of nothing": (empty, {"fox": "class-empty"}),
    "what systems leave": (
        system,
        {
            "__MACOSX/*": "file-ignored",
            ".git/*": "file-ignored",
            "cat/*.jpg": "file-ignored",
            "cat/*.db": "file-ignored",
            "dog/*.txt": "file-ignored",
        },
    ),
    "an image without a row": (
        row(""),
        {"b/cat_00": "image-without-label", "b/lone": "image-without-label", "cat_00.jpg": "label-ambiguous"},
    ),
    "a row without an image, of a name that is elsewhere": (
        row("c/lone.jpg,dog\nb/cat_00.jpg,eel\nlone.jpg,eel"),
        {"c/lone.jpg": "label-without-image", "cat_00.jpg": "label-ambiguous"},
    ),
    "two labels": (
        row("a/dog_01.jpg,cat\nb/cat_00.jpg,eel\nlone.jpg,eel"),
        {"a/dog_01": "label-contradictory", "cat_00.jpg": "label-ambiguous"},
    ),
    "a row whose path leads out": (
        beside("../a/lone.jpg,eel"),
        {"../a/lone.jpg": "label-without-image"} | LONE,
    ),
    "a row whose path leads out after a way around": (
        beside("..\\elsewhere\\..\\lone.jpg,eel"),
        {"..\\elsewhere\\..\\lone.jpg": "label-without-image"} | LONE,
    ),
    "a row whose path comes back to another folder": (
        beside("../source/lone.jpg,eel"),
        {"../source/lone.jpg": "label-without-image"} | LONE,
    ),
    "a row whose path comes back": (beside("../source/A/lone,eel"), {}),
    "a row without a path": (beside(",eel"), {"labels.csv, line 38": "label-without-image"} | LONE),
    "a row of nothing": (beside(","), LONE),
    "no label": (
        row("b/lone.jpg,\nb/cat_00.jpg,eel"),
        {"b/lone": "image-without-label", "cat_00.jpg": "label-ambiguous"},
    ),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_what_does_not_fit_is_named_and_nothing_else_is(flaw: str, tmp_path: Path) -> None:
    plant, expected = FLAWS[flaw]
    plant(tmp_path / "source")
    layout = read(tmp_path / "source")
    assert {finding.item: finding.code for finding in layout.findings} == expected
    assert all(finding.reason and "\n" not in finding.reason for finding in layout.findings)
    named = {finding.item for finding in layout.findings if finding.rejected}
    assert not named & {one.id for one in layout.candidates}
    assert {one.source for one in layout.candidates} == {*CLASSES}


def test_classes_that_are_listed_are_the_classes(tmp_path: Path) -> None:
    yaml(tmp_path)
    assert read(tmp_path).class_names == {2: "cat", 4: "eel"}


def test_listed_classes_say_which_of_two_levels_they_are(tmp_path: Path) -> None:
    folders("{label}/{split}s/{name}.jpg")(tmp_path)
    with pytest.raises(DataError, match="hold folders of the same names"):
        read(tmp_path)
    (tmp_path / "classes.yaml").write_text("0: cat\n1: dog\n2: eel\n")
    assert {one.source for one in read(tmp_path).candidates} == {*CLASSES}


def test_a_lone_folder_is_a_class_to_be_added(tmp_path: Path) -> None:
    put(tmp_path / "export/eel/one.jpg", 1)
    layout = read(tmp_path)
    assert [(one.id, one.source) for one in layout.candidates] == [("eel/one", "eel")]


def test_a_test_split_without_labels_is_named_and_no_class(tmp_path: Path) -> None:
    folders("train/{label}/{name}.jpg")(tmp_path)
    put(tmp_path / "test/one.jpg", 1)
    layout = read(tmp_path)
    assert layout.class_names == dict(enumerate(CLASSES))
    assert [(one.item, one.code) for one in layout.findings] == [("test/one", "image-without-label")]


def test_a_class_may_be_called_as_a_split(tmp_path: Path) -> None:
    for number, label in enumerate(("train", "plane", "car")):
        put(tmp_path / label / "one.jpg", number)
    layout = read(tmp_path)
    assert {one.source for one in layout.candidates} == {"train", "plane", "car"}
    assert {one.split for one in layout.candidates} == {None}


def vehicles(root: Path) -> None:
    """Classes in a folder that is called train, and others beside it."""
    for number, folder in enumerate(("bus", "car", "train/steam", "train/diesel")):
        put(root / folder / "one.jpg", number)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (("bus", "car", "train"), {"bus": None, "car": None, "train": None}),
        (("steam", "diesel"), {"steam": "train", "diesel": "train"}),
    ],
)
def test_listed_classes_say_whether_train_is_a_split(
    listed: tuple[str, ...], expected: dict[str, str | None], tmp_path: Path
) -> None:
    vehicles(tmp_path)
    lines = (f"{number}: {name}\n" for number, name in enumerate(listed))
    (tmp_path / "classes.yaml").write_text("".join(lines))
    assert {one.source: one.split for one in read(tmp_path).candidates} == expected


def test_folders_beside_the_splits_that_hold_no_image_are_no_classes(tmp_path: Path) -> None:
    folders("{split}/{label}/{name}.jpg")(tmp_path)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/read me.txt").write_text("of May")
    put(tmp_path / "raw/of May/one.jpg", 1)
    put(tmp_path / "to try/one.jpg", 2)  # one folder of images is no set of classes
    layout = read(tmp_path)
    assert {one.source for one in layout.candidates} == {*CLASSES}
    assert {one.split for one in layout.candidates} == {*BEGINS.values()}


def composed(root: Path) -> None:
    for number, form in enumerate(("NFC", "NFD")):
        put(root / unicodedata.normalize(form, "café") / "one.jpg", number)


HOPELESS: dict[str, tuple[Plant, type[Exception], str]] = {
    "nothing": (lambda root: root.mkdir(), DataError, "no folder of images for each class"),
    "images alone": (folders("{name}.jpg"), DataError, "no folder of images for each class"),
    "images in images": (folders("images/{name}.jpg"), DataError, "no folder of images for each class"),
    "a table without a header": (
        table("a.jpg,cat", "{name}.jpg,{label}"),
        DataError,
        r"labels.csv begins with 'a.jpg,cat': call its columns path and label",
    ),
    "a table of other images": (
        table("path,label", "no/{name}_.jpg,{label}"),
        DataError,
        r"labels.csv: none of 36 rows names an image that is here \(the first: no/cat_00_.jpg\)",
    ),
    "an unknown split": (
        table("path,label,split", "{name}.jpg,{label},some"),
        DataError,
        "labels.csv, line 2: 'some' is no split",
    ),
    "not UTF-8": (
        table("path,label", "{name}.jpg,{label}é", encoding="latin-1"),
        DataError,
        r"labels.csv: it cannot be read .*save it as UTF-8",
    ),
    "UTF-16": (
        table("path,label", "{name}.jpg,{label}", encoding="utf-16"),
        DataError,
        r"labels.csv: it is UTF-16; save it as UTF-8",
    ),
    "two columns of labels": (
        table("path,label,Label", "{name}.jpg,{label},cat"),
        DataError,
        "labels.csv, line 1: the columns 'label' and 'Label' have one name",
    ),
    "two tables that differ in a label": (
        second("file,class", "cat_00.jpg,dog"),
        DataError,
        r"^cat_00 is cat \(labels.csv, line 2\) and dog \(more.csv, line 2\): make the tables agree, or",
    ),
    "two tables of labels that differ in a split": (
        second("file,class,split", "cat_00.jpg,cat,train"),
        DataError,
        r"^cat_00 is in validation \(labels.csv, line 2\) and in train \(more.csv, line 2\): leave it in one",
    ),
    "a table of splits that differs": (
        second("file,subset", "cat_00.jpg,train"),
        DataError,
        r"^cat_00 is in validation by labels.csv, line 2, and more.csv says train: make them agree$",
    ),
    "a list that differs from folders": (
        lambda root: (folders("{split}/{label}/{name}.jpg")(root), (root / "val.txt").write_text("cat_01")),
        DataError,
        r"^test/cat/cat_01 is in test by its folder, and val.txt says validation: make them agree$",
    ),
    "two sets": (
        lambda root: [folders(f"all/{one}/{{label}}/{{name}}.jpg")(root) for one in ("raw", "cropped")],
        DataError,
        "cropped/ and raw/ hold folders of the same names",
    ),
    "classes beside a split": (
        vehicles,
        DataError,
        "train/ holds folders of images, and bus/ beside it holds images: which folders are the classes?",
    ),
    "rows without paths": (
        table("path,label", ",{label}"),
        DataError,
        r"none of 36 rows names an image that is here \(the first: labels.csv, line 2\)",
    ),
    "a set beside pictures": (
        lambda root: (folders("data/{label}/{name}.jpg")(root), put(root / "docs/logo.png", 999)),
        DataError,
        "data/ holds folders of images, and docs/ holds images: which folders are the classes",
    ),
    "case": (
        lambda root: [put(root / name / "one.jpg", 1) for name in ("Cat", "cat", "dog")],
        ConfigurationError,
        "classes 'Cat' and 'cat' differ by case",
    ),
    "accents": (composed, ConfigurationError, r"classes 'cafe\\u0301' and 'caf\\xe9' differ by case"),
}


@pytest.mark.parametrize("source", HOPELESS)
def test_what_cannot_be_read_is_one_line(source: str, tmp_path: Path) -> None:
    plant, error, reason = HOPELESS[source]
    plant(tmp_path / "source")
    with pytest.raises(error, match=reason) as caught:
        read(tmp_path / "source")
    assert "\n" not in str(caught.value)


def test_a_table_that_says_no_label_contradicts_none(tmp_path: Path) -> None:
    second("file,class", "cat_00.jpg,")(tmp_path)
    assert [(one.item, one.code) for one in read(tmp_path).findings] == [("cat_00", "label-contradictory")]


def test_labels_of_a_table_that_differ_by_case_are_one_line(tmp_path: Path) -> None:
    table("path,label", "{name}.jpg,{label}")(tmp_path)
    text = (tmp_path / "labels.csv").read_text().replace("cat_00.jpg,cat", "cat_00.jpg,Cat")
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(ConfigurationError, match="classes 'Cat' and 'cat' differ by case"):
        read(tmp_path)
