"""The audit log, in the format of audit.k8s.io/v1."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.clock import Clock
from cloudwright.twin.server.meta import Identities
from cloudwright.twin.server.request import Request, Response, User
from cloudwright.twin.server.reviews import user_info
from cloudwright.twin.server.routing import Target

Sink = Callable[[str], None]
_WRITES = ("create", "update", "patch", "delete", "deletecollection")
_SEED = 1_000_003
_SWITCHED = ("exec", "attach", "portforward")


@dataclass(frozen=True)
class Seen:
    """What every request has: the verb, the URI, who asks (`actor` in the name of `user`), with what and from where."""

    verb: str
    uri: str
    user: User
    actor: User | None
    agent: str
    source: str


class AuditLog:
    """Writes one JSON line per request to its sinks: bodies of writes, metadata of all others.

    Requests are written when they are finished; watches and streams (logs, exec, ports) when they have started.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._identities = Identities(_SEED)  # its own, so that listening changes no object's uid
        self.sinks: list[Sink] = []

    def note(self, seen: Seen, target: Target | None, code: int) -> None:
        """Record a request on a path, or on a resource that has no type here."""
        if self.sinks:
            resource = target.resource if target else None
            reference = {
                "resource": resource.plural if resource else "",
                "namespace": target.namespace if target else "",
                "name": target.name if target else "",
                "apiGroup": resource.group if resource else "",
                "apiVersion": resource.version if resource else "",
                "subresource": target.subresource if target else "",
            }
            event = self._event(seen, reference, Response({}, code))
            self._write(event, "" if code == 403 else "allow", "", {})

    def record(
        self, request: Request, response: Response, source: str, reason: str = "", *, started: bool = False
    ) -> None:
        """Record a request on a resource and its answer."""
        if not self.sinks:
            return
        resource = request.info.resource
        reference: Obj = {
            "resource": resource.plural,
            "namespace": request.namespace,
            "name": request.name,
            "apiGroup": resource.group,
            "apiVersion": resource.version,
            "subresource": request.subresource,
        }
        seen = Seen(request.verb, request.path, request.user, request.actor, request.user_agent, source)
        if started and request.subresource in _SWITCHED:
            response = Response({}, 101)
        event = self._event(seen, reference, response)
        if started:
            event["stage"] = "ResponseStarted"
        elif request.verb in _WRITES:
            event |= {"level": "RequestResponse", "requestObject": request.body, "responseObject": response.obj}
        self._write(event, "" if response.code == 403 and not reason else "allow", reason, request.audit)

    def _write(self, event: Obj, decision: str, reason: str, more: dict[str, Any]) -> None:
        annotations = {"authorization.k8s.io/decision": decision or "forbid", "authorization.k8s.io/reason": reason}
        event["annotations"] = {**annotations, **more}
        line = json.dumps(event, separators=(",", ":"))
        for sink in self.sinks:
            sink(line)

    def _event(self, seen: Seen, reference: Obj, response: Response) -> Obj:
        failed = response.obj if response.code >= 400 else {}
        status: dict[str, Any] = {"metadata": {}, "code": response.code}
        status |= {name: failed[name] for name in ("status", "message", "reason", "details") if failed.get(name)}
        now = self._clock.micro_timestamp()
        event: Obj = {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "Metadata",
            "auditID": self._identities.uid(),
            "stage": "ResponseComplete",
            "requestURI": seen.uri,
            "verb": seen.verb,
            "user": user_info(seen.actor or seen.user),
            "sourceIPs": [seen.source],
            "userAgent": seen.agent,
        }
        reference = {name: value for name, value in reference.items() if value}
        if reference:
            event["objectRef"] = reference
        if seen.actor is not None:
            event["impersonatedUser"] = user_info(seen.user)
        return event | {"responseStatus": status, "requestReceivedTimestamp": now, "stageTimestamp": now}
