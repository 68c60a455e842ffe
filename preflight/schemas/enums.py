"""The values of Kubernetes' enumerations, by field: the published definitions tell them in prose only.

Taken from what a 1.34 API server serves under /openapi/v3, with those that its validation knows besides.
"""

_BY_VALUES: dict[tuple[str, ...], tuple[str, ...]] = {
    ("Equivalent", "Exact"): (
        "admissionregistration/v1.MatchResources.matchPolicy",
        "admissionregistration/v1.MutatingWebhook.matchPolicy",
        "admissionregistration/v1.ValidatingWebhook.matchPolicy",
    ),
    ("Fail", "Ignore"): (
        "admissionregistration/v1.MutatingWebhook.failurePolicy",
        "admissionregistration/v1.ValidatingAdmissionPolicySpec.failurePolicy",
        "admissionregistration/v1.ValidatingWebhook.failurePolicy",
    ),
    ("None", "NoneOnDryRun", "Some", "Unknown"): (
        "admissionregistration/v1.MutatingWebhook.sideEffects",
        "admissionregistration/v1.ValidatingWebhook.sideEffects",
    ),
    ("*", "CONNECT", "CREATE", "DELETE", "UPDATE"): (
        "admissionregistration/v1.NamedRuleWithOperations.operations",
        "admissionregistration/v1.RuleWithOperations.operations",
    ),
    ("Audit", "Deny", "Warn"): (
        "admissionregistration/v1.ValidatingAdmissionPolicyBindingSpec.validationActions",
    ),
    ("Cluster", "Namespaced"): ("apiextensions/v1.CustomResourceDefinitionSpec.scope",),
    ("OnDelete", "RollingUpdate"): (
        "apps/v1.DaemonSetUpdateStrategy.type",
        "apps/v1.StatefulSetUpdateStrategy.type",
    ),
    ("Recreate", "RollingUpdate"): ("apps/v1.DeploymentStrategy.type",),
    ("OrderedReady", "Parallel"): ("apps/v1.StatefulSetSpec.podManagementPolicy",),
    ("Delete", "Retain"): (
        "apps/v1.StatefulSetPersistentVolumeClaimRetentionPolicy.whenDeleted",
        "apps/v1.StatefulSetPersistentVolumeClaimRetentionPolicy.whenScaled",
    ),
    ("ContainerResource", "External", "Object", "Pods", "Resource"): ("autoscaling/v2.MetricSpec.type",),
    ("AverageValue", "Utilization", "Value"): ("autoscaling/v2.MetricTarget.type",),
    ("Percent", "Pods"): ("autoscaling/v2.HPAScalingPolicy.type",),
    ("Disabled", "Max", "Min"): ("autoscaling/v2.HPAScalingRules.selectPolicy",),
    ("Allow", "Forbid", "Replace"): ("batch/v1.CronJobSpec.concurrencyPolicy",),
    ("Indexed", "NonIndexed"): ("batch/v1.JobSpec.completionMode",),
    ("Failed", "TerminatingOrFailed"): ("batch/v1.JobSpec.podReplacementPolicy",),
    ("In", "NotIn"): ("batch/v1.PodFailurePolicyOnExitCodesRequirement.operator",),
    ("Count", "FailIndex", "FailJob", "Ignore"): ("batch/v1.PodFailurePolicyRule.action",),
    ("Localhost", "RuntimeDefault", "Unconfined"): (
        "core/v1.AppArmorProfile.type",
        "core/v1.SeccompProfile.type",
    ),
    ("Always", "IfNotPresent", "Never"): (
        "core/v1.Container.imagePullPolicy",
        "core/v1.EphemeralContainer.imagePullPolicy",
        "core/v1.ImageVolumeSource.pullPolicy",
    ),
    ("FallbackToLogsOnError", "File"): (
        "core/v1.Container.terminationMessagePolicy",
        "core/v1.EphemeralContainer.terminationMessagePolicy",
    ),
    ("SCTP", "TCP", "UDP"): (
        "core/v1.ContainerPort.protocol",
        "core/v1.EndpointPort.protocol",
        "core/v1.ServicePort.protocol",
        "discovery/v1.EndpointPort.protocol",
        "networking/v1.NetworkPolicyPort.protocol",
    ),
    ("HTTP", "HTTPS"): ("core/v1.HTTPGetAction.scheme",),
    ("BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"): (
        "core/v1.HostPathVolumeSource.type",
    ),
    ("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"): ("core/v1.NodeSelectorRequirement.operator",),
    ("DoesNotExist", "Exists", "In", "NotIn"): (
        "core/v1.ScopedResourceSelectorRequirement.operator",
        "meta/v1.LabelSelectorRequirement.operator",
    ),
    ("Container", "PersistentVolumeClaim", "Pod"): ("core/v1.LimitRangeItem.type",),
    ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"): (
        "core/v1.PersistentVolumeClaimSpec.accessModes",
        "core/v1.PersistentVolumeSpec.accessModes",
    ),
    ("Block", "Filesystem"): (
        "core/v1.PersistentVolumeClaimSpec.volumeMode",
        "core/v1.PersistentVolumeSpec.volumeMode",
    ),
    ("Delete", "Recycle", "Retain"): (
        "core/v1.PersistentVolumeSpec.persistentVolumeReclaimPolicy",
        "storage/v1.StorageClass.reclaimPolicy",
    ),
    ("Always", "OnRootMismatch"): ("core/v1.PodSecurityContext.fsGroupChangePolicy",),
    ("Merge", "Strict"): ("core/v1.PodSecurityContext.supplementalGroupsPolicy",),
    ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"): ("core/v1.PodSpec.dnsPolicy",),
    ("Never", "PreemptLowerPriority"): (
        "core/v1.PodSpec.preemptionPolicy",
        "scheduling/v1.PriorityClass.preemptionPolicy",
    ),
    ("Always", "Never", "OnFailure"): ("core/v1.PodSpec.restartPolicy",),
    (
        "BestEffort",
        "CrossNamespacePodAffinity",
        "NotBestEffort",
        "NotTerminating",
        "PriorityClass",
        "Terminating",
        "VolumeAttributesClass",
    ): ("core/v1.ResourceQuotaSpec.scopes", "core/v1.ScopedResourceSelectorRequirement.scopeName"),
    ("Default", "Unmasked"): ("core/v1.SecurityContext.procMount",),
    ("Cluster", "Local"): (
        "core/v1.ServiceSpec.externalTrafficPolicy",
        "core/v1.ServiceSpec.internalTrafficPolicy",
    ),
    ("IPv4", "IPv6"): ("core/v1.ServiceSpec.ipFamilies",),
    ("PreferDualStack", "RequireDualStack", "SingleStack"): ("core/v1.ServiceSpec.ipFamilyPolicy",),
    ("ClientIP", "None"): ("core/v1.ServiceSpec.sessionAffinity",),
    ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"): ("core/v1.ServiceSpec.type",),
    ("NoExecute", "NoSchedule", "PreferNoSchedule"): ("core/v1.Taint.effect", "core/v1.Toleration.effect"),
    ("Equal", "Exists"): ("core/v1.Toleration.operator",),
    ("Honor", "Ignore"): (
        "core/v1.TopologySpreadConstraint.nodeAffinityPolicy",
        "core/v1.TopologySpreadConstraint.nodeTaintsPolicy",
    ),
    ("DoNotSchedule", "ScheduleAnyway"): ("core/v1.TopologySpreadConstraint.whenUnsatisfiable",),
    ("Bidirectional", "HostToContainer", "None"): ("core/v1.VolumeMount.mountPropagation",),
    ("FQDN", "IPv4", "IPv6"): ("discovery/v1.EndpointSlice.addressType",),
    ("Exact", "ImplementationSpecific", "Prefix"): ("networking/v1.HTTPIngressPath.pathType",),
    ("Egress", "Ingress"): ("networking/v1.NetworkPolicySpec.policyTypes",),
    ("AlwaysAllow", "IfHealthyBudget"): ("policy/v1.PodDisruptionBudgetSpec.unhealthyPodEvictionPolicy",),
    ("ClusterRole", "Role"): ("rbac/v1.RoleRef.kind",),
    ("Group", "ServiceAccount", "User"): ("rbac/v1.Subject.kind",),
    ("Immediate", "WaitForFirstConsumer"): ("storage/v1.StorageClass.volumeBindingMode",),
}

ENUMS = {field: values for values, fields in _BY_VALUES.items() for field in fields}
