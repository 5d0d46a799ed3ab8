"""Logs, exec, attach and port-forward."""

import json
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response as HttpResponse
from starlette.responses import StreamingResponse
from starlette.websockets import WebSocket

from cloudwright.twin.api import ApiStatusError, Obj
from cloudwright.twin.clock import parse_timestamp
from cloudwright.twin.kubelet import Kubelet, KubeletError, LogOptions
from cloudwright.twin.server import sockets
from cloudwright.twin.server.errors import StatusError, bad_request, not_implemented, status_of

if TYPE_CHECKING:
    from cloudwright.twin.server.exchange import Answer, Call
    from cloudwright.twin.server.gateway import Gateway
    from cloudwright.twin.server.request import Request

_POLL = 0.1


def _flag(query: dict[str, list[str]], name: str) -> bool:
    return query.get(name, ["false"])[0].lower() in ("true", "1")


def _number(query: dict[str, list[str]], name: str) -> int | None:
    text = query.get(name, [""])[0]
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def log_options(query: dict[str, list[str]]) -> LogOptions:
    """The options of a log request.

    Raises:
        StatusError: 400 or 422.
    """
    moment = query.get("sinceTime", [""])[0]
    options = LogOptions(
        previous=_flag(query, "previous"),
        tail_lines=_number(query, "tailLines"),
        since_seconds=_number(query, "sinceSeconds"),
        since_time=parse_timestamp(moment) if moment else None,
        timestamps=_flag(query, "timestamps"),
        follow=_flag(query, "follow"),
        limit_bytes=_number(query, "limitBytes"),
    )
    for name, value in (("tailLines", options.tail_lines),):
        if value is not None and value < 0:
            body = f"Invalid value: {value}: must be greater than or equal to 0"
            details = {
                "kind": "PodLogOptions",
                "causes": [{"reason": "FieldValueInvalid", "message": body, "field": name}],
            }
            raise StatusError(422, "Invalid", f'PodLogOptions "" is invalid: {name}: {body}', details)
    return options


class Streams:
    """Serves the subresources that need the kubelet."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway

    def kubelet(self) -> Kubelet:
        """The registered node agent.

        Raises:
            StatusError: 501, there is none.
        """
        found = self._gateway.server.kubelet
        if found is None:
            raise not_implemented("a cluster without node agents: logs, exec and ports")
        return found

    def pod(self, request: "Request") -> Obj:
        """The pod of a request."""
        return self._gateway.server.registry.read(request.info, request.namespace, request.name)

    def container_of(self, request: "Request", query: dict[str, list[str]]) -> str:
        """Which container is meant.

        Raises:
            StatusError: 400, none is named and there are several, or there is no such container.
        """
        pod = self.pod(request)
        spec = pod["spec"]
        names = [each["name"] for each in spec.get("containers") or ()]
        others = [e["name"] for key in ("initContainers", "ephemeralContainers") for e in spec.get(key) or ()]
        wanted = query.get("container", [""])[0]
        if not wanted:
            if len(names) == 1 and not others:
                return str(names[0])
            default = (pod["metadata"].get("annotations") or {}).get("kubectl.kubernetes.io/default-container")
            if default in names and request.subresource != "log":
                return str(default)
            if len(names) == 1:
                return str(names[0])
            text = f"a container name must be specified for pod {request.name}, choose one of: [{' '.join(names)}]"
            inits = [each["name"] for each in spec.get("initContainers") or ()]
            if inits:
                text += f" or one of the init containers: [{' '.join(inits)}]"
            raise bad_request(text)
        if wanted not in [*names, *others]:
            raise bad_request(f"container {wanted} is not valid for pod {request.name}")
        if not spec.get("nodeName"):
            raise bad_request(f"pod {request.name} does not have a host assigned")
        return wanted

    async def over_http(self, answer: "Answer", call: "Call") -> HttpResponse:
        """A stream that was asked for over plain HTTP: logs; others need an upgrade."""
        request = answer.stream
        assert request is not None
        try:
            if request.subresource == "log":
                return await self._log(request, call)
            await run_in_threadpool(self.locked, lambda: self.pod(request))
            if request.subresource in ("proxy", "attach"):
                raise not_implemented(f"the {request.subresource} subresource")
            raise bad_request("Upgrade request required")
        except KubeletError as error:
            return _refused(error)
        except ApiStatusError as error:
            return _failure(error)

    def locked(self, action: Callable[[], Any]) -> Any:
        """Run something under the world's lock."""
        with self._gateway.lock:
            return action()

    async def _log(self, request: "Request", call: "Call") -> HttpResponse:
        query = parse_qs(call.query)
        options = log_options(query)

        def first() -> tuple[str, list[bytes], int]:
            self.pod(request)
            container = self.container_of(request, query)
            pod = self.pod(request)
            if not pod["spec"].get("nodeName"):
                return container, [], -1
            kubelet = self.kubelet()
            position = kubelet.log_position(request.namespace, request.name, container)
            return container, list(kubelet.logs(request.namespace, request.name, container, options)), position

        container, lines, position = await run_in_threadpool(self.locked, first)
        if options.limit_bytes is not None:
            lines = [b"".join(lines)[: options.limit_bytes]]
        if not options.follow or position < 0:
            return HttpResponse(b"".join(lines), media_type="text/plain")
        return StreamingResponse(self._follow(request, container, lines, position, options), media_type="text/plain")

    async def _follow(
        self, request: "Request", container: str, lines: list[bytes], position: int, options: LogOptions
    ) -> AsyncIterator[bytes]:
        yield b"".join(lines)
        kubelet = self.kubelet()
        place = (request.namespace, request.name, container)

        def more() -> tuple[list[bytes], bool]:
            try:
                ended = kubelet.log_ended(*place)
                return kubelet.logs_after(*place, position, timestamps=options.timestamps), ended
            except KubeletError:
                return [], True

        while True:
            fresh, ended = await run_in_threadpool(self.locked, more)
            position += len(fresh)
            if fresh:
                yield b"".join(fresh)
            if ended:
                return
            await anyio.sleep(_POLL)

    async def over_socket(self, answer: "Answer", call: "Call", socket: WebSocket) -> None:
        """Exec, attach and port-forward over a WebSocket."""
        request = answer.stream
        assert request is not None
        try:
            await sockets.serve(self, request, call, socket)
        except KubeletError as error:
            await socket.send_denial_response(_refused(error))
        except ApiStatusError as error:
            await socket.send_denial_response(_failure(error))


def _failure(error: ApiStatusError) -> HttpResponse:
    return HttpResponse(json.dumps(status_of(error)), error.code, media_type="application/json")


def _refused(error: KubeletError) -> HttpResponse:
    reasons = {400: "BadRequest", 404: "NotFound", 500: "InternalError"}
    return _failure(StatusError(error.status, reasons.get(error.status, "Unknown"), error.message))
