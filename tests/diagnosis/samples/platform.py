"""Samples: admission, autoscaling, nodes, metrics, custom resources."""

import base64
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis.observations import Anomaly, CallEdge, ConnectionTest, NodeService, Signal, Usage
from cloudwright.diagnosis.view import ClusterView
from tests.diagnosis.samples.base import (
    CALM,
    WEB,
    Dict,
    Sample,
    Samples,
    condition,
    owned,
    state,
)  # fmt: skip
from tests.diagnosis.world import NOW, ago, container, deployment, event, node, pod, service, slices, thing, view

ADMISSION = "admissionregistration.k8s.io/v1"
BASE = (WEB, pod(WEB), node())


def samples() -> Samples:
    """By kind."""
    return {**_refusals(),
        **_rewrites(), **_webhooks(), **_scaling(), **_budgets(),
            **_node_services(), **_node_states(), **_metrics(), **_custom()}  # fmt: skip


def refused(message: str, *more: Dict, there: bool = False) -> ClusterView:
    """A Deployment whose ReplicaSet may not create its Pod (or may again by now)."""
    web = deployment("web", ready=int(there))
    rs = owned(
        web,
        "ReplicaSet",
        "web-1",
        spec={"replicas": 1, "template": web["spec"]["template"]},
        status={"replicas": int(there)},
    )
    words = f'Error creating: pods "web-1" is forbidden: {message}'
    one = pod(web)
    one["metadata"]["ownerReferences"] = [
        {**rs["metadata"]["ownerReferences"][0], "kind": "ReplicaSet", "name": "web-1", "uid": rs["metadata"]["uid"]}
    ]
    return view(web, rs, node(), event(rs, "FailedCreate", words), *more, *([one] if there else []))


def _refusals() -> Samples:
    found: dict[str, Sample] = {}
    for name, key, limit in (("cpu", "requests.cpu", "4"), ("memory", "limits.memory", "8Gi"), ("pods", "pods", "10"),
                             ("services", "count/services", "5"), ("storage", "requests.storage", "9Gi"), ("", "count/secrets", "5")):  # fmt: skip
        quota = thing("ResourceQuota", "team", spec={"hard": {key: limit}}, metadata={"creationTimestamp": ago(90_000)})
        said = f"exceeded quota: team, requested: {key}=1, used: {key}={limit}, limited: {key}={limit}"
        kind = f"quota-exceeded-{name}" if name else "quota-exceeded"
        found[kind] = refused(said, quota), view(*BASE, quota), refused(said, quota, there=True)
    used, free = (
        thing("ResourceQuota", "q", spec={"hard": {"pods": "2"}}, status={"hard": {"pods": "2"}, "used": {"pods": n}})
        for n in ("2", "1")
    )
    found["quota-nearly-exceeded"] = view(*BASE, used), CALM, view(*BASE, free)
    messages = {
        "quota-requires-resources": "failed quota: team: must specify limits.memory for: app",
        "limit-range-violated": "maximum memory usage per Container is 128Mi, but limit is 1Gi",
        "pod-security-violation": 'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
        "admission-denied": 'admission webhook "policy.example" denied the request: no latest tag',
        "pod-class-missing": "no PriorityClass with name gold was found",
        "pods-refused": "something that nobody has seen before",
    }
    for kind, said in messages.items():
        found[kind] = refused(said), CALM, refused(said, there=True)
    return found


def _rewrites() -> Samples:
    meant, small = (container(resources={"limits": {"memory": size}}) for size in ("256Mi", "16Mi"))
    hooks = thing(
        "MutatingWebhookConfiguration",
        "tuner",
        "",
        ADMISSION,
        webhooks=[{"name": "t", "rules": [{"resources": ["pods"]}]}],
    )
    dead = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": ago(20), "startedAt": ago(40)}

    def runs(template: Dict, real: Dict, *more: Dict) -> ClusterView:
        web = deployment("web", template, ready=0)
        one = state(web, "CrashLoopBackOff", "", 4, dead)
        one["spec"] = {**one["spec"], "containers": [real]}
        return view(web, one, node(), *more)

    def defaults(size: str) -> Dict:
        return thing("LimitRange", "usual", spec={"limits": [{"type": "Container", "default": {"memory": size}}]})

    mirrored = container(image="mirror.example/app:1", resources={"limits": {"memory": "0.25Gi"}})
    full = refused("etcdserver: mvcc: database space exceeded")
    return {
        "admission-rewrites-pods": (runs(meant, small, hooks), CALM, runs(meant, mirrored, hooks)),
        "limit-range-default-too-low": (
            runs(container(), small, defaults("16Mi")),
            CALM,
            runs(small, small, defaults("16Mi")),
        ),
        "etcd-space-exceeded": (full, CALM, refused("no space left on device")),
    }


