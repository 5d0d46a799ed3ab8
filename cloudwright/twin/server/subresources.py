"""Subresources that are not plain parts of an object: scale, binding, eviction, token."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from cloudwright.twin.api import Obj, PatchType, Resource
from cloudwright.twin.clock import Clock
from cloudwright.twin.schema.types import struct
from cloudwright.twin.server import patches
from cloudwright.twin.server.decode import DecodeError, Decoder
from cloudwright.twin.server.errors import (
    StatusError,
    bad_request,
    conflict,
    internal,
    invalid,
    invalid_object,
    not_found,
    too_many_requests,
)
from cloudwright.twin.server.registry import Registry
from cloudwright.twin.server.request import Options, Request, Response
from cloudwright.twin.server.selectors import match_selector
from cloudwright.twin.server.tokens import Tokens
from cloudwright.twin.store import clone

_SCALE = "io.k8s.api.autoscaling.v1.Scale"
_BUDGETS = Resource("policy", "v1", "poddisruptionbudgets")
_SUCCESS: Obj = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
_VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget."


def _typed(name: str, body: Any, kind: str, version: str) -> Obj:
    try:
        return Decoder().struct(struct(name), body, "")
    except DecodeError as error:
        raise bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {error}') from None


# -- scale


def _scale_paths(request: Request) -> tuple[list[str], list[str], list[str]]:
    scale = request.info.struct.scale_paths
    if scale:
        parts = [[p for p in scale.get(key, "").split(".") if p] for key in ("spec", "status", "selector")]
        return parts[0], parts[1], parts[2]
    return ["spec", "replicas"], ["status", "replicas"], []


def _dig(obj: Mapping[str, Any], path: list[str]) -> Any:
    value: Any = obj
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def selector_text(selector: Mapping[str, Any] | None) -> str:
    """A label selector in its text form."""
    if not selector:
        return ""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for each in selector.get("matchExpressions") or ():
        values = ",".join(sorted(each.get("values") or ()))
        words = {
            "In": f"{each['key']} in ({values})",
            "NotIn": f"{each['key']} notin ({values})",
            "Exists": each["key"],
        }
        parts.append(words.get(each["operator"], "!" + each["key"]))
    return ",".join(sorted(parts))


def scale_of(request: Request, obj: Obj) -> Obj:
    """The Scale of a scalable object."""
    spec_path, status_path, selector_path = _scale_paths(request)
    metadata = obj["metadata"]
    shown = {
        name: metadata[name]
        for name in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        if name in metadata
    }
    replicas = _dig(obj, spec_path) or 0
    status: Obj = {"replicas": _dig(obj, status_path) or 0}
    if request.info.custom:
        selector = _dig(obj, selector_path) if selector_path else ""
    elif obj["kind"] == "ReplicationController":
        selector = selector_text({"matchLabels": _dig(obj, ["spec", "selector"]) or {}})
    else:
        selector = selector_text(_dig(obj, ["spec", "selector"]))
    if selector:
        status["selector"] = selector
    spec = {"replicas": replicas} if replicas else {}
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": shown, "spec": spec, "status": status}


def get_scale(registry: Registry, request: Request) -> Response:
    """Read the Scale of an object."""
    return Response(scale_of(request, registry.get(request)))


def put_scale(registry: Registry, request: Request) -> Response:
    """Replace or patch the Scale: changes the object's replicas alone."""
    old = registry.read(request.info, request.namespace, request.name)
    current = scale_of(request, old)
    body = _patch_scale(request, clone(current)) if request.verb == "patch" else request.body
    scale = _typed(_SCALE, body, "Scale", "v1")
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if replicas < 0:
        error = invalid("spec.replicas", replicas, "must be greater than or equal to 0")
        raise invalid_object("autoscaling", "Scale", request.name, [error])
    version = (scale.get("metadata") or {}).get("resourceVersion")
    if version and version != old["metadata"]["resourceVersion"]:
        raise conflict(request.info, request.name)
    obj = clone(old)
    path = _scale_paths(request)[0]
    target = obj
    for name in path[:-1]:
        target = target.setdefault(name, {})
    target[path[-1]] = replicas
    request.owned_through = "scale"
    subresource, request.subresource = request.subresource, ""
    saved, request.patch_type = request.patch_type, None
    try:
        stored = registry.replace(request, obj, old).obj
    finally:
        request.subresource, request.patch_type = subresource, saved
    return Response(scale_of(request, stored))


