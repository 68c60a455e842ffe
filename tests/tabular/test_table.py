"""Tables as people write them: read right, or refused in one line that names file, line, column and fix."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pylib.errors import DataError
from pylib.tabular import table

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def written(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2.5\n3,-4e1\n",
        "a;b\n1;2.5\n3;-4e1\n",
        "a\tb\r\n1\t2.5\r\n3\t-4e1\r\n",
        "\ufeffa;b\n1;2,5\n3;-4,0e1\n",
        '"a" ; "b"\n1 ; 2.5\n\n 3;-40\n',
        '"a","b"\n"1","2.5"\n"3","-40"',
    ],
)
def test_marks_and_encodings_that_programs_write_are_the_same_table(tmp_path, text):
    found = table.read(written(tmp_path, text))
    assert found.columns == ("a", "b")
    assert found.values.tolist() == [[1, 2.5], [3, -40]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n3,red\n", "t.csv, line 3, column 'b': 'red' is no number; "),
        ("a,b\n1,\n", "t.csv, line 2, column 'b': no value; fill it in"),
        ("a,b\n1,NA\n", r"t.csv, line 2, column 'b': no value \(NA\); "),
        ("a,b\n1,nan\n", r"t.csv, line 2, column 'b': no value \(nan\); "),
        ("a,b\n-inf,1\n", "t.csv, line 2, column 'a': -inf is infinite; "),
        ("a,b\n1e999,1\n", "t.csv, line 2, column 'a': 1e999 is more than 64 bits hold; "),
        ("a,b\n1_000,1\n", "t.csv, line 2, column 'a': '1_000' is no number"),
        ("a;b\n0.5;1\n1;2,5\n", "t.csv, line 2, column 'a': '0.5' has a point, other .* a comma; "),
        ("a;b\n1,234;1\n", "t.csv, line 2, column 'a': '1,234' may be 1234 or 1.234; "),
        ("a;b\n1.234,5;1\n", "t.csv, line 2, column 'a': '1.234,5' is no number; "),
        ("a,b\n1,2\n1,2,3\n", "t.csv, line 3: 3 cells, the header has 2; "),
        ("a,b\n1\n", "t.csv, line 2: 1 cells, the header has 2; "),
        ("a,a\n1,2\n", "t.csv, line 1, column 'a': there twice, as columns 1 and 2; "),
        (",a\n0,1\n", "t.csv, line 1, column 1: it has no name; .*index=False"),
        ("1,2\n3,4\n", "t.csv, line 1: it has numbers only; "),
        ("a|b\n1|2\n", "t.csv, line 1: one column, 'a|b'; "),
        ('a,b\n1,"2\n3,4\n', "t.csv, line 2: a quote is open at its end; "),
        (f"a,{'b' * 140_000}\n1,2\n", "t.csv, line 1: field larger than field limit"),
        ("", "t.csv, line 1: it is empty; "),
        ("\ufeff\n", "t.csv, line 1: it is empty; "),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(tmp_path, text, said):
    with pytest.raises(DataError, match=f"^{said.replace('|', '[|]')}") as raised:
        table.read(written(tmp_path, text))
    assert "\n" not in str(raised.value)


def test_another_encoding_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"^t\.csv: it cannot be read .* save it as UTF-8$"):
        table.read(written(tmp_path, "größe,b\n1,2\n", "latin-1"))


def test_a_file_that_a_step_cannot_hold_is_refused(tmp_path, monkeypatch):
    path = written(tmp_path, "a,b\n1,2\n")
    with path.open("r+b") as stream:
        stream.truncate(table.MAX_BYTES + 1)
    with pytest.raises(DataError, match=r"^t\.csv: 256 MiB, and at most 256 MiB are read; "):
        table.read(path)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=20), st.sampled_from([",", ";", "\t"]))
def test_what_python_writes_is_read_bit_for_bit(tmp_path_factory, rows, mark):
    folder = tmp_path_factory.mktemp("table")
    lines = [mark.join("ab"), *(mark.join(map(repr, row)) for row in rows)]
    found = table.read(written(folder, "\n".join(lines)))
    assert [tuple(map(repr, row)) for row in found.values.tolist()] == [tuple(map(repr, row)) for row in rows]
