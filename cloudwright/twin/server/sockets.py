"""The WebSocket protocols of exec, attach and port-forward."""

from typing import Any


async def serve(streams: Any, request: Any, call: Any, socket: Any) -> None:
    """Serve one stream."""
