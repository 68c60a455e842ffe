"""One change for every danger that a diff tells: its outcome, its field, the object before and after."""

WORKLOAD = """
apiVersion: apps/v1
kind: %(kind)s
metadata: {name: web, namespace: a}
spec:
  replicas: %(replicas)s
  strategy: {type: %(strategy)s}
  selector: {matchLabels: {app: %(app)s}}
  template:
    metadata: {labels: {app: %(app)s}}
    spec:
      containers:
        - {name: web, image: "example.org/web:%(tag)s", envFrom: [{configMapRef: {name: settings}}]}
"""
DEFAULT = {"kind": "Deployment", "replicas": 1, "strategy": "RollingUpdate", "app": "web", "tag": "1.0.0"}


def workload(**changes: object) -> str:
    return WORKLOAD % {**DEFAULT, **changes}


def thing(kind: str, rest: str, *, api: str = "v1", name: str = "x", metadata: str = "namespace: a") -> str:
    return f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}, {metadata}}}\n{rest}\n"


KEPT = "annotations: {argocd.argoproj.io/sync-options: 'Prune=false,Delete=false'}"
RBAC, CRD = "rbac.authorization.k8s.io/v1", "apiextensions.k8s.io/v1"
CLAIM = "spec: {storageClassName: %s, resources: {requests: {storage: %s}}}"
ROLE = "rules: [{apiGroups: [''], resources: [%s], verbs: [get]}]"
BINDING = "roleRef: {name: %s}\nsubjects: [%s]"
SUBJECT = "{kind: User, name: %s}"
WIDGETS = "spec: {scope: %s, names: {kind: Widget}, versions: [%s]}"
V1, V2 = "{name: v1, served: true, storage: true}", "{name: v2, served: true, storage: false}"
SELDON = (
    "spec: {predictors: [{name: default, graph: {name: m, parameters: [{name: model_digest, value: %s}]}}]}"
)
SPLIT = (
    "spec: {predictors: [{name: default, graph: {name: m}},"
    " {name: canary, traffic: %s, graph: {name: m, parameters: [{name: model_digest, value: b}]}}]}"
)
STATEFUL = (
    "spec: {replicas: %s, serviceName: x, template: {}, volumeClaimTemplates: [{metadata: {name: %s}}]}"
)
PROJECT = "spec: {sourceRepos: [%s], destinations: [{namespace: a}]}"
POLICY = thing(
    "AuthorizationPolicy",
    "spec: {action: %s, rules: [{from: [{source: {principals: [a/sa/one]}}]}]}",
    api="security.istio.io/v1",
)
TWO_ALLOWING = (
    POLICY % "ALLOW" + "---\n" + (POLICY % "ALLOW").replace("name: x", "name: y").replace("/one", "/two")
)
NAMESPACE = "labels: {pod-security.kubernetes.io/enforce: %s}"

