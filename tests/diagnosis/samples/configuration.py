"""Samples: configuration, certificates, rights and posture."""

from cloudwright.diagnosis.view import ClusterView
from tests.diagnosis.samples.base import (
    CALM,
    WEB,
    Dict,
    Sample,
    Samples,
    broken,
    condition,
    crashing,
    edited,
    ended,
    saying,
    state,
)  # fmt: skip
from tests.diagnosis.world import ago, container, deployment, log, node, pod, thing, view

RBAC = "rbac.authorization.k8s.io/v1"


def reads(kind: str, name: str, key: str = "mode", ready: int = 0, **more: object) -> Dict:
    """A Deployment whose container reads a key of a ConfigMap or Secret."""
    ref = {("secretKeyRef" if kind == "Secret" else "configMapKeyRef"): {"name": name, "key": key, **more}}
    return deployment("web", container(env=[{"name": "MODE", "valueFrom": ref}]), ready=ready)


def samples() -> Samples:
    """By kind."""
    return {**_references(), **_settings(), **_certificates(), **_rights(), **_posture()}


def _references() -> Samples:
    found: dict[str, Sample] = {}
    for kind, name in (("ConfigMap", "config-map"), ("Secret", "secret")):
        web = reads(kind, "settings")
        waits = state(web, "CreateContainerConfigError", f'{kind.lower()} "settings" not found')
        there = thing(kind, "settings", data={"mode": "eA=="})
        optional, well = reads(kind, "settings", optional=True), reads(kind, "settings", ready=1)
        calm = view(well, pod(well), there, node())
        found[f"{name}-missing"] = view(web, waits, node()), calm, view(optional, node())
        other = thing(kind, "settings", data={"colour": "eA=="})
        keyless = state(web, "CreateContainerConfigError", f"couldn't find key mode in {kind} shop/settings")
        found[f"{name}-key-missing"] = (
            view(web, keyless, other, node()), calm, view(optional, other, node())
        )  # fmt: skip
    robot = deployment("web", ready=0, spec={"serviceAccountName": "robot"})
    account = thing("ServiceAccount", "robot")
    found["service-account-missing"] = (
        view(robot, node()),
        view(deployment("web", spec={"serviceAccountName": "robot"}), pod(WEB), account, node()),
        CALM,
    )
    disk = deployment("web", spec={"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]}, ready=0)
    claim = thing("PersistentVolumeClaim", "data", spec={}, status={"phase": "Bound"})
    unlisted = view(disk, pod(disk), node(), complete=frozenset({"Pod", "Deployment"}))
    found["claim-missing"] = view(disk, node()), view(disk, pod(disk), claim, node()), unlisted
    return found


def _settings() -> Samples:
    found: dict[str, Sample] = {}
    twice = deployment("web", container(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]))
    same = deployment("web", container(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "1"}]))
    found["env-shadowed"] = view(twice, pod(twice), node()), CALM, view(same, pod(same), node())
    web = deployment("web", container(envFrom=[{"configMapRef": {"name": "settings"}}]))
    found["configuration-stale"] = (
        started(web, edited("ConfigMap", "settings", 100, data={"a": "b"})), CALM,
        started(web, edited("ConfigMap", "settings", 2000, data={"a": "b"})),
    )  # fmt: skip
    found["config-map-unused"] = (
        view(WEB, pod(WEB), thing("ConfigMap", "old", data={"a": "b"}), node()), CALM,
        view(WEB, pod(WEB), thing("ConfigMap", "kube-root-ca.crt", data={"a": "b"}), node()),
    )  # fmt: skip
    large = thing("ConfigMap", "kube-root-ca.crt", data={"a": "x" * 500_000})
    pieces = {str(number): "y" * 60_000 for number in range(17)}
    found["config-map-too-big"] = (
        view(WEB, pod(WEB), thing("ConfigMap", "kube-root-ca.crt", data=pieces), node()), CALM, view(WEB, large, node())
    )  # fmt: skip
    found["config-map-empty"] = (
        view(WEB, pod(WEB), thing("ConfigMap", "bare", data={}), node()), CALM, view(WEB, pod(WEB), large, node())
    )  # fmt: skip
    tokenless = deployment("web", ready=0, spec={"automountServiceAccountToken": False})
    lost = "open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory"
    found["service-account-token-not-mounted"] = broken(tokenless, lost), CALM, view(tokenless, pod(tokenless), node())
    half = thing("Secret", "cert", type="kubernetes.io/tls", data={"tls.crt": "eA=="})
    whole = thing("Secret", "cert", type="kubernetes.io/tls", data={"tls.crt": "eA==", "tls.key": "eA=="})
    opaque = thing("Secret", "cert", type="Opaque", data={"tls.crt": "eA=="})
    found["tls-secret-incomplete"] = view(WEB, half, node()), view(WEB, whole, node()), view(WEB, opaque, node())
    dead = crashing(web, ended(1), age=90)
    fresh, old = (edited("ConfigMap", "settings", seconds, data={"a": "b"}) for seconds in (100, 80_000))
    found["configuration-broken"] = (
        view(web, dead, fresh, node()),
        view(web, fresh, node()),
        view(web, dead, old, node()),
    )
    missing = "fatal: environment variable API_KEY is not set"
    found["setting-missing"] = broken(WEB, missing), CALM, saying(WEB, missing)
    invalid = '[emerg] unknown directive "lissten" in /etc/nginx/nginx.conf:3'
    found["setting-invalid"] = broken(WEB, invalid), CALM, saying(WEB, invalid)
    return found


