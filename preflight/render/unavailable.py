"""What cannot be had or told on this machine: no fault of the repository, and always told."""

from preflight.errors import ClusterError


class UnavailableError(ClusterError):
    """Something is missing here that may be there where Argo CD builds."""
