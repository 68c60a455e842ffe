"""The secrets that a new cluster needs, declared in one file without a value, and made here with random ones.

`cluster-conf/secrets.yaml` says for each key how its value comes about:

    {random: 32}                       that many characters from the operating system's random source
    {same: kubeflow/mysql-secret/password}         the value of another secret's key
    {bcrypt: auth/login/password}      the bcrypt hash of another key's value, for what compares hashes
    {text: "postgresql://mlflow:${mlflow/postgres/password}@postgres/mlflow"}   with other keys' values in it
    {environment: GITHUB_CLIENT_ID}    asked of whoever runs the verb, as an environment variable
"""

import re
import secrets as randomness
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from preflight.errors import ConfigurationError

FILE = "cluster-conf/secrets.yaml"
ALPHABET = string.ascii_letters + string.digits
REFERENCE = re.compile(r"\$\{([^}]+)\}")
BCRYPT_ROUNDS = 12
Values = dict[tuple[str, str, str], str]


class Recipe(BaseModel):
    """How one value comes about: exactly one of the five ways."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    random: Annotated[int, Field(ge=12, le=256)] | None = None
    same: str | None = None
    bcrypt: str | None = None
    text: str | None = None
    environment: str | None = None

    @model_validator(mode="after")
    def _one(self) -> "Recipe":
        if len(self.model_fields_set) != 1:
            raise ValueError("a key has exactly one of random, same, bcrypt, text, environment")
        return self

    @property
    def references(self) -> list[str]:
        """The keys that it is made of, as `namespace/secret/key`."""
        return [ref for ref in (self.same, self.bcrypt) if ref] + REFERENCE.findall(self.text or "")


class RequiredSecret(BaseModel):
    """A Secret that must be there before what uses it; `clusters` empty means on every cluster."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    namespace: str
    name: str
    used_by: str = Field(min_length=3)
    clusters: tuple[str, ...] = ()
    type: str = "Opaque"
    labels: dict[str, str] = {}
    keys: dict[str, Recipe] = Field(min_length=1)


def declared(tree: Path, cluster: str) -> list[RequiredSecret]:
    """The secrets that a cluster needs. Raises ConfigurationError where the file is wrong."""
    file = tree / FILE
    if not file.is_file():
        return []
    try:
        every = TypeAdapter(list[RequiredSecret]).validate_python(
            yaml.safe_load(file.read_text(encoding="utf-8")) or []
        )
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigurationError(f"{FILE}: {' '.join(str(error).split())[:300]}") from error
    return [each for each in every if not each.clusters or cluster in each.clusters]


def make(
    required: list[RequiredSecret], environment: Mapping[str, str], kept: Values | None = None
) -> list[dict[str, Any]]:
    """The Secret objects with values; those in `kept`, which a cluster has already, stay as they are.

    Raises ConfigurationError for a reference to nothing, a circle, or a variable that is not set.
    """
    maker = _Maker(required, environment, dict(kept or {}))
    return [maker.secret(each) for each in required]


class _Maker:
    def __init__(
        self, required: list[RequiredSecret], environment: Mapping[str, str], values: Values
    ) -> None:
        self.recipes = {
            (each.namespace, each.name, key): recipe for each in required for key, recipe in each.keys.items()
        }
        self.environment = environment
        self.values = values

    def secret(self, each: RequiredSecret) -> dict[str, Any]:
        values = {key: self.value((each.namespace, each.name, key), ()) for key in each.keys}
        metadata = {"name": each.name, "namespace": each.namespace, "labels": each.labels}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {key: value for key, value in metadata.items() if value},
            "type": each.type,
            "stringData": values,
        }

    def value(self, at: tuple[str, str, str], above: tuple[tuple[str, str, str], ...]) -> str:
        if at in above:
            raise ConfigurationError(f"{FILE}: {'/'.join(at)} is made of itself")
        if at not in self.values:
            if at not in self.recipes:
                asking = "/".join(above[-1]) if above else "nobody"
                raise ConfigurationError(f"{FILE}: {asking} refers to {'/'.join(at)}, which is not declared")
            self.values[at] = self._make(at, (*above, at))
        return self.values[at]

    def _make(self, at: tuple[str, str, str], above: tuple[tuple[str, str, str], ...]) -> str:
        recipe = self.recipes[at]
        made = {ref: self.value(_address(ref), above) for ref in recipe.references}
        if recipe.random:
            return "".join(randomness.choice(ALPHABET) for _ in range(recipe.random))
        if recipe.environment:
            return self._asked(at, recipe.environment)
        if recipe.bcrypt:
            return _bcrypt(made[recipe.bcrypt])
        return (
            made[recipe.same] if recipe.same else REFERENCE.sub(lambda ref: made[ref[1]], recipe.text or "")
        )

    def _asked(self, at: tuple[str, str, str], variable: str) -> str:
        value = self.environment.get(variable)
        if not value:
            raise ConfigurationError(f"{'/'.join(at)}: set {variable} to its value, and run again")
        return value


def _address(reference: str) -> tuple[str, str, str]:
    parts = reference.split("/")
    if len(parts) != 3:  # noqa: PLR2004
        raise ConfigurationError(f"{FILE}: '{reference}' is not of the form namespace/secret/key")
    return (parts[0], parts[1], parts[2])


def _bcrypt(value: str) -> str:
    import bcrypt

    return bcrypt.hashpw(value.encode(), bcrypt.gensalt(BCRYPT_ROUNDS)).decode()
