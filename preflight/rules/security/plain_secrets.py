"""No secret in Git: neither a value of our own, nor a password that the whole world reads in an upstream."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from preflight.findings import Problem, Problems
from preflight.registry import rule
from preflight.render.cluster import Render, every_pod
from preflight.render.pods import Container, containers
from preflight.render.resources import Body, Resource

# Values that stand in public manifests, and whose they are; found wherever they appear.
PUBLISHED = {
    "12341234": "Kubeflow's user",
    "$2y$12$4K/VkmDd1q1Orb3xAt82zu8gk7Ad6ReFR4LCP9UeYE90NLiN9Df72": "Kubeflow's user, as a bcrypt hash",
    "$2y$12$ruoM7FqXrpVgaol44eRZW.4HWS8SAvg6KYVVSCIwKQPBmTpCm.EeO": "Kubeflow's user, as a bcrypt hash",
    "pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok": "Kubeflow's client of dex",
    "7d16fee92f8d11b8940b081b3f8b8acb": "Kubeflow's cookies of oauth2-proxy",
    "minio123": "Kubeflow's object store",
    "minioadmin": "MinIO",
    "insecure-user-password": "Pachyderm's PostgreSQL",
    "insecure-root-password": "Pachyderm's PostgreSQL",
    "password1234": "MLflow's admin",
    "prom-operator": "Grafana's admin",
}
PUBLISHED_VALUE = re.compile(rf"(?<![\w$./-])({'|'.join(map(re.escape, PUBLISHED))})(?![\w./-])")
# Words that count as one where a password stands; an empty one does too.
WORDS = "test|admin|password|passw0rd|postgres|root|mysql|minio|mlflow|pachyderm|changeme|secret|123456"
WORD = re.compile(f"(?:{WORDS})?")
WORD_IN_TEXT = re.compile(rf"(?im)\bpass(?:word|wd)?[\"']?\s*[:=]\s*[\"']?(?:{WORDS})[\"']?\s*(?:[#,;}}]|$)")
PASSWORD = re.compile(r"(?i)(?:password|passwd|passphrase|secret[_-]?key)$")
CREDENTIAL = re.compile(
    rf"{PASSWORD.pattern}|(?:secret[_-]?access[_-]?key|access[_-]?key[_-]?id|api[_-]?key|(?<!cluster-)token)$"
)
# What is a secret whatever it is called: a bcrypt hash, a private key.
SECRET_VALUE = re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}|-----BEGIN [A-Z ]*PRIVATE KEY-----")
NO_VALUE = re.compile(r"(?i)\$[({].*|/.*|true|false|on|off|", re.DOTALL)
# Settings that some upstreams keep in a Secret: switches, numbers, durations.
PLAIN_VALUE = re.compile(r"true|false|\d{0,8}[smh]?")
EMPTY_ALLOWED = {"MYSQL_ALLOW_EMPTY_PASSWORD": "MYSQL_ROOT_PASSWORD"}


class Setting(NamedTuple):
    """A named value somewhere in an object."""

    resource: Resource
    field: str
    name: str
    value: str


@rule("plaintext-secret", "what was in Git once is in every clone for ever")
def plaintext_secret(render: Render) -> Problems:
    """No value in a Secret, none in a variable or a setting that is named like one or looks like one."""
    for resource in render.of("Secret"):
        for setting in _of_secret(resource):
            named = CREDENTIAL.search(setting.name) and setting.value
            if named or not PLAIN_VALUE.fullmatch(setting.value):
                message = "a value in a Secret; declare it in cluster-conf/secrets.yaml, or seal it"
                yield Problem(resource, setting.field, message)
    for setting in _settings(render):
        if CREDENTIAL.search(setting.name) and not NO_VALUE.fullmatch(setting.value):
            yield _secret(setting, f"{setting.name} has its value here")
        elif SECRET_VALUE.search(setting.value):
            yield _secret(setting, "a hash or a private key stands here")


@rule("default-password", "an upstream's default password is the first one that anybody tries")
def default_password(render: Render) -> Problems:
    """No password that an upstream has published, nor a word that everybody guesses."""
    secrets = (setting for resource in render.of("Secret") for setting in _of_secret(resource))
    for setting in [*secrets, *_settings(render)]:
        published = PUBLISHED_VALUE.search(setting.value)
        if published:
            yield _default(setting, f"the published password of {PUBLISHED[published[1]]}")
        elif PASSWORD.search(setting.name) and WORD.fullmatch(setting.value):
            yield _default(setting, "a password that everybody guesses")
        elif WORD_IN_TEXT.search(setting.value):
            yield _default(setting, "a password that everybody guesses stands in it")
    for container in _containers(render):
        yield from _empty(container)


def _secret(setting: Setting, what: str) -> Problem:
    return Problem(setting.resource, setting.field, f"{what}; take it from a Secret")


def _default(setting: Setting, what: str) -> Problem:
    message = f"{what}; make one with `preflight secrets`"
    return Problem(setting.resource, setting.field, message)


def _empty(container: Container) -> Problems:
    """A database that starts without a password, because nobody gives it one."""
    variables = container.body.get("env") or []
    for index, variable in enumerate(variables):
        needed = EMPTY_ALLOWED.get(str(variable.get("name")))
        if needed and not any(each.get("name") == needed for each in variables):
            field = f"{container.field}.env[{index}]"
            message = f"the database's root has no password; give it {needed} from a Secret"
            yield Problem(container.pod.resource, field, message)


def _of_secret(resource: Resource) -> Iterator[Setting]:
    for key, value in (resource.body.get("stringData") or {}).items():
        yield Setting(resource, f"stringData.{key}", key, str(value))
    for key, value in (resource.body.get("data") or {}).items():
        yield Setting(resource, f"data.{key}", key, _decoded(str(value or "")))


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value).decode(errors="replace")
    except binascii.Error:
        return value


def _settings(render: Render) -> Iterator[Setting]:
    """The values of ConfigMaps, of variables and of arguments."""
    for resource in render.of("ConfigMap"):
        for key, value in (resource.body.get("data") or {}).items():
            yield Setting(resource, f"data.{key}", key, str(value))
    for container in _containers(render):
        for index, variable in enumerate(container.body.get("env") or []):
            if "valueFrom" not in variable:
                field = f"{container.field}.env[{index}].value"
                yield _setting(container, field, variable)
        yield from _arguments(container)


def _setting(container: Container, field: str, variable: Body | Mapping[str, str]) -> Setting:
    return Setting(container.pod.resource, field, str(variable.get("name")), str(variable.get("value") or ""))


def _arguments(container: Container) -> Iterator[Setting]:
    """`--name=value`, and `--name value` in two arguments."""
    for key in ("command", "args"):
        words = [str(word) for word in container.body.get(key) or []]
        for index, (word, following) in enumerate(zip(words, [*words[1:], ""], strict=False)):
            name, equals, value = word.partition("=")
            value = value if equals or following.startswith("-") else following
            field = f"{container.field}.{key}[{index}]"
            if word.startswith("-") and (equals or following):
                yield Setting(container.pod.resource, field, name, value)


def _containers(render: Render) -> Iterator[Container]:
    return (container for pod in every_pod(render) for container in containers(pod))