def hook(
    policy: str = "Fail",
    name: str = "guard",
    bundle: str = "",
    kind: str = "ValidatingWebhookConfiguration",
    **more: Any,
) -> Dict:
    """A webhook of a Service in namespace ops."""
    client: Dict = {"service": {"name": name, "namespace": "ops"}, **({"caBundle": bundle} if bundle else {})}
    return thing(
        kind,
        name,
        "",
        ADMISSION,
        webhooks=[{"name": f"{name}.example", "failurePolicy": policy, "clientConfig": client, **more}],
    )


def _webhooks() -> Samples:
    def failing(reason: str, *more: Dict, policy: str = "Fail") -> ClusterView:
        said = f'Internal error occurred: failed calling webhook "guard.example": failed to call webhook: Post "https://guard.ops.svc:443/": {reason}'
        return refused(said, hook(policy), *more)

    server = deployment("guard", space="ops")
    served = (server, pod(server), service("guard", space="ops"), slices("guard", "10.0.0.9", space="ops"))
    empty = (server, pod(server), service("guard", space="ops"), {**slices("guard", space="ops"), "endpoints": []})
    well = view(*BASE, hook(), *served)
    rules = {"rules": [{"resources": ["pods"]}], "kind": "MutatingWebhookConfiguration", "policy": "Ignore"}
    slow = [hook(name=name, timeoutSeconds=15, **rules) for name in ("guard", "label")]
    api = thing(
        "APIService",
        "v1.things.example",
        "",
        "apiregistration.k8s.io/v1",
        spec={"group": "things.example", "service": {"name": "t", "namespace": "x"}},
    )
    up, down = ({**api, "status": condition("Available", status)} for status in ("True", "False"))
    return {
        "webhook-service-missing": (failing('service "guard" not found'), well, view(*BASE, hook("Ignore"))),
        "webhook-without-endpoints": (view(*BASE, hook(), *empty), well, view(*BASE, hook("Ignore"), *empty)),
        "webhook-certificate-untrusted": (failing("x509: certificate signed by unknown authority", *served), well, failing("EOF", *served)),
        "webhook-call-failed": (failing("EOF", *served), well, failing("x509: certificate signed by unknown authority", *served)),
        "webhook-certificate-expiring": (view(*BASE, hook(bundle=bundle(-1)), *served), well, view(*BASE, hook(bundle=bundle(90)), *served)),
        "webhook-timeouts-add-up": (view(*BASE, *slow), well, view(*BASE, slow[0])),
        "api-service-unavailable": (view(*BASE, down), view(*BASE, up), view(*BASE, {**api, "status": {}})),
    }  # fmt: skip


