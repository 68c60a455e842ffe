"""Models in the artifact store, in a folder and in S3: whole or not there, and what their digest says."""

import hashlib
import os

import pytest
import requests
from moto.server import ThreadedMotoServer

from pylib.errors import StoreError
from pylib.store.artifacts import ArtifactStore


@pytest.fixture(scope="module")
def s3():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    requests.put(f"http://{host}:{port}/models", timeout=30).raise_for_status()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["file", "path", "s3"])
def url(request, tmp_path, monkeypatch):
    if request.param == "file":
        return (tmp_path / "my artifacts").as_uri()
    if request.param == "path":
        return str(tmp_path / "artifacts")
    monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("s3"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return f"s3://models/{tmp_path.name}"


def model(folder, content=b"onnx" * 1000, **others):
    folder.mkdir()
    (folder / "model.onnx").write_bytes(content)
    for name, text in {"model.json": "{}", **others}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder, hashlib.sha256(content).hexdigest()


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_a_model_is_put_and_got(url, tmp_path):
    folder, digest = model(tmp_path / "model", bytes(12 << 20), **{"logs/a b.txt": "log"})
    store = ArtifactStore(url)
    assert store.list_models() == []
    store.put_model(folder, digest)
    assert store.list_models() == [digest]
    assert store.get_file(f"models/{digest}/model.json") == b"{}"
    ArtifactStore(url).get_model(digest, tmp_path / "got")
    assert content(tmp_path / "got") == content(folder)


def test_putting_again_changes_nothing_that_is_there(url, tmp_path):
    folder, digest = model(tmp_path / "model")
    store = ArtifactStore(url)
    store.put_model(folder, digest)
    (folder / "model.json").write_text("other")
    (folder / "history.json").write_text("[]")
    store.put_model(folder, digest)
    assert store.get_file(f"models/{digest}/model.json") == b"{}"
    assert store.get_file(f"models/{digest}/history.json") == b"[]"


def test_a_model_that_came_half_is_not_seen(url, tmp_path):
    folder, digest = model(tmp_path / "model")
    (folder / "model.onnx").rename(tmp_path / "kept")
    store = ArtifactStore(url)
    with pytest.raises(StoreError, match=r"model\.onnx cannot be read"):
        store.put_model(folder, digest)
    import obstore

    obstore.put(store._store, f"models/{digest}/model.json", b"half")  # as if it was killed here
    assert store.list_models() == []
    with pytest.raises(StoreError, match="no model"):
        store.get_model(digest, tmp_path / "got")
    (tmp_path / "kept").rename(folder / "model.onnx")
    store.put_model(folder, digest)
    store.get_model(digest, tmp_path / "got")
    assert content(tmp_path / "got") == content(folder)


def test_a_damaged_model_is_refused_and_can_be_put_again(url, tmp_path):
    import obstore

    folder, digest = model(tmp_path / "model")
    store = ArtifactStore(url)
    store.put_model(folder, digest)
    obstore.put(store._store, f"models/{digest}/model.onnx", b"something else")
    with pytest.raises(StoreError, match="is damaged"):
        store.get_file(f"models/{digest}/model.onnx")
    with pytest.raises(StoreError, match="is damaged"):
        store.get_model(digest, tmp_path / "got")
    assert not (tmp_path / "got").exists()
    store.put_model(folder, digest)
    store.get_model(digest, tmp_path / "got")


def test_what_cannot_be(url, tmp_path):
    folder, digest = model(tmp_path / "model")
    store = ArtifactStore(url)
    other = hashlib.sha256(b"other").hexdigest()
    for call, message in (
        (lambda: store.put_model(folder, other), "does not have the digest"),
        (lambda: store.put_model(folder, "latest"), "does not have the digest|is not a model digest"),
        (lambda: store.put_model(tmp_path / "absent", digest), "cannot be read"),
        (lambda: store.get_model("../secret", tmp_path / "got"), "is not a model digest"),
        (lambda: store.get_model(other, tmp_path / "got"), f"no model {other}"),
        (lambda: store.get_file(f"models/{other}/model.onnx"), "not found"),
        (lambda: store.get_file("../etc/passwd"), "models|path"),
        (lambda: store.put_model(folder, digest) or store.get_model(digest, folder), "not empty"),
    ):
        with pytest.raises(StoreError, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://host/models", "s3://", "nonsense://x"])
def test_urls_that_name_no_store(url):
    with pytest.raises(StoreError, match="artifact store"):
        ArtifactStore(url)


def test_a_server_that_is_not_there_is_one_line(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(StoreError, match="s3://models/models/") as caught:
        ArtifactStore("s3://models").list_models()
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(
    not os.environ.get("ARTIFACT_TEST_URL"), reason="ARTIFACT_TEST_URL is not set: no real bucket"
)
def test_a_real_bucket(tmp_path):
    folder, digest = model(tmp_path / "model", os.urandom(1000))
    store = ArtifactStore(os.environ["ARTIFACT_TEST_URL"])
    store.put_model(folder, digest)
    store.get_model(digest, tmp_path / "got")
    assert content(tmp_path / "got") == content(folder)
