"""A form's head is checked before its body is read, and what is odd in it is answered in a sentence."""

import asyncio
import re
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from starlette.responses import PlainTextResponse

from pylib.web import limits
from pylib.web.access import SESSION
from pylib.web.connections import Busy
from tests.web.browsing import running

pytestmark = pytest.mark.slow
URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A page of an output in which nothing is."""
    with running(tmp_path_factory.mktemp("bare")) as page:
        yield page


@pytest.fixture
def person(bare):
    with requests.Session() as session:
        session.trust_env = False
        session.cookies.set(SESSION, bare.session())
        yield session


def token(session, site):
    return re.search('name="csrf" value="([^"]+)"', session.get(f"{site.url}/explain").text)[1]


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", URLENCODED])
def test_a_password_is_short_and_of_nobody_else_anything_is_read(bare, kind):
    with requests.Session() as nobody:
        refused = nobody.post(f"{bare.url}/login", data=b"", headers={"Content-Type": kind})
        assert (refused.status_code, "reload" in refused.text) == (403, True)
        nobody.get(f"{bare.url}/login")
        for body in (b"a" * (limits.LOGIN_BYTES + 1), iter([b"a=", b"b" * limits.LOGIN_BYTES])):
            refused = nobody.post(f"{bare.url}/login", data=body, headers={"Content-Type": kind})
            assert (refused.status_code, "16 KiB" in refused.text) == (413, True)


def test_a_form_without_files_is_small(bare, person):
    token(person, bare)
    body = b"a=" + b"b" * limits.TEXT_BYTES
    refused = person.post(f"{bare.url}/ask", data=body, headers={"Content-Type": URLENCODED})
    assert (refused.status_code, "1 MiB" in refused.text) == (413, True)


@pytest.mark.parametrize("origin", ["http://[x", "http://]", "//[", "http://"])
def test_an_origin_that_is_none_is_another_site(bare, person, origin):
    form = {"csrf": token(person, bare)}
    refused = person.post(f"{bare.url}/ask", data=form, headers={"Origin": origin})
    assert (refused.status_code, "another site" in refused.text) == (403, True)


@pytest.mark.parametrize(
    "charset", ["unicode_escape", "raw_unicode_escape", "utf-7", "punycode", "undefined"]
)
def test_a_form_in_another_encoding_is_refused(bare, person, charset):
    parts = {"csrf": token(person, bare), "model": "\\ud800+2AA-"}
    fields = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{parts[name]}' for name in parts]
    body = "\r\n".join([*fields, "--x--\r\n"]).encode()
    for said, status in ((charset, 415), ("UTF-8", 503)):
        headers = {"Content-Type": f"multipart/form-data; boundary=x; charset={said}"}
        answer = person.post(f"{bare.url}/ask", data=body, headers=headers)
        assert answer.status_code == status
        assert ("send it in UTF-8" in answer.text) is (status == 415)


def test_a_link_that_is_only_looked_at_still_signs_in_and_signing_out_ends_the_session(tmp_path):
    with running(tmp_path) as page, requests.Session() as session:
        session.trust_env = False
        assert session.head(page.link).status_code == 200
        assert session.get(page.link, allow_redirects=False).status_code == 303
        copy = {SESSION: session.cookies[SESSION]}
        assert requests.get(f"{page.url}/", cookies=copy, allow_redirects=False).status_code == 200
        session.post(f"{page.url}/logout", data={"csrf": token(session, page)})
        assert requests.get(f"{page.url}/", cookies=copy, allow_redirects=False).status_code == 303


@pytest.mark.parametrize("commit", ["@", "", "a@b@c", "../x@y", "nothing@master", "a"])
def test_a_sample_of_no_commit_is_not_there(bare, person, commit):
    answer = person.get(f"{bare.url}/samples", params={"commit": commit, "id": ""})
    assert answer.status_code == 404


def test_sockets_that_say_nothing_cost_nobody_a_place(bare, person):
    address = bare.url.removeprefix("http://").split(":")
    idle = [socket.create_connection(address) for _ in range(limits.REQUESTS + 5)]
    idle[0].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
    try:
        assert requests.get(f"{bare.url}/healthz").status_code == 200
        assert person.get(f"{bare.url}/explain").status_code == 200
        for connection in (idle[0], idle[-1]):
            connection.settimeout(30)
            assert connection.recv(1) == b""  # closed
    finally:
        for connection in idle:
            connection.close()


def test_too_many_requests_at_once_are_asked_to_come_again(monkeypatch):
    monkeypatch.setattr(limits, "REQUESTS", 1)
    said, held = [], asyncio.Event()

    async def slow(scope, receive, send):
        await held.wait()
        await PlainTextResponse("done")(scope, receive, send)

    async def tell(message):
        said.append(message)

    async def ask():
        busy = Busy(slow)
        first = asyncio.create_task(busy({"type": "http", "path": "/"}, None, tell))
        await asyncio.sleep(0)
        await busy({"type": "http", "path": "/"}, None, tell)
        assert (said[0]["status"], dict(said[0]["headers"])[b"retry-after"]) == (503, b"2")
        health = asyncio.create_task(busy({"type": "http", "path": "/healthz"}, None, tell))
        held.set()
        await asyncio.gather(first, health)
        assert [each["status"] for each in said if "status" in each] == [503, 200, 200]

    with ThreadPoolExecutor(1) as aside:  # the browser's loop runs in this thread
        aside.submit(asyncio.run, ask()).result()
