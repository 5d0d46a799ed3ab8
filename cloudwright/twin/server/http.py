"""The wire: ASGI application, watches as streams, and the uvicorn server that carries it."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.responses import StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from uvicorn.protocols.http.h11_impl import H11Protocol

from cloudwright.twin.server.exchange import Answer, Call
from cloudwright.twin.server.gateway import Gateway
from cloudwright.twin.server.streams import Streams
from cloudwright.twin.server.watching import Watch

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_BOOKMARK_SECONDS = 55.0
_LARGEST_BODY = 3 * 1024 * 1024


class CertificateProtocol(H11Protocol):
    """HTTP/1.1 that tells the application which client certificate TLS has verified."""

    def connection_made(self, transport: Any) -> None:
        """Note the certificate of a new connection."""
        super().connection_made(transport)
        session = transport.get_extra_info("ssl_object")
        certificate = session.getpeercert() if session is not None else None
        self.app_state = {**self.app_state, "certificate": certificate or None}

    def handle_websocket_upgrade(self, event: Any) -> None:
        """Set aside a protocol name with a slash, as kubectl's tunnel has it: the WebSocket library refuses it."""
        name = b"sec-websocket-protocol"
        tunnels = [value.decode("latin-1") for key, value in self.headers if key == name and b"/" in value]
        if tunnels:
            self.headers = [(key, value) for key, value in self.headers if key != name]
        self.app_state = {**self.app_state, "offered": ",".join(tunnels)}
        super().handle_websocket_upgrade(event)


def call_of(connection: HttpRequest | WebSocket, method: str, body: bytes) -> Call:
    """The call that a connection makes."""
    client = connection.client
    return Call(
        method,
        connection.url.path,
        connection.url.query,
        tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in connection.scope["headers"]),
        body,
        connection.scope.get("state", {}).get("certificate"),
        client.host if client else "127.0.0.1",
    )


class Application:
    """The ASGI application around a gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.streams = Streams(gateway)
        self._watches: set[Watch] = set()
        routes = [
            Route("/{path:path}", self.endpoint, methods=_METHODS),
            WebSocketRoute("/{path:path}", self.socket),
        ]
        self.asgi = Starlette(routes=routes)

    async def endpoint(self, request: HttpRequest) -> HttpResponse:
        """Answer one HTTP request."""
        body = await request.body()
        if len(body) > _LARGEST_BODY:
            message = f"Request entity too large: limit is {_LARGEST_BODY}"
            status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
            return HttpResponse(
                json.dumps({**status, "reason": "RequestEntityTooLarge", "code": 413}),
                413,
                media_type="application/json",
            )
        call = call_of(request, request.method, body)
        answer = await run_in_threadpool(self.gateway.respond, call)
        if answer.watch is not None:
            events = self._events(answer)
            return StreamingResponse(events, media_type="application/json", headers=_headers(answer))
        if answer.stream is not None:
            return await self.streams.over_http(answer, call)
        return http_response(answer)

    async def socket(self, socket: WebSocket) -> None:
        """Serve exec, attach, port-forward or a watch over a WebSocket."""
        call = call_of(socket, "GET", b"")
        answer = await run_in_threadpool(self.gateway.respond, call)
        if answer.stream is None:
            await socket.send_denial_response(http_response(answer))
            return
        await self.streams.over_socket(answer, call, socket)

    async def _events(self, answer: Answer) -> AsyncIterator[bytes]:
        watch = answer.watch
        assert watch is not None
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(changed.set)

        watch.on_change = wake
        self._watches.add(watch)
        deadline = loop.time() + answer.timeout

        def drain() -> bytes:
            with self.gateway.lock:
                return b"".join(json.dumps(e, separators=(",", ":")).encode() + b"\n" for e in watch.take())

        try:
            while True:
                chunk = await run_in_threadpool(drain)
                if chunk:
                    yield chunk
                left = deadline - loop.time()
                if left <= 0 or watch.overflowed:
                    return
                try:
                    await asyncio.wait_for(changed.wait(), min(left, _BOOKMARK_SECONDS))
                except TimeoutError:
                    watch.bookmark()
                changed.clear()
        finally:
            self._watches.discard(watch)
            with self.gateway.lock:
                watch.close()

    def end_watches(self) -> None:
        """End all streams of watches, so that the server can stop."""
        for watch in tuple(self._watches):
            watch.overflowed = True
            watch.on_change()


def _headers(answer: Answer) -> dict[str, str]:
    return {"cache-control": "no-cache, private", **answer.headers}


def http_response(answer: Answer) -> HttpResponse:
    """An answer as HTTP."""
    media = answer.media or ("text/plain; charset=utf-8" if answer.text is not None else "application/json")
    response = HttpResponse(answer.encoded(), answer.code, headers=_headers(answer), media_type=media)
    for warning in dict.fromkeys(answer.warnings):
        text = warning.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
        response.headers.append("Warning", f'299 - "{text}"'.encode("latin-1", "replace").decode("latin-1"))
    return response


def server_config(application: Application, host: str, port: int, files: tuple[str, str, str]) -> uvicorn.Config:
    """How uvicorn serves it over TLS; `files` are CA, certificate and key."""
    authority, certificate, key = files
    return uvicorn.Config(
        application.asgi,
        host=host,
        port=port,
        loop="asyncio",
        http=CertificateProtocol,
        ws="websockets-sansio",
        ssl_certfile=certificate,
        ssl_keyfile=key,
        ssl_ca_certs=authority,
        ssl_cert_reqs=ssl.CERT_OPTIONAL,
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        server_header=False,
    )
