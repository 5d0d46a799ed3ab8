"""Small clusters with one fault each, and near misses that are no fault. Each entry: name, view, expected cause or None.

The expectation is (kind, object kind, object name, start of the field).
"""

from collections.abc import Iterator
from typing import Any

from cloudwright.diagnosis.observations import ConnectionTest, NodeService
from cloudwright.diagnosis.view import ClusterView
from tests.diagnosis.world import (
    ago,
    container,
    deployment,
    event,
    log,
    node,
    pod,
    service,
    slices,
    thing,
    view,
    waiting,
)

Expected = tuple[str, str, str, str]
Case = tuple[str, ClusterView, Expected | None]
TEMPLATE = "spec.template.spec"
UNSCHEDULED = {
    "phase": "Pending",
    "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available"}
    ],
}


def faults() -> Iterator[Case]:
    """One fault each."""
    yield from _images()
    yield from _configuration()
    yield from _containers()
    yield from _probes()
    yield from _admission()
    yield from _scheduling()
    yield from _storage()
    yield from _services()
    yield from _logs()
    yield from _platform()


def _images() -> Iterator[Case]:
    web = deployment("web", container(image="registry.example/web:2"), ready=0)
    for kind, message in (
        ("image-not-found", "failed to resolve reference: registry.example/web:2: not found"),
        ("image-registry-name-unknown", "dial tcp: lookup registry.example on 10.0.0.2:53: no such host"),
        ("image-pull-unauthorized", "unexpected status from HEAD request: 401 Unauthorized"),
        ("image-rate-limited", "toomanyrequests: You have reached your pull rate limit"),
        ("image-registry-unreachable", "dial tcp 192.0.2.1:443: i/o timeout"),
        ("image-architecture-mismatch", "no match for platform in manifest: linux/arm64"),
    ):
        one = pod(
            web,
            ready=False,
            status={
                "containerStatuses": [
                    waiting("app", "ImagePullBackOff", f'Failed to pull image "registry.example/web:2": {message}')
                ]
            },
        )
        yield kind, view(web, one, node()), (kind, "Deployment", "web", f"{TEMPLATE}.")
    one = pod(
        web,
        ready=False,
        status={"containerStatuses": [waiting("app", "InvalidImageName", "couldn't parse image reference")]},
    )
    yield (
        "invalid image name",
        view(web, one, node()),
        ("image-name-invalid", "Deployment", "web", f"{TEMPLATE}.containers[app].image"),
    )
    private = deployment("web", container(), ready=0, spec={"imagePullSecrets": [{"name": "regcred"}]})
    one = pod(private, ready=False, status={"containerStatuses": [waiting("app", "ErrImagePull", "401 Unauthorized")]})
    yield (
        "pull secret missing",
        view(private, one, node()),
        ("image-pull-secret-missing", "Deployment", "web", f"{TEMPLATE}.imagePullSecrets"),
    )


