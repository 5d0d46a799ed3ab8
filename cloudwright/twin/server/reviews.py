"""Access reviews and identity: answers that are computed, never stored."""

from collections.abc import Callable, Mapping
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.server import managed
from cloudwright.twin.server.decode import DecodeError, Decoder
from cloudwright.twin.server.errors import FieldError, bad_request, invalid, invalid_object
from cloudwright.twin.server.rbac import Attributes, Authorizer, Decision
from cloudwright.twin.server.request import Request, Response, User
from cloudwright.twin.server.tokens import Tokens

_ONE = "exactly one of nonResourceAttributes or resourceAttributes must be specified"


class Reviews:
    """The reviews of authentication.k8s.io and authorization.k8s.io."""

    def __init__(self, authorizer: Authorizer, tokens: Tokens, now: Callable[[], float]) -> None:
        self._authorizer = authorizer
        self._tokens = tokens
        self._now = now
        self._handlers: Mapping[str, Callable[[Request, Obj], Obj]] = {
            "selfsubjectaccessreviews": self._self_access,
            "subjectaccessreviews": self._subject_access,
            "localsubjectaccessreviews": self._subject_access,
            "selfsubjectrulesreviews": self._rules,
            "selfsubjectreviews": self._whoami,
            "tokenreviews": self._token,
        }

    def handles(self, request: Request) -> bool:
        """Whether the resource is a review."""
        return request.info.resource.plural in self._handlers

    def create(self, request: Request) -> Response:
        """Answer a review.

        Raises:
            StatusError: 400 or 422, the review is malformed.
        """
        info = request.info
        try:
            body = Decoder().struct(info.struct, request.body if request.body is not None else {}, "")
        except DecodeError as error:
            raise bad_request(f'{info.kind} in version "v1" cannot be handled as a {info.kind}: {error}') from None
        body["apiVersion"], body["kind"] = info.resource.api_version, info.kind
        body.setdefault("metadata", {})
        if not request.internal:
            managed.track_create(info, body, request.manager, "1970-01-01T00:00:00Z")
        body["status"] = self._handlers[info.resource.plural](request, body)
        return Response(body, 201)

    def _refuse(self, request: Request, errors: list[FieldError]) -> None:
        if errors:
            raise invalid_object(request.info.resource.group, "", "", errors)

    def _self_access(self, request: Request, body: Obj) -> Obj:
        spec = body.get("spec") or {}
        self._refuse(request, _check_attributes(spec))
        return _status(self._authorizer.decide(_attributes(request.user, spec)))

    def _subject_access(self, request: Request, body: Obj) -> Obj:
        spec = body.get("spec") or {}
        errors = _check_attributes(spec)
        if not spec.get("user") and not spec.get("groups"):
            errors.append(invalid("spec.user", "", "at least one of user or group must be specified"))
        self._refuse(request, errors)
        if request.info.namespaced:
            inner = (spec.get("resourceAttributes") or {}).get("namespace", "")
            if inner != request.namespace:
                error = invalid("spec.resourceAttributes.namespace", inner, "must match metadata.namespace")
                self._refuse(request, [error])
            body["metadata"]["namespace"] = request.namespace
        user = User(spec.get("user", ""), tuple(spec.get("groups") or ()), spec.get("uid", ""))
        return _status(self._authorizer.decide(_attributes(user, spec)))

    def _rules(self, request: Request, body: Obj) -> Obj:
        namespace = (body.get("spec") or {}).get("namespace", "")
        if not namespace:
            raise bad_request("no namespace on request")
        body["spec"] = {}
        resource_rules, other_rules = [], []
        rules = [rule for rule, _ in self._authorizer.rules(request.user, namespace)]
        for rule in rules:
            if rule.get("resources"):
                names = ("verbs", "apiGroups", "resources", "resourceNames")
                resource_rules.append({name: list(rule[name]) for name in names if rule.get(name)})
            if rule.get("nonResourceURLs"):
                other_rules.append({"verbs": list(rule["verbs"]), "nonResourceURLs": list(rule["nonResourceURLs"])})
        return {"resourceRules": resource_rules, "nonResourceRules": other_rules, "incomplete": False}

    def _whoami(self, request: Request, body: Obj) -> Obj:
        return {"userInfo": user_info(request.user)}

    def _token(self, request: Request, body: Obj) -> Obj:
        spec = body.get("spec") or {}
        if not spec.get("token"):
            self._refuse(request, [FieldError("spec.token", "FieldValueRequired", "Required value")])
        user = self._tokens.check(spec["token"], self._now())
        if user is None:
            return {"user": {}, "error": "[invalid bearer token, token lookup failed]"}
        return {"authenticated": True, "user": user_info(user), "audiences": [self._tokens.issuer]}


def user_info(user: User) -> Obj:
    """A user as reviews and the audit log show it."""
    found: Obj = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
    found["extra"] = {name: list(values) for name, values in user.extra.items()}
    return {name: value for name, value in found.items() if value}


def _status(decision: Decision) -> Obj:
    status: Obj = {"allowed": decision.allowed}
    return {**status, "reason": decision.reason} if decision.reason else status


def _check_attributes(spec: Mapping[str, Any]) -> list[FieldError]:
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and other is not None:
        return [
            invalid("spec.nonResourceAttributes", other, "cannot be specified in combination with resourceAttributes")
        ]
    if resource is None and other is None:
        return [invalid("spec.resourceAttributes", None, _ONE)]
    return []


def _attributes(user: User, spec: Mapping[str, Any]) -> Attributes:
    other = spec.get("nonResourceAttributes")
    if other is not None:
        return Attributes(user, other.get("verb", ""), path=other.get("path", ""))
    wanted = spec.get("resourceAttributes") or {}
    return Attributes(
        user,
        wanted.get("verb", ""),
        wanted.get("group", ""),
        wanted.get("version", ""),
        wanted.get("resource", ""),
        wanted.get("subresource", ""),
        wanted.get("namespace", ""),
        wanted.get("name", ""),
    )
