"""Tables of images as people and programs write them: read right, or refused in one line with its place."""

from pathlib import Path

import pytest

from pylib.data.tables import LABEL_COLUMNS, NAME_COLUMNS, header, read_table
from pylib.errors import DataError


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "t.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def cells(path: Path) -> list[tuple[int, list[str]]]:
    table = read_table(path)
    columns = [table.column(NAME_COLUMNS), table.column(LABEL_COLUMNS)]
    return list(table.rows(*filter(None, columns)))


READ = {
    "plain": "path,label\na.jpg,cat\nb.jpg,dog\n",
    "of Windows": "path,label\r\na.jpg,cat\r\nb.jpg,dog\r\n",
    "of an old Mac": "path,label\ra.jpg,cat\rb.jpg,dog\r",
    "no last newline": "path,label\na.jpg,cat\nb.jpg,dog",
    "quoted": '"path","label"\n"a.jpg","cat"\n"b.jpg","dog"\n',
    "quoted, with spaces": '"path" ; "label"\n"a.jpg" ; "cat"\n"b.jpg" ; "dog" \n',
    "an inch": 'path,label,size\na.jpg,cat,5" wide\nb.jpg,dog,"5"" wide"\n',
    "commas at the end": "path,label\na.jpg,cat,\nb.jpg,dog, ,\n",
    "columns without a name": "path,label,,\na.jpg,cat,,\nb.jpg,dog,,\n",
    "cells that are lacking": "path,label,note\na.jpg,cat\nb.jpg,dog\n",
}


@pytest.mark.parametrize("case", READ)
def test_one_table_in_many_hands(tmp_path: Path, case: str) -> None:
    assert cells(written(tmp_path, READ[case])) == [(2, ["a.jpg", "cat"]), (3, ["b.jpg", "dog"])]


def test_what_ends_a_line_for_python_alone_ends_none(tmp_path: Path) -> None:
    text = "path,label,note\na.jpg,cat,one\x0btwo\u2028three\x85four\nb.jpg,dog,\n"
    assert cells(written(tmp_path, text)) == [(2, ["a.jpg", "cat"]), (3, ["b.jpg", "dog"])]


LONG = "x" * 140_000
OPEN = "a quote is open at its end; close it"
REFUSED = {
    "an open quote": ('path,label\na.jpg,cat\nb.jpg,"dog\nc.jpg,eel\n', f"line 3: {OPEN}"),
    "in the last line": ('path,label\na.jpg,cat\nb.jpg,"dog', f"line 3: {OPEN}"),
    "closed by another": ('path,label\na.jpg,"cat\nb.jpg,"dog"\n', f"line 2: {OPEN}"),
    "closed lines later": ('path,label\na.jpg,"cat\nb.jpg,dog"\n', f"line 2: {OPEN}"),
    "before much": (f'path,label\na.jpg,"cat\n{LONG}', f"line 2: {OPEN}"),
    "in the header": ('path,"label\na.jpg,cat\n', f"line 1: {OPEN}"),
    "text after a quote": ('path,label\na.jpg,"cat"s\n', "line 2: ',' expected after '\"'; save it as CSV"),
    "a cell too many": ("path,label\na.jpg,cat\nred, b.jpg,dog\n", "line 3: 3 cells, the header has 2"),
    "one name twice": ("path,label,Label \na.jpg,cat,dog\n", "line 1: the columns 'label' and 'Label ' have"),
    "a long header": (f"path,label,{LONG}\na.jpg,cat,\n", "line 1: field larger than field limit"),
    "a long cell": (f"path,label\na.jpg,{LONG}\n", "line 2: field larger than field limit"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_read_wrong_is_one_line_with_file_and_line(tmp_path: Path, case: str) -> None:
    text, said = REFUSED[case]
    with pytest.raises(DataError) as raised:
        cells(written(tmp_path, text))
    assert str(raised.value).startswith(f"t.csv, {said}")
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-16", "it is UTF-16"), ("utf-16-le", "it has zero bytes, as UTF-16 has")],
)
def test_utf_16_is_seen_for_what_it_is(tmp_path: Path, encoding: str, said: str) -> None:
    path = written(tmp_path, "path,label\na.jpg,cat\n".encode(encoding))
    assert "path,label" in header(path)
    with pytest.raises(DataError, match=rf"^t\.csv: {said}; save it as UTF-8$"):
        read_table(path)
