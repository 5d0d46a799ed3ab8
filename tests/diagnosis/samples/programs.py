"""Samples: what programs say of others, DNS, networks and policies."""

from cloudwright.diagnosis.view import ClusterView
from tests.diagnosis.samples.base import CALM, WEB, Dict, Sample, Samples, broken, edited, env, saying, state
from tests.diagnosis.world import container, deployment, log, node, pod, service, slices, thing, view

LINES = {
    "connection-pool-exhausted": "HikariPool-1 - Connection is not available, request timed out after 30000ms",
    "database-locked": "ERROR: Lock wait timeout exceeded; try restarting transaction",
    "outside-name-unknown": "dial tcp: lookup api.partner.example on 10.0.0.2:53: no such host",
    "outside-unreachable": "dial tcp 203.0.113.9:443: connect: connection refused",
    "dependency-rate-limits": "upstream answered 429 Too Many Requests",
    "protocol-mismatch": "http: server gave HTTP response to HTTPS client",
    "wrong-program-serves": "rpc error: code = Unimplemented desc = unknown method",
    "tls-certificate-expired-seen": "x509: certificate has expired or is not yet valid",
    "tls-certificate-untrusted": "x509: certificate signed by unknown authority",
    "tls-certificate-other-name": "x509: certificate is valid for a.example, not b.example",
    "tls-handshake-failing": "javax.net.ssl.SSLHandshakeException: handshake alert",
    "file-permission-denied": "open /etc/app/key.pem: permission denied",
    "file-missing": "open /etc/app/app.yaml: no such file or directory",
    "file-system-read-only": "mkdir /var/cache/app: read-only file system",
    "too-many-open-files": "accept4: too many open files",
    "api-version-missing": 'no matches for kind "CronJob" in version "batch/v1beta1"',
    "port-permission-denied": "nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)",
    "volume-full": "write /data/x: no space left on device",
    "application-out-of-memory": "java.lang.OutOfMemoryError: Java heap space",
    "database-object-missing": 'ERROR: relation "orders" does not exist',
    "database-not-authorized": "ERROR: permission denied for table orders",
}
"""A line that a failing program ends with; in the log of a healthy one it says nothing."""
STORE = deployment("orders-db", container(port=5432))
HOME = (STORE, pod(STORE), service("orders-db", 5432, 5432), slices("orders-db", "10.0.0.5"))


def samples() -> Samples:
    """By kind."""
    found: dict[str, Sample] = {kind: (broken(WEB, line), CALM, saying(WEB, line)) for kind, line in LINES.items()}
    return {**found, **_stores(), **_reach(), **_dns(), **_network()}


def _stores() -> Samples:
    found: dict[str, Sample] = {}
    client = deployment("api", env("DB_URL", "postgres://orders-db:5432/orders"), ready=0)
    well = view(client, pod(client), *HOME, node())
    for kind, line, other in (
        ("credentials-rejected", 'FATAL: password authentication failed for user "shop"', "password changed"),
        ("database-read-only", "ERROR: cannot execute INSERT in a read-only transaction", "opened a read-only view"),
        ("database-connections-exhausted", "FATAL: sorry, too many clients already", "too many items in the basket"),
    ):
        found[kind] = broken(client, line, more=HOME), well, broken(client, other, more=HOME)
    reader = deployment("api", container(envFrom=[{"secretRef": {"name": "login"}}]), ready=0)
    said = 'FATAL: password authentication failed for user "shop"'
    values = {"DB_HOST": "b3JkZXJzLWRi", "DB_PASSWORD": "eA=="}

    def rotated(seconds: float) -> ClusterView:
        one = state(reader, "CrashLoopBackOff", "", 4, {"reason": "Error", "exitCode": 1})
        one["status"]["startTime"] = one["metadata"]["creationTimestamp"]
        secret = edited("Secret", "login", seconds, data=values)
        return view(reader, one, secret, *HOME, node(), logs=[log(reader, said, previous=True)])

    found["credentials-stale"] = rotated(100), well, rotated(80_000)
    return found


def _reach() -> Samples:
    right, wrong, named = (deployment("api", env("WEB_URL", f"http://web:{port}")) for port in (80, 8181, 8080))
    base = (WEB, pod(WEB), service("web"), slices("web", "10.0.0.9"), node())
    headless = (WEB, pod(WEB), service("web", clusterIP="None"), slices("web", "10.0.0.9"), node())
    good = view(right, pod(right), *base)
    sql, wrong_sql = (deployment("api", env("DB_URL", f"postgres://orders-db:{port}/x")) for port in (5432, 5999))
    both = deployment(
        "api",
        container(env=[{"name": "A_URL", "value": "http://web:80"}, {"name": "B_URL", "value": "http://web:8181"}]),
    )
    sick = deployment("web", ready=0)
    refused = "dial tcp web:80: connect: connection refused"
    calls = deployment("api", env("WEB_URL", "http://web:80"), ready=0)
    down = (sick, state(sick, "CrashLoopBackOff", "", 4, {"reason": "Error", "exitCode": 1}), service("web"))
    changed, unchanged = _changed_port()
    return {
        "dependency-wrong-port": (view(wrong, pod(wrong), *base), good, view(named, pod(named), *headless)),
        "database-wrong-port": (view(wrong_sql, pod(wrong_sql), *HOME, node()), view(sql, pod(sql), *HOME, node()), view(wrong, pod(wrong), *base)),
        "dependency-unreachable": (broken(calls, refused, more=down), good, saying(right, refused, more=base[:-1])),
        "service-port-changed": (changed, view(both, pod(both), *base), unchanged),
    }  # fmt: skip


