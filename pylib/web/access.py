"""Who somebody is and what he may do: by a password on a laptop, by the gateway's login on a cluster."""

import hmac
import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Literal, Protocol

import yaml
from itsdangerous import BadSignature, URLSafeTimedSerializer
from pydantic import BaseModel, ConfigDict, ValidationError

from pylib import distinct_yaml
from pylib.errors import ConfigurationError, one_line
from pylib.records import first_error

SESSION = "pylib-session"
_SESSION_SECONDS = 12 * 3600
_USER, _GROUPS = "kubeflow-userid", "kubeflow-groups"
_CLIENT = "x-forwarded-client-cert"


class Role(IntEnum):
    """What somebody may do; each may do what the one before it may."""

    VIEWER = 1
    CONTRIBUTOR = 2
    REVIEWER = 3
    ADMIN = 4


@dataclass(frozen=True)
class User:
    """Somebody: the login's name, and a role."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether the role is at least that one."""
        return self.role >= role


class Access(Protocol):
    """Tells who made a request."""

    signs_in: bool
    """Whether the page itself asks for a password."""
    secure: bool
    """Whether it is reached by https alone, and so are its cookies."""

    def user(self, headers: Mapping[str, str], cookies: Mapping[str, str]) -> User | None:
        """Who made a request with these headers (lower-case names) and cookies; None: nobody who may."""
        ...

    def welcome(self, where: str) -> str:
        """What the terminal is told of a page at that address, when it starts."""
        ...


class Password:
    """One person on one machine: a password made at each start, and a link that signs in once.

    What is signed in stays so for twelve hours, or until the page is started again.
    """

    signs_in, secure = True, False

    def __init__(self, name: str) -> None:
        self._user = User(name, Role.ADMIN)
        self.password, self.token = secrets.token_urlsafe(12), secrets.token_urlsafe(24)
        self._unused, self._ended = {self.token}, set[str]()
        self._lock = threading.Lock()
        self._signer = URLSafeTimedSerializer(secrets.token_urlsafe(32), salt=SESSION)

    def user(self, headers: Mapping[str, str], cookies: Mapping[str, str]) -> User | None:  # noqa: ARG002
        """The one person, where a cookie of ours says so."""
        session = self._session(cookies.get(SESSION, ""))
        return self._user if session and session not in self._ended else None

    def welcome(self, where: str) -> str:
        """The link that signs in once, and the password."""
        link = f"{where}/login?token={self.token}"
        later = f"later it asks for the password {self.password} there"
        return f"the page is at {link}\n(a link that signs in once; {later})\nCtrl-C ends it"

    def session(self, *, password: str = "", token: str = "") -> str | None:
        """A session's cookie for the right password or an unused link; None for any other."""
        right = bool(password) and hmac.compare_digest(password.encode(), self.password.encode())
        if not right:
            with self._lock:
                right = token in self._unused
                self._unused.discard(token)
        return str(self._signer.dumps(secrets.token_urlsafe(12))) if right else None

    def end(self, cookie: str) -> None:
        """End the session of that cookie, wherever a copy of it is; of one that is none, nothing happens."""
        if session := self._session(cookie):
            self._ended.add(session)

    def _session(self, cookie: str) -> str:
        """The session's id, empty where the cookie is none of ours, or too old."""
        try:
            return str(self._signer.loads(cookie, max_age=_SESSION_SECONDS))
        except BadSignature:
            return ""


class Roles(BaseModel):
    """A file that says who may do what: `users` and `groups` by name, and `everybody` who is signed in."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    users: dict[str, Literal["viewer", "contributor", "reviewer", "admin"]] = {}
    groups: dict[str, Literal["viewer", "contributor", "reviewer", "admin"]] = {}
    everybody: Literal["nothing", "viewer", "contributor", "reviewer", "admin"] = "nothing"

    def of(self, user: str, groups: list[str]) -> Role | None:
        """The highest role that the user, one of his groups, or everybody has."""
        names = [self.everybody, self.users.get(user), *(self.groups.get(group) for group in groups)]
        return max((Role[name.upper()] for name in names if name and name != "nothing"), default=None)


class Gateway:
    """People whom the cluster's gateway has asked who they are.

    Istio's sidecar appends to X-Forwarded-Client-Cert whom it has just spoken to by mutual TLS, so the last
    element is the sidecar's own, whatever a client sent; the login's headers count only where that is the
    gateway: https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers.
    """

    signs_in, secure = False, True

    def __init__(self, identity: str, roles: Path) -> None:
        self._identity, self._roles = identity, roles
        read_roles(roles)

    def user(self, headers: Mapping[str, str], cookies: Mapping[str, str]) -> User | None:  # noqa: ARG002
        """Who the login's headers say, where the gateway sent them; roles are read anew each time."""
        name = headers.get(_USER, "")
        if not name or _peer(headers.get(_CLIENT, "")) != self._identity:
            return None
        role = read_roles(self._roles).of(name, _listed(headers.get(_GROUPS, "")))
        return User(name, role) if role else None

    def welcome(self, where: str) -> str:
        """Where it is."""
        return f"the page is at {where}, for who comes through {self._identity}"


def read_roles(path: Path) -> Roles:
    """Read a file of roles; raises ConfigurationError."""
    try:
        return Roles.model_validate(distinct_yaml.load(path.read_text(encoding="utf-8")) or {})
    except (OSError, UnicodeDecodeError, RecursionError, yaml.YAMLError) as error:
        raise ConfigurationError(f"roles {path} cannot be read: {one_line(error)}") from error
    except ValidationError as error:
        raise ConfigurationError(f"roles {path}: {first_error(error, 'the document')}") from error


def _peer(certificates: str) -> str:
    """The URI of the last element; commas and semicolons may stand within quotes. Empty where it has none."""
    elements = re.findall(r'(?:"(?:\\.|[^"\\])*"|[^,"])+', certificates)
    pairs = re.findall(r'(\w+)=("(?:\\.|[^"\\])*"|[^;,"]*)', elements[-1]) if elements else []
    uris = [value.strip('"') for name, value in pairs if name.lower() == "uri"]
    return uris[0] if len(uris) == 1 else ""


def _listed(text: str) -> list[str]:
    """Groups as a header has them: a,b or ["a","b"]."""
    return [name.strip(' "') for name in text.strip("[]").split(",") if name.strip(' "')]
