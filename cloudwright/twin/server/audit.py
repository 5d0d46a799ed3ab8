"""The audit log, in the format of audit.k8s.io/v1."""

import json
from collections.abc import Callable
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.clock import Clock
from cloudwright.twin.server.meta import Identities
from cloudwright.twin.server.request import Request, Response
from cloudwright.twin.server.reviews import user_info

Sink = Callable[[str], None]
_WRITES = ("create", "update", "patch", "delete", "deletecollection")


class AuditLog:
    """Writes one JSON line per finished request to its sinks: bodies of writes, metadata of reads."""

    def __init__(self, clock: Clock, identities: Identities) -> None:
        self._clock = clock
        self._identities = identities
        self.sinks: list[Sink] = []

    def record(self, request: Request, response: Response, source: str, reason: str = "") -> None:
        """Record a request on a resource and its answer."""
        if not self.sinks:
            return
        now = self._clock.micro_timestamp()
        event = self._event(request, response, source, now)
        if reason or response.code != 403:
            event["annotations"] = {
                "authorization.k8s.io/decision": "allow",
                "authorization.k8s.io/reason": reason,
                **request.audit,
            }
        else:
            event["annotations"] = {"authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": ""}
        line = json.dumps(event, separators=(",", ":"))
        for sink in self.sinks:
            sink(line)

    def _event(self, request: Request, response: Response, source: str, now: str) -> Obj:
        resource, writes = request.info.resource, request.verb in _WRITES
        reference: Obj = {
            "resource": resource.plural,
            "namespace": request.namespace,
            "name": request.name,
            "apiGroup": resource.group,
            "apiVersion": resource.version,
            "subresource": request.subresource,
        }
        failed = response.obj if response.code >= 400 else {}
        status: dict[str, Any] = {"metadata": {}, "code": response.code}
        status |= {name: failed[name] for name in ("status", "message", "reason", "details") if failed.get(name)}
        event: Obj = {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "RequestResponse" if writes else "Metadata",
            "auditID": self._identities.uid() if not request.options.dry_run else "dry-run",
            "stage": "ResponseComplete",
            "requestURI": request.path,
            "verb": request.verb,
            "user": user_info(request.actor or request.user),
            "sourceIPs": [source],
            "userAgent": request.user_agent,
            "objectRef": {name: value for name, value in reference.items() if value},
            "responseStatus": status,
        }
        if request.actor is not None:
            event["impersonatedUser"] = user_info(request.user)
        if writes:
            event["requestObject"] = request.body
            event["responseObject"] = response.obj
        event["requestReceivedTimestamp"] = event["stageTimestamp"] = now
        return event
