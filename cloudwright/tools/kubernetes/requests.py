"""Changes to objects as ordered, typed requests, and what the server's dry run says that each would do."""

import copy
import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import jsonpatch
from rapidfuzz import fuzz, process

from cloudwright.core.change import FieldChange, ObjectChange
from cloudwright.core.context import Context
from cloudwright.core.errors import BadAnswer, Conflict, InvalidArguments, NotFound
from cloudwright.core.redaction import Redactor
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import Permission
from cloudwright.tools.kubernetes import fields
from cloudwright.tools.kubernetes.client import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    KubernetesClient,
)
from cloudwright.tools.kubernetes.concealed import conceal
from cloudwright.tools.kubernetes.discovery import Discovery, ResourceType, segment
from cloudwright.tools.kubernetes.effects import Act
from cloudwright.tools.kubernetes.errors import DisruptionRefused

MANAGER = "cloudwright"
"""The field manager of every change."""

_ATTEMPTS = 8

Json = dict[str, Any]
Verb = Literal["create", "apply", "patch", "edit", "delete", "evict"]


@dataclass(frozen=True)
class Request:
    """One change to one object.

    `body` is the manifest (create, apply), the patch (patch, of the content type `patch`) or the API version of an
    eviction. `edit` computes the
    wanted object from the present one; it is sent as a JSON patch of exactly what differs. `uid`, where given, is that
    of the only object that may be touched. `patience` is for how many seconds an eviction is tried again that a
    disruption budget forbids for now.
    """

    verb: Verb
    kind: ResourceType
    name: str
    namespace: str = ""
    body: Any = None
    patch: str = MERGE_PATCH
    edit: Callable[[Json], Json] | None = None
    subresource: str = ""
    force: bool = False
    propagation: str = "Background"
    grace: int | None = None
    uid: str = ""
    patience: float = 0.0

    def __post_init__(self) -> None:
        """A path without a name would mean all objects of the kind."""
        segment(self.name)

    @property
    def ref(self) -> ObjectRef:
        """The object, without its uid."""
        return ObjectRef(
            kind=self.kind.kind, name=self.name, namespace=self.namespace, api_version=self.kind.api_version
        )

    @property
    def permissions(self) -> tuple[Permission, ...]:
        """The rights that sending it needs."""
        verb = {"apply": "patch", "edit": "patch", "evict": "create"}.get(self.verb, self.verb)
        subresource = "eviction" if self.verb == "evict" else self.subresource
        resource = f"{self.kind.plural}/{subresource}" if subresource else self.kind.plural
        return (
            Permission(
                verb=verb,
                group=self.kind.group,
                resource=resource,
                namespace=self.namespace,
                name="" if verb == "create" and not subresource else self.name,
            ),
        )


@dataclass(frozen=True)
class Wire:
    """What goes over the wire, but for whether it is a dry run.

    `options` says where in the body the delete options are, for requests whose dry run is asked for there.
    """

    method: str
    path: str
    body: Any
    content_type: str = "application/json"
    params: Mapping[str, Any] = field(default_factory=dict)
    options: tuple[str, ...] | None = None

    def send(self, client: KubernetesClient, *, dry_run: bool) -> Json:
        """Send it. A dry run says so in the query and, where the server looks only there, in the body.

        The API server ignores the query of a DELETE that has a body.
        """
        params = {**self.params, "dryRun": "All"} if dry_run else dict(self.params)
        body = copy.deepcopy(self.body)
        if dry_run and self.options is not None:
            functools.reduce(dict.__getitem__, self.options, body)["dryRun"] = ["All"]
        return client.request(self.method, self.path, body=body, content_type=self.content_type, params=params)


@dataclass(frozen=True)
class Prepared:
    """A request with the object as it is, as it would be, and what is sent to get there.

    `change` is None if nothing would change. `unseen` says why no dry run was possible, `blocked` why it would be
    turned away for now.
    """

    request: Request
    wire: Wire
    before: Json
    after: Json
    change: ObjectChange | None
    unseen: str = ""
    blocked: str = ""

    @property
    def act(self) -> Act:
        """The request as its effect is judged."""
        return act_of(self.request, self.before, self.after, complete=not self.unseen)


def act_of(request: Request, before: Json | None = None, after: Json | None = None, *, complete: bool = False) -> Act:
    """A request as its effect is judged; without states by what it asks for."""
    verbs: dict[str, str] = {"apply": "patch" if before else "create", "edit": "patch", "evict": "create"}
    asked = request.body if isinstance(request.body, dict) else {}
    return Act(
        verb=verbs.get(request.verb, request.verb),
        group=request.kind.group,
        resource=request.kind.plural,
        subresource="eviction" if request.verb == "evict" else request.subresource,
        namespace=request.namespace,
        name=request.name,
        before=before,
        after=asked if after is None else after,
        complete=complete,
    )


