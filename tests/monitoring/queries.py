"""The queries of cluster-conf/monitoring: each with where it stands, and the metrics that it asks for."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import yaml

FOLDER = Path(__file__).parents[2] / "cluster-conf/monitoring/base"
_VARIABLES = {"$__rate_interval": "5m", "$model": "segmentation"}


def groups() -> list[dict[str, Any]]:
    """The groups of rules, as Prometheus reads them."""
    return yaml.safe_load((FOLDER / "rules.yaml").read_text())["spec"]["groups"]


def dashboard() -> dict[str, Any]:
    return json.loads((FOLDER / "served-models.json").read_text())


def queries() -> Iterator[tuple[str, str]]:
    for group in groups():
        for rule in group["rules"]:
            yield rule.get("record") or rule["alert"], rule["expr"]
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            query = target["expr"]
            for variable, value in _VARIABLES.items():
                query = query.replace(variable, value)
            yield f"panel {panel['title']}", query


def recorded() -> set[str]:
    """The metrics that rules make."""
    return {rule["record"] for group in groups() for rule in group["rules"] if "record" in rule}


def asked(query: str) -> set[str]:
    """The metrics that a query names; raises ValueError where it is no PromQL."""
    found: set[str] = set()

    def visit(node: Any) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.add(node.name)
        return True

    promql_parser.walk(promql_parser.parse(query), visit)
    return found
