"""Admission webhooks: call-outs by configuration, with failure policy, selectors and JSON patches."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from cloudwright.twin.api import ApiStatusError, Obj
from cloudwright.twin.server import patches
from cloudwright.twin.server.admission.base import Plugin
from cloudwright.twin.server.catalog import Catalog
from cloudwright.twin.server.errors import StatusError, internal
from cloudwright.twin.server.registry import Registry
from cloudwright.twin.server.request import Request
from cloudwright.twin.server.reviews import user_info
from cloudwright.twin.server.selectors import match_selector
from cloudwright.twin.store import clone

_GROUP = "admissionregistration.k8s.io"
_VERBS = {"create": "CREATE", "update": "UPDATE", "patch": "UPDATE", "delete": "DELETE", "connect": "CONNECT"}
Caller = Callable[[Mapping[str, Any], Mapping[str, Any], float], Mapping[str, Any]]
"""Calls a webhook: (clientConfig, AdmissionReview, timeout seconds) -> the answered AdmissionReview; raises
`WebhookFailure` with the text that a failed call shows."""


class WebhookFailure(Exception):
    """The call did not reach the webhook, or its answer was no review."""


def unreachable(config: Mapping[str, Any], review: Mapping[str, Any], timeout: float) -> Mapping[str, Any]:
    """The call-out of a cluster without a data plane: nothing answers."""
    service = config.get("service")
    if service is None:
        raise WebhookFailure(
            f'Post "{config.get("url", "")}?timeout={int(timeout)}s": dial tcp: connect: connection refused'
        )
    name = f"{service['name']}.{service['namespace']}.svc"
    url = f"https://{name}:{service.get('port', 443)}{service.get('path', '/')}?timeout={int(timeout)}s"
    raise WebhookFailure(f'Post "{url}": service "{service["name"]}" not found')


class Webhooks(Plugin):
    """Runs mutating webhooks before and validating ones after the object's own validation.

    The world replaces `caller` by its data plane, so that webhooks live in simulated pods.
    """

    def __init__(self, registry: Registry, catalog: Catalog) -> None:
        self._registry = registry
        self._catalog = catalog
        self.caller: Caller = unreachable

    def mutate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Let mutating webhooks patch the object."""
        for hook in self._matching("mutatingwebhookconfigurations", request, obj, old):
            answer = self._call(hook, request, obj, old)
            patch = answer.get("patch")
            if patch and obj is not None:
                changed = patches.json_patch(clone(obj), json.loads(base64.b64decode(patch)))
                obj.clear()
                obj.update(changed)

    def validate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Let validating webhooks refuse the write."""
        for hook in self._matching("validatingwebhookconfigurations", request, obj, old):
            self._call(hook, request, obj, old)

    def _matching(self, plural: str, request: Request, obj: Obj | None, old: Obj | None) -> list[Obj]:
        configurations = self._registry.store.objects((_GROUP, plural))
        if not configurations or request.info.resource.group == _GROUP or request.verb not in _VERBS:
            return []
        subject = obj if obj is not None else old or {}
        return [
            hook
            for each in configurations
            for hook in each.get("webhooks") or ()
            if self._selects(hook, request, subject)
        ]

    def _selects(self, hook: Obj, request: Request, subject: Obj) -> bool:
        if not any(_rule(rule, request) for rule in hook.get("rules") or ()):
            return False
        metadata = subject.get("metadata") or {}
        if not match_selector(hook.get("objectSelector", {}), metadata.get("labels") or {}):
            return False
        if request.info.namespaced:
            namespace = self._registry.store.get(("", "namespaces"), "", request.namespace) or {}
        elif request.info.storage == ("", "namespaces"):
            namespace = subject
        else:
            return True
        return match_selector(hook.get("namespaceSelector", {}), (namespace.get("metadata") or {}).get("labels") or {})

    def _call(self, hook: Obj, request: Request, obj: Obj | None, old: Obj | None) -> Mapping[str, Any]:
        review = self._review(request, obj, old)
        name, timeout = hook["name"], float(hook.get("timeoutSeconds", 10))
        if request.options.dry_run and hook.get("sideEffects") not in ("None", "NoneOnDryRun"):
            raise StatusError(400, "BadRequest", f'admission webhook "{name}" does not support dry run')
        try:
            answer = self.caller(hook["clientConfig"], review, timeout).get("response")
            if not isinstance(answer, Mapping):
                raise WebhookFailure("the answer has no response")
        except (WebhookFailure, ApiStatusError) as error:
            if hook.get("failurePolicy", "Fail") == "Ignore":
                return {}
            raise internal(f'failed calling webhook "{name}": failed to call webhook: {error}') from None
        request.warnings += [str(warning) for warning in answer.get("warnings") or ()]
        if not answer.get("allowed"):
            raise _denied(name, answer.get("status") or {})
        return answer

    def _review(self, request: Request, obj: Obj | None, old: Obj | None) -> Obj:
        resource = request.info.resource
        kind = {"group": resource.group, "version": resource.version, "kind": request.info.kind}
        where = {"group": resource.group, "version": resource.version, "resource": resource.plural}
        body = {
            "uid": self._registry.identities.uid(),
            "kind": kind,
            "resource": where,
            "requestKind": kind,
            "requestResource": where,
            "name": request.name,
            "operation": _VERBS[request.verb],
            "userInfo": user_info(request.user),
            "object": clone(obj),
            "oldObject": clone(old),
            "dryRun": request.options.dry_run,
        }
        if request.subresource:
            body["subResource"] = request.subresource
        if request.namespace:
            body["namespace"] = request.namespace
        return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": body}


def _rule(rule: Mapping[str, Any], request: Request) -> bool:
    resource = request.info.resource
    combined = f"{resource.plural}/{request.subresource}" if request.subresource else resource.plural
    operations = rule.get("operations") or ()
    if "*" not in operations and _VERBS[request.verb] not in operations:
        return False
    for field, value in (("apiGroups", resource.group), ("apiVersions", resource.version)):
        wanted = rule.get(field) or ()
        if "*" not in wanted and value not in wanted:
            return False
    scope = rule.get("scope", "*")
    if scope != "*" and (scope == "Namespaced") != request.info.namespaced:
        return False
    return any(
        each in ("*/*", combined)
        or (each == "*" and not request.subresource)
        or (each.endswith("/*") and each[:-2] == resource.plural)
        or (each.startswith("*/") and each[2:] == request.subresource and request.subresource)
        for each in rule.get("resources") or ()
    )


def _denied(name: str, status: Mapping[str, Any]) -> StatusError:
    message = status.get("message") or status.get("reason")
    text = f'admission webhook "{name}" denied the request' + (f": {message}" if message else " without explanation")
    return StatusError(int(status.get("code") or 400), str(status.get("reason") or "BadRequest"), text)
