"""What Katib's webhook, and then the kubelet, make of the primary container's command.

Source: `pkg/webhook/v1beta1/pod/utils.go` (wrapWorkerContainer) and Kubernetes'
`third_party/forked/golang/expansion/expand.go`.
"""

import re
import shlex
from collections.abc import Mapping
from pathlib import PurePosixPath

from katib.experiment import Body

STDOUT_FILE = "/var/log/katib/metrics.log"
COMPLETED, STOPPED = "completed", "early-stopped"
_SHELLS = {"sh", "bash"}
_EXPANDED = re.compile(r"\$(\$|\([^)]*\))")


def command(container: Body, *, collector: str, file: str, stops_early: bool) -> list[str]:
    """The rewritten command: words of it and of its arguments joined by spaces, unquoted, for a shell.

    collector: its kind; file: where the collector reads; stops_early: whether the trial has a rule
    """
    words = [str(word) for key in ("command", "args") for word in container.get(key) or []]
    shell = ["sh", "-c"]
    if len(words) > 1 and words[0] in _SHELLS and words[1] == "-c":
        shell, words = words[:2], words[2:]
    if collector == "StdOut":
        words.append(f"1>{shlex.quote(file)} 2>&1")
    folder = shlex.quote(str(PurePosixPath(file).parent))
    if stops_early:
        words += ["||", _stopped(folder)]
    words += ["&&", f"echo {COMPLETED} > {folder}/$$$$.pid"]
    return [*shell, " ".join(words)]


def _stopped(folder: str) -> str:
    condition = f"test -f {folder}/$$$$.pid && [ $(head -n 1 {folder}/$$.pid) = {STOPPED} ]"
    stopped, failed = "Training Container was Early Stopped", "Training Container was Failed"
    return f"if {condition}; then echo {stopped}; else echo {failed}; exit 1; fi"


def expanded(text: str, environment: Mapping[str, str]) -> str:
    """As the kubelet gives it to a container: $(NAME) is the variable's value where it is known, $$ is $."""

    def value(match: re.Match[str]) -> str:
        found = match[1]
        return "$" if found == "$" else environment.get(found[1:-1], match[0])

    return _EXPANDED.sub(value, text)
