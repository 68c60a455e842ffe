"""The message of a release's commit: what a reviewer wants to know before they approve it."""

from pylib.evaluation.record import Check, Evaluation, GateResult
from pylib.metric_names import title
from pylib.release.served import Canary, Served


def commit_message(name: str, evaluation: Evaluation, now: Served, former: Served, provenance: str) -> str:
    """Return subject, table of the gate's checks, and trailers as `git interpret-trailers` reads them."""
    beside = now.canary
    model = beside.values if beside else now.values
    score = f"{title(evaluation.score)} {evaluation.metrics[evaluation.score]:.3f}"
    verb = "Promote" if former.canary and not beside else "Release"
    named = (
        [f"Canary: sha256:{model.digest}", _share(beside)] if beside else [f"Model: sha256:{model.digest}"]
    )
    lines = [
        f"{verb} {name} {model.digest[:12]}{_to(beside)}, {score} on {evaluation.dataset}",
        "",
        f"Measured on {evaluation.items} test items that the training never saw.",
        "",
        *_table(evaluation.gate.checks),
        "",
        *named,
        f"{'Beside' if beside else 'Replaces'}: {_model(former)}",
    ]
    trailers = {"Data": model.data_commit, "Code": model.git_commit, "Provenance": provenance}
    lines += [f"{name}: {value}" for name, value in trailers.items() if value]
    return "\n".join(lines) + "\n"


def abandoned_message(name: str, canary: Canary, now: Served) -> str:
    """The same of a commit that takes a canary away."""
    what = "shadow" if canary.is_shadow else "canary"
    lines = [
        f"Abandon the {what} of {name}, {canary.values.digest[:12]}",
        "",
        f"All requests go to {now.values.digest[:12]} again, which was served beside it.",
        "",
        f"Abandons: sha256:{canary.values.digest}",
        f"Serves: {_model(now)}",
    ]
    return "\n".join(lines) + "\n"


def gate_line(gate: GateResult) -> str:
    """Return the gate's checks in one line, for an annotation."""
    verdict = "passed" if gate.passed else "failed"
    checks = [str(check) for check in gate.checks]
    return f"{verdict}: " + "; ".join([*checks, *(["rebuilt bit for bit"] if gate.reproduced else [])])


def _to(canary: Canary | None) -> str:
    if canary is None:
        return ""
    return " as a shadow" if canary.is_shadow else f" to {canary.traffic} % of requests"


def _share(canary: Canary) -> str:
    return "Traffic: a copy" if canary.is_shadow else f"Traffic: {canary.traffic} %"


def _model(served: Served) -> str:
    digest = served.values.digest
    return f"sha256:{digest}" if digest else "nothing, this is the first release"


def _table(checks: list[Check]) -> list[str]:
    rows = [
        ("metric", "value", "gate"),
        *((check.metric, check.shown_value, check.shown_limits) for check in checks),
    ]
    wide = [max(len(row[column]) for row in rows) for column in range(3)]
    return [f"  {name:<{wide[0]}}  {value:>{wide[1]}}  {limit}" for name, value, limit in rows]
