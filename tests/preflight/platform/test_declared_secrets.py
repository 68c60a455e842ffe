"""Secrets of a new cluster: strong, consistent with each other, and never lost or overwritten."""

import stat
import string
from pathlib import Path
from typing import Any

import bcrypt
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from preflight.errors import ConfigurationError
from preflight.platform.declared_secrets import FILE, RequiredSecret, declared, make
from preflight.platform.secret_delivery import write


def secret(name: str, /, **keys: dict[str, Any]) -> RequiredSecret:
    return RequiredSecret(namespace="a", name=name, used_by="a test", keys=keys)


def values(made: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    return {each["metadata"]["name"]: each["stringData"] for each in made}


@given(st.integers(12, 256))
def test_random_values_are_as_long_as_asked_and_differ(length: int) -> None:
    recipe = {"random": length}
    made = values(make([secret("x", one=recipe, two=recipe)], {}))["x"]
    assert len(made["one"]) == len(made["two"]) == length
    assert made["one"] != made["two"]
    assert set(made["one"]) <= set(string.ascii_letters + string.digits)


def test_a_key_made_of_others_agrees_with_them_whatever_the_order() -> None:
    required = [
        secret("uri", uri={"text": "postgresql://u:${a/db/password}@db/${a/db/name}"}),
        secret("copy", password={"same": "a/db/password"}),
        secret("hash", hash={"bcrypt": "a/db/password"}),
        secret("db", password={"random": 32}, name={"text": "mlflow"}),
    ]
    made = values(make(required, {}))
    password = made["db"]["password"]
    assert made["uri"]["uri"] == f"postgresql://u:{password}@db/mlflow"
    assert made["copy"]["password"] == password
    assert bcrypt.checkpw(password.encode(), made["hash"]["hash"].encode())


def test_what_the_cluster_has_stays_and_the_rest_follows_it() -> None:
    required = [secret("db", password={"random": 32}), secret("copy", password={"same": "a/db/password"})]
    made = values(make(required, {}, {("a", "db", "password"): "of last year"}))
    assert made == {"db": {"password": "of last year"}, "copy": {"password": "of last year"}}


def test_what_only_a_person_knows_is_asked_by_name() -> None:
    required = [secret("github", client={"environment": "GITHUB_CLIENT_ID"})]
    assert values(make(required, {"GITHUB_CLIENT_ID": "me"})) == {"github": {"client": "me"}}
    with pytest.raises(ConfigurationError, match=r"a/github/client: set GITHUB_CLIENT_ID"):
        make(required, {})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"one": {"same": "a/x/two"}, "two": {"same": "a/x/one"}}, "is made of itself"),
        ({"one": {"same": "a/gone/two"}}, "a/x/one refers to a/gone/two, which is not declared"),
        ({"one": {"same": "two"}}, "'two' is not of the form namespace/secret/key"),
    ],
)
def test_a_declaration_that_cannot_be_met_is_told(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make([secret("x", **keys)], {})


@pytest.mark.parametrize(
    "recipe", [{}, {"random": 8}, {"random": 32, "same": "a/b/c"}, {"password": "12341234"}]
)
def test_a_recipe_is_one_of_the_five(recipe: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.parent.mkdir()
    each = {"namespace": "a", "name": "x", "used_by": "a test", "keys": {"one": recipe}}
    file.write_text(yaml.safe_dump([each]))
    with pytest.raises(ConfigurationError, match=r"cluster-conf/secrets\.yaml"):
        declared(tmp_path, "local")


def test_a_secret_of_another_cluster_is_not_asked_for(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.parent.mkdir()
    each = {"namespace": "a", "used_by": "a test", "keys": {"one": {"random": 32}}}
    file.write_text(yaml.safe_dump([{**each, "name": "x"}, {**each, "name": "y", "clusters": ["gpu"]}]))
    assert [one.name for one in declared(tmp_path, "local")] == ["x"]
    assert [one.name for one in declared(tmp_path, "gpu")] == ["x", "y"]


def test_the_file_is_private_and_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "secrets.yaml"
    made = make([secret("x", one={"random": 32})], {})
    write(made, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(yaml.safe_load_all(file.read_text())) == made
    with pytest.raises(ConfigurationError, match="exists already"):
        write(made, file)


def test_the_repository_s_own_secrets_can_all_be_made() -> None:
    tree = Path(__file__).parents[3]
    for cluster in ("local", "gpu"):
        required = declared(tree, cluster)
        asked = {
            recipe.environment: "given by a person"
            for each in required
            for recipe in each.keys.values()
            if recipe.environment
        }
        made = make(required, asked)
        assert len(made) == len(required) > 3
        assert all(len(value) >= 3 for each in made for value in each["stringData"].values())
