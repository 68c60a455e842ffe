"""Whom Kubeflow Pipelines takes us for: a bearer token of the audience that it accepts.

`KF_PIPELINES_TOKEN`, else the projected file where one is mounted (`KF_PIPELINES_SA_TOKEN_PATH`), else one
that kubectl makes for the account that pylib is on a cluster. A file and kubectl give a new one in time:
a token lives an hour, a run a day.
"""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pylib.runners import cluster_settings, kubectl

AUDIENCE = GROUP = "pipelines.kubeflow.org"
RENEW_SECONDS = 30 * 60
"""A token of kubectl's lives an hour; by half of it there is a new one."""


def command(namespace: str) -> list[str]:
    """The kubectl command that makes a token."""
    return ["create", "token", cluster_settings.ACCOUNT, "--namespace", namespace, "--audience", AUDIENCE]


@dataclass
class Credentials:
    """The token of one client, and in `origin` where it comes from; `reason` says why there is none.

    `made`: kubectl may make one, which an installation of one user does not need.
    """

    namespace: str
    made: bool = True
    origin: str = ""
    reason: str = ""
    _token: str = ""
    _since: float = field(default=0, repr=False)

    def token(self) -> str:
        """A token that is valid now; empty where none can be had."""
        if given := os.environ.get("KF_PIPELINES_TOKEN"):
            self.origin = "KF_PIPELINES_TOKEN"
            return given
        if file := _mounted():
            self.origin = str(file)
            return file.read_text(encoding="utf-8").strip()
        if self.made and (not self._token or time.monotonic() - self._since > RENEW_SECONDS):
            self._make()
        return self._token

    def refresh_api_key_hook(self, config: Any) -> None:
        """What the KFP SDK calls before each request."""
        config.api_key["authorization"] = self.token()

    def _make(self) -> None:
        if not kubectl.context():
            self.reason = "here it is missing, or names no cluster"
            return
        try:
            self._token = kubectl.run(*command(self.namespace)).strip()
        except kubectl.KubectlError as error:  # the former one may still be valid
            self.reason = str(error)
        else:
            self.origin, self._since = "kubectl " + " ".join(command(self.namespace)), time.monotonic()


def _mounted() -> Path | None:
    file = Path(os.environ.get("KF_PIPELINES_SA_TOKEN_PATH", "/var/run/secrets/kubeflow/pipelines/token"))
    return file if file.is_file() else None