def _patch_scale(request: Request, current: Obj) -> Any:
    match request.patch_type:
        case PatchType.JSON:
            return patches.json_patch(current, request.body)
        case PatchType.STRATEGIC:
            return patches.strategic_patch(struct(_SCALE), current, request.body)
    return patches.merge_patch(current, request.body)


# -- binding and eviction


def bind(registry: Registry, request: Request) -> Response:
    """Assign a pod to a node."""
    binding = _typed("io.k8s.api.core.v1.Binding", request.body, "Binding", "v1")
    name = (binding.get("metadata") or {}).get("name", "")
    if request.name and name and name != request.name:
        raise bad_request("name in URL does not match name in Binding object")
    target = binding.get("target") or {}
    if target.get("kind") not in (None, "", "Node"):
        raise internal(f'target.kind: Unsupported value: "{target["kind"]}": supported values: "Node", "<empty>"')
    if not target.get("name"):
        raise internal("target.name: Required value")
    request.name = request.name or name
    old = registry.read(request.info, request.namespace, request.name)
    why = _unbindable(old)
    if why:
        message = f'Operation cannot be fulfilled on pods/binding "{request.name}": {why}'
        raise StatusError(409, "Conflict", message, {"name": request.name, "kind": "pods/binding"})
    obj = clone(old)
    obj["spec"]["nodeName"] = target["name"]
    annotations = (binding.get("metadata") or {}).get("annotations")
    if annotations:
        obj["metadata"]["annotations"] = {**(obj["metadata"].get("annotations") or {}), **annotations}
    _set_condition(obj, {"type": "PodScheduled", "status": "True"}, registry.clock)
    if not request.options.dry_run:
        registry.store.put(request.info.storage, obj)
    return Response(dict(_SUCCESS), 201)


def _unbindable(pod: Obj) -> str:
    if pod["metadata"].get("deletionTimestamp"):
        return f"pod {pod['metadata']['name']} is being deleted, cannot be assigned to a host"
    if pod["spec"].get("nodeName"):
        return f'pod {pod["metadata"]["name"]} is already assigned to node "{pod["spec"]["nodeName"]}"'
    if pod["spec"].get("schedulingGates"):
        return f"pod {pod['metadata']['name']} has non-empty .spec.schedulingGates"
    return ""


def _set_condition(pod: Obj, condition: Obj, clock: Clock) -> None:
    conditions = pod.setdefault("status", {}).setdefault("conditions", [])
    kept = [each for each in conditions if each["type"] != condition["type"]]
    pod["status"]["conditions"] = [*kept, {**condition, "lastProbeTime": None, "lastTransitionTime": clock.timestamp()}]


def evict(registry: Registry, request: Request) -> Response:
    """Delete a pod, if its disruption budget allows it."""
    body = request.body if isinstance(request.body, Mapping) else {}
    eviction = _typed("io.k8s.api.policy.v1.Eviction", body, "Eviction", "v1")
    name = (eviction.get("metadata") or {}).get("name", request.name)
    if name != request.name:
        raise bad_request("name in URL does not match name in Eviction object")
    pod = registry.read(request.info, request.namespace, request.name)
    options = eviction.get("deleteOptions") or {}
    dry_run = request.options.dry_run or bool(options.get("dryRun"))
    if not _budget_ignored(pod):
        refusal = _charge_budget(registry, pod, dry_run)
        if refusal is not None:
            return refusal
    if not dry_run:
        condition = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
        condition["message"] = "Eviction API: evicting"
        obj = clone(pod)
        _set_condition(obj, condition, registry.clock)
        registry.store.put(request.info.storage, obj)
    preconditions = options.get("preconditions") or {}
    delete = Options(
        dry_run=dry_run,
        grace_period=options.get("gracePeriodSeconds"),
        precondition_uid=preconditions.get("uid"),
        propagation=options.get("propagationPolicy"),
    )
    registry.delete(
        Request(
            "delete", request.info, request.namespace, request.name, user=request.user, options=delete, internal=True
        )
    )
    return Response(dict(_SUCCESS), 201)


