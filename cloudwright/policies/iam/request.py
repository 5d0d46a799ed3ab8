"""Requests: who does what to what, under which circumstances."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from cloudwright.policies.iam.errors import PolicyError, RequestError
from cloudwright.policies.iam.parse import load_json, shown, text_of

ANONYMOUS = "*"
ContextValue = str | tuple[str, ...]


class Outcome(StrEnum):
    """The three answers of IAM."""

    ALLOW = "allow"
    IMPLICIT_DENY = "implicit_deny"
    EXPLICIT_DENY = "explicit_deny"

    @property
    def allowed(self) -> bool:
        """True for allow."""
        return self is Outcome.ALLOW


@dataclass(frozen=True)
class Request:
    """A concrete request.

    A context key that is not listed is absent; a tuple is a multivalued key. Keys ignore case.
    """

    action: str
    resource: str
    principal: str | None = None
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    id: str = ""

    def value(self, key: str) -> tuple[str, ...] | None:
        """The values of a key, None when it is absent."""
        found = self.context.get(key)
        if found is None:
            lower = key.lower()
            found = next((value for name, value in self.context.items() if name.lower() == lower), None)
        return (found,) if isinstance(found, str) else found

    def single(self, key: str) -> str | None:
        """The value of a single-valued key; None when absent or multivalued (a variable cannot use it)."""
        values = self.value(key)
        return values[0] if values is not None and len(values) == 1 else None

    def without(self, key: str) -> "Request":
        """The same request with one key absent."""
        return replace(self, context={name: value for name, value in self.context.items() if name != key})

    def to_json(self) -> dict[str, Any]:
        """The request with the keys of the data format."""
        context = {key: value if isinstance(value, str) else list(value) for key, value in self.context.items()}
        return {"principal": self.principal, "action": self.action, "resource": self.resource, "context": context}

    def __str__(self) -> str:
        who = f"{'anyone' if self.principal == ANONYMOUS else self.principal} " if self.principal else ""
        when = ", ".join(
            f"{key}={value if isinstance(value, str) else list(value)}" for key, value in self.context.items()
        )
        return f"{who}{self.action} on {self.resource}" + (f" with {when}" if when else "")


@dataclass(frozen=True)
class Expectation:
    """A request with the answer that is wanted."""

    request: Request
    allow: bool


def parse_request(raw: Any, where: str = "the request") -> Request:
    """Read {principal, action, resource, context, id}. Raises RequestError."""
    if not isinstance(raw, Mapping):
        raise RequestError(f"{where}: it must be a JSON object, not {shown(raw)}.")
    for name in ("action", "resource"):
        if not isinstance(raw.get(name), str) or not raw[name]:
            raise RequestError(f"{where}: {name!r} must be a non-empty string, not {shown(raw.get(name))}.")
    principal = raw.get("principal")
    if principal is not None and not isinstance(principal, str):
        raise RequestError(f"{where}: 'principal' must be a string or null, not {shown(principal)}.")
    context = raw.get("context") or {}
    if not isinstance(context, Mapping):
        raise RequestError(f"{where}: 'context' must be an object, not {shown(context)}.")
    values = {str(key): _context_value(key, value, where) for key, value in context.items()}
    return Request(raw["action"], raw["resource"], principal, values, str(raw.get("id") or ""))


def _context_value(key: str, value: Any, where: str) -> ContextValue:
    if isinstance(value, list) and all(isinstance(item, str | bool | int | float) for item in value):
        return tuple(text_of(item) for item in value)
    if isinstance(value, str | bool | int | float):
        return text_of(value)
    raise RequestError(f"{where}: context key {shown(key)} must be a scalar or a list of scalars, not {shown(value)}.")


def parse_expectation(raw: Any, where: str = "the request") -> Expectation:
    """A request with `expect: allow|deny`. Raises RequestError."""
    request = parse_request(raw, where)
    expect = str(raw.get("expect", "")).lower()
    if expect not in ("allow", "deny"):
        raise RequestError(f'{where}: \'expect\' must be "allow" or "deny", not {shown(raw.get("expect"))}.')
    return Expectation(request, expect == "allow")


def read_objects(text: str, where: str) -> Iterator[tuple[str, Any]]:
    """The objects of a JSON Lines text, or of one JSON object or list, each with its place. Raises RequestError."""
    try:
        whole = load_json(text)
    except PolicyError as error:
        if "\n" not in text.strip():
            raise RequestError(f"{where}: {error.reason}.") from None
        whole = [_line(line, f"{where}, line {n}") for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    items: Sequence[Any] = whole if isinstance(whole, list) else [whole]
    for number, item in enumerate(items, 1):
        yield f"{where}, request {number}", item


def _line(line: str, where: str) -> Any:
    try:
        return load_json(line)
    except PolicyError as error:
        raise RequestError(f"{where}: {error.reason}.") from None
