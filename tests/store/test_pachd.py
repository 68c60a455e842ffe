"""The connection to pachd: addresses, TLS, tokens, and what it says where nobody answers."""

import os
import subprocess
import sys

import grpc
import pytest

from pylib.errors import StoreError
from pylib.store.opening import open_store
from pylib.store.pachd import Pachd, parse_address
from tests.store.standin import ROOT, serving


def test_the_token_is_sent(monkeypatch):
    with serving({"secret": ROOT}) as (_, address):
        monkeypatch.delenv("PACH_TOKEN", raising=False)
        monkeypatch.delenv("PACH_PYTHON_AUTH_TOKEN", raising=False)
        with pytest.raises(StoreError, match=r"no authentication token.*PACH_TOKEN"):
            open_store(f"grpc://{address}").list_repositories()
        monkeypatch.setenv("PACH_TOKEN", "stale")
        with pytest.raises(StoreError, match=r"has expired.*PACH_TOKEN"):
            open_store(f"grpc://{address}").list_repositories()
        monkeypatch.setenv("PACH_TOKEN", "secret")
        assert open_store(f"grpc://{address}").list_repositories() == []


@pytest.mark.parametrize(
    ("address", "place", "secure"),
    [
        ("pachd.example.org", "pachd.example.org:30650", False),
        ("localhost:1", "localhost:1", False),
        ("[::1]:30650", "[::1]:30650", False),
        ("pachd://[::1]", "[::1]:30650", False),
        ("grpcs://pachd.example.org:443", "pachd.example.org:443", True),
        ("https://pachd.example.org:443/", "pachd.example.org:443", True),
        ("http://pachd.example.org:80", "pachd.example.org:80", False),
    ],
)
def test_addresses(address, place, secure):
    assert parse_address(address) == (place, secure)


@pytest.mark.parametrize(
    "address", ["localhost:abc", "localhost:99999", "[::1", "ftp://x:1", "pachd://", ":1"]
)
def test_what_is_no_address_is_one_line(address):
    with pytest.raises(StoreError, match=r"^.* is no address of pachd: write pachd://host:port.*$"):
        Pachd(address)


def test_an_address_of_ip_version_6():
    with serving(host="[::1]") as (_, address):
        assert open_store(f"grpc://{address}").list_repositories() == []


LISTER = """
import sys
from pylib.errors import StoreError
from pylib.store.opening import open_store
try:
    print(open_store("pachyderm").list_repositories())
except StoreError as error:
    print(error)
"""


@pytest.mark.parametrize("scheme", ["grpcs", "https"])
def test_tls_with_a_certificate_of_ones_own(scheme, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    pair = (key.read_bytes(), certificate.read_bytes())
    with serving(host="localhost", credentials=grpc.ssl_server_credentials([pair])) as (_, address):
        environment = os.environ | {"PACHD_ADDRESS": f"{scheme}://{address}", "GRPC_VERBOSITY": "NONE"}
        environment.pop("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", None)

        def printed(**more):
            command = [sys.executable, "-c", LISTER]
            return subprocess.run(
                command, env=environment | more, capture_output=True, text=True, check=True
            ).stdout

        assert "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH" in printed()
        assert printed(GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=str(certificate)) == "[]\n"


def test_a_pachd_that_is_not_there_is_one_line(monkeypatch):
    monkeypatch.delenv("PACHD_ADDRESS", raising=False)
    with pytest.raises(StoreError, match="PACHD_ADDRESS is not set"):
        open_store("pachyderm")
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1: list repositories: .*is it up"):
        open_store("pachd://127.0.0.1:1").list_repositories()
