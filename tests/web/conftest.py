"""One browser for the tests of the page, Debian's Chromium or Chrome, and one page with two served models."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from pylib.store.inbox import Inbox
from tests.web.browsing import Running, running
from tests.web.served import served

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FIX = "none of these is on PATH: " + ", ".join(_NAMES) + "; on Debian, apt-get install chromium"
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        assert not os.environ.get("CI"), f"no browser: {_FIX}"
        pytest.skip(f"NOT LOOKED AT: the page in a browser: {_FIX}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def output(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An output with data sets, released models and their servers."""
    folder = tmp_path_factory.mktemp("output")
    with served(folder):
        yield folder


@pytest.fixture(scope="session")
def site(output: Path) -> Iterator[Running]:
    """The page of that output."""
    with running(output) as page:
        yield page


@pytest.fixture
def inbox(output: Path) -> Inbox:
    """What it keeps."""
    return Inbox((output / "inbox").as_uri())