def prepare(request: Request, context: Context, *, new_namespaces: frozenset[str] = frozenset()) -> Prepared:
    """Read the object, bind the request to the state that was read, and ask the server for a dry run.

    `new_namespaces` are made by earlier requests of the same plan; objects in them cannot be dry-run.

    Raises:
        NotFound, Conflict, InvalidArguments, Forbidden …: what the server says.
    """
    before = _present(request, context)
    for _attempt in range(_ATTEMPTS):
        try:
            return _prepared(request, before, context, new_namespaces)
        except Conflict:
            stale, before = before, _present(request, context)
            if _version(stale) == _version(before):
                raise
    raise Conflict(f"{request.ref} is written by others all the time.", hint="Try again.")


def _prepared(request: Request, before: Json, context: Context, new_namespaces: frozenset[str]) -> Prepared:
    _same_object(request, before)
    wire = _wire(request, before)
    if request.namespace in new_namespaces:
        after = dict(request.body or {})
        return Prepared(
            request,
            wire,
            {},
            after,
            _change(request, {}, after, context),
            unseen=f"{request.ref} cannot be dry-run, because its namespace does not exist yet",
        )
    if request.verb == "edit" and not wire.body[1:]:
        return Prepared(request, wire, before, before, None)
    blocked = ""
    try:
        answer = _dry_run(wire, context.service(KubernetesClient), request)
    except DisruptionRefused as error:
        answer, blocked = {}, error.message
    after = {} if request.verb in ("delete", "evict") else answer
    return Prepared(request, wire, before, after, _change(request, before, after, context), blocked=blocked)


def live(kind: ResourceType, namespace: str, name: str, context: Context, *, subresource: str = "") -> Json:
    """The object as it is now.

    Raises:
        NotFound: it does not exist; names nearby are suggested.
    """
    client = context.service(KubernetesClient)
    try:
        return _whole(
            client.get(kind.path(namespace, segment(name), subresource), timeout=context.remaining(client.timeout))
        )
    except NotFound as error:
        if f'"{name}" not found' not in error.message and f"{name!r}" not in error.message:
            raise
        raise NotFound(
            f"{error.message.rstrip('.')}" + (f" in namespace {namespace}." if namespace else "."),
            suggestions=_near(kind, namespace, name, context),
        ) from None


def _whole(obj: Json) -> Json:
    """A Scale of nothing comes without its number."""
    if obj.get("kind") == "Scale":
        obj.setdefault("spec", {}).setdefault("replicas", 0)
    return obj


def find_kind(name: str, context: Context) -> ResourceType:
    """The kind that a name means, on this server.

    Raises:
        InvalidArguments: it names several kinds.
    """
    if "," in name:
        calls = " and ".join(part.strip() for part in name.split(",") if part.strip())
        raise InvalidArguments(f"{name!r} are several kinds.", hint=f"Make one call for each: {calls}.")
    return context.service(Discovery).find(name)


def namespace_for(kind: ResourceType, namespace: str, context: Context) -> str:
    """The namespace of a call: the one given, else the session's; "" for cluster-scoped kinds."""
    return (namespace or context.place.namespace or "default") if kind.namespaced else ""


def _content(obj: Mapping[str, Any]) -> FieldChange:
    """What tells whether the content of an object that is deleted is still the one that was looked at.

    Controllers write annotations and status all the time; they count no more than for any other change.
    """
    generation = (obj.get("metadata") or {}).get("generation")
    if isinstance(generation, int):
        return FieldChange(path="metadata.generation", before=generation)
    kept = {key: value for key, value in obj.items() if key not in ("metadata", "status")}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
    return FieldChange(path="content", before=f"fingerprint {digest[:12]}")


def _near(kind: ResourceType, namespace: str, name: str, context: Context) -> list[str]:
    try:
        items = context.service(KubernetesClient).list(kind.path(namespace))
        names = [str(item["metadata"]["name"]) for item in items]
    except Exception:  # noqa: BLE001 (suggestions are a courtesy; the absence itself is already known)
        return []
    return [match[0] for match in process.extract(name, names, scorer=fuzz.WRatio, limit=3, score_cutoff=60)]


def _present(request: Request, context: Context) -> Json:
    if request.verb == "create":
        return {}
    subresource = request.subresource if request.subresource in ("scale", "status") else ""
    try:
        return live(request.kind, request.namespace, request.name, context, subresource=subresource)
    except NotFound:
        if request.verb == "apply" and not request.uid:
            return {}
        raise


