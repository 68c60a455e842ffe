"""Several people at one page, as a cluster's gateway lets them in, each with a browser of one's own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser

from tests.web.browsing import ROOT, SIZES, Visitor

GATEWAY = "spiffe://cluster.local/ns/istio-system/sa/istio-ingressgateway"
ROLES = "users: {ann: reviewer, bea: reviewer, carl: contributor, dora: admin}\n"


@contextmanager
def behind_gateway(output: Path, roles: Path, **environment: str) -> Iterator[str]:
    """The URL of `pylib web` for who comes through the gateway; ended by SIGTERM, quietly."""
    roles.write_text(ROLES)
    process = subprocess.Popen(
        [sys.executable, "-c", "from pylib.cli import main; main()", "web", "--port", "0"],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYLIB_OUTPUT": str(output),
            "PYLIB_WEB_GATEWAY": GATEWAY,
            "PYLIB_WEB_ROLES": str(roles),
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, f"the page did not start: {line}{process.stdout.read()}"
        yield found[0]
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
    assert "Traceback" not in said, said


@contextmanager
def someone(
    browser: Browser, url: str, name: str, *, size: str = "desk", scheme: str = "light", script: bool = True
) -> Iterator[Visitor]:
    """A person of that name, whom the gateway has asked who it is."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        java_script_enabled=script,
        extra_http_headers={"kubeflow-userid": name, "x-forwarded-client-cert": f"URI={GATEWAY}"},
    )
    person = Visitor(context.new_page(), url)
    try:
        yield person
        assert not person.complaints
    finally:
        context.close()
