"""The line of a served model's kustomization that sends requests to its canary, or copies to its shadow.

`components/served-model` has the server and the address of one predictor. Beside it, `components/canary` or
`components/shadow` gives the second predictor the same server and changes the address.
"""

import re

from pylib.release.served import Served

_BASE = re.compile(r"^(?P<before>[ \t]*-[ \t]+\S*components/)served-model[ \t]*$", re.MULTILINE)
_BESIDE = re.compile(r"^[ \t]*-[ \t]+\S*components/(?:canary|shadow)[ \t]*\n", re.MULTILINE)


def with_served(text: str, served: Served) -> str:
    """Return a kustomization with the component that what is served needs; else as it is, byte by byte.

    One that has no `components/served-model` brings its own server and address, and stays as it is.
    """
    alone = _BESIDE.sub("", text)
    if served.canary is None:
        return alone
    name = "shadow" if served.canary.is_shadow else "canary"
    return _BASE.sub(rf"\g<0>\n\g<before>{name}", alone, count=1)
