"""HTTP without the wire: from method, path, headers and body to an answer, under the world's lock."""

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import parse_qs

from cloudwright.twin.api import ApiStatusError, Obj
from cloudwright.twin.schema.kinds import ResourceInfo
from cloudwright.twin.schema.types import Struct, find_kind
from cloudwright.twin.server import conversion, discovery, metrics_api
from cloudwright.twin.server.audit import AuditLog, Seen
from cloudwright.twin.server.authentication import Authenticator
from cloudwright.twin.server.errors import StatusError, method_not_allowed, no_such_resource
from cloudwright.twin.server.exchange import Answer, Call, failure
from cloudwright.twin.server.listing import as_list, check_versions, select
from cloudwright.twin.server.negotiation import View, view_of
from cloudwright.twin.server.pages import Pages
from cloudwright.twin.server.parameters import (
    add_delete_options,
    decode_body,
    options_of,
    patch_type,
    truth,
    unrecognized,
)
from cloudwright.twin.server.pipeline import ApiServer
from cloudwright.twin.server.printing.table import partial, table
from cloudwright.twin.server.rbac import Attributes, forbidden_text
from cloudwright.twin.server.request import Options, Request, Response, User
from cloudwright.twin.server.routing import Target, parse, verb_of
from cloudwright.twin.server.watching import Watch

DEPRECATED = {
    ("", "endpoints"): ("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",),
    ("", "componentstatuses"): ("v1 ComponentStatus is deprecated in v1.19+",),
}
_JOB_WARNING = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set "
    "propagationPolicy=Orphan to suppress this warning"
)
_VERBS = {"GET": "get", "POST": "post", "PUT": "put", "PATCH": "patch", "DELETE": "delete"}
STREAMS = ("log", "exec", "attach", "portforward", "proxy")


