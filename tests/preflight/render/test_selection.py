import pytest

from preflight.render.selection import keys, matches

LABELS = {"app": "web", "tier": "front"}


def expression(key: str, operator: str, *values: str) -> dict[str, object]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (None, True),
        ({}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "web", "zone": "a"}}, False),
        ({"matchLabels": {"app": "store"}}, False),
        (expression("app", "In", "web", "store"), True),
        (expression("app", "In", "store"), False),
        (expression("zone", "In", "a"), False),
        (expression("app", "NotIn", "store"), True),
        (expression("app", "NotIn", "web"), False),
        (expression("zone", "NotIn", "a"), True),
        (expression("tier", "Exists"), True),
        (expression("zone", "Exists"), False),
        (expression("tier", "DoesNotExist"), False),
        (expression("zone", "DoesNotExist"), True),
        ({"matchLabels": {"app": "web"}, **expression("tier", "DoesNotExist")}, False),
    ],
)
def test_a_selector_matches_as_the_api_server_has_it(selector: dict[str, object], expected: bool) -> None:
    assert matches(selector, LABELS) is expected


def test_the_keys_of_a_selector_are_of_labels_and_expressions() -> None:
    assert keys({"matchLabels": {"app": "web"}, **expression("tier", "Exists")}) == {"app", "tier"}
    assert keys(None) == set()
