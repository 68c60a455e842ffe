"""Kubernetes quantities, `500m` or `2Gi`: the one place that reads them.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

import re
from decimal import Decimal

PATTERN = r"^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$"
STANDARD = ("cpu", "memory", "ephemeral-storage")  # others have a domain, such as nvidia.com/gpu
_PARTS = re.compile(r"(?a:(?P<number>[+-]?[\d.]+(?:[eE][+-]?\d+)?)(?P<suffix>\D*))")
FACTORS = {
    "": Decimal(1),
    **{suffix: Decimal(1000) ** -power for power, suffix in enumerate("mun", start=1)},
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)},
}


def quantity(written: object) -> Decimal | None:
    """The number that a quantity stands for (`500m` is 0.5); None where it is none."""
    text = str(written)
    parts = _PARTS.fullmatch(text)
    if not parts or not re.fullmatch(PATTERN, text, re.ASCII) or text.endswith("\n"):
        return None
    try:
        return Decimal(parts["number"]) * FACTORS[parts["suffix"]]
    except ArithmeticError:  # an exponent that no number has
        return None
