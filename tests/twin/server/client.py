"""A client of the simulated API server without a wire."""

import json
from typing import Any

from cloudwright.twin.clock import Clock
from cloudwright.twin.server.exchange import Answer, Call
from cloudwright.twin.server.gateway import Gateway
from cloudwright.twin.server.pipeline import ApiServer
from cloudwright.twin.server.request import User
from cloudwright.twin.store import Store


class Client:
    """Sends requests as the administrator."""

    def __init__(self) -> None:
        self.server = ApiServer(Store(), Clock(1_767_225_600.0))
        self.gateway = Gateway(self.server, users={"admin": User("admin", ("system:masters",))})

    def send(self, method: str, path: str, body: Any = None, *, query: str = "", **headers: str) -> Answer:
        """Answer one request; a dict or list is sent as JSON. Headers: `content_type`, `accept`, `user_agent`."""
        given = {"content_type": "application/json", **headers}
        named = tuple((name.replace("_", "-"), value) for name, value in given.items())
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.gateway.respond(Call(method, path, query, (("authorization", "Bearer admin"), *named), raw))

    def patch(self, path: str, kind: str, body: Any, *, query: str = "", **headers: str) -> Answer:
        """Patch in one of the forms: json, merge, strategic-merge, apply."""
        media = "application/apply-patch+yaml" if kind == "apply" else f"application/{kind}-patch+json"
        return self.send("PATCH", path, body, query=query, content_type=media, **headers)
