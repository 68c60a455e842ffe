"""The exceptions of preflight: each message is one line that names the thing, the place and the likely fix.

PreflightError
├── ClusterError         the cluster as it stands in Git: a render, a check, a tool it needs
└── ConfigurationError   an option or a file that people write
"""


class PreflightError(Exception):
    """The root of all errors that a person can do something about; the CLI prints it and exits 1."""


class ClusterError(PreflightError):
    """The cluster as it stands in Git cannot be rendered or checked, or does not pass."""


class ConfigurationError(PreflightError):
    """An option or a file that people write is wrong."""
