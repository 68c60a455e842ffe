"""The command line: a verb a line; errors are caught once, in main."""

import io
import sys

import typer

from preflight.cli import add, diff, graph, images, inventory, rules, schemas, secrets, validate
from preflight.errors import PreflightError

# What only the extra `preflight` brings: an environment made for training has the command and not these.
PACKAGES = {"bcrypt", "jsonschema_rs", "kubernetes_validate"}

app = typer.Typer(
    name="preflight",
    help="The cluster in Git: checked, compared and drawn before a push.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for verb in (
    validate.validate,
    diff.diff,
    graph.graph,
    rules.rules,
    add.add,
    secrets.secrets,
    images.images,
    schemas.schemas,
    inventory.inventory,
):
    app.command()(verb)


def main() -> None:
    """Run a verb; whatever a person can fix is one line on stderr and exit status 1."""
    for stream in (sys.stdout, sys.stderr):  # what the terminal cannot show is shown as an escape
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except PreflightError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201
        sys.exit(1)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in PACKAGES:
            raise
        missing = f"the package {error.name} is missing; ./environments.sh preflight installs it"
        print(f"error: {missing}", file=sys.stderr)  # noqa: T201
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
