"""The page as a process, and a person with a browser: what each test of the page stands on."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from pylib.web.access import SESSION

ROOT = Path(__file__).parents[2]
SIZES = {"phone": (375, 740), "desk": (1280, 800)}
SCHEMES = ("light", "dark")
_WHERE = re.compile(r"the page is at (http://127\.0\.0\.1:\d+[^\s,]*?)(/login\?token=\S+|,)")


@dataclass
class Running:
    """The page: its base URL, and the link that signs in once."""

    process: subprocess.Popen[str]
    url: str
    link: str
    password: str
    _session: str = ""

    def session(self) -> str:
        """The cookie of who has given the password."""
        if not self._session:
            with requests.Session() as browser:
                browser.trust_env = False
                form = re.search('name="csrf" value="([^"]+)"', browser.get(f"{self.url}/login").text)[1]
                browser.post(f"{self.url}/login", data={"csrf": form, "password": self.password})
                self._session = browser.cookies[SESSION]
        return self._session


@contextmanager
def running(output: Path, **environment: str) -> Iterator[Running]:
    """`pylib web` on a free port of the loopback, until the block is left, then ended by SIGTERM, quietly."""
    page = start(output, **environment)
    try:
        yield page
    finally:
        page.process.send_signal(signal.SIGTERM)
        said, _ = page.process.communicate(timeout=30)
    assert "Traceback" not in said, said


def start(output: Path, **more: str) -> Running:
    process = subprocess.Popen(
        [*command(), "--port", "0"],
        env={**environment(output), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = ""
    while not (found := _WHERE.search(said)):
        line = process.stdout.readline()
        assert line, f"the page did not start: {said}"
        said += line
    password = re.search(r"password (\S+)", process.stdout.readline())[1] if "token" in found[2] else ""
    return Running(process, found[1], f"{found[1]}{found[2]}", password)


def command() -> list[str]:
    return [sys.executable, "-c", "from pylib.cli import main; main()", "web"]


def environment(output: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYLIB_OUTPUT": str(output), "COLUMNS": "200"}


@dataclass
class Visitor:
    """A person with a browser of one's own; what the browser complained of, and where else it went."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", self._asked)

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def looked_at(self) -> None:
        """No rule of axe's is broken, nothing is wider than the screen, the browser has not complained."""
        found = Axe().run(self.page)
        assert found.violations_count == 0, f"{self.page.url}: {found.generate_report()}"
        root = self.page.locator("html")
        width, wide = (root.evaluate(f"root => root.{which}Width") for which in ("client", "scroll"))
        assert wide <= width, f"{self.page.url} is {wide} pixels wide on a screen of {width}"
        for table in self.page.locator(".stacked").all():
            assert table.evaluate("box => box.scrollWidth <= box.clientWidth"), "a table hides columns"
        assert self.complaints == [], self.complaints

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type} at {self.page.url}: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.url, "blob:", "data:")):
            self.complaints.append(f"asked elsewhere: {request.url}")


@contextmanager
def visitor(
    browser: Browser, running: Running, *, size: str = "desk", scheme: str = "light", script: bool = True
) -> Iterator[Visitor]:
    """Somebody who has signed in with the password."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=script
    )
    context.set_default_timeout(15_000)
    person = Visitor(context.new_page(), running.url)
    try:
        context.add_cookies([{"name": SESSION, "value": running.session(), "url": running.url}])
        person.open("/")
        yield person
        assert person.complaints == [], person.complaints
    finally:
        context.close()
