import shutil
import tarfile
from pathlib import Path

import pytest

from pylib.data.sources import default_name, open_source
from pylib.errors import DataError
from pylib.provenance.digests import dir_hash, manifest, sha256_file
from pylib.tasks.task import find

SEGMENTATION = find("segmentation")


def test_a_folder_is_read_where_it_is(good, tmp_path: Path) -> None:
    with open_source(str(good.root), SEGMENTATION, cache=tmp_path / "cache") as source:
        assert source.folder == good.root
        assert source.digest == {"dirHash": dir_hash(manifest(good.root))}
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("kind", ["tar", "gztar", "xztar", "zip"])
def test_an_archive_is_unpacked_and_removed_again(good, tmp_path: Path, kind: str) -> None:
    path = shutil.make_archive(str(tmp_path / "my set"), kind, root_dir=tmp_path, base_dir="good")
    with open_source(path, SEGMENTATION, cache=tmp_path / "cache") as source:
        assert manifest(source.folder / "good") == manifest(good.root)
        assert source.digest == {"sha256": sha256_file(Path(path))}
        assert source.name == "my-set"
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_refused_archive_leaves_nothing(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("../evil"))
    with (
        pytest.raises(DataError, match="leads out"),
        open_source(str(tmp_path / "evil.tar"), SEGMENTATION, cache=tmp_path / "c"),
    ):
        pytest.fail("it was opened")
    assert list((tmp_path / "c").iterdir()) == []


@pytest.mark.parametrize("source", ["nowhere", "https://example.org/set.zip", ""])
def test_an_unknown_source_names_the_known_ones(tmp_path: Path, source: str, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    if not source:
        source = str(tmp_path / "missing.tar")
    with (
        pytest.raises(DataError, match="sample, oxford-pets"),
        open_source(source, SEGMENTATION, cache=tmp_path),
    ):
        pytest.fail("it was opened")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("a/pets.tar.gz", "pets"),
        ("pets.v2.zip", "pets-v2"),
        ("sample", "sample"),
        ("__", "__"),
        ("é.tar", "dataset"),
    ],
)
def test_names_are_fit_for_a_repository(source: str, name: str) -> None:
    assert default_name(source) == name


def test_the_sample_is_committed_under_its_tasks_own_name() -> None:
    names = {task: default_name("sample", task) for task in ("segmentation", "classification")}
    assert names == {"segmentation": "sample", "classification": "inks"}
    assert default_name("pets.tar", "classification") == "pets"
