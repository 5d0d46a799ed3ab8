"""Addresses that workloads are configured with: in env, args, ConfigMaps and Secrets, and the Services they name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.pods import Container, container_path, pod_spec, template_containers
from cloudwright.diagnosis.view import ClusterView

_URL = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://)(?:[^@/\s,;\"']*@)?(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::(?P<port>\d{1,5}))?",
)
_HOST_PORT = re.compile(r"(?<![\w.:/@-])(?P<host>[A-Za-z](?:[A-Za-z0-9.-]*[A-Za-z0-9])?):(?P<port>\d{2,5})(?![\w.:-])")
_HOST = re.compile(r"(?P<host>[a-z](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)$")
HOST_KEY = re.compile(
    r"(?:^|[_.\-A-Z])(HOST(?:NAME)?|ADDR(?:ESS)?|SERVER|ENDPOINT|SERVICE|UPSTREAM|URL|URI|BROKERS?)S?$", re.I
)
PORT_KEY = re.compile(r"(.*?)[_.-]?PORT$", re.I)
_SKIP_HOSTS = frozenset({"localhost", "0.0.0.0", "127.0.0.1", "kubernetes.default.svc", "example.com"})  # noqa: S104
_FILE_LIMIT = 20_000
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_CLUSTER_DOMAIN = ["cluster", "local"]


@dataclass(frozen=True)
class Address:
    """A host and port (0: not said) that a workload is configured to call, and where that is written."""

    host: str
    port: int
    object: Object
    """The object to edit: the workload, ConfigMap or Secret that holds the value."""
    path: str
    value: str
    key: str = ""
    scheme_tls: bool = False


@dataclass(frozen=True)
class Target:
    """A host name as cluster DNS reads it: Service name and namespace, and the Pod for `pod.service` names."""

    namespace: str
    service: str
    pod: str = ""
    explicit: bool = False
    """Whether the name says that it is a Service (`.svc`)."""


def service_name(host: str, namespace: str, namespaces: frozenset[str]) -> Target | None:
    """What a host name means inside the cluster from a Pod of `namespace`; None for names of the outside world."""
    host = host.lower().rstrip(".")
    parts = host.split(".")
    if parts[-1].isdigit() or host in _SKIP_HOSTS:
        return None
    if "svc" in parts[1:]:
        index = parts.index("svc", 1)
        domain = parts[index + 1 :]
        if index == 1 or (domain and domain != _CLUSTER_DOMAIN and _nearly(domain)):
            return None
        pod = parts[index - 3] if index >= 3 else ""
        return Target(parts[index - 1], parts[index - 2], pod, explicit=True)
    if len(parts) == 1:
        return Target(namespace, parts[0])
    if len(parts) == 2 and parts[1] in namespaces:
        return Target(parts[1], parts[0])
    return None


def with_usual_domain(host: str) -> str:
    """The same name of a Service with the usual cluster domain, where it ends with one that looks mistyped; else ""."""
    before, mark, domain = host.lower().rstrip(".").partition(".svc.")
    if not mark or domain.split(".") == _CLUSTER_DOMAIN or not _nearly(domain.split(".")):
        return ""
    return f"{before}.svc.{'.'.join(_CLUSTER_DOMAIN)}"


def _nearly(domain: list[str]) -> bool:
    """Whether a domain looks like the usual cluster domain mistyped (other domains are taken as they are)."""
    text, usual = ".".join(domain), ".".join(_CLUSTER_DOMAIN)
    return abs(len(text) - len(usual)) <= 2 and sum(one != other for one, other in zip(text, usual, strict=False)) <= 4


def addresses(view: ClusterView, workload: Object) -> list[Address]:
    """The addresses of a workload's containers, each once, in the order they are written; read once per view."""
    return view.once(("addresses", id(workload)), lambda: _addresses(view, workload))


def _addresses(view: ClusterView, workload: Object) -> list[Address]:
    found: dict[tuple[str, int, str], Address] = {}
    for item in template_containers(workload):
        if item.name in _MESH_SIDECARS:
            continue
        for address in _container(view, workload, item):
            found.setdefault((address.host, address.port, address.path), address)
    for address in _files(view, workload):
        found.setdefault((address.host, address.port, address.path), address)
    return list(found.values())