def _configuration() -> Iterator[Case]:
    env = [{"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "mode"}}}]
    web = deployment("web", container(env=env), ready=0)
    one = pod(
        web,
        ready=False,
        status={"containerStatuses": [waiting("app", "CreateContainerConfigError", 'configmap "settings" not found')]},
    )
    yield "config map missing", view(web, one, node()), ("config-map-missing", "ConfigMap", "settings", "")
    one = pod(
        web,
        ready=False,
        status={
            "containerStatuses": [
                waiting("app", "CreateContainerConfigError", "couldn't find key mode in ConfigMap shop/settings")
            ]
        },
    )
    yield (
        "key missing",
        view(web, one, node(), thing("ConfigMap", "settings", data={"colour": "red"})),
        ("config-map-key-missing", "ConfigMap", "settings", "data.mode"),
    )
    secret = deployment("web", container(envFrom=[{"secretRef": {"name": "db"}}]), ready=0)
    one = pod(
        secret,
        ready=False,
        status={"containerStatuses": [waiting("app", "CreateContainerConfigError", 'secret "db" not found')]},
    )
    yield "secret missing", view(secret, one, node()), ("secret-missing", "Secret", "db", "")
    robot = deployment("web", container(), ready=0, spec={"serviceAccountName": "robot"})
    yield "service account missing", view(robot, node()), ("service-account-missing", "ServiceAccount", "robot", "")


def _containers() -> Iterator[Case]:
    web = deployment("web", container(resources={"limits": {"memory": "64Mi"}}), ready=0)
    dead = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": ago(20), "startedAt": ago(40)}
    one = pod(web, ready=False, status={"containerStatuses": [waiting("app", "CrashLoopBackOff", "", 4, dead)]})
    yield (
        "out of memory",
        view(web, one, node()),
        ("oom-killed", "Deployment", "web", f"{TEMPLATE}.containers[app].resources.limits.memory"),
    )
    wrong = deployment("web", container(command=["/bin/srv"]), ready=0)
    broken = {
        "reason": "StartError",
        "exitCode": 128,
        "finishedAt": ago(20),
        "message": 'exec: "/bin/srv": stat /bin/srv: no such file or directory',
    }
    one = pod(wrong, ready=False, status={"containerStatuses": [waiting("app", "CrashLoopBackOff", "", 4, broken)]})
    yield (
        "command not found",
        view(wrong, one, node()),
        ("command-not-found", "Deployment", "web", f"{TEMPLATE}.containers[app].command"),
    )
    root = deployment("web", container(securityContext={"runAsNonRoot": True}), ready=0)
    one = pod(
        root,
        ready=False,
        status={
            "containerStatuses": [
                waiting("app", "CreateContainerConfigError", "container has runAsNonRoot and image will run as root")
            ]
        },
    )
    yield (
        "root image",
        view(root, one, node()),
        ("run-as-root-refused", "Deployment", "web", f"{TEMPLATE}.containers[app].securityContext"),
    )
    api, zero = (
        deployment("api", container(env=[{"name": "URL", "value": "http://store:80/"}])),
        deployment("store", container(), replicas=0),
    )
    scaled = [event(zero, "ScalingReplicaSet", "Scaled down replica set store-1 from 2 to 0", warning=False)]
    yield (
        "scaled to zero",
        view(api, pod(api), zero, service("store"), node(), *scaled),
        ("scaled-to-zero", "Deployment", "store", "spec.replicas"),
    )
    crash = {"reason": "Error", "exitCode": 1, "finishedAt": ago(20)}
    both = deployment("web", container(), container("side", port=8081), ready=0)
    states = [
        {"name": "app", "ready": True, "restartCount": 0, "state": {"running": {}}},
        waiting("side", "CrashLoopBackOff", "", 4, crash),
    ]
    one = pod(both, ready=False, status={"containerStatuses": states})
    words = log(both, "listen tcp :8080: bind: address already in use", container="side", previous=True)
    yield (
        "port conflict",
        view(both, one, service("web"), node(), logs=[words]),
        ("container-port-conflict", "Deployment", "web", f"{TEMPLATE}.containers[side]"),
    )


def _probes() -> Iterator[Case]:
    alive = {
        "httpGet": {"path": "/", "port": 9090},
        "periodSeconds": 10,
        "failureThreshold": 3,
        "initialDelaySeconds": 20,
    }
    dead = {"reason": "Error", "exitCode": 143, "finishedAt": ago(20), "startedAt": ago(80)}
    for name, probe, message, kind, field in (
        (
            "liveness port",
            alive,
            'Get "http://10.0.0.9:9090/": dial tcp 10.0.0.9:9090: connect: connection refused',
            "liveness-probe-wrong-port",
            "livenessProbe.httpGet.port",
        ),
        (
            "liveness protocol",
            {**alive, "httpGet": {"path": "/", "port": 8080}},
            "net/http: HTTP/1.x transport connection broken: malformed HTTP response",
            "liveness-probe-wrong-protocol",
            "livenessProbe.httpGet",
        ),
        (
            "liveness path",
            {**alive, "httpGet": {"path": "/nope", "port": 8080}},
            "HTTP probe failed with statuscode: 404",
            "liveness-probe-wrong-path",
            "livenessProbe.httpGet.path",
        ),
        (
            "liveness hasty",
            {"tcpSocket": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 1},
            "dial tcp 10.0.0.9:8080: connect: connection refused",
            "liveness-probe-too-aggressive",
            "livenessProbe",
        ),
        (
            "slow start",
            {"tcpSocket": {"port": 8080}, "periodSeconds": 10, "failureThreshold": 3},
            "dial tcp 10.0.0.9:8080: connect: connection refused",
            "slow-start-without-startup-probe",
            "livenessProbe",
        ),
    ):
        web = deployment("web", container(livenessProbe=probe), ready=0)
        state = waiting("app", "CrashLoopBackOff", "", 5, {**dead, "startedAt": ago(50)})
        one = pod(web, ready=False, status={"containerStatuses": [state]})
        happened = [
            event(one, "Unhealthy", f"Liveness probe failed: {message}"),
            event(one, "Killing", "Container app failed liveness probe, will be restarted", warning=False),
        ]
        yield (
            name,
            view(web, one, node(), *happened),
            (kind, "Deployment", "web", f"{TEMPLATE}.containers[app].{field}"),
        )
    for name, action, message, kind in (
        (
            "readiness port",
            {"tcpSocket": {"port": 9999}},
            "dial tcp 10.0.0.9:9999: connect: connection refused",
            "readiness-probe-wrong-port",
        ),
        (
            "readiness protocol",
            {"httpGet": {"port": 8080}},
            "malformed HTTP status code",
            "readiness-probe-wrong-protocol",
        ),
        (
            "readiness path",
            {"httpGet": {"path": "/x", "port": 8080}},
            "HTTP probe failed with statuscode: 404",
            "readiness-probe-wrong-path",
        ),
        (
            "readiness command",
            {"exec": {"command": ["/bin/check"]}},
            "OCI runtime exec failed: exec: /bin/check: executable file not found",
            "readiness-probe-command-missing",
        ),
    ):
        web = deployment("web", container(readinessProbe=action), ready=0)
        one = pod(web, ready=False)
        yield (
            name,
            view(web, one, node(), event(one, "Unhealthy", f"Readiness probe failed: {message}")),
            (kind, "Deployment", "web", f"{TEMPLATE}.containers[app].readinessProbe"),
        )


def _admission() -> Iterator[Case]:
    web = deployment("web", ready=0)
    for name, message, kind, target in (
        (
            "quota",
            'pods "web-1" is forbidden: exceeded quota: team, requested: requests.memory=1Gi, used: requests.memory=7Gi, limited: requests.memory=7Gi',
            "quota-exceeded-memory",
            ("ResourceQuota", "team"),
        ),
        (
            "must specify",
            'pods "web-1" is forbidden: failed quota: team: must specify limits.memory for: app',
            "quota-requires-resources",
            ("Deployment", "web"),
        ),
        (
            "limit range",
            'pods "web-1" is forbidden: maximum memory usage per Container is 128Mi, but limit is 1Gi',
            "limit-range-violated",
            ("Deployment", "web"),
        ),
        (
            "pod security",
            'pods "web-1" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
            "pod-security-violation",
            ("Deployment", "web"),
        ),
        (
            "policy",
            'admission webhook "policy.example" denied the request: no latest tag',
            "admission-denied",
            ("Deployment", "web"),
        ),
        (
            "priority class",
            'pods "web-1" is forbidden: no PriorityClass with name gold was found',
            "pod-class-missing",
            ("Deployment", "web"),
        ),
    ):
        rs = thing("ReplicaSet", "web-1", version="apps/v1", metadata={"ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": web["metadata"]["uid"], "controller": True}]},
                   spec={"replicas": 1, "template": web["spec"]["template"]}, status={"replicas": 0})  # fmt: skip
        quota = thing(
            "ResourceQuota",
            "team",
            spec={"hard": {"requests.memory": "7Gi"}},
            metadata={"creationTimestamp": ago(90000)},
        )
        yield (
            name,
            view(web, rs, quota, node(), event(rs, "FailedCreate", f"Error creating: {message}")),
            (kind, *target, ""),
        )
        if name == "quota":
            hook = thing("ValidatingWebhookConfiguration", "guard", "", "admissionregistration.k8s.io/v1",
                         webhooks=[{"name": "guard.example", "failurePolicy": "Fail", "clientConfig": {"service": {"name": "guard", "namespace": "ops"}}}])  # fmt: skip
            words = 'Internal error occurred: failed calling webhook "guard.example": failed to call webhook: Post "https://guard.ops.svc:443/": service "guard" not found'
            yield (
                "webhook",
                view(web, rs, hook, node(), event(rs, "FailedCreate", words)),
                ("webhook-service-missing", "ValidatingWebhookConfiguration", "guard", "webhooks[guard.example]"),
            )


