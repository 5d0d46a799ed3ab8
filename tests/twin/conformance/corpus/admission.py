"""Quotas, ranges, pod security, priority, namespaces."""

from collections.abc import Iterator
from typing import Any

from tests.twin.conformance.corpus.requests import NS, by_kind, delete, manifest, merged, patch, post
from tests.twin.conformance.kinds.cluster import WEBHOOK
from tests.twin.conformance.kinds.model import POD, Obj
from tests.twin.conformance.replay import Step

CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "c"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}},
}


def _namespace(name: str, **labels: str) -> Step:
    return post(
        f"admission/namespace-{name}",
        "/api/v1/namespaces",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}},
        "Namespace",
    )


def _account(name: str) -> Step:
    return post(
        f"admission/account-{name}",
        f"/api/v1/namespaces/{name}/serviceaccounts",
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}},
        "ServiceAccount",
    )


def _pod(what: str, where: str, spec: Obj) -> Step:
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": what}, "spec": merged(POD, spec)}
    return post(f"admission/{where}-{what}", f"/api/v1/namespaces/{where}/pods", body, "Pod")


def _resources(**more: Any) -> Obj:
    return {"containers": [{"name": "app", "image": "x:1", "resources": more}]}


def admission() -> Iterator[Step]:
    """What admission adds and refuses, plugin by plugin."""
    yield _pod("no-namespace", "nowhere", {})
    yield _namespace("noaccount")
    yield _pod("no-account", "noaccount", {})
    yield from _limit_range()
    yield from _quota()
    for level in ("baseline", "restricted"):
        yield from _pod_security(level)
    yield from _warnings_and_namespaces()
    yield from _priority()
    yield from _webhook()


def _limit_range() -> Iterator[Step]:
    """Defaults, bounds and ratios of a LimitRange."""
    yield _namespace("limited")
    yield _account("limited")
    limits = {
        "limits": [
            {
                "type": "Container",
                "min": {"cpu": "100m"},
                "max": {"cpu": "1", "memory": "1Gi"},
                "default": {"cpu": "500m", "memory": "256Mi"},
                "defaultRequest": {"cpu": "200m"},
                "maxLimitRequestRatio": {"cpu": "4"},
            },
            {"type": "Pod", "max": {"cpu": "1500m"}},
            {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "5Gi"}},
        ]
    }
    yield post(
        "admission/range",
        "/api/v1/namespaces/limited/limitranges",
        {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "r"}, "spec": limits},
        "LimitRange",
    )
    yield _pod("defaults", "limited", {})
    yield _pod("too-much", "limited", _resources(limits={"cpu": "2", "memory": "1Gi"}))
    yield _pod("too-little", "limited", _resources(requests={"cpu": "10m"}))
    yield _pod("ratio", "limited", _resources(requests={"cpu": "100m"}, limits={"cpu": "1"}))
    yield _pod("many", "limited", {"containers": [{"name": f"c{i}", "image": "x:1"} for i in range(4)]})
    yield post(
        "admission/claim-too-big", "/api/v1/namespaces/limited/persistentvolumeclaims", CLAIM, "PersistentVolumeClaim"
    )
    yield post(
        "admission/claim-too-small",
        "/api/v1/namespaces/limited/persistentvolumeclaims",
        merged(CLAIM, {"spec": {"resources": {"requests": {"storage": "1Mi"}}}}),
        "PersistentVolumeClaim",
    )


def _quota() -> Iterator[Step]:
    """Counts and sums of a ResourceQuota."""
    yield _namespace("counted")
    yield _account("counted")
    hard = {
        "pods": "2",
        "requests.cpu": "1",
        "limits.memory": "1Gi",
        "configmaps": "1",
        "services.nodeports": "1",
        "count/deployments.apps": "1",
        "requests.storage": "2Gi",
    }
    quotas = "/api/v1/namespaces/counted/resourcequotas"
    yield post(
        "admission/quota",
        quotas,
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": hard}},
        "ResourceQuota",
    )
    used = dict.fromkeys(hard, "0")
    yield patch(
        "admission/quota-status", f"{quotas}/q/status", {"status": {"hard": hard, "used": used}}, "ResourceQuota"
    )
    yield _pod("must-specify", "counted", {})
    yield _pod("must-specify-some", "counted", _resources(requests={"cpu": "100m"}))
    half = _resources(requests={"cpu": "600m"}, limits={"memory": "256Mi"})
    yield _pod("first", "counted", half)
    yield _pod("over-cpu", "counted", half)
    yield _pod("second", "counted", _resources(requests={"cpu": "100m"}, limits={"memory": "256Mi"}))
    yield _pod("third", "counted", _resources(requests={"cpu": "100m"}, limits={"memory": "256Mi"}))
    for index in range(2):
        yield from _counted(index)
    yield post(
        "admission/counted-claim", "/api/v1/namespaces/counted/persistentvolumeclaims", CLAIM, "PersistentVolumeClaim"
    )


