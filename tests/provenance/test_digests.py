import subprocess

from hypothesis import given
from hypothesis import strategies as st

from pylib.provenance.digests import BUNDLE, canonical, digest_of, dir_hash, manifest

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def test_the_digest_of_a_folder_is_what_sha256sum_says(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b" / "c.txt").write_text("c")
    shell = "LC_ALL=C; sha256sum $(find . -type f -printf '%P\\n' | sort) | sha256sum"
    expected = subprocess.check_output(shell, shell=True, cwd=tmp_path, text=True).split()[0]
    assert digest_of(tmp_path) == {"dirHash": expected}


def test_a_folders_own_record_is_no_part_of_its_digest(tmp_path):
    (tmp_path / "a").write_text("a")
    before = digest_of(tmp_path)
    (tmp_path / BUNDLE).write_text("{}")
    assert digest_of(tmp_path) == before
    assert list(manifest(tmp_path)) == ["a"]


@given(st.dictionaries(st.text(min_size=1), st.sampled_from(["a" * 64, "b" * 64]), min_size=1))
def test_the_order_of_files_does_not_matter_but_each_of_them_does(files):
    backwards = dict(reversed(files.items()))
    assert dir_hash(backwards) == dir_hash(files)
    first = next(iter(files))
    assert dir_hash({**files, first: "c" * 64}) != dir_hash(files)
    assert dir_hash({name: d for name, d in files.items() if name != first}) != dir_hash(files)


@given(st.dictionaries(st.text(), VALUES))
def test_canonical_json_does_not_depend_on_the_order_of_keys(value):
    assert canonical(dict(reversed(value.items()))) == canonical(value)
