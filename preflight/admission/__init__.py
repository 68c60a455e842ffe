"""What the API server says of the pods that will really be made: defaults, limit ranges and quotas.

It follows Kubernetes 1.34: pkg/apis/core/v1/defaults.go, plugin/pkg/admission/limitranger and
pkg/quota/v1/evaluator/core. tests/on_cluster/test_admission.py compares it with a real API server.
"""
