import hashlib
import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pylib.data.downloads import download
from pylib.errors import DataError

CONTENT = os.urandom(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT at /archive, and cuts the line after as many bytes as `cuts` says, in turn."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.cuts: list[int] = []
        self.ranges: list[str | None] = []
        self.resumable = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/archive"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if self.path != "/archive":
            return self.send_error(404)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.resumable else 0
        if start >= len(CONTENT):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        end = start + self.server.cuts.pop(0) if self.server.cuts else len(CONTENT)
        self.wfile.write(CONTENT[start:end])
        return None

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_cut_line_is_taken_up_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.cuts = [100_000, 70_000]
    path = download(server.url, tmp_path / "folder" / "archive", SHA256, pause=0)
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=65536-", "bytes=131072-"]
    assert [found.name for found in path.parent.iterdir()] == ["archive"]


def test_a_later_call_goes_on_and_a_whole_file_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    server.cuts = [100_000, 70_000]
    with pytest.raises(DataError, match="broke 2 times; run it again"):
        download(server.url, tmp_path / "archive", SHA256, attempts=2, pause=0)
    assert not (tmp_path / "archive").exists()
    assert (tmp_path / "archive.part").stat().st_size == 131_072
    download(server.url, tmp_path / "archive", SHA256, pause=0)
    assert server.ranges[-1] == "bytes=131072-"
    asked = len(server.ranges)
    download(server.url, tmp_path / "archive", SHA256, pause=0)
    assert len(server.ranges) == asked


def test_a_server_that_cannot_resume_sends_all_of_it_again(server: Server, tmp_path: Path) -> None:
    server.resumable, server.cuts = False, [100_000]
    assert download(server.url, tmp_path / "archive", SHA256, pause=0).read_bytes() == CONTENT


def test_a_part_that_is_whole_already_is_used(server: Server, tmp_path: Path) -> None:
    (tmp_path / "archive.part").write_bytes(CONTENT)
    assert download(server.url, tmp_path / "archive", SHA256, pause=0).read_bytes() == CONTENT


@pytest.mark.parametrize("found", [b"x" * 300_000, b"x" * 1000, b"x" * 400_000])
def test_another_content_is_thrown_away_and_never_used(server: Server, tmp_path: Path, found: bytes) -> None:
    (tmp_path / "archive.part").write_bytes(found)
    with pytest.raises(DataError, match=f"not {SHA256}"):
        download(server.url, tmp_path / "archive", SHA256, pause=0)
    assert list(tmp_path.iterdir()) == []
    assert download(server.url, tmp_path / "archive", SHA256, pause=0).read_bytes() == CONTENT


def test_a_refusal_and_a_dead_line_are_one_line(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="answers 404"):
        download(server.url + "s", tmp_path / "archive", SHA256, pause=0)
    with pytest.raises(DataError, match="the line broke 2 times"):
        download("http://127.0.0.1:9/archive", tmp_path / "archive", SHA256, attempts=2, pause=0)
