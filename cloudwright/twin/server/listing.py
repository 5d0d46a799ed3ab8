"""Lists: selectors, chunks, consistent versions."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.schema.kinds import ResourceInfo
from cloudwright.twin.server import conversion
from cloudwright.twin.server.errors import StatusError, bad_request, quoted
from cloudwright.twin.server.request import Options, Request
from cloudwright.twin.server.selectors import parse_fields, parse_labels
from cloudwright.twin.store import Store

Matcher = Callable[[Obj], bool]
_FIELDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "pods"): (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    ),
    ("", "events"): (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    ("", "nodes"): ("spec.unschedulable",),
    ("", "secrets"): ("type",),
    ("", "namespaces"): ("status.phase",),
    ("", "services"): ("spec.clusterIP", "spec.type"),
    ("", "replicationcontrollers"): ("status.replicas",),
    ("apps", "replicasets"): ("status.replicas",),
    ("batch", "jobs"): ("status.successful",),
    ("certificates.k8s.io", "certificatesigningrequests"): ("spec.signerName",),
    ("resource.k8s.io", "resourceslices"): ("spec.nodeName", "spec.driver"),
    ("apiextensions.k8s.io", "customresourcedefinitions"): (),
}
_EVENT_NAMES = {"regarding": "involvedObject", "reportingController": "reportingComponent"}
_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


def _field_value(obj: Obj, path: str) -> str:
    if path == "status.successful":
        path = "status.succeeded"
    if path == "source":
        source = obj.get("source") or {}
        return str(source.get("component") or obj.get("reportingComponent", ""))
    if path == "status.podIPs":
        path = "status.podIP"
    value: Any = obj
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if value is None:
        if path in ("spec.unschedulable", "spec.hostNetwork"):
            return "false"
        return "0" if path in ("status.replicas", "status.succeeded") else ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def field_matcher(info: ResourceInfo, text: str, labels: str = "") -> Matcher:
    """A field selector as a predicate over stored objects.

    Raises:
        StatusError: 400, a field that cannot be selected by.
    """
    terms = parse_fields(text)
    allowed = {"metadata.name", *(("metadata.namespace",) if info.namespaced else ()), *_FIELDS.get(info.storage, ())}
    found: list[tuple[str, bool, str]] = []
    for path, equal, value in terms:
        head, _, tail = path.partition(".")
        path = (
            ".".join(filter(None, (_EVENT_NAMES.get(head, head), tail)))
            if info.resource.group == "events.k8s.io"
            else path
        )
        if path not in allowed:
            group, version = info.resource.group, info.resource.version
            where = f"{group}/{version}, Resource={info.resource.plural}"
            why = (
                f"field label not supported: {path}"
                if not _known_label(info)
                else f'{quoted(path)} is not a known field selector: only "metadata.name", "metadata.namespace"'
            )
            raise bad_request(
                f"Unable to find {quoted(where)} that match label selector {quoted(labels)}, "
                f"field selector {quoted(text)}: {why}"
            )
        found.append((path, equal, value))
    return lambda obj: all((_field_value(obj, path) == value) == equal for path, equal, value in found)


def _known_label(info: ResourceInfo) -> bool:
    """Kinds without conversion functions of their own say it in other words."""
    return info.storage not in _FIELDS or not _FIELDS[info.storage]


def matcher(info: ResourceInfo, options: Options) -> Matcher | None:
    """Label and field selector together; None selects everything."""
    checks: list[Matcher] = []
    if options.label_selector:
        labels = parse_labels(options.label_selector)
        checks.append(lambda obj: labels(obj["metadata"].get("labels") or {}))
    if options.field_selector:
        checks.append(field_matcher(info, options.field_selector, options.label_selector))
    if not checks:
        return None
    return lambda obj: all(check(obj) for check in checks)


def _token(revision: int, start: str) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": start + "\0"}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _parse_token(token: str) -> tuple[int, str]:
    try:
        loaded = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return int(loaded["rv"]), str(loaded["start"]).rstrip("\0")
    except (ValueError, KeyError, TypeError, binascii.Error):
        why = "invalid character 'i' looking for beginning of value"
        raise bad_request(f"invalid continue token: continue key is not valid: {why}") from None


def _place(obj: Obj) -> str:
    return f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"


def check_versions(options: Options, store: Store, now_key: str = "resourceVersion") -> None:
    """The rules of resourceVersion and resourceVersionMatch.

    Raises:
        StatusError: 400 for a bad combination, 410 for an exact version that is gone, 504 for one in the future.
    """
    version, match = options.resource_version, options.resource_version_match
    if match:
        problem = ""
        if options.continue_token:
            problem = "Forbidden: resourceVersionMatch is forbidden when continue is provided"
        elif not version:
            problem = "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
        elif match not in ("Exact", "NotOlderThan"):
            problem = f'Unsupported value: {quoted(match)}: supported values: "Exact", "NotOlderThan", ""'
        elif match == "Exact" and version == "0":
            problem = 'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        if problem:
            raise _list_invalid("resourceVersionMatch", problem)
    if not version:
        return
    if not version.isdigit():
        raise _list_invalid(
            "resourceVersion",
            f"Invalid value: {quoted(version)}: strconv.ParseUint: parsing {quoted(version)}: invalid syntax",
        )
    if int(version) > store.revision:
        message = f"Too large resource version: {version}, current: {store.revision}"
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        raise StatusError(504, "Timeout", f"Timeout: {message}", {"causes": [cause], "retryAfterSeconds": 1})


def _list_invalid(field: str, body: str) -> StatusError:
    reason = {"Forbi": "FieldValueForbidden", "Unsup": "FieldValueNotSupported"}.get(body[:5], "FieldValueInvalid")
    details = {
        "group": "meta.k8s.io",
        "kind": "ListOptions",
        "causes": [{"reason": reason, "message": body, "field": field}],
    }
    return StatusError(422, "Invalid", f'ListOptions.meta.k8s.io "" is invalid: {field}: {body}', details)


def select(store: Store, request: Request) -> tuple[list[Obj], dict[str, Any]]:
    """The stored objects of a list request and the list's metadata.

    Raises:
        StatusError: 400 or 422 for bad options, 410 for a continue token that is too old.
    """
    info, options = request.info, request.options
    check_versions(options, store)
    accepts = matcher(info, options)
    found = store.objects(info.storage, request.namespace or None if info.namespaced else None)
    if request.name:
        found = [obj for obj in found if obj["metadata"]["name"] == request.name]
    if accepts is not None:
        found = [obj for obj in found if accepts(obj)]
    revision = store.revision
    if options.continue_token:
        revision, start = _parse_token(options.continue_token)
        if revision < store.forgotten:
            raise StatusError(410, "Expired", _TOO_OLD)
        found = [obj for obj in found if _place(obj) > start]
    metadata: dict[str, Any] = {"resourceVersion": str(revision)}
    if options.limit and len(found) > options.limit:
        left = len(found) - options.limit
        found = found[: options.limit]
        metadata["continue"] = _token(revision, _place(found[-1]))
        if accepts is None:
            metadata["remainingItemCount"] = left
    return found, metadata


def as_list(info: ResourceInfo, items: list[Obj], metadata: Mapping[str, Any]) -> Obj:
    """Objects as the kind's list; items carry no kind of their own, as the server sends them."""
    served = (conversion.from_storage(info, obj) for obj in items)
    if info.custom:
        metadata = {"continue": "", **metadata}
        rows = list(served)
    else:
        rows = [{k: v for k, v in obj.items() if k not in ("apiVersion", "kind")} for obj in served]
    return {"kind": info.list_kind, "apiVersion": info.resource.api_version, "metadata": dict(metadata), "items": rows}
