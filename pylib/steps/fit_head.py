"""Step "fit_head": features to one fitted head."""

from pylib.heads.table import find_head
from pylib.provenance.step import Input, Output, Result, step


@step(cached=True)
def fit_head(features: Input, head: Output, *, name: str, seed: int) -> Result:
    """Fit the head of that name; returns its figures on the validation split."""
    from pylib.heads.fit import fit_head as fit

    fitted = fit(features, name, head, seed=seed)
    for note in fitted.notes:
        print(f"{name}: {note}", flush=True)  # noqa: T201
    return {"macro_f1": fitted.macro_f1, "accuracy": fitted.accuracy}


def check_parameters(name: str, seed: int) -> None:
    """What the step would say of its parameters, before anything runs."""
    from pylib.errors import ConfigurationError

    find_head(name)
    if not 0 <= seed < 2**31:
        raise ConfigurationError(f"seed={seed}: give a whole number from 0 to {2**31 - 1}")
