"""The command line: a file for each group of verbs; errors are caught once, in main."""

import io
import os
import sys

import typer

from pylib.errors import PylibError

app = typer.Typer(
    name="pylib",
    help="From images to a served, traceable model; the same definitions here and on a cluster.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def main() -> None:
    """Run a verb; whatever a person can fix is one line on stderr and exit status 1."""
    from pylib.cli.verbs import register

    _say_in_any_locale()
    register(app)
    try:
        app()
    except PylibError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201
        sys.exit(1)
    except UnicodeError as error:  # a file's name that the locale has no way to say
        reason = (
            f"a name or text that this locale does not have ({error}); set PYTHONUTF8=1 or LC_ALL=C.UTF-8"
        )
        print(f"error: {reason}", file=sys.stderr)  # noqa: T201
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _say_in_any_locale() -> None:
    """Show as an escape what the terminal or file cannot show; so too in processes of steps and servers."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    os.environ.setdefault("PYTHONIOENCODING", ":backslashreplace")
