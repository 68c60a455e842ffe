"""What a search found, as a pipeline trains with it: as its arguments, or as a command line."""

import json
import shlex

from pylib.errors import SweepError
from pylib.sweeps.optimal import Optimal

_TRIAL = ("pylib", "trial")
_OWN = ("encoder", "alpha", "backbone", "seed")
"""Hyper-parameters that are parameters of a pipeline; the others are among its options."""


def hyper_parameters(found: Optimal) -> tuple[dict[str, object], dict[str, object]]:
    """Those of the best trial that are parameters of a pipeline, and the others, each in its own type.

    Raises SweepError where the trials were not `pylib trial` of a network: nobody knows what they mean then.
    """
    pairs = _pairs(found)
    if tuple(found.words[:2]) != _TRIAL or "head" in pairs:
        raise SweepError(
            f"{found.experiment}: its trials are not `pylib trial TASK NAME=VALUE…` of a network, so no step "
            "can train with what they found; `pylib sweep run` finds it too"
        )
    typed = {name: _value(text) for name, text in pairs.items()}
    own = {name: typed.pop(name) for name in _OWN if name in typed}
    return own, typed


def command(found: Optimal, weights: str) -> str:
    """The command line; empty where the trials were not `pylib trial`. Of a head its own grid says the rest.

    weights: first weights that the trials had; empty for none
    """
    if tuple(found.words[:2]) != _TRIAL:
        return ""
    options = [word for word in found.words[3:] if word.startswith("--")]
    pairs = _pairs(found)
    own = [f"--{name}={pairs[name]}" for name in _OWN if name in pairs]
    given = {"data": found.data, "weights": weights}
    words = ["pylib", "run", found.words[2], *(f"--{name}={text}" for name, text in given.items() if text)]
    words += [*options, *own, f"--search={json.dumps(found.origin.model_dump())}"]
    if "head" in pairs:
        return shlex.join([*words, f"--heads={json.dumps([pairs['head']])}"])
    rest = {name: _value(text) for name, text in pairs.items() if name not in _OWN}
    return shlex.join([*words, f"--options={json.dumps(rest)}"])


def _pairs(found: Optimal) -> dict[str, str]:
    """Hyper-parameters by name, as the best trial was given them."""
    return dict(word.split("=", 1) for word in found.words[3:] if "=" in word and not word.startswith("--"))


def _value(text: str) -> object:
    """A value as JSON has it; with commas it is a list."""
    if "," in text:
        return [_value(each) for each in text.split(",")]
    try:
        return json.loads(text)
    except ValueError:
        return text