_MESH_SIDECARS = frozenset({"istio-proxy", "istio-init", "istio-validation", "linkerd-proxy", "linkerd-init", "envoy"})


def _container(view: ClusterView, workload: Object, item: Container) -> Iterator[Address]:
    base = container_path(workload, item)
    variables = list(environment(view, workload, item))
    ports = {}
    for variable in variables:
        match = PORT_KEY.match(variable.key)
        if match and variable.value.isdigit():
            ports[match[1].upper()] = (int(variable.value), variable)
    for variable in variables:
        for address in read(variable.value, variable.object, variable.path, variable.key):
            stem = HOST_KEY.sub("", variable.key).upper().rstrip("_.-")
            if not address.port and (stem in ports or variable.key.upper() in ports):
                port, source = ports.get(stem) or ports[variable.key.upper()]
                yield Address(address.host, port, source.object, source.path, source.value, source.key)
            else:
                yield address
    for key in ("command", "args"):
        for index, word in enumerate(f.strings(item.spec, key)):
            yield from read(word, workload, f"{base}.{key}[{index}]", "", bare=False)


@dataclass(frozen=True)
class Variable:
    """An environment variable with its value, wherever it comes from."""

    key: str
    value: str
    object: Object
    path: str


def environment(view: ClusterView, workload: Object, item: Container) -> Iterator[Variable]:
    """Environment variables of a container whose values are known; later ones win, as in the kubelet."""
    base, namespace = container_path(workload, item), f.namespace(workload)
    found: dict[str, Variable] = {}
    for source in f.maps(item.spec, "envFrom"):
        prefix = f.text(source, "prefix")
        for ref, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            origin = view.find(kind, namespace, f.text(source, ref, "name"))
            for key, value in f.labels(origin, "data").items() if origin else ():
                found[prefix + key] = Variable(prefix + key, value, origin or {}, f"data.{key}")
    for variable in f.maps(item.spec, "env"):
        key = f.text(variable, "name")
        if "value" in variable:
            found[key] = Variable(key, f.text(variable, "value"), workload, f"{base}.env[{key}].value")
        for ref, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            wanted = f.mapping(variable, "valueFrom", ref)
            origin = view.find(kind, namespace, f.text(wanted, "name")) if wanted else None
            value = f.text(origin, "data", f.text(wanted, "key"))
            if origin is not None and value:
                found[key] = Variable(key, value, origin, f"data.{f.text(wanted, 'key')}")
    yield from found.values()


def _files(view: ClusterView, workload: Object) -> Iterator[Address]:
    for volume in f.maps(pod_spec(workload), "volumes"):
        name = f.text(volume, "configMap", "name")
        source = view.find("ConfigMap", f.namespace(workload), name) if name else None
        for key, value in f.labels(source, "data").items() if source else ():
            yield from read(value[:_FILE_LIMIT], source or {}, f"data.{key}", "", bare=False)


def read(value: str, source: Object, path: str, key: str, bare: bool = True) -> Iterator[Address]:
    """Addresses in a text; a bare host name counts only where the key says that it is one."""
    if len(value) < 3 or value.startswith("/"):
        return
    seen: set[tuple[str, int]] = set()
    for pattern in (_URL, _HOST_PORT):
        for match in pattern.finditer(value):
            port = int(match["port"] or 0)
            if port > 65_535 or (match["host"], port) in seen or (match["host"], 0) in seen:
                continue
            if any(host == match["host"] for host, _ in seen) and not port:
                continue
            seen.add((match["host"], port))
            scheme = match[0].partition("://")[0] if "://" in match[0] else ""
            yield Address(
                match["host"], port or _DEFAULT_PORTS.get(scheme, 0), source, path, value[:200], key, scheme == "https"
            )
    if bare and not seen and HOST_KEY.search(key) and (found := _HOST.match(value)):
        yield Address(found["host"], 0, source, path, value, key)
