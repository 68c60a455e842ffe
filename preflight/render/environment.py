"""The variables that Argo CD puts into what an application says: `$ARGOCD_APP_NAME` and its kin.

Source: newEnv in reposerver/repository/repository.go, Envsubst in pkg/apis/application/v1alpha1/types.go.
"""

import re
from dataclasses import dataclass

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+)|(\$))")


@dataclass(frozen=True)
class Environment:
    """The variables, by name."""

    values: dict[str, str]

    @classmethod
    def of(
        cls, *, name: str, namespace: str, project: str, url: str, path: str, revision: str
    ) -> "Environment":
        """Those of one source; the commit is not known before a push, so it is the revision's name."""
        app, source = "ARGOCD_APP", "ARGOCD_APP_SOURCE"
        return cls(
            {
                f"{app}_NAME": name,
                f"{app}_NAMESPACE": namespace,
                f"{app}_PROJECT_NAME": project,
                f"{app}_REVISION": revision,
                f"{app}_REVISION_SHORT": revision[:7],
                f"{app}_REVISION_SHORT_8": revision[:8],
                f"{source}_REPO_URL": url,
                f"{source}_PATH": path,
                f"{source}_TARGET_REVISION": revision,
            }
        )

    def knows(self, written: str) -> bool:
        """Whether a text begins with one of them."""
        match = VARIABLE.match(written)
        return bool(match and (match[1] or match[2]) in self.values)

    def put_into(self, text: str) -> str:
        """A text with their values; a variable that there is not is nothing, `$$` a dollar."""
        return VARIABLE.sub(lambda match: match[3] or self.values.get(match[1] or match[2], ""), text)
