"""What a step said last of itself, out of what everybody around it prints as well."""

import re

_NOISE = re.compile(
    r"^\s*$|^\d\d:\d\d:\d\d|KFP Executor|^-+$|Warning|warnings\.warn"  # the SDK's runner and executor
    r"|^\s*[\[\]{}]+,?$|^\s+\"[\w-]+\": |^WARNING: All log messages before"  # what it was given; TensorFlow
    r"|^\s*\w+: \w+\( name='|^\s+(uri|metadata)=|^\[IPKernelApp\]"  # what it made; Jupyter's kernel
    r"|^[IWEF]\d{4} \d\d:\d\d|^time=\"|^Error: exit status|^Traceback"  # the launcher, and Argo's executor
)

WARNING = "warning: "
"""Before what a step says to the person who watches the run, as `pylib.training.mlflow_log.warn` does."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def plain(text: str) -> str:
    """A text without a terminal's colours."""
    return _COLOUR.sub("", text)


def is_noise(line: str) -> bool:
    """Whether a line is of those who run the step."""
    return bool(_NOISE.search(line)) and not line.lstrip().startswith(WARNING)


def last_words(text: str) -> str:
    """The error at the end of a log, without its exception's name; empty where it said nothing."""
    lines = [line.strip() for line in text.splitlines() if not is_noise(line)]
    return re.sub(r"^(\w+\.)*\w*Error: ", "", lines[-1]) if lines else ""