class Gateway:
    """The HTTP side of an API server.

    `lock` is the world's; `settle` is called after each write, still under the lock, so that everyone has reacted
    before the answer goes out.
    """

    def __init__(
        self,
        server: ApiServer,
        *,
        lock: AbstractContextManager[Any] | None = None,
        settle: Callable[[], None] = lambda: None,
        users: Mapping[str, User] | None = None,
    ) -> None:
        self.server = server
        self.lock = lock or threading.RLock()
        self.settle = settle
        self.authenticator = Authenticator(server.tokens, server.authorizer, server.clock, users or {})
        self.audit = AuditLog(server.clock)
        self.pages = Pages(server)
        self.raw_routes: dict[str, Callable[[Call, User], Answer]] = {}

    def respond(self, call: Call) -> Answer:
        """Answer a call; failures are answers too."""
        try:
            with self.lock:
                return self._respond(call)
        except ApiStatusError as error:
            return failure(error)

    def _respond(self, call: Call) -> Answer:
        user = self.authenticator.user(call.header("authorization"), call.certificate)
        other = self.authenticator.impersonated(user, call.headers)
        actor, user = (user, other) if other is not None else (None, user)
        target = parse(call.path)
        if target is None or call.path.startswith("/openapi/"):
            verb = _VERBS.get(call.method, "get")
            return self._audited(call, user, actor, verb, None, lambda: self._other(call, user, verb))
        if target.resource.group == discovery.METRICS_GROUP:
            verb = "get" if target.name else "list"
            return self._audited(call, user, actor, verb, target, lambda: self._metrics(call, user, target, verb))
        info = self.server.catalog.find(target.resource)
        verb = verb_of(call.method, target, watching=_watching(call, target))
        if info is None:
            return self._audited(call, user, actor, verb, target, lambda: self._unknown(user, verb, target))
        return self._resource(call, actor, self._request(call, user, target, info, verb), target)

    def _audited(
        self, call: Call, user: User, actor: User | None, verb: str, target: Target | None, action: Callable[[], Answer]
    ) -> Answer:
        try:
            answer = action()
        except ApiStatusError as error:
            answer = failure(error)
        self.audit.note(Seen(verb, call.uri, user, actor, call.header("user-agent"), call.source), target, answer.code)
        return answer

    # -- paths that are no resources

    def _other(self, call: Call, user: User, verb: str) -> Answer:
        for prefix, handler in self.raw_routes.items():
            if call.path.startswith(prefix):
                return handler(call, user)
        attributes = Attributes(user, verb, path=call.path)
        if not self.server.authorizer.decide(attributes).allowed:
            raise StatusError(403, "Forbidden", f"forbidden: {forbidden_text(attributes)}", {})
        answer = self.pages.answer(call)
        if answer is not None:
            return answer
        parts = call.path.strip("/").split("/")
        if len(parts) == 3 and parts[0] == "apis" and self.server.catalog.has_group(parts[1]):
            return failure(no_such_resource())
        return Answer(404, text="404 page not found\n")

    def _metrics(self, call: Call, user: User, target: Target, verb: str) -> Answer:
        where = target.namespace
        attributes = Attributes(
            user, verb, target.resource.group, "v1beta1", target.resource.plural, "", where, target.name
        )
        if not self.server.authorizer.decide(attributes).allowed:
            resource = f"{target.resource.plural}.{target.resource.group}"
            subject = f'{resource} "{target.name}"' if target.name else resource
            details = {"group": target.resource.group, "kind": target.resource.plural}
            raise StatusError(403, "Forbidden", f"{subject} is forbidden: {forbidden_text(attributes)}", details)
        selector = parse_qs(call.query).get("labelSelector", [""])[0]
        kubelet, store = self.server.kubelet, self.server.store
        return Answer(obj=metrics_api.answer(kubelet, store, target.resource.plural, where, target.name, selector))

    # -- resources

    def _resource(self, call: Call, actor: User | None, request: Request, target: Target) -> Answer:
        lists = parse_qs(call.query, keep_blank_values=True)
        query = {name: values[0] for name, values in lists.items()}
        info = request.info
        request.actor = actor
        if info.storage == ("", "namespaces") and target.name:
            request.namespace = target.name
        request.warnings += DEPRECATED.get(info.storage, ())
        reason = ""
        try:
            reason = self.server.authorize(request)
            if info.storage == ("", "namespaces"):
                request.namespace = ""
            self._check_scope(info, target, call.method)
            request.options = options_of(request.verb, query, lists.get("dryRun", []))
            self._read_body(request, call, query)
            answer = self._act(request, call, query)
        except ApiStatusError as error:
            answer = failure(error)
        started = answer.stream is not None or answer.watch is not None
        self.audit.record(request, Response(answer.obj or {}, answer.code), call.source, reason, started=started)
        answer.warnings = request.warnings
        return answer

    def _unknown(self, user: User, verb: str, target: Target) -> Answer:
        self._allow_unknown(user, verb, target)
        known = self.server.catalog.has_group(target.resource.group)
        return failure(no_such_resource()) if known else Answer(404, text="404 page not found\n")

    def _allow_unknown(self, user: User, verb: str, target: Target) -> None:
        resource = target.resource
        attributes = Attributes(
            user,
            verb,
            resource.group,
            resource.version,
            resource.plural,
            target.subresource,
            target.namespace,
            target.name,
        )
        if not self.server.authorizer.decide(attributes).allowed:
            subject = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
            shown = f'{subject} "{target.name}"' if target.name else subject
            details = {"name": target.name, "group": resource.group, "kind": resource.plural}
            details = {name: value for name, value in details.items() if value}
            raise StatusError(403, "Forbidden", f"{shown} is forbidden: {forbidden_text(attributes)}", details)

    def _request(self, call: Call, user: User, target: Target, info: ResourceInfo, verb: str) -> Request:
        return Request(
            verb,
            info,
            target.namespace,
            target.name,
            target.subresource,
            user=user,
            user_agent=call.header("user-agent"),
            path=call.uri,
        )

    def _check_scope(self, info: ResourceInfo, target: Target, method: str) -> None:
        if target.namespace and not info.namespaced:
            raise no_such_resource()
        if info.namespaced and not target.namespace and (target.name or method == "POST"):
            if info.resource.plural.endswith("reviews"):
                return
            raise no_such_resource() if target.name else method_not_allowed()
        if method == "POST" and target.name and not target.subresource:
            raise method_not_allowed()
        if method in ("PUT", "PATCH") and not target.name:
            raise method_not_allowed()
        if method not in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            raise method_not_allowed()

    def _read_body(self, request: Request, call: Call, query: Mapping[str, str]) -> None:
        if request.verb == "patch":
            request.patch_type = patch_type(call.header("content-type"), custom=request.info.custom)
        if request.subresource in STREAMS or call.method in ("GET", "HEAD"):
            return
        request.body, request.duplicates = decode_body(
            call.body, call.header("content-type"), self._kind, request.info.kind
        )
        if request.verb in ("delete", "deletecollection"):
            add_delete_options(request.options, request.body)
        elif request.verb in ("create", "update"):
            check_kind(request)

    def _kind(self, api_version: str, kind: str) -> Struct | None:
        info = self.server.catalog.by_kind(api_version, kind)
        return info.struct if info is not None else find_kind(api_version, kind)

    def _act(self, request: Request, call: Call, query: Mapping[str, str]) -> Answer:
        info = request.info
        if request.subresource in STREAMS and request.subresource in info.subresources:
            self.server.registry.read(info, request.namespace, request.name)
            return Answer(stream=request)
        if request.verb in ("get", "list", "watch") and request.verb not in info.verbs and not request.subresource:
            raise method_not_allowed()
        if request.verb == "delete" and info.storage == ("batch", "jobs") and request.options.propagation is None:
            request.warnings.append(_JOB_WARNING)
        view = view_of(call.header("accept"), query)
        if request.verb == "list":
            items, metadata = select(self.server.store, request)
            return Answer(obj=self._listed(request, items, metadata, view))
        if request.verb == "watch":
            return self._watch(request, query, view)
        if request.verb == "deletecollection":
            return self._delete_collection(request)
        response = self.server.handle(request)
        if request.verb != "get" and not request.options.dry_run:
            self.settle()
        return Answer(response.code, self._viewed(request, response.obj, view))

    def _listed(self, request: Request, items: list[Obj], metadata: Mapping[str, Any], view: View) -> Obj:
        info, now = request.info, self.server.clock.now()
        if view.kind == "Table":
            served = [conversion.from_storage(info, obj) for obj in items]
            return table(info, served, metadata, now, view.include)
        if view.kind == "PartialObjectMetadataList":
            rows = [partial(obj) for obj in items]
            return {"kind": view.kind, "apiVersion": "meta.k8s.io/v1", "metadata": dict(metadata), "items": rows}
        return as_list(info, items, metadata)

    def _viewed(self, request: Request, obj: Obj, view: View) -> Obj:
        if obj.get("kind") != request.info.kind:
            return obj
        if view.kind == "Table":
            metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
            return table(request.info, [obj], metadata, self.server.clock.now(), view.include)
        return partial(obj) if view.kind == "PartialObjectMetadata" else obj

    def _watch(self, request: Request, query: Mapping[str, str], view: View) -> Answer:
        initial = truth(query.get("sendInitialEvents"))
        if request.options.resource_version and request.options.resource_version_match == "":
            check_versions(Options(resource_version=None), self.server.store)
        first = [True]

        def render(obj: Obj) -> Obj:
            if view.kind == "Table":
                shown = table(request.info, [obj], {"resourceVersion": ""}, self.server.clock.now(), view.include)
                shown["metadata"]["resourceVersion"] = obj["metadata"]["resourceVersion"]
                if not first[0]:
                    shown["columnDefinitions"] = None
                first[0] = False
                return shown
            return partial(obj) if view.kind == "PartialObjectMetadata" else obj

        bookmarks = truth(query.get("allowWatchBookmarks"))
        watch = Watch(self.server.store, request, render, initial=initial, bookmarks=bookmarks)
        timeout = query.get("timeoutSeconds", "")
        return Answer(watch=watch, timeout=float(timeout) if timeout.isdigit() and int(timeout) else 1800.0)

    def _delete_collection(self, request: Request) -> Answer:
        if "deletecollection" not in request.info.verbs:
            raise method_not_allowed()
        items, metadata = select(self.server.store, request)
        for obj in items:
            one = Request("delete", request.info, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
            one.user, one.options, one.internal = request.user, request.options, False
            try:
                self.server.handle(one)
            except ApiStatusError as error:
                if error.code != 404:
                    raise
        if not request.options.dry_run:
            self.settle()
        return Answer(obj=as_list(request.info, items, metadata))


def _watching(call: Call, target: Target) -> bool:
    given = parse_qs(call.query, keep_blank_values=True).get("watch", [None])[0]
    return truth(given) and not target.subresource


def check_kind(request: Request) -> None:
    """A written body must be an object.

    Raises:
        StatusError: 400.
    """
    body = request.body
    if body is None and not request.subresource:
        raise unrecognized(request.info.kind, "unexpected end of JSON input", "<empty>")
    if body is not None and not isinstance(body, Mapping):
        fields = 'APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\""'
        why = f"json: cannot unmarshal {_kind(body)} into Go value of type struct {{ {fields} }}"
        raise unrecognized(request.info.kind, why, json.dumps(body, separators=(",", ":")).encode().hex())


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    return "number" if isinstance(value, int | float) else "array"