CASES = [
    ("immutable-field", "refused", "spec.selector", workload(), workload(app="site")),
    (
        "immutable-field",
        "refused",
        "spec.selector",
        workload(kind="DaemonSet"),
        workload(kind="DaemonSet", app="b"),
    ),
    (
        "immutable-field",
        "recreated",
        "spec.selector",
        workload(),
        workload(app="b").replace(
            "namespace: a}",
            "namespace: a, annotations: {argocd.argoproj.io/sync-options: 'Force=true,Replace=true'}}",
        ),
    ),
    (
        "immutable-field",
        "refused",
        "spec.volumeClaimTemplates",
        thing("StatefulSet", STATEFUL % (1, "data"), api="apps/v1"),
        thing("StatefulSet", STATEFUL % (1, "disk"), api="apps/v1"),
    ),
    (
        "immutable-field",
        "refused",
        "spec.storageClassName",
        thing("PersistentVolumeClaim", CLAIM % ("slow", "1Gi")),
        thing("PersistentVolumeClaim", CLAIM % ("fast", "1Gi")),
    ),
    (
        "immutable-field",
        "refused",
        "spec.resources.requests.storage",
        thing("PersistentVolumeClaim", CLAIM % ("slow", "1Gi")),
        thing("PersistentVolumeClaim", CLAIM % ("slow", "900Mi")),
    ),
    (
        "claim-grows",
        "kept",
        "spec.resources.requests.storage",
        thing("PersistentVolumeClaim", CLAIM % ("slow", "1Gi")),
        thing("PersistentVolumeClaim", CLAIM % ("slow", "2G")),
    ),
    (
        "immutable-field",
        "refused",
        "spec.resources.requests.storage",
        thing("PersistentVolumeClaim", CLAIM % ("slow", "1Gi")),
        thing("PersistentVolumeClaim", CLAIM % ("slow", "1048575Ki")),
    ),
    (
        "claim-grows",
        "kept",
        "spec.resources.requests.storage",
        thing("PersistentVolumeClaim", CLAIM % ("slow", "1e9")),
        thing("PersistentVolumeClaim", CLAIM % ("slow", "1000001k")),
    ),
    (
        "immutable-field",
        "refused",
        "spec.clusterIP",
        thing("Service", "spec: {clusterIP: None}"),
        thing("Service", "spec: {}"),
    ),
    (
        "immutable-field",
        "refused",
        "provisioner",
        thing("StorageClass", "provisioner: a", api="storage.k8s.io/v1", metadata=""),
        thing("StorageClass", "provisioner: b", api="storage.k8s.io/v1", metadata=""),
    ),
    (
        "immutable-field",
        "refused",
        "roleRef",
        thing("RoleBinding", BINDING % ("view", ""), api=RBAC),
        thing("RoleBinding", BINDING % ("edit", ""), api=RBAC),
    ),
    (
        "immutable-field",
        "refused",
        "spec.template",
        thing("Job", "spec: {template: {spec: {restartPolicy: Never}}}", api="batch/v1"),
        thing("Job", "spec: {template: {spec: {restartPolicy: OnFailure}}}", api="batch/v1"),
    ),
    (
        "immutable-field",
        "refused",
        "spec.scope",
        thing("CustomResourceDefinition", WIDGETS % ("Cluster", V1), api=CRD, metadata=""),
        thing("CustomResourceDefinition", WIDGETS % ("Namespaced", V1), api=CRD, metadata=""),
    ),
    (
        "immutable-field",
        "refused",
        "data",
        thing("ConfigMap", "immutable: true\ndata: {a: '1'}"),
        thing("ConfigMap", "immutable: true\ndata: {a: '2'}"),
    ),
    (
        "immutable-field",
        "refused",
        "spec.pipelineSpec",
        thing("PipelineVersion", "spec: {pipelineSpec: {a: 1}}", api="pipelines.kubeflow.org/v2beta1"),
        thing("PipelineVersion", "spec: {pipelineSpec: {a: 2}}", api="pipelines.kubeflow.org/v2beta1"),
    ),
    (
        "version-unserved",
        "refused",
        "spec.versions",
        thing("CustomResourceDefinition", WIDGETS % ("Cluster", f"{V1}, {V2}"), api=CRD, metadata=""),
        thing("CustomResourceDefinition", WIDGETS % ("Cluster", V2), api=CRD, metadata=""),
    ),
    (
        "version-unserved",
        "stopped",
        "spec.versions",
        thing("CustomResourceDefinition", WIDGETS % ("Cluster", f"{V1}, {V2}"), api=CRD, metadata=""),
        thing("CustomResourceDefinition", WIDGETS % ("Cluster", V1), api=CRD, metadata=""),
    ),
    (
        "definition-removed",
        "removed",
        "",
        thing("CustomResourceDefinition", WIDGETS % ("Cluster", V1), api=CRD, metadata=""),
        "",
    ),
    ("namespace-removed", "removed", "", thing("Namespace", "", metadata=""), ""),
    ("namespace-removed", "kept", "", thing("Namespace", "", metadata=KEPT), ""),
    ("claim-removed", "removed", "", thing("PersistentVolumeClaim", CLAIM % ("slow", "1Gi")), ""),
    ("claim-removed", "kept", "", thing("PersistentVolumeClaim", "", metadata=f"namespace: a, {KEPT}"), ""),
    ("data-left-behind", "kept", "", thing("StatefulSet", STATEFUL % (1, "data"), api="apps/v1"), ""),
    (
        "unprotected",
        "opened",
        "metadata.annotations",
        thing("Namespace", "", metadata=KEPT),
        thing("Namespace", "", metadata=""),
    ),
    (
        "object-recreated",
        "recreated",
        "",
        thing("ConfigMap", "data: {a: b}"),
        thing("ConfigMap", "data: {a: b}", metadata="namespace: b"),
    ),
    ("version-jump", "upgraded", "example.org/web", workload(), workload(tag="1.1.0")),
    (
        "pods-restart",
        "restarted",
        "spec.template.spec.containers[web].image",
        workload(),
        workload(tag="1.0.1"),
    ),
    ("scaled-to-zero", "stopped", "spec.replicas", workload(), workload(replicas=0)),
    (
        "configuration-unseen",
        "stale",
        "",
        f"{thing('ConfigMap', 'data: {a: b}', name='settings')}---{workload()}",
        f"{thing('ConfigMap', 'data: {a: c}', name='settings')}---{workload()}",
    ),
    (
        "access-widened",
        "opened",
        "rules",
        thing("Role", ROLE % "pods", api=RBAC),
        thing("Role", ROLE % "pods, secrets", api=RBAC),
    ),
    (
        "access-widened",
        "opened",
        "subjects",
        thing("RoleBinding", BINDING % ("view", SUBJECT % "ann"), api=RBAC),
        thing("RoleBinding", BINDING % ("view", f"{SUBJECT % 'ann'}, {SUBJECT % 'bob'}"), api=RBAC),
    ),
    (
        "access-widened",
        "opened",
        "subjects",
        "",
        thing("ClusterRoleBinding", BINDING % ("cluster-admin", SUBJECT % "ann"), api=RBAC, metadata=""),
    ),
    (
        "project-widened",
        "opened",
        "spec.sourceRepos",
        thing("AppProject", PROJECT % "a", api="argoproj.io/v1alpha1"),
        thing("AppProject", PROJECT % "a, '*'", api="argoproj.io/v1alpha1"),
    ),
    (
        "project-narrowed",
        "stale",
        "spec.sourceRepos",
        thing("AppProject", PROJECT % "a, b", api="argoproj.io/v1alpha1"),
        thing("AppProject", PROJECT % "a", api="argoproj.io/v1alpha1"),
    ),
    ("guard-removed", "opened", "", thing("NetworkPolicy", "", api="networking.k8s.io/v1"), ""),
    ("guard-removed", "opened", "", POLICY % "ALLOW", ""),
    ("access-closed", "closed", "", TWO_ALLOWING, POLICY % "ALLOW"),
    ("access-opened", "opened", "spec.action", POLICY % "DENY", POLICY % "AUDIT"),
    ("access-closed", "closed", "spec.action", POLICY % "AUDIT", POLICY % "ALLOW"),
    (
        "guard-weakened",
        "opened",
        'metadata.labels["pod-security.kubernetes.io/enforce"]',
        thing("Namespace", "", metadata=NAMESPACE % "restricted"),
        thing("Namespace", "", metadata=NAMESPACE % "baseline"),
    ),
    (
        "guard-weakened",
        "opened",
        "spec.mtls.mode",
        thing("PeerAuthentication", "spec: {mtls: {mode: STRICT}}", api="security.istio.io/v1"),
        thing("PeerAuthentication", "spec: {mtls: {mode: PERMISSIVE}}", api="security.istio.io/v1"),
    ),
    (
        "model-release",
        "released",
        "",
        thing("SeldonDeployment", SELDON % "aaaa", api="machinelearning.seldon.io/v1"),
        thing("SeldonDeployment", SELDON % "bbbb", api="machinelearning.seldon.io/v1"),
    ),
    (
        "model-release",
        "released",
        "",
        thing("SeldonDeployment", SPLIT % 10, api="machinelearning.seldon.io/v1"),
        thing("SeldonDeployment", SPLIT % 25, api="machinelearning.seldon.io/v1"),
    ),
]
