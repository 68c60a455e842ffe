"""Who is believed, and what each may do."""

import pytest

from pylib.errors import ConfigurationError
from pylib.web.access import SESSION, Gateway, Password, Role, Roles, User, read_roles

GATEWAY = "spiffe://cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account"
OTHER = "spiffe://cluster.local/ns/ml/sa/ml-user"
BY = "By=spiffe://cluster.local/ns/ml/sa/web;Hash=0"


@pytest.fixture
def gateway(tmp_path):
    file = tmp_path / "roles.yaml"
    file.write_text("users: {a@example.com: reviewer}\ngroups: {team: contributor}\neverybody: viewer\n")
    return Gateway(GATEWAY, file)


def asked(gateway, certificates, name="a@example.com", groups=""):
    headers = {"x-forwarded-client-cert": certificates, "kubeflow-userid": name, "kubeflow-groups": groups}
    return gateway.user(headers, {})


@pytest.mark.parametrize(
    "certificates",
    [
        "",
        f"{BY};URI={OTHER}",
        f"{BY};URI={GATEWAY},{BY};URI={OTHER}",
        f"URI={GATEWAY},{BY}",
        f'{BY};Subject="O=x,URI={GATEWAY}";URI={OTHER}',
        f'{BY};Subject="\\";URI={GATEWAY}"',
        f"{BY};URI={OTHER};URI={GATEWAY}",
        f"{BY};URI={GATEWAY}x",
        f"{BY};DNS={GATEWAY}",
    ],
)
def test_headers_count_for_nothing_unless_the_gateway_sent_them_last(gateway, certificates):
    assert asked(gateway, certificates) is None


@pytest.mark.parametrize(
    "certificates",
    [
        f"{BY};URI={GATEWAY}",
        f'{BY};Subject="";URI={GATEWAY}',
        f"{BY};URI={OTHER},{BY};URI={GATEWAY}",
        f'{BY};Subject="CN=a,b;c";URI={GATEWAY}',
    ],
)
def test_they_count_where_it_did(gateway, certificates):
    assert asked(gateway, certificates) == User("a@example.com", Role.REVIEWER)


def test_the_highest_role_counts(gateway):
    through = f"{BY};URI={GATEWAY}"
    assert asked(gateway, through, "b@example.com").role == Role.VIEWER
    assert asked(gateway, through, "b@example.com", '["other","team"]').role == Role.CONTRIBUTOR
    assert asked(gateway, through, "b@example.com", "other,team").role == Role.CONTRIBUTOR
    assert asked(gateway, through, "a@example.com", "team").role == Role.REVIEWER
    assert asked(gateway, through, "") is None


def test_nobody_has_a_role_that_the_file_does_not_give():
    assert Roles().of("a@example.com", ["team"]) is None
    assert Roles(everybody="nothing", users={"b": "admin"}).of("a", []) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("users: {a: king}", "users.a: "),
        ("people: {}", "people: "),
        ("users: {a: admin, a: viewer}", "twice"),
        ("[", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_a_file_of_roles_that_is_wrong_is_refused(tmp_path, text, reason):
    if text is not None:
        (tmp_path / "roles.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=reason):
        read_roles(tmp_path / "roles.yaml")


def test_the_file_is_read_anew(gateway, tmp_path):
    (tmp_path / "roles.yaml").write_text("users: {a@example.com: admin}\n")
    assert asked(gateway, f"{BY};URI={GATEWAY}").role == Role.ADMIN


def test_a_password_or_a_link_that_is_used_once():
    access = Password("me")
    assert access.session(password="") is None
    assert access.session(password=access.password + "x") is None
    assert access.session(token="") is None
    first = access.session(token=access.token)
    assert access.session(token=access.token) is None
    for session in (first, access.session(password=access.password)):
        assert access.user({}, {SESSION: session}) == User("me", Role.ADMIN)
        assert access.user({}, {SESSION: session[:-1]}) is None
        assert Password("me").user({}, {SESSION: session}) is None
    assert access.user({}, {}) is None
