"""What is shown while something takes minutes: on a terminal its last line, in a file a line now and then."""

import io

from rich.console import Console

from pylib.cli.progress import Progress
from pylib.cli.reproduce import listener


def shown(*, terminal: bool, every: float) -> str:
    """What is written of two steps that are run again, with TensorFlow's own line between."""
    written = io.StringIO()
    console = Console(file=written, width=60, force_terminal=terminal)
    with Progress(console, "starting", every=every) as progress:
        listen = listener(progress)
        listen("prepare", None)
        listen("train", "epoch 1 of 20: loss 0.9 [a]")
        listen("train", "I0000 00:00:1795985885.072685   12247 port.cc:153] oneDNN")
        listen("train", None)
    return written.getvalue()


def test_a_log_has_the_end_of_each_step_and_what_it_said_meanwhile():
    assert shown(terminal=False, every=0).splitlines() == [
        "  prepare was run again",
        "  train: epoch 1 of 20: loss 0.9 [a]",
        "  train was run again",
    ]


def test_a_log_is_not_filled_with_each_line():
    assert shown(terminal=False, every=1e9).splitlines() == [
        "  prepare was run again",
        "  train was run again",
    ]


def test_a_terminal_shows_the_last_line_in_its_place():
    written = shown(terminal=True, every=1e9)
    assert "train: epoch 1 of 20: loss 0.9 [a]" in written
    assert "oneDNN" not in written
