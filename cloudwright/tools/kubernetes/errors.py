"""Vendor errors as sentences: HTTP answers and broken connections become the errors of `core.errors`, here alone."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

from cloudwright.core.errors import (
    BadAnswer,
    Conflict,
    Forbidden,
    InvalidArguments,
    NotFound,
    TimedOut,
    ToolError,
    Unauthenticated,
    Unreachable,
    Unsupported,
)
from cloudwright.core.tool import Permission

CONNECT_SECONDS = 5.0
"""How long a connection may take to be made."""

_SHORT = 400
_FORBIDDEN = re.compile(
    r'cannot (?P<verb>[\w*]+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]*)")?'
)


@dataclass(frozen=True)
class Sent:
    """What was asked for: enough to say it in a sentence."""

    method: str
    path: str
    server: str


class Denied(Forbidden):
    """Forbidden, with the right that is missing as data."""

    def __init__(self, message: str, permission: Permission, *, hint: str = "") -> None:
        self.permission = permission
        super().__init__(message, hint=hint)


class Rejected(InvalidArguments):
    """The server read the object and says which fields are wrong; `causes` are (field, message)."""

    def __init__(self, message: str, causes: tuple[tuple[str, str], ...]) -> None:
        self.causes = causes
        super().__init__(message)


class AlreadyExists(Conflict):
    """An object of this name is there already."""


class ContinueExpired(ToolError):
    """A list token is too old; `token` continues an inconsistent list."""

    def __init__(self, token: str) -> None:
        self.token = token
        super().__init__("The list changed while it was read, and the server has forgotten where it stood.")


class ServerBusy(ToolError):
    """The server turns requests away for now (429)."""


class DisruptionRefused(Conflict):
    """An eviction would violate a PodDisruptionBudget."""


def from_status(code: int, body: bytes, sent: Sent, skew: float | None = None) -> ToolError:
    """The error of an HTTP answer that is not a success.

    Args:
        code: HTTP status code.
        body: what came with it, a `Status` object or anything.
        sent: the request.
        skew: seconds by which the server's clock is ahead of ours, if it said.
    """
    status = _status(body)
    message = _clean(str(status.get("message") or "")) or _excerpt(body)
    make = _BY_CODE.get(code)
    if make is not None:
        return make(message, status, sent, skew)
    if code >= 500:
        return BadAnswer(f"The API server failed ({code}) on {_request(sent)}: {message or 'no reason given'}.")
    if 300 <= code < 400:
        return BadAnswer(
            f"{sent.server} redirects elsewhere ({code}) instead of answering.",
            hint="Is this address a Kubernetes API server, or a login page in front of it?",
        )
    return InvalidArguments(f"The API server rejects {_request(sent)} ({code}): {message}.")


_Maker = Callable[[str, Mapping[str, Any], Sent, float | None], ToolError]


def _bad_request(message: str, status: Mapping[str, Any], sent: Sent, skew: float | None) -> ToolError:
    causes = _causes(status)
    return Rejected(f"The API server rejects this: {_ended(message)}", causes)


def _unauthorized(message: str, status: Mapping[str, Any], sent: Sent, skew: float | None) -> ToolError:
    hint = "Log in again, or check the user of this context in the kubeconfig."
    if skew is not None and abs(skew) > 60:
        hint = f"{clock_sentence(skew)} Tokens and certificates can look expired because of that; set the clock."
    return Unauthenticated(f"{sent.server} does not accept these credentials: they are wrong or expired.", hint=hint)


def _forbidden(message: str, status: Mapping[str, Any], sent: Sent, skew: float | None) -> ToolError:
    found = _FORBIDDEN.search(message)
    if found is None:
        return Forbidden(f"The API server forbids {_request(sent)}: {_ended(message)}")
    details = status.get("details") or {}
    permission = Permission(
        verb=found["verb"],
        group=found["group"],
        resource=found["resource"],
        namespace=found["namespace"] or "",
        name=str(details.get("name") or ""),
    )
    who = re.search(r'User "([^"]+)"', message)
    reason = message.split("RBAC:", 1)[1].strip() if "RBAC:" in message else ""
    where = f" in namespace {permission.namespace}" if permission.namespace else " in the whole cluster"
    group = f".{permission.group}" if permission.group else ""
    text = f"{who[1] if who else 'This identity'} may not {permission.verb} {permission.resource}{group}{where}"
    return Denied(f"{text} ({reason})." if reason else f"{text}.", permission)


def _not_found(message: str, status: Mapping[str, Any], sent: Sent, skew: float | None) -> ToolError:
    if status.get("reason") == "NotFound" and (status.get("details") or {}).get("name"):
        return NotFound(f"{_sentence(message)}")
    return NotFound(
        f"{sent.server} has nothing at {sent.path}.", hint="This server may be too old for it, or the name is wrong."
    )


def _conflict(message: str, status: Mapping[str, Any], sent: Sent, skew: float | None) -> ToolError:
    if status.get("reason") == "AlreadyExists":
        return AlreadyExists(_sentence(message))
    causes = _causes(status)
    if causes:
        fields = "; ".join(f"{field}: {text}" for field, text in causes[:6])
        return Conflict(
            f"Others own fields that this would change: {fields}.",
            hint="Change one of them with patch_resource, leave them out of the manifest, or apply with force, which"
            " takes them over.",
        )
    return Conflict(_sentence(message))


def _gone(message: str, status: Mapping[str, Any], sent: Sent, skew: float | None) -> ToolError:
    return ContinueExpired(str((status.get("metadata") or {}).get("continue") or ""))


def _invalid(message: str, status: Mapping[str, Any], sent: Sent, skew: float | None) -> ToolError:
    causes = _causes(status)
    if not causes:
        return Rejected(_sentence(message), ())
    fields = "; ".join(f"{field}: {text}" if field else text for field, text in causes[:8])
    details = status.get("details") or {}
    what = f"{details.get('kind', 'object')} {details.get('name', '')}".strip()
    more = f" (and {len(causes) - 8} more)" if len(causes) > 8 else ""
    return Rejected(f"{what} is invalid: {fields}{more}.", causes)


def _too_large(message: str, status: Mapping[str, Any], sent: Sent, skew: float | None) -> ToolError:
    return InvalidArguments(
        f"The object is too large for the API server: {_ended(message)}",
        hint="One object may have about 1.5 MB; split it or keep big data elsewhere.",
    )


def _busy(message: str, status: Mapping[str, Any], sent: Sent, skew: float | None) -> ToolError:
    causes = [cause for cause in (status.get("details") or {}).get("causes") or [] if isinstance(cause, Mapping)]
    if any(cause.get("reason") == "DisruptionBudget" for cause in causes) or sent.path.endswith("/eviction"):
        text = "; ".join(_clean(str(cause.get("message", ""))) for cause in causes)
        return DisruptionRefused(f"{_sentence(message)} {_ended(text) if text else ''}".strip())
    return ServerBusy(f"{sent.server} turns requests away for now: {_ended(message)}", hint="Try again in a moment.")


def _unsupported(message: str, status: Mapping[str, Any], sent: Sent, skew: float | None) -> ToolError:
    return Unsupported(f"This API server does not support {_request(sent)}: {_ended(message)}")


def _gateway_timeout(message: str, status: Mapping[str, Any], sent: Sent, skew: float | None) -> ToolError:
    return TimedOut(f"The API server did not finish {_request(sent)} in time: {_ended(message)}")


def _unavailable(message: str, status: Mapping[str, Any], sent: Sent, skew: float | None) -> ToolError:
    return Unreachable(f"What serves {sent.path} is not available ({_ended(message).rstrip('.')}).")


_BY_CODE: Mapping[int, _Maker] = {
    400: _bad_request,
    401: _unauthorized,
    403: _forbidden,
    404: _not_found,
    405: _unsupported,
    406: _unsupported,
    409: _conflict,
    410: _gone,
    413: _too_large,
    415: _unsupported,
    422: _invalid,
    429: _busy,
    503: _unavailable,
    504: _gateway_timeout,
}


def broken(error: Exception, sent: Sent, skew: float | None = None) -> ToolError:
    """The error of a connection that could not be made or broke, from what urllib3 or the system raised."""
    cause = getattr(error, "reason", None) or error
    text = str(cause)
    unsure = "" if sent.method == "GET" else " Whether the change was made is not known; look before trying again."
    if isinstance(cause, urllib3.exceptions.NameResolutionError):
        return Unreachable(f"The host name of {sent.server} cannot be resolved.", hint="Check the address and VPN.")
    if isinstance(cause, urllib3.exceptions.NewConnectionError):
        return Unreachable(f"{sent.server} cannot be reached: {_reason(cause)}.", hint="Is the cluster running?")
    if isinstance(cause, urllib3.exceptions.ConnectTimeoutError):
        return Unreachable(f"{sent.server} does not answer: no connection within {CONNECT_SECONDS:.0f} s.")
    if isinstance(cause, urllib3.exceptions.TimeoutError | TimeoutError):
        return TimedOut(f"{sent.server} did not answer {sent.method} {sent.path} in time.{unsure}")
    if "certificate" in text.lower() or "SSL" in type(cause).__name__:
        return _tls(text, sent, skew)
    if isinstance(cause, urllib3.exceptions.LocationValueError):
        return Unreachable(f"{sent.server} is not an address that can be reached.")
    return Unreachable(f"The connection to {sent.server} broke during {sent.method} {sent.path}.{unsure}")


def _tls(text: str, sent: Sent, skew: float | None) -> ToolError:
    if "alert" in text.lower():
        return Unauthenticated(
            f"{sent.server} does not accept the client certificate of this context.",
            hint="It may be expired or of another cluster.",
        )
    found = re.search(r"certificate verify failed: ([^(]*)", text)
    why = found[1].strip() if found else text
    hint = "Check certificate-authority-data of this cluster in the kubeconfig."
    if "expired" in why or "not yet valid" in why:
        hint = "If it should be valid, this machine's clock is wrong."
        if skew is not None and abs(skew) > 60:
            hint = clock_sentence(skew)
    return Unreachable(f"The certificate of {sent.server} cannot be trusted: {why}.", hint=hint)


def clock_sentence(skew: float) -> str:
    """How the clocks differ, in words."""
    return f"The server's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} this machine's."


def _status(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _causes(status: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    found = (status.get("details") or {}).get("causes") or []
    pairs = [(str(c.get("field") or ""), _clean(str(c.get("message") or ""))) for c in found if isinstance(c, Mapping)]
    return tuple(dict.fromkeys(pairs))


def _clean(text: str) -> str:
    text = text.rpartition("strict decoding error: ")[2]  # the server quotes the whole object before it
    text = " ".join(text.split())
    return text if len(text) <= _SHORT else text[:_SHORT] + "…"


def _excerpt(body: bytes) -> str:
    return _clean(re.sub(r"<[^>]*>", " ", body[:2000].decode("utf-8", "replace")))


def _ended(message: str) -> str:
    text = message or "no reason given"
    return text if text.endswith((".", "…")) else text + "."


def _sentence(message: str) -> str:
    text = _ended(message)
    return text[:1].upper() + text[1:]


def _request(sent: Sent) -> str:
    return f"{sent.method} {sent.path}"


def _reason(error: Exception) -> str:
    text = str(error).rsplit(": ", 1)[-1]
    return re.sub(r"^\[Errno -?\d+\] ", "", text).lower()