def _changed_port() -> tuple[ClusterView, ClusterView]:
    client = deployment("api", env("WEB_URL", "http://web:8181"))
    spec = service("web")["spec"]
    fresh, old = (edited("Service", "web", seconds, spec=spec) for seconds in (100, 80_000))
    for item in (fresh, old):
        item["metadata"]["uid"] = "uid-service"
    there = (client, pod(client), WEB, pod(WEB), slices("web", "10.0.0.9"), node())
    after, before = (view(*there, item) for item in (fresh, old))
    return after, before


def _dns() -> Samples:
    calls = env("WEB_URL", "http://web:80")
    base = (WEB, pod(WEB), service("web"), slices("web", "10.0.0.9"), node())
    unresolved = "dial tcp: lookup web on 10.0.0.2:53: no such host"

    def client(spec: Dict | None = None) -> Dict:
        return deployment("api", calls, ready=0, spec=spec)

    def failing(spec: Dict) -> ClusterView:
        return broken(client(spec), unresolved, more=base[:-1])

    well = view(client(), pod(client()), *base)
    bypass, foreign = {"dnsPolicy": "Default"}, {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["192.0.2.53"]}}
    loner = deployment("api", spec=bypass)
    cached = {"dnsConfig": {"nameservers": ["169.254.20.10"]}}
    dns = deployment("coredns", replicas=0, space="kube-system", metadata={"labels": {"k8s-app": "kube-dns"}})
    young = deployment("coredns", ready=0, age=5, space="kube-system", metadata={"labels": {"k8s-app": "kube-dns"}})
    alias, own = ({"hostAliases": [{"ip": ip, "hostnames": ["web"]}]} for ip in ("192.0.2.9", "10.96.0.7"))

    def corefile(text: str) -> Dict:
        return thing("ConfigMap", "coredns", "kube-system", data={"Corefile": text})

    fixed = corefile(".:53 {\n kubernetes cluster.local\n template ANY ANY {\n match web\n rcode NXDOMAIN\n }\n}")
    usual = corefile(".:53 {\n kubernetes cluster.local\n rewrite name old.example new.example\n}")
    return {
        "name-resolution-failing": (failing({}), well, saying(client(), unresolved, more=base[:-1])),
        "dns-policy-wrong": (failing(bypass), well, view(loner, pod(loner), node())),
        "dns-server-wrong": (failing(foreign), well, view(client(cached), pod(client(cached)), *base)),
        "cluster-dns-down": (view(dns, *base), well, view(young, *base)),
        "cluster-dns-rule": (failing_with(fixed, client(), unresolved, base), view(usual, *base), view(usual, *base)),
        "host-alias-shadows-service": (
            view(client(alias), pod(client(alias)), *base), well, view(client(own), pod(client(own)), *base)
        ),
    }  # fmt: skip


def failing_with(rule: Dict, client: Dict, line: str, base: tuple[Dict, ...]) -> ClusterView:
    """A client that cannot resolve a name beside a DNS configuration."""
    return broken(client, line, more=(rule, *base[:-1]))


def _network() -> Samples:
    client = deployment("api", env("WEB_URL", "http://web:80"), ready=0)
    base = (WEB, pod(WEB), service("web"), slices("web", "10.0.0.9"))
    late = "wget: can't connect to web: Connection timed out"

    def policy(**spec: object) -> Dict:
        return thing("NetworkPolicy", "deny", version="networking.k8s.io/v1", spec=spec)

    web, api = {"matchLabels": {"app": "web"}}, {"matchLabels": {"app": "api"}}
    closed = policy(podSelector=web, policyTypes=["Ingress"])
    opened = policy(podSelector=web, policyTypes=["Ingress"], ingress=[{"from": [{"podSelector": api}]}])
    mute = policy(
        podSelector=api, policyTypes=["Egress"], egress=[{"to": [{"podSelector": web}], "ports": [{"port": 8080}]}]
    )
    dns = policy(podSelector=api, policyTypes=["Egress"], egress=[{}, {"ports": [{"port": 53, "protocol": "UDP"}]}])
    lookup = "dial tcp: lookup web on 10.0.0.2:53: i/o timeout"
    well = view(client, pod(client), *base, node())
    nobody, everybody = policy(podSelector={"matchLabels": {"app": "gone"}}), policy(podSelector={})
    return {
        "network-policy-blocks-service": (
            broken(client, late, more=(*base, closed)),
            well,
            broken(client, late, more=(*base, opened)),
        ),
        "network-policy-blocks-dns": (
            broken(client, lookup, more=(*base, mute)),
            well,
            broken(client, lookup, more=(*base, dns)),
        ),
        "network-policy-selects-nothing": (view(*base, nobody, node()), well, view(*base, everybody, node())),
    }
