"""Why a set, or an element of it, makes no application."""

from preflight.errors import ClusterError


class SetError(ClusterError):
    """What the controller itself refuses: it then changes none of the set's applications."""


class SetUnknownError(ClusterError):
    """What cannot be told without asking somebody else, as a Git server's list of pull requests."""