def started(web: Dict, source: Dict) -> ClusterView:
    """A Pod that has run for ten minutes beside its configuration."""
    one = pod(web)
    one["status"]["startTime"] = ago(600)
    return view(web, one, source, node())


def _certificates() -> Samples:
    def secret(start: float, end: float) -> Dict:
        facts = {"notBefore": ago(start), "notAfter": ago(-end), "names": ["a.example"]}
        kept = {"tls.crt": "eA==", "tls.key": "eA=="}
        return thing(
            "Secret", "cert", type="kubernetes.io/tls", data=kept, **{"cloudwright.certificate": {"tls.crt": facts}}
        )

    day = 86_400
    good = view(WEB, secret(day, 60 * day), node())
    made = thing("Certificate", "site", version="cert-manager.io/v1", spec={"secretName": "cert"})
    issued = {**made, "status": condition("Ready", "True")}
    young = {
        **made,
        "metadata": {**made["metadata"], "creationTimestamp": ago(30)},
        "status": condition("Ready", "False"),
    }
    return {
        "certificate-expired": (view(WEB, secret(90 * day, -day), node()), good, view(WEB, secret(90 * day, day), node())),
        "certificate-not-yet-valid": (view(WEB, secret(-day, 60 * day), node()), good, view(WEB, secret(-60, 60 * day), node())),
        "certificate-expiring": (view(WEB, secret(90 * day, day), node()), good, view(WEB, secret(90 * day, 8 * day), node())),
        "certificate-not-issued": (
            view(WEB, {**made, "status": condition("Ready", "False", "Failed", "the order failed")}, node()),
            view(WEB, issued, node()), view(WEB, young, node()),
        ),
    }  # fmt: skip


def binding(
    role: str, account: str = "default", kind: str = "RoleBinding", role_kind: str = "Role", **subject: str
) -> Dict:
    """A binding of one role to one account."""
    one = {"kind": "ServiceAccount", "name": account, "namespace": "shop", **subject}
    space = "shop" if kind == "RoleBinding" else ""
    return thing(kind, "reader", space, RBAC, roleRef={"kind": role_kind, "name": role}, subjects=[one])


def role(*verbs: str, resources: tuple[str, ...] = ("pods",)) -> Dict:
    """A Role."""
    rules = [{"apiGroups": [""], "resources": list(resources), "verbs": list(verbs)}]
    return thing("Role", "reader", version=RBAC, rules=rules)


def _rights() -> Samples:
    account = thing("ServiceAccount", "default")
    said = ('pods is forbidden: User "system:serviceaccount:shop:default" cannot list resource "pods" '
            'in API group "" in the namespace "shop"')  # fmt: skip
    base = (role("get"), binding("reader"), account)
    early = view(WEB, pod(WEB), *base, node(), logs=[log(WEB, said, *["INFO served"] * 20)])
    calm = view(WEB, pod(WEB), *base, node())
    admin = thing("ClusterRole", "cluster-admin", "", RBAC, rules=[])
    cluster = {"kind": "ClusterRoleBinding", "role_kind": "ClusterRole"}
    arn = "eks.amazonaws.com/role-arn"

    def identity(value: str) -> Dict:
        return thing("ServiceAccount", "default", metadata={"annotations": {arn: value}})

    return {
        "rights-missing": (broken(WEB, said, more=base), calm, early),
        "binding-role-missing": (view(WEB, binding("gone"), account, node()), calm, view(WEB, {**binding("gone"), "metadata": {"name": "system:x", "namespace": "shop"}}, account, node())),
        "binding-subject-missing": (view(WEB, role("get"), binding("reader", "ghost"), node()), calm, view(WEB, role("get"), binding("reader", "ghost", kind="RoleBinding") | {"subjects": [{"kind": "User", "name": "ghost"}]}, node())),
        "binding-anonymous": (
            view(WEB, admin, binding("cluster-admin", **cluster) | {"subjects": [{"kind": "Group", "name": "system:authenticated"}]}, node()),
            calm, view(WEB, admin, binding("system:discovery", **cluster) | {"subjects": [{"kind": "Group", "name": "system:authenticated"}]}, node()),
        ),
        "role-wildcard": (view(WEB, role("*", resources=("*",)), node()), calm, view(WEB, role("*"), node())),
        "role-escalates": (view(WEB, role("escalate", resources=("roles",)), node()), calm, view(WEB, role("create", resources=("roles",)), node())),
        "account-cluster-admin": (
            view(WEB, admin, account, binding("cluster-admin", **cluster), node()), calm,
            view(WEB, admin, account, binding("cluster-admin", namespace="kube-system", **cluster), node()),
        ),
        "cloud-identity-mismatch": (
            view(WEB, identity("web-role"), node()), calm, view(WEB, identity("arn:aws:iam::123456789012:role/web"), node()),
        ),
    }  # fmt: skip


def _posture() -> Samples:
    def with_context(**context: object) -> Dict:
        return deployment("web", container(securityContext=context))

    risky, tame = with_context(privileged=True), with_context(privileged=False)
    host, paths = (
        deployment("web", spec=spec) for spec in ({"hostNetwork": True}, {"volumes": [{"name": "t", "emptyDir": {}}]})
    )
    return {
        "container-privileged": (view(risky, node()), CALM, view(tame, node())),
        "host-access": (view(host, node()), CALM, view(paths, node())),
    }