def _scheduling() -> Iterator[Case]:
    def stuck(spec: dict[str, Any], nodes: list[dict[str, Any]], **more: object) -> ClusterView:
        web = deployment("web", container(resources={"requests": more.get("requests", {})}), ready=0, spec=spec)
        return view(web, pod(web, ready=False, status=UNSCHEDULED, node=""), *nodes)

    yield (
        "selector",
        stuck({"nodeSelector": {"disk": "ssd"}}, [node(disk="hdd")]),
        ("node-selector-unmatched", "Deployment", "web", f"{TEMPLATE}.nodeSelector"),
    )
    terms = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["z9"]}]}]}
    affinity = {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}
    yield (
        "affinity",
        stuck(affinity, [node(zone="z1")]),
        ("node-affinity-unmatched", "Deployment", "web", f"{TEMPLATE}.affinity.nodeAffinity"),
    )
    yield (
        "cpu",
        stuck({}, [node(cpu="2")], requests={"cpu": "64"}),
        ("insufficient-cpu", "Deployment", "web", f"{TEMPLATE}.containers[app].resources.requests.cpu"),
    )
    yield (
        "memory",
        stuck({}, [node(memory="1Gi")], requests={"memory": "64Gi"}),
        ("insufficient-memory", "Deployment", "web", f"{TEMPLATE}.containers[app].resources.requests.memory"),
    )
    yield "cordon", stuck({}, [node(cordoned=True)]), ("nodes-cordoned", "Node", "n1", "spec.unschedulable")
    yield (
        "taint",
        stuck({}, [node(taints=[{"key": "gpu", "effect": "NoSchedule"}])]),
        ("taint-not-tolerated", "Deployment", "web", f"{TEMPLATE}.tolerations"),
    )
    pinned = [node("n1", cordoned=True), node("n2")]
    yield (
        "cordoned home",
        stuck({"nodeSelector": {"kubernetes.io/hostname": "n1"}}, pinned),
        ("nodes-cordoned", "Node", "n1", "spec.unschedulable"),
    )
    apart = {
        "affinity": {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}
                ]
            }
        }
    }
    web = deployment("web", replicas=2, ready=1, spec=apart)
    yield (
        "anti-affinity",
        view(web, pod(web, "a"), pod(web, "b", ready=False, status=UNSCHEDULED, node=""), node()),
        ("anti-affinity-unsatisfiable", "Deployment", "web", f"{TEMPLATE}.affinity.podAntiAffinity"),
    )
    own = deployment("web", ready=0, spec={"schedulerName": "mine"})
    yield (
        "scheduler name",
        view(own, pod(own, ready=False, status={"phase": "Pending", "conditions": []}, node=""), node()),
        ("scheduler-unknown", "Deployment", "web", f"{TEMPLATE}.schedulerName"),
    )
    host = deployment("web", container(ports=[{"containerPort": 80, "hostPort": 80}]), replicas=2, ready=1)
    yield (
        "host port",
        view(host, pod(host, "a"), pod(host, "b", ready=False, status=UNSCHEDULED, node=""), node()),
        ("host-port-conflict", "Deployment", "web", f"{TEMPLATE}.containers[app].ports"),
    )