def bundle(days: int) -> str:
    """A CA bundle that ends in so many days from the snapshot, as a webhook holds it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(NOW - timedelta(days=400)).not_valid_after(NOW + timedelta(days=days))
    text = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return base64.b64encode(text).decode()


def scaler(name: str = "web", target: int = 60, high: int = 5, low: int = 1, **status: Any) -> Dict:
    """An autoscaler on CPU."""
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": target}},
    }
    spec = {
        "scaleTargetRef": {"kind": "Deployment", "name": name},
        "minReplicas": low,
        "maxReplicas": high,
        "metrics": [metric],
    }
    return thing("HorizontalPodAutoscaler", "web", version="autoscaling/v2", spec=spec, status=status)


def _scaling() -> Samples:
    web = deployment("web", container(resources={"requests": {"cpu": "100m"}}))
    base = (web, pod(web), node())
    well = view(*base, scaler())
    bare, limited = deployment("web"), deployment("web", container(resources={"limits": {"cpu": "1"}}))
    blind = condition("ScalingActive", "False", "FailedGetResourceMetric", "no metrics returned")
    asleep = condition(
        "ScalingActive", "False", "ScalingDisabled", "scaling is disabled since the replica count of the target is zero"
    )
    most, least = (condition("ScalingLimited", "True", reason) for reason in ("TooManyReplicas", "TooFewReplicas"))
    api = thing(
        "APIService",
        "v1beta1.metrics.k8s.io",
        "",
        "apiregistration.k8s.io/v1",
        spec={"group": "metrics.k8s.io", "service": {"name": "m", "namespace": "x"}},
    )
    return {
        "autoscaler-target-missing": (view(*base, scaler("wbe")), well, view(*base, scaler("gone"), complete=frozenset({"Pod"}))),
        "autoscaler-no-metrics": (view(*base, scaler(**blind)), well, view(*base, scaler(**asleep))),
        "autoscaler-no-requests": (view(bare, pod(bare), node(), scaler()), well, view(limited, pod(limited), node(), scaler())),
        "autoscaler-at-maximum": (view(*base, scaler(**most)), well, view(*base, scaler(**least))),
        "autoscaler-misconfigured": (view(*base, scaler(target=2)), well, view(*base, scaler(high=3, low=3))),
        "metrics-server-down": (view(*base, {**api, "status": condition("Available", "False")}), view(*base, {**api, "status": condition("Available", "True")}), well),
    }  # fmt: skip


def _budgets() -> Samples:
    def budget(allowed: int = 0, healthy: int = 1, name: str = "b", app: str = "web") -> Dict:
        spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": app}}}
        state = {"disruptionsAllowed": allowed, "currentHealthy": healthy, "desiredHealthy": 1, "expectedPods": 1}
        return thing("PodDisruptionBudget", name, version="policy/v1", spec=spec, status=state)

    drained = (WEB, pod(WEB), node(cordoned=True), node("n2"))
    elsewhere = (WEB, pod(WEB, node="n2"), node(cordoned=True), node("n2"))
    return {
        "disruption-budget-blocks": (view(*BASE, budget()), view(*BASE, budget(1)), view(*BASE, budget(0, 0))),
        "disruption-budget-stuck": (view(*drained, budget()), view(*drained, budget(1)), view(*elsewhere, budget())),
        "disruption-budgets-overlap": (
            view(*BASE, budget(1), budget(1, name="c")), view(*BASE, budget(1)), view(*BASE, budget(1), budget(1, name="c", app="blue"))
        ),
    }  # fmt: skip


def _node_services() -> Samples:
    found: dict[str, Sample] = {}
    for service_name, kind in (("kubelet", "kubelet-stopped"), ("containerd", "container-runtime-stopped"), ("kube-proxy", "kube-proxy-stopped"),
                               ("chronyd", "node-service-stopped"), ("kube-apiserver", "api-server-stopped"), ("etcd", "etcd-stopped"),
                               ("kube-scheduler", "scheduler-stopped"), ("kube-controller-manager", "controller-manager-stopped")):  # fmt: skip
        down, up, other = (
            view(*BASE, node_services=(NodeService(name, service_name, active, "Active: inactive (dead)"),))
            for name, active in (("n1", False), ("n1", True), ("unknown", False))
        )
        found[kind] = down, up, other
    near = tuple(
        ConnectionTest("shop", f"s{index}", 80, False, origin) for index in range(5) for origin in ("n1", "n2")
    )
    found["kube-proxy-stopped"] = (*found["kube-proxy-stopped"][:2], view(*BASE, node("n2"), connections=near))
    for name, kind in (
        ("kube-scheduler", "scheduler-stopped"),
        ("kube-controller-manager", "controller-manager-stopped"),
    ):
        old, fresh = (
            thing("Lease", name, "kube-system", "coordination.k8s.io/v1", spec={"renewTime": ago(age)})
            for age in (400, 20)
        )
        found[kind] = view(*BASE, old), CALM, view(*BASE, fresh)
    return found


def _node_states() -> Samples:
    found: dict[str, Sample] = {}

    def told(kind: str, status: str, message: str = "m", reason: str = "r") -> Dict:
        made = node()
        made["status"]["conditions"].append({"type": kind, "status": status, "message": message, "reason": reason})
        return made

    for kind, name in (("MemoryPressure", "node-memory-pressure"), ("DiskPressure", "node-disk-pressure"), ("PIDPressure", "node-pid-pressure"),
                       ("NetworkUnavailable", "node-network-unavailable")):  # fmt: skip
        found[name] = view(WEB, pod(WEB), told(kind, "True")), CALM, view(WEB, pod(WEB), told(kind, "False"))
    silent = node(ready="Unknown")
    sick = node(ready="False")
    quiet = node(ready="False")
    quiet["status"]["conditions"][0]["lastTransitionTime"] = ago(2)
    agent = {**deployment("cni", space="kube-system"), "kind": "DaemonSet"}
    dead, busy = (state(agent, reason) for reason in ("CrashLoopBackOff", "ContainerCreating"))

    def version(text: str) -> ClusterView:
        made = node("n2")
        made["status"]["nodeInfo"] = {"kubeletVersion": text}
        first = node()
        first["status"]["nodeInfo"] = {"kubeletVersion": "v1.34.0"}
        return view(WEB, pod(WEB), first, made)

    return {
        **found,
        "kubelet-stopped": (view(WEB, pod(WEB), silent), CALM, view(WEB, pod(WEB), sick)),
        "node-not-ready": (view(WEB, pod(WEB), sick), CALM, view(WEB, pod(WEB), quiet)),
        "node-clock-skew": (view(WEB, pod(WEB), beating(-400), node("n2")), CALM, view(WEB, pod(WEB), beating(-400))),
        "node-problem": (view(WEB, pod(WEB), told("KernelDeadlock", "True")), CALM, view(WEB, pod(WEB), told("KernelDeadlock", "False"))),
        "node-cordoned": (view(WEB, pod(WEB), node(cordoned=True)), CALM, view(WEB, pod(WEB), {**node(cordoned=True), "metadata": node(**{"node-role.kubernetes.io/control-plane": ""})["metadata"]})),
        "node-version-skew": (version("v1.29.1"), CALM, version("v1.31.0")),
        "node-agent-failing": (view(agent, dead, node()), CALM, view(agent, busy, node())),
    }  # fmt: skip


def beating(seconds: float) -> Dict:
    """A node whose last heartbeat was so long ago."""
    made = node()
    made["status"]["conditions"][0]["lastHeartbeatTime"] = ago(seconds)
    return made


def measured(signal: Signal, value: float, before: float, name: str = "web", kind: str = "Deployment") -> Anomaly:
    """A metric that left its baseline."""
    space = "" if kind == "Node" else "shop"
    return Anomaly(ObjectRef(kind=kind, namespace=space, name=name), signal, before, value)


def _metrics() -> Samples:
    limited = deployment("web", container(resources={"limits": {"cpu": "1", "memory": "64Mi"}}))

    def seen(*items: Anomaly, more: tuple[Dict, ...] = (), **observed: Any) -> ClusterView:
        return view(*BASE, *more, anomalies=items, **observed)

    def using(cpu: float = 0.0, memory: float = 0.0) -> ClusterView:
        return view(limited, pod(limited), node(), pod_usage={("shop", "web-x", "app"): Usage(cpu, memory)})

    slow, mild = measured(Signal.LATENCY, 900, 20), measured(Signal.LATENCY, 22, 20)
    hot, warm = measured(Signal.CPU, 0.9, 0.1), measured(Signal.CPU, 0.11, 0.1)
    lossy, clean = (measured(Signal.RETRANSMISSION, rate, 0.1, "n1", "Node") for rate in (9.0, 0.2))
    other, third = deployment("api"), deployment("cart")
    more = (other, pod(other), third, pod(third), node("n2"))
    late = [measured(Signal.LATENCY, 900, 20, name) for name in ("web", "api", "cart")]
    spread = (other, pod(other, node="n2"), third, pod(third, node="n3"), node("n2"), node("n3"))
    calls = (
        CallEdge(
            ObjectRef(kind="Deployment", namespace="shop", name="web"),
            ObjectRef(kind="Deployment", namespace="shop", name="api"),
            "trace",
        ),
    )
    both = seen(slow, measured(Signal.LATENCY, 890, 20, "api"), more=more, calls=calls)
    trio = deployment("web", replicas=3)
    return {
        "node-packet-loss": (seen(lossy), seen(clean), seen(clean)),
        "node-network-latency": (seen(*late, more=more), seen(mild), seen(*late, more=spread)),
        "slow-responses": (both, seen(mild), seen(slow, hot)),
        "cpu-saturated": (seen(slow, hot), seen(mild), seen(slow, warm)),
        "cpu-throttled": (using(cpu=0.99), using(cpu=0.2), using(cpu=0.9)),
        "cpu-busy": (seen(hot), seen(warm), seen(slow, hot)),
        "memory-near-limit": (using(memory=63 * 2**20), using(memory=2**20), using(memory=58 * 2**20)),
        "requests-failing": (seen(measured(Signal.ERRORS, 9, 0)), CALM, seen(measured(Signal.TRAFFIC, 9, 1))),
        "replicas-on-one-node": (
            view(trio, *(pod(trio, one) for one in "abc"), node(), node("n2")), CALM, view(trio, *(pod(trio, one) for one in "abc"), node())
        ),
    }  # fmt: skip


def _custom() -> Samples:
    made = thing("Widget", "w", version="example.org/v1", spec={})
    sick, busy = ({**made, "status": condition("Ready", "False", reason, "no")} for reason in ("Broken", "Progressing"))
    fine = view(*BASE, {**made, "status": condition("Ready", "True")})
    olm = "operators.coreos.com/v1alpha1"
    failed, good = (
        thing("ClusterServiceVersion", "op", version=olm, status={"phase": phase}) for phase in ("Failed", "Succeeded")
    )
    young = {**failed, "metadata": {**failed["metadata"], "creationTimestamp": ago(60)}}
    report, passed = (
        thing("PolicyReport", "r", version="wgpolicyk8s.io/v1alpha2", results=[{"result": result, "policy": "p"}])
        for result in ("fail", "warn")
    )
    return {
        "custom-resource-not-ready": (view(*BASE, sick), fine, view(*BASE, busy)),
        "operator-lifecycle": (view(*BASE, failed), view(*BASE, good), view(*BASE, young)),
        "policy-violation": (view(*BASE, report), CALM, view(*BASE, passed)),
    }
