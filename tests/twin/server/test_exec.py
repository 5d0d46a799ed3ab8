"""Commands and shells in containers, over the wire."""

import json
import ssl
from collections.abc import Iterator
from socket import IPPROTO_TCP
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from cloudwright.twin.api import PODS
from cloudwright.twin.server.background import listen
from cloudwright.twin.server.serving import Serving
from cloudwright.twin.topologies.start import Cluster, start


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    """A shop without a past."""
    return start("shop", history=False)


@pytest.fixture(scope="module")
def serving(cluster: Cluster) -> Iterator[Serving]:
    """The shop over HTTPS."""
    with Serving(cluster.world.server, lock=cluster.world.lock, settle=cluster.world.settle) as served:
        yield served


def run(serving: Serving, cluster: Cluster, argv: list[str], sent: list[bytes], **flags: str) -> tuple[bytes, Any]:
    """Output and closing status of a command in a frontend pod."""
    pod = next(pod for pod in cluster.world.api.cached(PODS, "shop") if "frontend" in pod["metadata"]["name"])
    query = urlencode([*(("command", word) for word in argv), ("stdout", "true"), ("stderr", "true"), *flags.items()])
    context = ssl.create_default_context(cadata=serving.authority.certificate.decode())
    path = f"/api/v1/namespaces/shop/pods/{pod['metadata']['name']}/exec?{query}"
    url = serving.url.replace("https", "wss") + path
    headers = {"authorization": f"Bearer {serving.token}"}
    protocols = [Subprotocol("v5.channel.k8s.io")]
    out, status = b"", None
    with connect(url, subprotocols=protocols, additional_headers=headers, ssl=context) as socket:
        for message in sent:
            socket.send(message)
        try:
            while True:
                got = socket.recv(timeout=20)
                assert isinstance(got, bytes)
                if got[0] == 3:
                    status = json.loads(got[1:])
                else:
                    out += got[1:]
        except ConnectionClosedOK:
            return out, status


def test_a_terminal_tells_its_size_before_a_short_command_is_over(serving: Serving, cluster: Cluster) -> None:
    size = b'\x04{"Width":80,"Height":24}'
    out, status = run(serving, cluster, ["echo", "hi"], [size], tty="true", stdin="true")
    assert (out, status["status"]) == (b"hi\r\n", "Success")


def test_lines_of_a_shell_share_directory_and_variables(serving: Serving, cluster: Cluster) -> None:
    text = b"cd /tmp\nX=5\nfor i in 1 2; do\n echo $i$X\ndone\npwd\nexit 3\n"
    out, status = run(serving, cluster, ["sh"], [b"\x00" + text], stdin="true")
    assert out == b"15\n25\n/tmp\n"
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]


def test_the_end_of_the_input_ends_a_shell(serving: Serving, cluster: Cluster) -> None:
    out, status = run(serving, cluster, ["sh"], [b"\x00echo a\nfalse", b"\xff\x00"], stdin="true")
    assert (out, status["reason"]) == (b"a\n", "NonZeroExitCode")


def test_a_terminal_shows_prompt_and_keys(serving: Serving, cluster: Cluster) -> None:
    out, _ = run(serving, cluster, ["sh"], [b"\x04{}", b"\x00pwd\r", b"\x00exit\r"], stdin="true", tty="true")
    assert out == b"$ pwd\r\n/\r\n$ exit\r\n"


def test_answers_do_not_wait_for_the_client_to_acknowledge_their_headers() -> None:
    with listen("127.0.0.1", 0) as bound:  # asyncio sets TCP_NODELAY on sockets of this protocol alone
        assert bound.proto == IPPROTO_TCP
