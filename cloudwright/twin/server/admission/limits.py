"""LimitRanger: defaults and bounds per container, pod and claim."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from cloudwright.twin.api import Obj
from cloudwright.twin.server import quantity
from cloudwright.twin.server.admission.base import PODS, Plugin, creates
from cloudwright.twin.server.errors import forbidden
from cloudwright.twin.server.request import Request
from cloudwright.twin.store import Store

_CLAIMS = ("", "persistentvolumeclaims")
_ANNOTATION = "kubernetes.io/limit-ranger"
Amounts = Mapping[str, str]


class LimitRanger(Plugin):
    """Applies the namespace's limit ranges to new pods and claims."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _ranges(self, namespace: str) -> list[Obj]:
        return self._store.objects(("", "limitranges"), namespace)

    def mutate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Fill in default requests and limits of a new pod's containers."""
        if obj is None or not creates(request, PODS):
            return
        for each in self._ranges(request.namespace):
            _merge_defaults(obj, each)

    def validate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Refuse what lies outside the bounds."""
        if obj is None or not creates(request, PODS, _CLAIMS):
            return
        for each in self._ranges(request.namespace):
            check = _check_pod if request.info.storage == PODS else _check_claim
            problems = [problem for limit in each["spec"].get("limits") or () for problem in check(limit, obj)]
            problems = list(dict.fromkeys(problems))
            if problems:
                why = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
                raise forbidden(request.info, obj["metadata"].get("name", ""), why)


def _merge_defaults(pod: Obj, limit_range: Obj) -> None:
    limits: dict[str, str] = {}
    requests: dict[str, str] = {}
    for limit in limit_range["spec"].get("limits") or ():
        if limit.get("type") == "Container":
            limits |= limit.get("default") or {}
            requests |= limit.get("defaultRequest") or {}
    notes: list[str] = []
    spec = pod["spec"]
    for label, containers in (("container", spec.get("containers")), ("init container", spec.get("initContainers"))):
        for container in containers or ():
            resources = container.setdefault("resources", {})
            notes += _fill(resources, "requests", requests, f"request for {label} {container['name']}")
            notes += _fill(resources, "limits", limits, f"limit for {label} {container['name']}")
    if notes:
        pod["metadata"].setdefault("annotations", {})[_ANNOTATION] = "LimitRanger plugin set: " + "; ".join(notes)


def _fill(resources: Obj, part: str, defaults: Amounts, label: str) -> list[str]:
    present = resources.get(part) or {}
    missing = {name: value for name, value in defaults.items() if name not in present}
    if missing:
        resources[part] = {**present, **missing}
        return [f"{', '.join(sorted(missing))} {label}"]
    return []


def _check_pod(limit: Obj, pod: Obj) -> Iterator[str]:
    spec = pod["spec"]
    kind = limit.get("type")
    if kind == "Container":
        for container in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]:
            resources = container.get("resources") or {}
            yield from _bounds(limit, "Container", resources.get("requests") or {}, resources.get("limits") or {})
    elif kind == "Pod":
        yield from _bounds(limit, "Pod", _total(spec, "requests"), _total(spec, "limits"))


def _total(spec: Obj, part: str) -> dict[str, str]:
    sums: dict[str, Decimal] = {}
    binary: set[str] = set()
    for container in spec.get("containers") or ():
        for name, value in ((container.get("resources") or {}).get(part) or {}).items():
            sums[name] = sums.get(name, Decimal(0)) + quantity.parse(value)
            if value.endswith("i"):
                binary.add(name)
    return {
        name: quantity.render_binary(int(value)) if name in binary else quantity.render_decimal(value)
        for name, value in sums.items()
    }


def _check_claim(limit: Obj, claim: Obj) -> Iterator[str]:
    if limit.get("type") != "PersistentVolumeClaim":
        return
    requests = (claim["spec"].get("resources") or {}).get("requests") or {}
    for name, bound in (limit.get("min") or {}).items():
        yield from _minimum("PersistentVolumeClaim", name, bound, requests, {})
    for name, bound in (limit.get("max") or {}).items():
        head = f"maximum {name} usage per PersistentVolumeClaim is {bound}"
        if name not in requests:
            yield f"{head}.  No request is specified"
        elif quantity.parse(requests[name]) > quantity.parse(bound):
            yield f"{head}, but request is {requests[name]}"


def _bounds(limit: Obj, kind: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, bound in (limit.get("min") or {}).items():
        yield from _minimum(kind, name, bound, requests, limits)
    for name, bound in (limit.get("max") or {}).items():
        yield from _maximum(kind, name, bound, requests, limits)
    for name, bound in (limit.get("maxLimitRequestRatio") or {}).items():
        yield from _ratio(kind, name, bound, requests, limits)


def _minimum(kind: str, name: str, bound: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    head, least = f"minimum {name} usage per {kind} is {bound}", quantity.parse(bound)
    if name not in requests:
        yield f"{head}.  No request is specified"
    elif quantity.parse(requests[name]) < least:
        yield f"{head}, but request is {requests[name]}"
    elif name in limits and quantity.parse(limits[name]) < least:
        yield f"{head}, but limit is {limits[name]}"


def _maximum(kind: str, name: str, bound: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    head, most = f"maximum {name} usage per {kind} is {bound}", quantity.parse(bound)
    if name not in limits:
        yield f"{head}.  No limit is specified"
    elif quantity.parse(limits[name]) > most:
        yield f"{head}, but limit is {limits[name]}"
    elif name in requests and quantity.parse(requests[name]) > most:
        yield f"{head}, but request is {requests[name]}"


def _ratio(kind: str, name: str, bound: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    head = f"{name} max limit to request ratio per {kind} is {bound}, but"
    request, limit = quantity.parse(requests.get(name, "0")), quantity.parse(limits.get(name, "0"))
    if not request:
        yield f"{head} no request is specified or request is 0"
    elif not limit:
        yield f"{head} no limit is specified or limit is 0"
    elif limit / request > quantity.parse(bound):
        yield f"{head} provided ratio is {float(limit / request):f}"
