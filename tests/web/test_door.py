"""What the page lets in: forms of its own alone, not too large, not too often, from who may."""

import re
import signal
import socket

import pytest
import requests

from pylib.web import limits
from pylib.web.access import SESSION
from pylib.web.headers import CONTENT_SECURITY_POLICY
from tests.web.browsing import running, start
from tests.web.served import picture

pytestmark = pytest.mark.slow
GATEWAY = "spiffe://cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account"


@pytest.fixture
def signed_in(site):
    with requests.Session() as session:
        session.trust_env = False
        session.cookies.set(SESSION, site.session())
        yield session


def token(answer):
    return re.search('name="csrf" value="([^"]+)"', answer.text)[1]


def ask(session, site, **more):
    form = {"model": (None, "classification"), "image": ("a.png", picture(3)), **more}
    headers = {"Origin": site.url, "Sec-Fetch-Site": "same-origin"}
    return session.post(f"{site.url}/ask", files=form, headers=headers)


def test_a_form_needs_the_token_of_this_browser(site, signed_in):
    right = token(signed_in.get(f"{site.url}/?model=classification"))
    for wrong in ({}, {"csrf": (None, "")}, {"csrf": (None, right + "x")}):
        refused = ask(signed_in, site, **wrong)
        assert (refused.status_code, "reload" in refused.text) == (403, True)
    assert ask(signed_in, site, csrf=(None, right)).status_code == 200
    signed_in.cookies.clear()
    signed_in.cookies.update({SESSION: site.session(), "pylib-form": "another"})
    assert ask(signed_in, site, csrf=(None, right)).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://example.org"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
    ids=str,
)
def test_a_form_comes_from_here(site, signed_in, headers):
    right = token(signed_in.get(f"{site.url}/"))
    refused = signed_in.post(f"{site.url}/logout", data={"csrf": right}, headers=headers)
    assert (refused.status_code, "another site" in refused.text) == (403, True)


def test_nobody_is_let_in_without_a_password(site):
    for path in ("/", "/contribute", "/samples", "/answers/x/image"):
        answer = requests.get(site.url + path, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/login?next={path}")
    answer = requests.post(f"{site.url}/ask", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=/")
    assert requests.get(f"{site.url}/login?next=//example.org").text.count("example.org") == 0


def test_what_every_answer_says_to_the_browser(site, signed_in):
    for path in ("/", "/login", "/static/page.css", "/nothing", "/healthz"):
        answer = signed_in.get(site.url + path)
        assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    cookies = requests.get(f"{site.url}/login").headers["Set-Cookie"]
    assert "HttpOnly" in cookies
    assert "SameSite=strict" in cookies


def test_too_much_at_once_is_refused_before_it_is_read(site, signed_in):
    right = token(signed_in.get(f"{site.url}/"))
    large = ask(signed_in, site, csrf=(None, right), image=("a.png", bytes(limits.UPLOAD_BYTES + 1)))
    assert (large.status_code, "32 MiB" in large.text) == (422, True)
    with socket.create_connection(site.url.removeprefix("http://").split(":")) as connection:
        cookies = "; ".join(f"{each.name}={each.value}" for each in signed_in.cookies)
        length = f"Content-Length: {limits.BODY_BYTES + 1}"
        head = f"POST /ask HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\n{length}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
    many = [("image", (f"{number}.png", b"x")) for number in range(limits.FILES + 1)]
    refused = signed_in.post(f"{site.url}/ask", files=[*many, ("csrf", (None, right))])
    assert refused.status_code == 400


def test_what_is_no_picture_is_said_in_a_sentence(site, signed_in):
    right = token(signed_in.get(f"{site.url}/"))
    for data in (b"", b"GIF89a", picture(1)[:60]):
        refused = ask(signed_in, site, csrf=(None, right), image=("a.png", data))
        assert (refused.status_code, "no picture" in refused.text) == (422, True)


def test_an_answer_is_its_askers_alone(site, signed_in, output):
    right = token(signed_in.get(f"{site.url}/"))
    answer = ask(signed_in, site, csrf=(None, right)).url
    roles = output / "roles.yaml"
    roles.write_text("everybody: viewer\n")
    with running(output, PYLIB_WEB_GATEWAY=GATEWAY, PYLIB_WEB_ROLES=str(roles)) as other:
        headers = {"kubeflow-userid": "b@example.com", "X-Forwarded-Client-Cert": f"URI={GATEWAY}"}
        path = answer.removeprefix(site.url)
        assert requests.get(other.url + path, headers=headers).status_code == 404
        assert requests.get(f"{other.url}/contribute", headers=headers).status_code == 403
        assert requests.get(f"{other.url}/", headers=headers).status_code == 200
        assert requests.get(f"{other.url}/").status_code == 403
        assert "Secure" in requests.get(f"{other.url}/", headers=headers).headers["Set-Cookie"]


def test_below_a_prefix(output, tmp_path):
    roles = tmp_path / "roles.yaml"
    roles.write_text("everybody: admin\n")
    there = {"PYLIB_WEB_GATEWAY": GATEWAY, "PYLIB_WEB_ROLES": str(roles), "PYLIB_WEB_PREFIX": "/web/"}
    headers = {"kubeflow-userid": "b@example.com", "X-Forwarded-Client-Cert": f"URI={GATEWAY}"}
    with running(output, **there) as page:
        form = requests.get(f"{page.url}/", headers=headers)
        assert page.url.endswith("/web")
        links = re.findall(r'(?:href|src|action)="([^"]+)"', form.text)
        assert links
        assert [link for link in links if not link.startswith(("/web/", "#"))] == []
        host = page.url.removesuffix("/web")
        assert {
            requests.get(host + link, headers=headers).status_code for link in links if "static" in link
        } == {200}
        assert requests.get(f"{host}/healthz").status_code == 200
        assert requests.get(f"{host}/").status_code == 404


def test_passwords_are_not_guessed_fast(output):
    with running(output) as page, requests.Session() as session:
        session.trust_env = False
        form = token(session.get(f"{page.url}/login"))
        tried = [
            session.post(f"{page.url}/login", data={"csrf": form, "password": str(number)})
            for number in range(int(limits.LOGIN_BURST) + 5)
        ]
        assert [each.status_code for each in tried[:2]] == [403, 403]
        assert tried[-1].status_code == 429
        assert int(tried[-1].headers["Retry-After"]) >= 1


def test_a_port_that_is_taken_is_one_line(tmp_path, site):
    import subprocess

    from tests.web.browsing import command, environment

    port = site.url.rpartition(":")[2]
    done = subprocess.run(
        [*command(), "--port", port], env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: port {port} on 127.0.0.1: Address already in use; ")
    assert done.stderr.count("\n") == 1


def test_ctrl_c_ends_it_quietly(tmp_path):
    page = start(tmp_path)
    page.process.send_signal(signal.SIGINT)
    said, _ = page.process.communicate(timeout=30)
    assert "Traceback" not in said
    assert page.process.returncode in {0, 130}
