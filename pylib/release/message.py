"""The message of a release's commit: what a reviewer wants to know before they approve it."""

from pylib.evaluation.record import Check, Evaluation, GateResult
from pylib.metric_names import title
from pylib.release.manifest import Values


def commit_message(name: str, evaluation: Evaluation, values: Values, former: Values, provenance: str) -> str:
    """Return subject, table of the gate's checks, and trailers as `git interpret-trailers` reads them."""
    score = f"{title(evaluation.score)} {evaluation.metrics[evaluation.score]:.3f}"
    lines = [
        f"Release {name} {values.digest[:12]}, {score} on {evaluation.dataset}",
        "",
        f"Measured on {evaluation.items} test items that the training never saw.",
        "",
        *_table(evaluation.gate.checks),
        "",
        f"Model: sha256:{values.digest}",
        f"Replaces: {f'sha256:{former.digest}' if former.digest else 'nothing, this is the first release'}",
    ]
    trailers = {"Data": values.data_commit, "Code": values.git_commit, "Provenance": provenance}
    lines += [f"{name}: {value}" for name, value in trailers.items() if value]
    return "\n".join(lines) + "\n"


def gate_line(gate: GateResult) -> str:
    """Return the gate's checks in one line, for an annotation."""
    verdict = "passed" if gate.passed else "failed"
    checks = [str(check) for check in gate.checks]
    return f"{verdict}: " + "; ".join([*checks, *(["rebuilt bit for bit"] if gate.reproduced else [])])


def _table(checks: list[Check]) -> list[str]:
    rows = [
        ("metric", "value", "gate"),
        *((check.metric, check.shown_value, check.shown_limits) for check in checks),
    ]
    wide = [max(len(row[column]) for row in rows) for column in range(3)]
    return [f"  {name:<{wide[0]}}  {value:>{wide[1]}}  {limit}" for name, value, limit in rows]
