"""As much of SPDY/3.1 as port-forwarding needs: streams with headers, data in both directions.

kubectl tunnels it through a WebSocket. Framing after draft-mbelshe-httpbis-spdy-00, section 2.
"""

import zlib
from dataclasses import dataclass, field

from cloudwright.twin.server.spdy_dictionary import dictionary

_VERSION = 0x8003
_SYN_STREAM, _SYN_REPLY, _RST, _PING, _GOAWAY = 1, 2, 3, 6, 7
FIN = 1
_LARGEST = 64 * 1024


@dataclass
class Stream:
    """One stream: its headers, what has arrived, and whether the client has ended it."""

    id: int
    headers: dict[str, str]
    received: bytearray = field(default_factory=bytearray)
    ended: bool = False


class Session:
    """The server's side of a session: bytes in, frames out (collected in `outgoing`)."""

    def __init__(self) -> None:
        self.streams: dict[int, Stream] = {}
        self.outgoing = bytearray()
        self.closed = False
        self._buffer = bytearray()
        self._inflate = zlib.decompressobj(zdict=dictionary())
        self._deflate = zlib.compressobj(zdict=dictionary())

    def feed(self, data: bytes) -> None:
        """Take bytes from the wire; a broken frame closes the session."""
        self._buffer += data
        while len(self._buffer) >= 8:
            size = int.from_bytes(self._buffer[5:8], "big")
            if len(self._buffer) < 8 + size:
                return
            head, body = bytes(self._buffer[:8]), bytes(self._buffer[8 : 8 + size])
            del self._buffer[: 8 + size]
            try:
                self._frame(head, body)
            except (zlib.error, IndexError, ValueError):
                self.closed = True
                return

    def _frame(self, head: bytes, body: bytes) -> None:
        if not head[0] & 0x80:
            stream = self.streams.get(int.from_bytes(head[:4], "big"))
            if stream is not None:
                stream.received += body
                stream.ended = stream.ended or bool(head[4] & FIN)
            return
        kind, flags = int.from_bytes(head[2:4], "big"), head[4]
        if kind == _SYN_STREAM:
            number = int.from_bytes(body[:4], "big") & 0x7FFFFFFF
            self.streams[number] = Stream(number, self._headers(body[10:]), ended=bool(flags & FIN))
            self._reply(number)
        elif kind == _PING:
            self._control(_PING, 0, body)
        elif kind == _RST:
            self.streams.pop(int.from_bytes(body[:4], "big"), None)
        elif kind == _GOAWAY:
            self.closed = True

    def _headers(self, block: bytes) -> dict[str, str]:
        text = self._inflate.decompress(block)
        count, at = int.from_bytes(text[:4], "big"), 4
        parts: list[str] = []
        for _ in range(2 * min(count, 100)):
            size = int.from_bytes(text[at : at + 4], "big")
            parts.append(text[at + 4 : at + 4 + size].decode("latin-1"))
            at += 4 + size
        return dict(zip(parts[::2], parts[1::2], strict=True))

    def _control(self, kind: int, flags: int, body: bytes) -> None:
        head = _VERSION.to_bytes(2, "big") + kind.to_bytes(2, "big") + bytes([flags]) + len(body).to_bytes(3, "big")
        self.outgoing += head + body

    def _reply(self, number: int) -> None:
        block = self._deflate.compress((0).to_bytes(4, "big")) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        self._control(_SYN_REPLY, 0, number.to_bytes(4, "big") + block)

    def send(self, stream: Stream, data: bytes, *, end: bool = False) -> None:
        """Send data on a stream, and end the server's side of it if told to."""
        for start in range(0, len(data), _LARGEST):
            self._data(stream.id, data[start : start + _LARGEST], 0)
        if end:
            self._data(stream.id, b"", FIN)

    def _data(self, number: int, part: bytes, flags: int) -> None:
        self.outgoing += number.to_bytes(4, "big") + bytes([flags]) + len(part).to_bytes(3, "big") + part

    def take(self) -> bytes:
        """What is to be written to the wire."""
        data = bytes(self.outgoing)
        self.outgoing.clear()
        return data
