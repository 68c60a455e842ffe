"""What neither pylib's account, nor the profile's default one, nor anybody without a role may do.

Each would hurt: by what it shows, by what it changes, or as a step to more rights. Written as
tests.on_cluster.authorizer reads it.
"""

from preflight.platform.access import GROUP

REFUSED = [
    # Passwords and keys.
    "get secrets in ml",
    "list secrets in ml",
    "watch secrets in ml",
    "get secrets in kubeflow",
    "get secrets in argocd",
    "get secrets in mlflow",
    "list secrets",
    "get configmaps in kube-system",
    # Code that runs as somebody else, or where somebody else runs.
    "create pods in ml",
    "delete pods in ml",
    "create pods/exec in ml",
    "get pods/exec in ml",
    "create pods/portforward in ml",
    "patch pods/ephemeralcontainers in ml",
    "get pods/log in ml",
    "create jobs.batch in ml",
    "patch cronjobs.batch in ml",
    "patch deployments.apps in ml",
    "create pods in kubeflow",
    "create workflows.argoproj.io in kubeflow",
    # What Git alone says: the model, its route, the notebook, where releases go.
    "create seldondeployments.machinelearning.seldon.io in ml",
    "patch seldondeployments.machinelearning.seldon.io in ml",
    "delete seldondeployments.machinelearning.seldon.io in ml",
    "update virtualservices.networking.istio.io in ml",
    "create notebooks.kubeflow.org in ml",
    "update experiments.kubeflow.org in ml",
    "create experiments.kubeflow.org in kubeflow",
    "update configmaps in ml",
    "delete persistentvolumeclaims in ml",
    # The fences.
    "delete networkpolicies.networking.k8s.io in ml",
    "update resourcequotas in ml",
    "delete limitranges in ml",
    "delete peerauthentications.security.istio.io in ml",
    "update authorizationpolicies.security.istio.io in ml",
    "patch namespaces in ml",
    "delete namespaces in ml",
    "create namespaces",
    "patch profiles.kubeflow.org",
    # More rights.
    "create rolebindings.rbac.authorization.k8s.io in ml",
    "update roles.rbac.authorization.k8s.io in ml",
    "escalate roles.rbac.authorization.k8s.io in ml",
    "bind roles.rbac.authorization.k8s.io in ml",
    "create clusterrolebindings.rbac.authorization.k8s.io",
    "bind clusterroles.rbac.authorization.k8s.io",
    "escalate clusterroles.rbac.authorization.k8s.io",
    "create serviceaccounts/token in ml",
    "impersonate serviceaccounts in ml",
    "impersonate users",
    "impersonate groups",
    "approve signers.certificates.k8s.io",
    "update certificatesigningrequests.certificates.k8s.io/approval",
    # The cluster.
    "list nodes",
    "get nodes/proxy",
    "patch nodes",
    "create persistentvolumes",
    "update customresourcedefinitions.apiextensions.k8s.io",
    "create validatingwebhookconfigurations.admissionregistration.k8s.io",
    "delete mutatingwebhookconfigurations.admissionregistration.k8s.io",
    "patch applications.argoproj.io in argocd",
    "update appprojects.argoproj.io in argocd",
    "get /metrics",
    "get /logs/",
    # Pipelines: what pylib never does, and what it does in its own namespace only.
    f"delete runs.{GROUP} in ml",
    f"terminate runs.{GROUP} in ml",
    f"delete experiments.{GROUP} in ml",
    f"create jobs.{GROUP} in ml",
    f"create runs.{GROUP} in kubeflow",
    f"create runs.{GROUP}",
    f"list experiments.{GROUP}",
]
VIRTUAL = {"users", "groups", "signers.certificates.k8s.io"}  # authorized, never stored
