"""A form's head is checked before its body is read, and what is odd in it is answered in a sentence."""

import re

import pytest
import requests

from pylib.web import limits
from pylib.web.access import SESSION
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