def _same_object(request: Request, before: Mapping[str, Any]) -> None:
    uid = str((before.get("metadata") or {}).get("uid", ""))
    if request.uid and uid != request.uid:
        raise Conflict(f"{request.ref} is not the object that was meant: it was deleted and made again since.")


def _dry_run(wire: Wire, client: KubernetesClient, request: Request) -> Json:
    try:
        return _whole(wire.send(client, dry_run=True))
    except BadAnswer as error:
        # The server answers 500 where a field of a server-side apply is not in the schema.
        if "typed patch object" in error.message or "not declared in schema" in error.message:
            reason = error.message.split(": ", 1)[-1]
            raise InvalidArguments(f"{request.ref} does not fit its schema: {reason}") from None
        raise


def _wire(request: Request, before: Mapping[str, Any]) -> Wire:
    version = _version(before)
    path = request.kind.path(request.namespace, request.name, request.subresource)
    params = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
    if request.verb == "create":
        return Wire("POST", request.kind.path(request.namespace), request.body, params=params)
    if request.verb == "apply":
        body = _pinned(request.body, version)
        return Wire("PATCH", path, body, APPLY_PATCH, {**params, "force": request.force})
    if request.verb == "delete":
        return Wire("DELETE", path, _delete_options(request, before, version), options=())
    if request.verb == "evict":
        body = {
            "apiVersion": request.body,
            "kind": "Eviction",
            "metadata": {"name": request.name, "namespace": request.namespace},
            "deleteOptions": {"preconditions": {"uid": before["metadata"]["uid"]}, **_grace(request)},
        }
        eviction = request.kind.path(request.namespace, request.name, "eviction")
        return Wire("POST", eviction, body, options=("deleteOptions",))
    if request.verb == "edit":
        assert request.edit is not None
        operations = jsonpatch.make_patch(before, request.edit(copy.deepcopy(dict(before)))).patch
        return Wire("PATCH", path, [_version_test(version), *operations], JSON_PATCH, params)
    if request.patch == JSON_PATCH:
        return Wire("PATCH", path, [_version_test(version), *request.body], JSON_PATCH, params)
    return Wire("PATCH", path, _pinned(request.body, version), request.patch, params)


def _version(obj: Mapping[str, Any]) -> str:
    return str((obj.get("metadata") or {}).get("resourceVersion", ""))


def _version_test(version: str) -> Json:
    # Not a "test" operation: a failing test is a 422, a wrong version a 409 like everywhere else.
    return {"op": "replace", "path": "/metadata/resourceVersion", "value": version}


def _pinned(body: Mapping[str, Any], version: str) -> Json:
    if not version:
        return dict(body)
    return {**body, "metadata": {"resourceVersion": version, **(body.get("metadata") or {})}}


def _grace(request: Request) -> Json:
    return {} if request.grace is None else {"gracePeriodSeconds": request.grace}


def _delete_options(request: Request, before: Mapping[str, Any], version: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": request.propagation,
        "preconditions": {"uid": before["metadata"]["uid"], "resourceVersion": version},
        **_grace(request),
    }


def _change(request: Request, before: Json, after: Json, context: Context) -> ObjectChange | None:
    metadata = before.get("metadata") or {}
    ref = request.ref.model_copy(update={"uid": str(metadata.get("uid", ""))})
    if request.verb in ("delete", "evict"):
        note = "by eviction" if request.verb == "evict" else _propagation_note(request)
        return ObjectChange(ref=ref, action="delete", fields=(_content(before),), note=note)
    mask = context.redactor
    old, new = conceal(before, mask), conceal(after, mask)
    if not before:
        manifest = conceal(request.body or {}, mask)
        return ObjectChange(ref=ref, action="create", fields=fields.creation(new, manifest))
    changed = fields.diff(old, new, _intent(request, before, mask), status=request.subresource == "status")
    return ObjectChange(ref=ref, action="update", fields=changed) if changed else None


def _propagation_note(request: Request) -> str:
    return "" if request.propagation == "Background" else f"propagation {request.propagation}"


def _intent(request: Request, before: Json, mask: Redactor) -> Mapping[str, Any] | None:
    if request.verb == "edit":
        assert request.edit is not None
        return conceal(request.edit(copy.deepcopy(before)), mask)
    if request.verb == "patch" and request.patch == JSON_PATCH:
        try:
            return conceal(jsonpatch.apply_patch(before, request.body), mask)
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, KeyError):
            return None
    body = request.body if isinstance(request.body, Mapping) else None
    return (
        None
        if body is None
        else conceal({"kind": before.get("kind"), "apiVersion": before.get("apiVersion"), **body}, mask)
    )
