"""What a cluster is set up with: classes, leases, webhooks, certificates, and older versions of kinds."""

from tests.twin.conformance.kinds.model import Kind, Obj

WEBHOOK: Obj = {
    "name": "a.example.com",
    "clientConfig": {"url": "https://hooks.example.com/x"},
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
    "rules": [{"operations": ["CREATE"], "apiGroups": ["example.net"], "apiVersions": ["v1"], "resources": ["things"]}],
}
WEBHOOK_BAD: dict[str, Obj] = {
    "bad-hook-name": {"webhooks": [{**WEBHOOK, "name": "short"}]},
    "http-url": {"webhooks": [{**WEBHOOK, "clientConfig": {"url": "http://hooks.example.com"}}]},
    "bad-side-effects": {"webhooks": [{**WEBHOOK, "sideEffects": "Some"}]},
    "no-versions": {"webhooks": [{**WEBHOOK, "admissionReviewVersions": []}]},
    "bad-policy": {"webhooks": [{**WEBHOOK, "failurePolicy": "Cry"}]},
    "bad-timeout": {"webhooks": [{**WEBHOOK, "timeoutSeconds": 99}]},
    "bad-operation": {
        "webhooks": [
            {
                **WEBHOOK,
                "rules": [{"operations": ["READ"], "apiGroups": ["a"], "apiVersions": ["v1"], "resources": ["x"]}],
            }
        ]
    },
}

CLUSTER: tuple[Kind, ...] = (
    Kind(
        "apis/storage.k8s.io/v1",
        "storageclasses",
        "StorageClass",
        {"provisioner": "example.com/disk"},
        {"allowVolumeExpansion": True},
        {
            "no-provisioner": {"provisioner": ""},
            "bad-reclaim": {"reclaimPolicy": "Burn"},
            "bad-mode": {"volumeBindingMode": "Later"},
        },
        namespaced=False,
        bad_changes={"provisioner": {"provisioner": "example.com/other"}},
    ),
    Kind(
        "apis/scheduling.k8s.io/v1",
        "priorityclasses",
        "PriorityClass",
        {"value": 1000},
        {"description": "x"},
        {
            "system-name": {"metadata": {"name": "system-mine"}},
            "too-high": {"value": 2000000000},
            "bad-policy": {"preemptionPolicy": "Always"},
        },
        namespaced=False,
        bad_changes={"value": {"value": 5}},
    ),
    Kind(
        "apis/coordination.k8s.io/v1",
        "leases",
        "Lease",
        {"spec": {"holderIdentity": "a", "leaseDurationSeconds": 10}},
        {"spec": {"holderIdentity": "b"}},
        {"negative": {"spec": {"leaseDurationSeconds": -1}}, "bad-time": {"spec": {"renewTime": "yesterday"}}},
    ),
    Kind(
        "apis/discovery.k8s.io/v1",
        "endpointslices",
        "EndpointSlice",
        {"addressType": "IPv4", "endpoints": [{"addresses": ["10.1.1.1"]}], "ports": [{"port": 80}]},
        {"endpoints": [{"addresses": ["10.1.1.2"], "conditions": {"ready": True}}]},
        {
            "bad-type": {"addressType": "IPv5"},
            "bad-address": {"endpoints": [{"addresses": ["x"]}]},
            "no-type": {"addressType": None},
        },
        bad_changes={"type": {"addressType": "IPv6"}},
    ),
    Kind(
        "apis/admissionregistration.k8s.io/v1",
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
        {"webhooks": [WEBHOOK]},
        {"metadata": {"labels": {"a": "b"}}},
        WEBHOOK_BAD,
        namespaced=False,
    ),
    Kind(
        "apis/admissionregistration.k8s.io/v1",
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
        {"webhooks": [WEBHOOK]},
        {"metadata": {"labels": {"a": "b"}}},
        {"no-side-effects": {"webhooks": [{**WEBHOOK, "sideEffects": None}]}},
        namespaced=False,
    ),
    Kind(
        "apis/node.k8s.io/v1",
        "runtimeclasses",
        "RuntimeClass",
        {"handler": "runc"},
        {"metadata": {"labels": {"a": "b"}}},
        {"bad-handler": {"handler": "Bad_Handler"}},
        namespaced=False,
        bad_changes={"handler": {"handler": "other"}},
    ),
    Kind(
        "apis/certificates.k8s.io/v1",
        "certificatesigningrequests",
        "CertificateSigningRequest",
        {"spec": {"request": "eA==", "signerName": "example.com/signer", "usages": ["client auth"]}},
        {"metadata": {"labels": {"a": "b"}}},
        namespaced=False,
    ),
    Kind(
        "apis/events.k8s.io/v1",
        "events",
        "Event",
        {
            "regarding": {"kind": "Pod", "namespace": "conf", "name": "x"},
            "reason": "Tested",
            "note": "hi",
            "type": "Normal",
            "eventTime": "2026-01-01T00:00:00.000000Z",
            "action": "Test",
            "reportingController": "example.com/me",
            "reportingInstance": "me-1",
        },
        {"metadata": {"labels": {"a": "b"}}},
        {"no-action": {"action": ""}, "bad-type": {"type": "Odd"}},
    ),
    Kind(
        "apis/autoscaling/v1",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        {
            "spec": {
                "scaleTargetRef": {"kind": "Deployment", "name": "web"},
                "maxReplicas": 3,
                "targetCPUUtilizationPercentage": 50,
            }
        },
        {"spec": {"targetCPUUtilizationPercentage": 60}},
        {"zero-target": {"spec": {"targetCPUUtilizationPercentage": 0}}},
    ),
    Kind(
        "apis/storage.k8s.io/v1",
        "csidrivers",
        "CSIDriver",
        {"spec": {}},
        {"metadata": {"labels": {"a": "b"}}},
        namespaced=False,
    ),
)
