"""Which of the WebSocket protocols that a client offers is spoken."""

from starlette.websockets import WebSocket

from cloudwright.twin.server.errors import bad_request


def offered(socket: WebSocket) -> list[str]:
    """The protocols that the client offers, in its order."""
    aside = socket.scope.get("state", {}).get("offered", "")
    given = ",".join((socket.headers.get("sec-websocket-protocol", ""), aside))
    return [part.strip() for part in given.split(",") if part.strip()]


def choose(socket: WebSocket, known: tuple[str, ...]) -> str:
    """The first known protocol that is offered.

    Raises:
        StatusError: 400, there is none.
    """
    found = next((protocol for protocol in known if protocol in offered(socket)), None)
    if found is None:
        raise bad_request(
            f"unable to negotiate protocol: client supports {offered(socket)}, server supports {list(known)}"
        )
    return found
