"""The trial's command, which Katib's webhook joins by spaces, unquoted, into one line for a shell."""

import re
import shlex

from katib.checks import Faults, check
from katib.experiment import Body, Experiment
from katib.substitution import PLACEHOLDER

# The collectors for which the webhook wraps the command; for the others it stays as it is.
WRAPPED = {"Custom", "File", "StdOut", "TensorFlowEvent"}
SHELLS = {"sh", "bash"}
EXPANDED = re.compile(r"\$\([A-Za-z_]\w*\)")  # Kubernetes fills these in before any shell sees them
SEPARATORS = re.compile(r";|&&|\|\||\n")
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
SILENT = {"cd", "export", "mkdir", "set", "source", ".", "ulimit", "umask", "unset"}
AFTERWARDS = {
    "true",
    ":",
    "cat",
    "cp",
    "date",
    "echo",
    "exit",
    "ls",
    "mv",
    "printf",
    "rm",
    "sleep",
    "touch",
    "wait",
}


@check(
    "katib-command",
    "a command that a shell reads differently once joined gives no metrics, or the wrong ones",
)
def commands(experiment: Experiment) -> Faults:
    """The primary container's command survives being joined into one line whose output is collected."""
    if experiment.primary and experiment.collector in WRAPPED:
        yield from _command(experiment, *experiment.primary)


def _command(experiment: Experiment, field: str, container: Body) -> Faults:
    command, words = _strings(container, "command"), _strings(container, "command", "args")
    if not command:
        yield f"{field}.command", "without one the webhook asks the image's registry for it; write it"
    elif words[0] in SHELLS and words[1:2] == ["-c"]:
        yield from _script(words[2:], f"{field}.command")
    else:
        yield from _words(words, f"{field}.command")
        yield from _values(experiment)


def _strings(container: Body, *keys: str) -> list[str]:
    """The words of a container's lists; that something else is no list is said elsewhere."""
    lists = [container.get(key) for key in keys]
    return [str(word) for each in lists if isinstance(each, list) for word in each]


def _words(words: list[str], field: str) -> Faults:
    for word in words:
        plain = EXPANDED.sub("x", PLACEHOLDER.sub("x", word))
        if shlex.quote(plain) != plain:
            message = (
                f"{word!r} is not quoted when the words are joined for a shell; write `sh -c` and one script"
            )
            yield field, message


def _values(experiment: Experiment) -> Faults:
    for parameter in experiment.parameters:
        for value in parameter.values:
            if shlex.quote(value) != value:
                yield (
                    f"{parameter.field}.feasibleSpace.list",
                    f"{value!r} is not quoted in the command; use plain characters",
                )


def _script(scripts: list[str], field: str) -> Faults:
    if len(scripts) != 1:
        yield field, f"after -c stands one script, and there are {len(scripts)} words; join them"
        return
    script = scripts[0]
    if script.endswith("\n"):
        yield (
            field,
            "the script ends with a newline, and what Katib appends comes on a line of its own; write >-",
        )
    if _ends_without_metrics(script):
        yield field, "only the last command's output is collected, and it prints no metric; leave it out"


def _ends_without_metrics(script: str) -> bool:
    """Whether something that may print metrics comes before a last command that only says it is done."""
    commands = [each.strip() for each in SEPARATORS.split(script.replace("\\\n", " ")) if each.strip()]
    first = [each.split()[0] for each in commands]
    spoke = any(name not in SILENT and not ASSIGNMENT.match(name) for name in first[:-1])
    return spoke and bool(first) and first[-1] in AFTERWARDS