def _counted(index: int) -> Iterator[Step]:
    """One object of each kind that the quota counts."""
    yield post(
        f"admission/counted-configmap-{index}",
        "/api/v1/namespaces/counted/configmaps",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{index}"}},
        "ConfigMap",
    )
    deployment = manifest(by_kind("Deployment"), f"d{index}", {"metadata": {"namespace": "counted"}})
    yield post(
        f"admission/counted-deployment-{index}",
        "/apis/apps/v1/namespaces/counted/deployments",
        deployment,
        "Deployment",
    )
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"s{index}"},
        "spec": {"type": "NodePort", "ports": [{"port": 80}]},
    }
    yield post(f"admission/counted-service-{index}", "/api/v1/namespaces/counted/services", service, "Service")


def _pod_security(level: str) -> Iterator[Step]:
    """Pods that a level of the pod security standards forbids, and one that it allows."""
    yield _namespace(level, **{"pod-security.kubernetes.io/enforce": level})
    yield _account(level)
    yield _pod("plain", level, {})
    yield _pod(
        "privileged",
        level,
        {"containers": [{"name": "app", "image": "x", "securityContext": {"privileged": True}}]},
    )
    yield _pod("host", level, {"hostNetwork": True, "hostPID": True})
    yield _pod("host-path", level, {"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]})
    yield _pod(
        "host-port",
        level,
        {"containers": [{"name": "app", "image": "x", "ports": [{"containerPort": 80, "hostPort": 80}]}]},
    )
    yield _pod(
        "capability",
        level,
        {"containers": [{"name": "app", "image": "x", "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}}]},
    )
    yield _pod("root", level, {"securityContext": {"runAsUser": 0, "runAsNonRoot": False}})
    yield _pod("unconfined", level, {"securityContext": {"seccompProfile": {"type": "Unconfined"}}})
    good = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    yield _pod("good", level, {"containers": [{"name": "app", "image": "x", "securityContext": good}]})


def _warnings_and_namespaces() -> Iterator[Step]:
    """A level that only warns, and namespaces that stay."""
    yield _namespace("warned", **{"pod-security.kubernetes.io/warn": "restricted"})
    yield _account("warned")
    yield _pod("plain", "warned", {})
    yield post(
        "admission/warned-deployment",
        "/apis/apps/v1/namespaces/warned/deployments",
        manifest(by_kind("Deployment"), "d", {"metadata": {"namespace": "warned"}}),
        "Deployment",
    )
    yield delete("admission/default-namespace", "/api/v1/namespaces/default", "Namespace")
    yield delete("admission/system-namespace", "/api/v1/namespaces/kube-system", "Namespace")


def _priority() -> Iterator[Step]:
    """Priority classes of Pods."""
    priority = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "high"},
        "value": 5000,
    }
    yield post("admission/priority", "/apis/scheduling.k8s.io/v1/priorityclasses", priority, "PriorityClass")
    yield _pod("high", NS, {"priorityClassName": "high"})
    yield _pod("wrong-number", NS, {"priorityClassName": "high", "priority": 1})
    yield _pod("system", NS, {"priorityClassName": "system-node-critical"})


def _webhook() -> Iterator[Step]:
    """A webhook that nobody answers, ignored."""
    hook = merged(
        {**WEBHOOK, "name": "h.example.com"}, {"clientConfig": {"url": "https://127.0.0.1:1/x"}, "rules": None}
    )
    hook["rules"] = [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}]
    hook["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": "warned"}}
    hooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    yield post(
        "admission/hook",
        hooks,
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "h"},
            "webhooks": [{**hook, "failurePolicy": "Ignore"}],
        },
        "ValidatingWebhookConfiguration",
    )
    yield post(
        "admission/hook-ignored",
        "/api/v1/namespaces/warned/configmaps",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}},
        "ConfigMap",
    )
    yield delete("admission/hook-gone", f"{hooks}/h", "ValidatingWebhookConfiguration")
