"""ResourceQuota: what a namespace may hold in all."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.server import quantity
from cloudwright.twin.server.admission.base import PODS, Plugin, key
from cloudwright.twin.server.catalog import Catalog
from cloudwright.twin.server.errors import forbidden
from cloudwright.twin.server.pods import containers, qos_class
from cloudwright.twin.server.registry import Registry
from cloudwright.twin.server.request import Request
from cloudwright.twin.store import Store, StoreEvent, clone

_QUOTAS = ("", "resourcequotas")
_COUNTED = {"configmaps", "secrets", "services", "replicationcontrollers", "resourcequotas", "persistentvolumeclaims"}
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_MUST_SPECIFY = {"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"}
Usage = dict[str, Decimal]


def usage_of(kind: tuple[str, str], obj: Obj) -> Usage:
    """What one object counts for, by quota resource name."""
    group, plural = kind
    usage: Usage = {f"count/{plural}.{group}" if group else f"count/{plural}": Decimal(1)}
    if not group and plural in _COUNTED:
        usage[plural] = Decimal(1)
    extra = {PODS: _pod, ("", "services"): _service, ("", "persistentvolumeclaims"): _claim}.get(kind)
    return extra(obj, usage) if extra else usage


def _pod(pod: Obj, usage: Usage) -> Usage:
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return usage
    usage["pods"] = Decimal(1)
    for part, prefix in (("requests", "requests."), ("limits", "limits.")):
        for name, value in _pod_total(pod["spec"], part).items():
            usage[prefix + name] = value
            if part == "requests" and name in _COMPUTE:
                usage[name] = value
    return usage


def _pod_total(spec: Obj, part: str) -> Usage:
    """The larger of the sum of the containers and the largest init container; sidecars count as containers."""
    total: Usage = {}
    largest: Usage = {}
    for container in spec.get("containers") or ():
        _add(total, container, part)
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            _add(total, container, part)
        else:
            for name, value in _amounts(container, part).items():
                largest[name] = max(largest.get(name, Decimal(0)), value)
    return {name: max(total.get(name, Decimal(0)), largest.get(name, Decimal(0))) for name in total | largest}


def _amounts(container: Obj, part: str) -> Usage:
    found = (container.get("resources") or {}).get(part) or {}
    return {name: quantity.parse(value) for name, value in found.items()}


def _add(total: Usage, container: Obj, part: str) -> None:
    for name, value in _amounts(container, part).items():
        total[name] = total.get(name, Decimal(0)) + value


def _service(service: Obj, usage: Usage) -> Usage:
    spec = service.get("spec") or {}
    ports = Decimal(len(spec.get("ports") or ()))
    if spec.get("type") == "LoadBalancer":
        usage["services.loadbalancers"] = Decimal(1)
        usage["services.nodeports"] = ports if spec.get("allocateLoadBalancerNodePorts", True) else Decimal(0)
    elif spec.get("type") == "NodePort":
        usage["services.nodeports"] = ports
    return usage


def _claim(claim: Obj, usage: Usage) -> Usage:
    spec = claim.get("spec") or {}
    stored = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if stored:
        usage["requests.storage"] = quantity.parse(stored)
    name = spec.get("storageClassName")
    if name:
        prefix = f"{name}.storageclass.storage.k8s.io/"
        usage[prefix + "persistentvolumeclaims"] = Decimal(1)
        if stored:
            usage[prefix + "requests.storage"] = quantity.parse(stored)
    return usage


def _in_scope(quota: Obj, kind: tuple[str, str], obj: Obj) -> bool:
    spec = quota.get("spec") or {}
    terms: list[Mapping[str, Any]] = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    terms += (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    if not terms:
        return True
    return kind == PODS and all(_scope(term, obj["spec"]) for term in terms)


def _scope(term: Mapping[str, Any], spec: Obj) -> bool:
    match term["scopeName"]:
        case "Terminating":
            return spec.get("activeDeadlineSeconds") is not None
        case "NotTerminating":
            return spec.get("activeDeadlineSeconds") is None
        case "BestEffort":
            return qos_class(spec) == "BestEffort"
        case "NotBestEffort":
            return qos_class(spec) != "BestEffort"
        case "PriorityClass":
            return _priority(term, spec.get("priorityClassName", ""))
    return False


def _priority(term: Mapping[str, Any], name: str) -> bool:
    values = term.get("values") or ()
    match term["operator"]:
        case "In":
            return name in values
        case "NotIn":
            return name not in values
        case "Exists":
            return bool(name)
    return not name


def _rendered(name: str, value: Decimal, like: Iterable[str]) -> str:
    if any(each.endswith("i") for each in like) and value == value.to_integral_value():
        return quantity.render_binary(int(value)) if value >= 1024 else str(int(value))
    return quantity.render_decimal(value)


class Quota(Plugin):
    """Refuses what exceeds a quota and keeps the quotas' status.

    `upkeep` recomputes the status after every change, the part of the quota controller.
    """

    def __init__(self, registry: Registry, catalog: Catalog, *, upkeep: bool = True) -> None:
        self._store: Store = registry.store
        self._catalog = catalog
        self.upkeep = upkeep
        self._busy = False
        registry.store.subscribe(None, self._changed)

    def validate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Check and charge a write."""
        if obj is None or not request.info.namespaced or request.verb not in ("create", "update", "patch"):
            return
        if request.subresource:
            return
        kind = key(request.info)
        if old is not None and kind not in (("", "services"), ("", "persistentvolumeclaims")):
            return
        for quota in self._store.objects(_QUOTAS, request.namespace):
            if (quota.get("status") or {}).get("hard") and _in_scope(quota, kind, obj):
                self._check(request, quota, obj, old)

    def _check(self, request: Request, quota: Obj, obj: Obj, old: Obj | None) -> None:
        kind = key(request.info)
        hard, used = quota["status"]["hard"], quota["status"].get("used") or {}
        if kind == PODS:
            self._must_specify(request, quota, obj)
        wanted = usage_of(kind, obj)
        before = usage_of(kind, old) if old is not None else {}
        delta = {name: value - before.get(name, Decimal(0)) for name, value in wanted.items() if name in hard}
        delta = {name: value for name, value in delta.items() if value > 0}
        over = [
            name
            for name, value in delta.items()
            if quantity.parse(used.get(name, "0")) + value > quantity.parse(hard[name])
        ]
        if over:
            self._refuse(request, quota, {name: delta[name] for name in sorted(over)})
        if delta and not self.upkeep and not request.options.dry_run:
            changed = clone(quota)
            for name, value in delta.items():
                total = quantity.parse(used.get(name, "0")) + value
                changed["status"].setdefault("used", {})[name] = _rendered(
                    name, total, [hard[name], used.get(name, "")]
                )
            self._store.put(_QUOTAS, changed)

    def _must_specify(self, request: Request, quota: Obj, pod: Obj) -> None:
        wanted = sorted(set(quota["status"]["hard"]) & _MUST_SPECIFY)
        missing: dict[str, list[str]] = {}
        for container in containers(pod["spec"]):
            resources = container.get("resources") or {}
            for name in wanted:
                part, _, bare = name.rpartition(".")
                if bare not in (resources.get(part or "requests") or {}):
                    missing.setdefault(name, []).append(container["name"])
        if missing:
            text = "; ".join(f"{name} for: {','.join(sorted(set(names)))}" for name, names in sorted(missing.items()))
            why = f"failed quota: {quota['metadata']['name']}: must specify {text}"
            raise forbidden(request.info, pod["metadata"].get("name", ""), why)

    def _refuse(self, request: Request, quota: Obj, over: Usage) -> None:
        hard, used = quota["status"]["hard"], quota["status"].get("used") or {}
        requested = ",".join(f"{name}={_rendered(name, value, [hard[name]])}" for name, value in over.items())
        present = ",".join(f"{name}={used.get(name, '0')}" for name in over)
        limited = ",".join(f"{name}={hard[name]}" for name in over)
        name = quota["metadata"]["name"]
        why = f"exceeded quota: {name}, requested: {requested}, used: {present}, limited: {limited}"
        raise forbidden(request.info, request.name, why)

    def _changed(self, event: StoreEvent) -> None:
        if not self.upkeep or self._busy:
            return
        namespace = event.obj["metadata"].get("namespace", "")
        if not namespace or not self._store.count(_QUOTAS, namespace):
            return
        self._busy = True
        try:
            for quota in self._store.objects(_QUOTAS, namespace):
                self._refresh(quota, namespace)
        finally:
            self._busy = False

    def _refresh(self, quota: Obj, namespace: str) -> None:
        hard = (quota.get("spec") or {}).get("hard") or {}
        total: Usage = {name: Decimal(0) for name in hard}
        for info in self._catalog.all():
            if info.namespaced and _relevant(info.storage, hard):
                for obj in self._store.objects(info.storage, namespace):
                    if _in_scope(quota, info.storage, obj):
                        for name, value in usage_of(info.storage, obj).items():
                            if name in total:
                                total[name] += value
        used = {name: _rendered(name, value, [hard[name]]) for name, value in total.items()}
        status = {"hard": dict(hard), "used": used}
        if (quota.get("status") or {}) != status and self._store.get(_QUOTAS, namespace, quota["metadata"]["name"]):
            self._store.put(_QUOTAS, {**quota, "metadata": dict(quota["metadata"]), "status": status})


def _relevant(kind: tuple[str, str], hard: Mapping[str, str]) -> bool:
    group, plural = kind
    if (f"count/{plural}.{group}" if group else f"count/{plural}") in hard:
        return True
    if group:
        return False
    if kind == PODS:
        return any(name == "pods" or name.split(".")[0] in ("requests", "limits", *_COMPUTE) for name in hard)
    return plural in _COUNTED and any(plural in name or "storage" in name or name == plural for name in hard)