def _storage() -> Iterator[Case]:
    web = deployment(
        "web", ready=0, spec={"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
    )
    lonely = pod(
        web,
        ready=False,
        node="",
        status={
            **UNSCHEDULED,
            "conditions": [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "message": "pod has unbound immediate PersistentVolumeClaims",
                }
            ],
        },
    )
    volume = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "slow"}

    def claim(**spec: object) -> dict[str, Any]:
        asked = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "slow",
            **spec,
        }
        return thing("PersistentVolumeClaim", "data", spec=asked, status={"phase": "Pending"})

    slow = thing("StorageClass", "slow", "", "storage.k8s.io/v1", provisioner="kubernetes.io/no-provisioner")
    held = {"claimRef": {"namespace": "other", "name": "theirs"}}
    for name, one, extra, phase, kind, target, field in (
        (
            "size",
            claim(resources={"requests": {"storage": "9Gi"}}),
            {},
            "Available",
            "claim-capacity-mismatch",
            ("PersistentVolumeClaim", "data"),
            "spec.resources",
        ),
        (
            "mode",
            claim(accessModes=["ReadWriteMany"]),
            {},
            "Available",
            "claim-access-mode-mismatch",
            ("PersistentVolumeClaim", "data"),
            "spec.accessModes",
        ),
        (
            "labels",
            claim(selector={"matchLabels": {"tier": "gold"}}),
            {},
            "Available",
            "claim-selector-mismatch",
            ("PersistentVolumeClaim", "data"),
            "spec.selector",
        ),
        (
            "class",
            claim(storageClassName="fast"),
            {},
            "Available",
            "claim-storage-class-missing",
            ("PersistentVolumeClaim", "data"),
            "spec.storageClassName",
        ),
        (
            "taken",
            claim(),
            held,
            "Bound",
            "volume-already-claimed",
            ("PersistentVolumeClaim", "data"),
            "spec.volumeName",
        ),
        ("released", claim(), held, "Released", "volume-released", ("PersistentVolume", "pv1"), "spec.claimRef"),
    ):
        pv = thing("PersistentVolume", "pv1", "", spec={**volume, **extra}, status={"phase": phase})
        yield f"claim {name}", view(web, lonely, one, pv, slow, node()), (kind, *target, field)


