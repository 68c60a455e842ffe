"""What a record lists of code and lock, held against a commit's files."""

import hashlib

import pytest

from pylib.errors import ReproductionError
from pylib.provenance.materials import CODE, LOCK
from pylib.reproduction.code import check, first_other
from pylib.reproduction.recorded import RecordedStep


def digest(content):
    return hashlib.sha256(content).hexdigest()


def step(files, *, clean=True, lock=None):
    known = {
        CODE: {"annotations": {"files": files}},
        "git": {"digest": {"gitCommit": "c" * 40}, "annotations": {"clean": clean}},
    }
    return RecordedStep("train", {}, {}, {}, known | ({LOCK: {"digest": {"sha256": lock}}} if lock else {}))


@pytest.fixture
def root(tmp_path):
    (tmp_path / "pylib").mkdir()
    (tmp_path / "pylib/loss.py").write_bytes(b"A = 1\nB = 2\n")
    (tmp_path / "locks").mkdir()
    (tmp_path / LOCK).write_bytes(b"numpy==2.0.0\n")
    return tmp_path


@pytest.mark.parametrize("content", [b"A = 1\nB = 2\n", b"A = 1\r\nB = 2\r\n"])
def test_the_same_code_is_good_from_a_dirty_tree_too_however_its_lines_end(root, content):
    (root / "pylib/loss.py").write_bytes(content)
    made = step({"pylib/loss.py": digest(b"A = 1\nB = 2\n")}, clean=False, lock=digest(b"numpy==2.0.0\n"))
    check([made], root, made.commit)
    assert first_other(made, root) == ""


def test_what_an_old_record_lists_of_what_was_left_there_is_no_code(root):
    check([step({"pylib/training/nohup.out": digest(b"left")}, clean=False)], root, "c" * 40)


def test_records_of_old_that_list_no_code_are_no_reason_to_refuse(root):
    check([step({})], root, "c" * 40)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            step({"pylib/loss.py": digest(b"A = 2\n")}, clean=False),
            "was made with another pylib/loss.py; its",
        ),
        (step({"pylib/new.py": digest(b"")}, clean=False), "with a pylib/new.py that it does not have; its"),
        (
            step({}, clean=False, lock=digest(b"numpy==1\n")),
            f"was made with another {LOCK}; its working tree",
        ),
        (step({"pylib/loss.py": digest(b"A = 2\n")}), "pylib/loss.py; the record and the commit disagree"),
    ],
)
def test_the_first_other_file_is_named_in_one_line(root, made, said):
    with pytest.raises(ReproductionError) as error:
        check([made], root, made.commit)
    assert said in str(error.value)
    assert str(error.value).startswith(f"Git commit {'c' * 12}: step train ")
    assert "\n" not in str(error.value)
