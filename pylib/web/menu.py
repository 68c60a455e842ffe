"""The pages that the navigation leads to, and who sees each."""

from typing import NamedTuple

from pylib.web.access import Role


class Entry(NamedTuple):
    """A page: its name, where it is, and who may open it."""

    title: str
    path: str
    role: Role


MENU = (
    Entry("Ask", "/", Role.VIEWER),
    Entry("Contribute", "/contribute", Role.CONTRIBUTOR),
    Entry("Review", "/review", Role.REVIEWER),
    Entry("Models", "/models", Role.VIEWER),
    Entry("Data", "/data", Role.VIEWER),
    Entry("Runs", "/runs", Role.VIEWER),
    Entry("Explain", "/explain", Role.VIEWER),
)
