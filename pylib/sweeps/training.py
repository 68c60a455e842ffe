"""The pipeline's run that trains with what a search found, as a command line."""

import json
import shlex

from pylib.sweeps.optimal import Optimal

_TRIAL = ("pylib", "trial")
_OWN = ("encoder", "alpha", "backbone", "seed")
"""Hyper-parameters that are parameters of a pipeline; the others are among its options."""


def command(found: Optimal, weights: str) -> str:
    """The command line; empty where the trials were not `pylib trial`. Of a head its own grid says the rest.

    weights: first weights that the trials had; empty for none
    """
    if tuple(found.words[:2]) != _TRIAL:
        return ""
    options = [word for word in found.words[3:] if word.startswith("--")]
    pairs = dict(word.split("=", 1) for word in found.words[3:] if "=" in word and not word.startswith("--"))
    own = [f"--{name}={pairs[name]}" for name in _OWN if name in pairs]
    given = {"data": found.data, "weights": weights}
    words = ["pylib", "run", found.words[2], *(f"--{name}={text}" for name, text in given.items() if text)]
    words += [*options, *own]
    if "head" in pairs:
        return shlex.join([*words, f"--heads={json.dumps([pairs['head']])}"])
    rest = {name: _value(text) for name, text in pairs.items() if name not in _OWN}
    return shlex.join([*words, f"--options={json.dumps(rest)}"])


def _value(text: str) -> object:
    """A value as JSON has it; with commas it is a list."""
    if "," in text:
        return [_value(each) for each in text.split(",")]
    try:
        return json.loads(text)
    except ValueError:
        return text