def _services() -> Iterator[Case]:
    web = deployment("web")
    yield (
        "selector",
        view(web, pod(web), service("web", selector={"app": "wed"}), node()),
        ("service-selector-mismatch", "Service", "web", "spec.selector"),
    )
    yield (
        "target port",
        view(web, pod(web), service("web", target=9999), node()),
        ("service-port-mismatch", "Service", "web", "spec.ports[80].targetPort"),
    )
    yield (
        "port name",
        view(web, pod(web), service("web", target="http"), node()),
        ("service-port-name-unknown", "Service", "web", "spec.ports[80].targetPort"),
    )
    udp = service("web")
    udp["spec"]["ports"][0]["protocol"] = "UDP"
    yield (
        "protocol",
        view(web, pod(web), udp, node()),
        ("service-protocol-mismatch", "Service", "web", "spec.ports[80].protocol"),
    )
    api = deployment("api", container(env=[{"name": "WEB_URL", "value": "http://web:80"}]))
    yield (
        "missing service",
        view(
            web,
            pod(web),
            api,
            pod(api),
            node(),
            logs=[log(api, *["dial tcp: lookup web on 10.0.0.2:53: no such host"] * 4)],
        ),
        ("service-missing", "Service", "web", ""),
    )
    typo = deployment("api", container(env=[{"name": "WEB_URL", "value": "http://wbe:80"}]))
    yield (
        "mistyped address",
        view(web, pod(web), service("web"), typo, pod(typo), node()),
        ("address-unknown", "Deployment", "api", f"{TEMPLATE}.containers[app].env[WEB_URL]"),
    )
    wrong = deployment("api", container(env=[{"name": "WEB_URL", "value": "http://web:8181"}]))
    yield (
        "mistyped port",
        view(web, pod(web), service("web"), wrong, pod(wrong), node()),
        ("dependency-wrong-port", "Deployment", "api", f"{TEMPLATE}.containers[app].env[WEB_URL]"),
    )
    entry = thing(
        "Ingress",
        "front",
        version="networking.k8s.io/v1",
        spec={
            "ingressClassName": "nginx",
            "rules": [
                {
                    "host": "a.example",
                    "http": {"paths": [{"path": "/", "backend": {"service": {"name": "wbe", "port": {"number": 80}}}}]},
                }
            ],
        },
    )
    classes = thing("IngressClass", "nginx", "", "networking.k8s.io/v1")
    yield (
        "ingress backend",
        view(web, pod(web), service("web"), entry, classes, node()),
        ("ingress-backend-missing", "Ingress", "front", "spec.rules[a.example]"),
    )
    policy = thing(
        "NetworkPolicy",
        "deny",
        version="networking.k8s.io/v1",
        spec={"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]},
    )
    good = deployment("api", container(env=[{"name": "WEB_URL", "value": "http://web:80"}]))
    words = log(good, *["wget: can't connect to web: Connection timed out"] * 4)
    yield (
        "network policy",
        view(web, pod(web), service("web"), good, pod(good), policy, node(), logs=[words]),
        ("network-policy-blocks-service", "NetworkPolicy", "deny", "spec.ingress"),
    )


def _logs() -> Iterator[Case]:
    crash = {"reason": "Error", "exitCode": 1, "finishedAt": ago(20)}
    store = deployment("orders-mysql", container(port=3306))
    home = service("orders-mysql", 3306, 3306)
    secret = thing("Secret", "orders", data={"DB_HOST": "b3JkZXJzLW15c3Fs", "DB_PASSWORD": "aHVudGVyMg=="})
    api = deployment("api", container(envFrom=[{"secretRef": {"name": "orders"}}]), ready=0)
    one = pod(api, ready=False, status={"containerStatuses": [waiting("app", "CrashLoopBackOff", "", 4, crash)]})
    base = [store, pod(store), home, secret, api, one, node()]
    for name, line, kind, target in (
        (
            "credentials",
            "java.sql.SQLException: Access denied for user 'shop'@'10.0.0.9' (using password: YES)",
            "credentials-rejected",
            ("Secret", "orders"),
        ),
        (
            "read only",
            "The MySQL server is running with the --read-only option so it cannot execute this statement",
            "database-read-only",
            ("Deployment", "orders-mysql"),
        ),
        (
            "connections",
            'Data source rejected establishment of connection, message from server: "Too many connections"',
            "database-connections-exhausted",
            ("Deployment", "orders-mysql"),
        ),
    ):
        yield name, view(*base, logs=[log(api, "starting", line, previous=True)]), (kind, *target, "")
    yield (
        "full disk",
        view(*base, logs=[log(api, "write /data/x: no space left on device", previous=True)]),
        ("volume-full", "Deployment", "api", ""),
    )
    yield (
        "setting",
        view(*base, logs=[log(api, "fatal: environment variable API_KEY is not set", previous=True)]),
        ("setting-missing", "Deployment", "api", ""),
    )
    rights = 'pods is forbidden: User "system:serviceaccount:shop:default" cannot list resource "pods" in API group "" in the namespace "shop"'
    role = thing(
        "Role",
        "reader",
        version="rbac.authorization.k8s.io/v1",
        rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    )
    binding = thing(
        "RoleBinding",
        "reader",
        version="rbac.authorization.k8s.io/v1",
        roleRef={"kind": "Role", "name": "reader"},
        subjects=[{"kind": "ServiceAccount", "name": "default", "namespace": "shop"}],
    )
    account = thing("ServiceAccount", "default")
    yield (
        "rights",
        view(*base, role, binding, account, logs=[log(api, rights, previous=True)]),
        ("rights-missing", "Role", "reader", "rules"),
    )


def _platform() -> Iterator[Case]:
    web = deployment("web")
    yield (
        "node",
        view(web, pod(web), node(ready="Unknown"), node("n2")),
        ("kubelet-stopped", "Node", "n1", "status.conditions[Ready]"),
    )
    yield (
        "runtime",
        view(web, pod(web), node(), node_services=(NodeService("n1", "containerd", False, "Active: inactive (dead)"),)),
        ("container-runtime-stopped", "Node", "n1", ""),
    )
    tests = tuple(
        ConnectionTest("shop", f"s{index}", 80, origin == "n2", origin) for index in range(5) for origin in ("n1", "n2")
    )
    yield "proxy", view(web, pod(web), node(), node("n2"), connections=tests), ("kube-proxy-stopped", "Node", "n1", "")
    lease = thing("Lease", "kube-scheduler", "kube-system", "coordination.k8s.io/v1", spec={"renewTime": ago(400)})
    lost = deployment("web", ready=0)
    yield (
        "scheduler",
        view(lost, pod(lost, ready=False, status={"phase": "Pending", "conditions": []}, node=""), lease, node()),
        ("scheduler-stopped", "Lease", "kube-scheduler", "spec.renewTime"),
    )
    hpa = thing(
        "HorizontalPodAutoscaler",
        "web",
        version="autoscaling/v2",
        spec={
            "scaleTargetRef": {"kind": "Deployment", "name": "web"},
            "maxReplicas": 5,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
                }
            ],
        },
    )
    yield (
        "autoscaler",
        view(web, pod(web), hpa, node()),
        ("autoscaler-no-requests", "Deployment", "web", f"{TEMPLATE}.containers[app].resources.requests.cpu"),
    )
    job = thing(
        "Job",
        "import",
        version="batch/v1",
        spec={"template": {"spec": {"containers": [container()]}}},
        status={
            "conditions": [
                {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too many"}
            ]
        },
    )
    yield "job", view(job, node()), ("job-failed", "Job", "import", "spec.template")
    cron = thing(
        "CronJob",
        "nightly",
        version="batch/v1",
        spec={"schedule": "61 * * * *", "jobTemplate": {"spec": {"template": {"spec": {"containers": [container()]}}}}},
    )
    yield "schedule", view(cron, node()), ("cron-schedule-invalid", "CronJob", "nightly", "spec.schedule")
    dns = deployment("coredns", replicas=0, space="kube-system", metadata={"labels": {"k8s-app": "kube-dns"}})
    yield (
        "cluster dns",
        view(dns, web, pod(web), node()),
        ("cluster-dns-down", "Deployment", "coredns", "spec.replicas"),
    )
    api = thing(
        "APIService",
        "v1beta1.metrics.k8s.io",
        "",
        "apiregistration.k8s.io/v1",
        spec={"group": "metrics.k8s.io", "service": {"name": "m", "namespace": "x"}},
        status={"conditions": [{"type": "Available", "status": "False", "message": "no endpoints"}]},
    )
    yield (
        "metrics api",
        view(api, web, pod(web), node()),
        ("metrics-server-down", "APIService", "v1beta1.metrics.k8s.io", "status.conditions[Available]"),
    )


def healthy() -> Iterator[tuple[str, ClusterView]]:
    """States that look odd and are no fault."""
    web = deployment("web")
    yield "calm", view(web, pod(web), service("web"), slices("web", "10.0.0.9"), node())
    young = pod(
        web,
        "new",
        ready=False,
        age=4,
        status={"containerStatuses": [waiting("app", "ContainerCreating")], "phase": "Pending"},
    )
    yield "mid-rollout", view(deployment("web", replicas=2, ready=1, age=6), pod(web), young, node())
    asleep = deployment("asleep", replicas=0, metadata={"annotations": {"note": "parked until spring"}})
    yield "parked", view(asleep, service("asleep"), node())
    yield "scaled to zero and unused", view(deployment("idle", replicas=0), node())
    once = {
        "name": "app",
        "ready": True,
        "restartCount": 1,
        "state": {"running": {"startedAt": ago(3000)}},
        "lastState": {"terminated": {"reason": "Error", "exitCode": 1, "finishedAt": ago(3001)}},
    }
    yield "restarted once, long ago", view(web, pod(web, age=9000, status={"containerStatuses": [once]}), node())
    noisy = log(web, "ERROR connection refused, retrying", "INFO connected", *["INFO served"] * 30)
    yield "handled errors in the log", view(web, pod(web), node(), logs=[noisy])
    yield (
        "old failed probe",
        view(
            web, pod(web), event(pod(web), "Unhealthy", "Readiness probe failed: connection refused", count=2), node()
        ),
    )
    optional = deployment(
        "web",
        container(
            env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "none", "key": "a", "optional": True}}}]
        ),
    )
    yield "optional reference", view(optional, pod(optional), node())
    yield (
        "default deny without callers",
        view(
            web,
            pod(web),
            thing(
                "NetworkPolicy",
                "deny",
                version="networking.k8s.io/v1",
                spec={"podSelector": {}, "policyTypes": ["Ingress"]},
            ),
            node(),
        ),
    )
    yield (
        "undeclared but probed port",
        view(
            probed := deployment("web", container(readinessProbe={"tcpSocket": {"port": 9000}})),
            pod(probed),
            service("web", target=9000),
            slices("web", "10.0.0.9"),
            node(),
        ),
    )
    yield (
        "port in the environment",
        view(
            told := deployment("web", container(env=[{"name": "HTTP_PORT", "value": "9000"}])),
            pod(told),
            service("web", target=9000),
            slices("web", "10.0.0.9"),
            node(),
        ),
    )
    yield (
        "suspended job",
        view(thing("CronJob", "c", version="batch/v1", spec={"schedule": "0 3 * * *", "suspend": True}), node()),
    )
    yield "cordoned node", view(web, pod(web, node="n2"), node(cordoned=True), node("n2"))
    yield (
        "budget of a single",
        view(
            web,
            pod(web),
            thing(
                "PodDisruptionBudget",
                "b",
                version="policy/v1",
                spec={"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
                status={"disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1},
            ),
            node(),
        ),
    )
    waiting_claim = thing(
        "PersistentVolumeClaim", "spare", spec={"storageClassName": "late"}, status={"phase": "Pending"}
    )
    yield (
        "claim without consumer",
        view(
            waiting_claim,
            thing(
                "StorageClass",
                "late",
                "",
                "storage.k8s.io/v1",
                provisioner="x",
                volumeBindingMode="WaitForFirstConsumer",
            ),
            node(),
        ),
    )
    yield "service without selector", view({**service("ext"), "spec": {"ports": [{"port": 80}]}}, node())
    yield "selector of nothing, unused", view(service("later"), node())
    yield (
        "full quota, nothing refused",
        view(
            web,
            pod(web),
            thing(
                "ResourceQuota",
                "q",
                spec={"hard": {"pods": "1"}},
                status={"hard": {"pods": "1"}, "used": {"pods": "1"}},
            ),
            node(),
        ),
    )
    yield (
        "outside address",
        view(
            out := deployment("web", container(env=[{"name": "API_URL", "value": "https://api.example.com"}])),
            pod(out),
            node(),
        ),
    )
    yield (
        "unknown names without near miss",
        view(
            odd := deployment("web", container(env=[{"name": "ASSISTANT_ADDR", "value": "assistant:80"}])),
            pod(odd),
            node(),
        ),
    )
    yield (
        "completed pod",
        view(done := deployment("web"), pod(done), {**pod(done, "old"), "status": {"phase": "Succeeded"}}, node()),
    )
    yield "paused and complete", view({**deployment("web", paused=True)}, pod(web), node())
    yield (
        "control plane taint",
        view(
            web,
            pod(web),
            node(),
            node("cp", taints=[{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]),
        ),
    )
    yield (
        "webhook that fails open",
        view(
            web,
            pod(web),
            thing(
                "ValidatingWebhookConfiguration",
                "g",
                "",
                webhooks=[
                    {
                        "name": "g",
                        "failurePolicy": "Ignore",
                        "clientConfig": {"service": {"name": "no", "namespace": "no"}},
                    }
                ],
            ),
            node(),
        ),
    )
    yield (
        "terminating within grace",
        view(
            web,
            pod(web),
            {
                **pod(web, "bye"),
                "metadata": {
                    **pod(web, "bye")["metadata"],
                    "deletionTimestamp": ago(5),
                    "deletionGracePeriodSeconds": 30,
                },
            },
            node(),
        ),
    )
    yield (
        "binding of a system role",
        view(
            web,
            pod(web),
            thing(
                "ClusterRoleBinding",
                "system:x",
                "",
                "rbac.authorization.k8s.io/v1",
                roleRef={"kind": "ClusterRole", "name": "gone"},
                subjects=[],
            ),
            node(),
        ),
    )
    yield (
        "condition of a problem detector",
        view(
            web,
            pod(web),
            {
                **node(),
                "status": {
                    **node()["status"],
                    "conditions": [{"type": "Ready", "status": "True"}, {"type": "KernelDeadlock", "status": "False"}],
                },
            },
        ),
    )
    yield (
        "several services",
        view(
            web,
            pod(web),
            service("web"),
            service("web-internal", selector={"app": "web"}),
            slices("web", "10.0.0.9"),
            slices("web-internal", "10.0.0.9"),
            node(),
        ),
    )
    yield (
        "native sidecar",
        view(
            side := deployment(
                "web", container(), spec={"initContainers": [container("proxy", port=15001, restartPolicy="Always")]}
            ),
            pod(side),
            node(),
        ),
    )
    yield "empty cluster", view(node())