def _budget_ignored(pod: Obj) -> bool:
    phase = (pod.get("status") or {}).get("phase")
    return phase in ("Succeeded", "Failed", "Pending") or bool(pod["metadata"].get("deletionTimestamp"))


def _ready(pod: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _charge_budget(registry: Registry, pod: Obj, dry_run: bool) -> Response | None:
    labels = pod["metadata"].get("labels") or {}
    budgets = [
        each
        for each in registry.store.objects(("policy", "poddisruptionbudgets"), pod["metadata"]["namespace"])
        if match_selector((each.get("spec") or {}).get("selector"), labels)
    ]
    if len(budgets) > 1:
        message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        return Response(
            {
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Failure",
                "message": message,
                "code": 500,
            },
            500,
        )
    if not budgets:
        return None
    budget = budgets[0]
    status = budget.get("status") or {}
    if not _ready(pod):
        always = budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow"
        healthy, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
        if always or (healthy >= desired > 0):
            return None
    _charge(registry, budget, status, pod, dry_run)
    return None


def _charge(registry: Registry, budget: Obj, status: Obj, pod: Obj, dry_run: bool) -> None:
    name = budget["metadata"]["name"]
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        why = f"The disruption budget {name} is still being processed by the server."
        raise too_many_requests(_VIOLATES, 10, [{"reason": "DisruptionBudget", "message": why}])
    if status.get("disruptionsAllowed", 0) <= 0:
        why = (
            f"The disruption budget {name} needs {status.get('desiredHealthy', 0)} healthy pods and has "
            f"{status.get('currentHealthy', 0)} currently"
        )
        raise too_many_requests(_VIOLATES, 0, [{"reason": "DisruptionBudget", "message": why}])
    if dry_run:
        return
    changed = clone(budget)
    changed["status"]["disruptionsAllowed"] -= 1
    changed["status"].setdefault("disruptedPods", {})[pod["metadata"]["name"]] = registry.clock.timestamp()
    registry.store.put(("policy", "poddisruptionbudgets"), changed)


# -- tokens


def request_token(registry: Registry, request: Request, tokens: Tokens) -> Response:
    """Issue a token for a service account."""
    account = registry.read(request.info, request.namespace, request.name)
    body = request.body if isinstance(request.body, Mapping) else {}
    wanted = _typed("io.k8s.api.authentication.v1.TokenRequest", body, "TokenRequest", "v1")
    spec = wanted.get("spec") or {}
    seconds = spec.get("expirationSeconds") or 3600
    if seconds < 600:
        error = invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")
        raise invalid_object("authentication.k8s.io", "TokenRequest", "", [error])
    bound = spec.get("boundObjectRef")
    if bound and bound.get("kind") == "Pod" and bound.get("name"):
        pod = registry.store.get(("", "pods"), request.namespace, bound["name"])
        if pod is None:
            raise StatusError(
                404, "NotFound", f'pods "{bound["name"]}" not found', {"name": bound["name"], "kind": "pods"}
            )
    audiences = spec.get("audiences") or [tokens.issuer]
    now = registry.clock.now()
    token = tokens.issue(account, audiences, now, seconds, bound)
    expires = Clock(now + seconds).timestamp()
    shown = {"name": request.name, "namespace": request.namespace, "creationTimestamp": registry.clock.timestamp()}
    answer = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": shown,
        "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": bound},
        "status": {"token": token, "expirationTimestamp": expires},
    }
    return Response(answer, 201)


def finalize(registry: Registry, request: Request) -> Response:
    """Replace a namespace's own finalizers; the last one gone, the namespace goes."""
    old = registry.read(request.info, "", request.name)
    body = request.body if isinstance(request.body, Mapping) else {}
    obj = clone(old)
    obj["spec"] = {"finalizers": list((body.get("spec") or {}).get("finalizers") or ())}
    if not obj["spec"]["finalizers"]:
        obj["spec"] = {}
    registry.store.put(request.info.storage, obj)
    registry.finish_deletion(request.info, obj)
    return Response(obj)


def unknown_object(registry: Registry, request: Request) -> None:
    """404 before a stream is opened to an object that is not there."""
    if registry.store.get(request.info.storage, request.namespace, request.name) is None:
        raise not_found(request.info, request.name)


def decode_claims(token: str) -> Obj:
    """The claims of a token, unverified."""
    part = token.split(".")[1]
    loaded: Obj = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return loaded
