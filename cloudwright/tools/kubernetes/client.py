"""The connection to one API server: raw JSON requests over the connections of the `kubernetes` library.

Answers are plain JSON (`dict`), never the library's models, which reject values that real servers send.
"""

import contextlib
import email.utils
import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import urllib3

from cloudwright import __version__
from cloudwright.core.errors import BadAnswer, TimedOut, ToolError, Unreachable
from cloudwright.tools.kubernetes.errors import CONNECT_SECONDS, ContinueExpired, Denied, Sent, broken, from_status
from cloudwright.tools.kubernetes.kubeconfig import Choice
from cloudwright.tools.kubernetes.paging import PAGE, Page, typed_items
from cloudwright.tools.kubernetes.retrying import NO_RETRIES, READ_RETRIES

LARGEST_ANSWER = 512 * 1024 * 1024
"""Bytes of one answer that are read at most."""

Json = dict[str, Any]
Params = Mapping[str, str | int | bool | Sequence[str]]

MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

_CHUNK = 1 << 18


class KubernetesClient:
    """Requests to one API server as one identity. Thread-safe.

    Every method raises the errors of `core.errors`: `Unreachable`, `TimedOut`, `Unauthenticated`, `Forbidden`
    (`errors.Denied` with the missing right), `NotFound`, `Conflict`, `InvalidArguments`, `Unsupported`, `BadAnswer`.

    Args:
        api: an `ApiClient` of the `kubernetes` library, which brings server address, TLS and credentials.
        choice: the context that it was made from.
        as_user: the user to impersonate in every request.
        as_groups: groups to impersonate with it.
        timeout: seconds that a request may take unless it says otherwise.
    """

    def __init__(
        self,
        api: Any,
        choice: Choice,
        *,
        as_user: str = "",
        as_groups: Sequence[str] = (),
        timeout: float = 30.0,
    ) -> None:
        self.choice = choice
        self.server = str(api.configuration.host).rstrip("/")
        self.as_user = as_user
        self.timeout = timeout
        self.clock_skew: float | None = None
        self.warnings: list[str] = []
        self.explain_denied: Callable[[Denied], str] | None = None
        """Who could grant a missing right; asked at most once for one right."""
        self._explained: dict[str, str] = {}
        self._api = api
        self._pool: urllib3.PoolManager = api.rest_client.pool_manager
        self._lock = threading.Lock()
        self._own: dict[str, str] = {"User-Agent": f"cloudwright/{__version__}"}
        self._impersonation: list[tuple[str, str]] = []
        if as_user:
            self._impersonation.append(("Impersonate-User", as_user))
            self._impersonation += [("Impersonate-Group", group) for group in as_groups]

    def get(self, path: str, params: Params | None = None, *, timeout: float | None = None, accept: str = "") -> Json:
        """One JSON object."""
        return self.request("GET", path, params=params, timeout=timeout, accept=accept)

    def get_bytes(self, path: str, params: Params | None = None, *, timeout: float | None = None) -> bytes:
        """An answer as it is, such as a log or a health report."""
        return self._exchange("GET", path, None, "", params, timeout, "*/*")

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        content_type: str = "application/json",
        params: Params | None = None,
        timeout: float | None = None,
        accept: str = "",
    ) -> Json:
        """One request with a JSON answer. Reads are repeated when a connection breaks, writes never.

        Args:
            method: GET, POST, PUT, PATCH or DELETE.
            path: absolute path on the server.
            body: JSON value, or `str`/`bytes` to send as they are.
            content_type: of the body; one of the patch types above for PATCH.
            params: query parameters; `True` becomes "true", a list repeats the parameter.
            timeout: seconds, else the client's.
            accept: another Accept header.
        """
        data = None if body is None else body if isinstance(body, bytes) else _encode(body)
        raw = self._exchange(method, path, data, content_type, params, timeout, accept or "application/json")
        return self._decode(raw, Sent(method, path, self.server))

    def pages(
        self, path: str, params: Params | None = None, *, limit: int = PAGE, timeout: float | None = None
    ) -> Iterator[Page]:
        """A list, page by page; the next page is fetched while the caller works on one.

        A list that outlives the server's memory of it goes on where it was (`Page.consistent` is False then).
        """
        query: dict[str, Any] = {**(params or {}), "limit": limit}
        consistent = True
        answer = self.get(path, query, timeout=timeout)
        with ThreadPoolExecutor(1) as ahead:
            while True:
                metadata = answer.get("metadata") or {}
                token = str(metadata.get("continue") or "")
                following = ahead.submit(self._next, path, query, token, timeout) if token else None
                yield Page(
                    items=typed_items(answer),
                    resource_version=str(metadata.get("resourceVersion") or ""),
                    remaining=int(metadata.get("remainingItemCount") or 0),
                    consistent=consistent,
                )
                if following is None:
                    return
                answer, still_consistent = following.result()
                consistent = consistent and still_consistent

    def list(self, path: str, params: Params | None = None, *, timeout: float | None = None) -> Iterator[Json]:
        """The items of a list, one by one."""
        for page in self.pages(path, params, timeout=timeout):
            yield from page.items

    def stream(
        self, path: str, params: Params | None = None, *, timeout: float | None = None, idle: float | None = None
    ) -> Iterator[bytes]:
        """The body of an answer in pieces as they come, until it ends, the time is over or the caller stops.

        Args:
            path: absolute path on the server.
            params: query parameters.
            timeout: seconds in all; when they are over the iterator ends, without an error.
            idle: seconds of silence that end it with `TimedOut`; default: `timeout`.
        """
        total = timeout if timeout is not None else self.timeout
        sent = Sent("GET", path, self.server)
        end = time.monotonic() + total
        response = self._open("GET", path, None, "", params, min(idle or total, total), "*/*")
        try:
            while (left := end - time.monotonic()) > 0:
                _set_read_timeout(response, min(left, idle or left))
                try:
                    piece = response.read1(_CHUNK)
                except urllib3.exceptions.ReadTimeoutError:
                    if end - time.monotonic() <= 0.05:
                        return
                    raise TimedOut(f"{self.server} stopped in the middle of {path}.") from None
                except urllib3.exceptions.HTTPError as error:
                    raise broken(error, sent, self.clock_skew) from None
                if not piece:
                    return
                yield piece
        finally:
            response.close()

    def watch(self, path: str, params: Params, *, timeout: float) -> Iterator[Json]:
        """Watch events (`{"type": …, "object": …}`) for at most `timeout` seconds."""
        query = {**params, "watch": True, "timeoutSeconds": max(1, int(timeout))}
        rest = b""
        for piece in self.stream(path, query, timeout=timeout):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                if line:
                    yield self._decode(line, Sent("GET", path, self.server))

    def websocket(self, path: str, params: Params, *, timeout: float | None = None) -> Any:
        """A `websocket.WebSocket` to an exec, attach or port-forward subresource, with impersonation."""
        import websocket  # comes with the kubernetes library

        headers = self._headers("*/*")
        lines = [f"{name}: {value}" for name, value in headers.items() if name.lower() != "accept"]
        url = re.sub("^http", "ws", self.server) + path + "?" + urlencode(_query(params))
        try:
            return websocket.create_connection(
                url,
                timeout=timeout or self.timeout,
                header=lines,
                subprotocols=["v5.channel.k8s.io", "v4.channel.k8s.io"],
                sslopt=self._ssl_options(),
                suppress_origin=True,
            )
        except websocket.WebSocketBadStatusException as error:
            raise self._refusal(error.status_code, error.resp_body or b"", Sent("GET", path, self.server)) from None
        except (websocket.WebSocketException, OSError) as error:
            raise Unreachable(f"{self.server} does not open a stream for {path}: {error}.") from None

    def plainly(self, timeout: float) -> "KubernetesClient":
        """The same connection and identity, with another time limit and without explanations of what is forbidden."""
        twin = KubernetesClient(self._api, self.choice, as_user=self.as_user, timeout=timeout)
        twin._impersonation = self._impersonation
        return twin

    def without_impersonation(self) -> "KubernetesClient":
        """The same connection as the credentials' own identity, to ask who that is."""
        return KubernetesClient(self._api, self.choice, timeout=self.timeout)

    def close(self) -> None:
        """Give the connections back."""
        self._pool.clear()

    def _next(self, path: str, query: Mapping[str, Any], token: str, timeout: float | None) -> tuple[Json, bool]:
        try:
            return self.get(path, {**query, "continue": token}, timeout=timeout), True
        except ContinueExpired as expired:
            if not expired.token:
                raise
            return self.get(path, {**query, "continue": expired.token}, timeout=timeout), False

    def _exchange(
        self,
        method: str,
        path: str,
        data: bytes | None,
        content_type: str,
        params: Params | None,
        timeout: float | None,
        accept: str,
    ) -> bytes:
        seconds = timeout if timeout is not None else self.timeout
        end = time.monotonic() + seconds
        sent = Sent(method, path, self.server)
        response = self._open(method, path, data, content_type, params, seconds, accept)
        try:
            return self._read_all(response, end, sent)
        finally:
            response.release_conn()

    def _open(
        self,
        method: str,
        path: str,
        data: bytes | None,
        content_type: str,
        params: Params | None,
        seconds: float,
        accept: str,
    ) -> urllib3.BaseHTTPResponse:
        sent = Sent(method, path, self.server)
        headers = self._headers(accept)
        if data is not None:
            headers["Content-Type"] = content_type
        query = urlencode(_query(params or {}))
        try:
            response = self._pool.request(
                method,
                f"{self.server}{path}" + (f"?{query}" if query else ""),
                body=data,
                headers=headers,
                preload_content=False,
                redirect=False,
                timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds),
                retries=READ_RETRIES if method == "GET" else NO_RETRIES,
            )
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise broken(error, sent, self.clock_skew) from None
        self._note_headers(response)
        if 200 <= response.status <= 299:
            return response
        try:
            body = self._read_all(response, time.monotonic() + seconds, sent)
        finally:
            response.release_conn()
        raise self._refusal(response.status, body, sent)

    def _read_all(self, response: urllib3.BaseHTTPResponse, end: float, sent: Sent) -> bytes:
        pieces: list[bytes] = []
        size = 0
        try:
            for piece in response.stream(_CHUNK, decode_content=True):
                pieces.append(piece)
                size += len(piece)
                if size > LARGEST_ANSWER:
                    response.close()
                    raise BadAnswer(f"The answer to {sent.method} {sent.path} is larger than 512 MB.")
                if time.monotonic() > end:
                    response.close()
                    raise TimedOut(
                        f"{self.server} began to answer {sent.path} but did not finish in time.",
                        hint="Raise --timeout.",
                    )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            response.close()
            raise broken(error, sent, self.clock_skew) from None
        return b"".join(pieces)

    def _headers(self, accept: str) -> urllib3.HTTPHeaderDict:
        headers = urllib3.HTTPHeaderDict(self._own)
        headers["Accept"] = accept
        headers["Accept-Encoding"] = "identity"
        with self._lock:  # the library refreshes expired tokens in here, and its hook is not thread-safe
            credentials: dict[str, str] = {}
            self._api.update_params_for_auth(credentials, [], ["BearerToken"])
        for name, value in credentials.items():
            headers[name] = value
        for name, value in self._impersonation:
            headers.add(name, value)
        return headers

    def _note_headers(self, response: urllib3.BaseHTTPResponse) -> None:
        date = response.headers.get("Date")
        if date:
            with contextlib.suppress(ValueError, TypeError):
                self.clock_skew = email.utils.parsedate_to_datetime(date).timestamp() - time.time()
        for warning in response.headers.getlist("Warning"):
            found = re.match(r'^\d{3} \S+ "(.*)"', warning)
            text = found[1].replace('\\"', '"') if found else warning
            if text not in self.warnings and len(self.warnings) < 100:
                self.warnings.append(text)

    def _decode(self, raw: bytes, sent: Sent) -> Json:
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            kind = "a web page" if raw.lstrip()[:1] == b"<" else "something that is not JSON"
            raise BadAnswer(
                f"{self.server} answers {sent.method} {sent.path} with {kind}.",
                hint="Is this address a Kubernetes API server?",
            ) from None
        if not isinstance(value, dict):
            raise BadAnswer(f"{self.server} answers {sent.method} {sent.path} with JSON that is not an object.")
        return value

    def _refusal(self, code: int, body: bytes, sent: Sent) -> ToolError:
        error = from_status(code, body, sent, self.clock_skew)
        if isinstance(error, Denied) and self.explain_denied is not None:
            key = str(error.permission)
            if key not in self._explained:
                self._explained[key] = ""  # what is asked meanwhile may be denied as well
                self._explained[key] = self.explain_denied(error)
            error.hint = self._explained[key]
        return error

    def _ssl_options(self) -> dict[str, Any]:
        configuration = self._api.configuration
        if not configuration.verify_ssl:
            options: dict[str, Any] = {"cert_reqs": ssl.CERT_NONE, "check_hostname": False}
        else:
            options = {"cert_reqs": ssl.CERT_REQUIRED}
            if configuration.ssl_ca_cert:
                options["ca_certs"] = configuration.ssl_ca_cert
        if configuration.cert_file:
            options |= {"certfile": configuration.cert_file, "keyfile": configuration.key_file}
        if configuration.tls_server_name:
            options["server_hostname"] = configuration.tls_server_name
        return options


def _query(params: Params) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in params.items():
        values = [value] if isinstance(value, str | int | bool) else list(value)
        pairs += [(name, str(item).lower() if isinstance(item, bool) else str(item)) for item in values]
    return pairs


def _encode(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def _set_read_timeout(response: urllib3.BaseHTTPResponse, seconds: float) -> None:
    connection = response.connection
    sock = getattr(connection, "sock", None)
    if sock is not None:
        sock.settimeout(max(0.01, seconds))
