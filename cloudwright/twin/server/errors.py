"""The errors of an API server: `Status` answers and field errors, in the server's words."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cloudwright.twin.api import ApiStatusError, Obj
from cloudwright.twin.schema.kinds import ResourceInfo

_GENERIC = {
    "the server could not find the requested resource",
    "the server does not allow this method on the requested resource",
    "the server rejected our request due to an error in our request",
}
MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


class StatusError(ApiStatusError):
    """An `ApiStatusError` made by the twin; renders itself as a `Status` object."""

    def to_status(self) -> Obj:
        """The `Status` object as sent to a client."""
        return status_of(self)


def quoted(text: str) -> str:
    """A string as Go's %q prints it."""
    return json.dumps(text, ensure_ascii=False)


def status_of(error: ApiStatusError) -> Obj:
    """The `Status` object of any error of the API."""
    status: Obj = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": error.message,
        "reason": error.reason,
    }
    if error.details:
        status["details"] = error.details
    elif error.message in _GENERIC:
        status["details"] = {}
    status["code"] = error.code
    return {key: value for key, value in status.items() if value != "" or key == "metadata"}


@dataclass(frozen=True)
class FieldError:
    """One thing that is wrong with one field. `reason` is the cause's type, `body` the text after the field's path."""

    field: str
    reason: str
    body: str

    def __str__(self) -> str:
        return f"{self.field}: {self.body}"


_WORDS = {
    "FieldValueNotFound": "Not found",
    "FieldValueInvalid": "Invalid value",
    "FieldValueNotSupported": "Unsupported value",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueTooMany": "Too many",
    "FieldValueTypeInvalid": "Invalid value",
}


def shown(value: Any) -> str:
    """A value as field errors print it."""
    if isinstance(value, str):
        return quoted(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _with_value(reason: str, field: str, value: Any, detail: str) -> FieldError:
    body = f"{_WORDS[reason]}: {shown(value)}"
    return FieldError(field, reason, f"{body}: {detail}" if detail else body)


def invalid(field: str, value: Any, detail: str) -> FieldError:
    """A value that breaks a rule."""
    return _with_value("FieldValueInvalid", field, value, detail)


def type_invalid(field: str, value: Any, detail: str) -> FieldError:
    """A value of the wrong JSON type (custom resources)."""
    return _with_value("FieldValueTypeInvalid", field, value, detail)


def required(field: str, detail: str = "") -> FieldError:
    """A missing value."""
    return FieldError(field, "FieldValueRequired", f"Required value: {detail}" if detail else "Required value")


def forbidden_field(field: str, detail: str) -> FieldError:
    """A value that may not be there."""
    return FieldError(field, "FieldValueForbidden", f"Forbidden: {detail}")


def duplicate(field: str, value: Any) -> FieldError:
    """A value that is there already."""
    return _with_value("FieldValueDuplicate", field, value, "")


def not_found_field(field: str, value: Any) -> FieldError:
    """A reference to something that is not there."""
    return _with_value("FieldValueNotFound", field, value, "")


def not_supported(field: str, value: Any, supported: Iterable[str]) -> FieldError:
    """A value outside a closed set."""
    words = ", ".join(quoted(word) for word in supported)
    return _with_value("FieldValueNotSupported", field, value, f"supported values: {words}" if words else "")


def too_long(field: str, limit: int) -> FieldError:
    """A text over its limit in bytes."""
    return FieldError(field, "FieldValueTooLong", f"Too long: may not be more than {limit} byte{'s' * (limit != 1)}")


def too_many(field: str, count: int, limit: int) -> FieldError:
    """A list over its limit."""
    return _with_value("FieldValueTooMany", field, count, f"must have at most {limit} item{'s' * (limit != 1)}")


def _details(group: str, kind: str, name: str) -> dict[str, Any]:
    return {key: value for key, value in (("name", name), ("group", group), ("kind", kind)) if value}


def not_found(info: ResourceInfo, name: str) -> StatusError:
    """404 for one object."""
    message = f"{info.group_resource} {quoted(name)} not found"
    return StatusError(404, "NotFound", message, _details(info.resource.group, info.resource.plural, name))


def no_such_resource() -> StatusError:
    """404 for a resource that is not served."""
    return StatusError(404, "NotFound", "the server could not find the requested resource")


def already_exists(info: ResourceInfo, name: str) -> StatusError:
    """409 on create."""
    message = f"{info.group_resource} {quoted(name)} already exists"
    return StatusError(409, "AlreadyExists", message, _details(info.resource.group, info.resource.plural, name))


def conflict(info: ResourceInfo, name: str, why: str = MODIFIED) -> StatusError:
    """409 on a precondition."""
    message = f"Operation cannot be fulfilled on {info.group_resource} {quoted(name)}: {why}"
    return StatusError(409, "Conflict", message, _details(info.resource.group, info.resource.plural, name))


def forbidden(info: ResourceInfo, name: str, why: str) -> StatusError:
    """403 from admission or authorization."""
    subject = f"{info.group_resource} {quoted(name)}" if name else info.group_resource
    details = _details(info.resource.group, info.resource.plural, name)
    return StatusError(403, "Forbidden", f"{subject} is forbidden: {why}", details)


def bad_request(message: str) -> StatusError:
    """400."""
    return StatusError(400, "BadRequest", message)


def method_not_allowed() -> StatusError:
    """405 for a verb that the resource does not have."""
    return StatusError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def too_many_requests(message: str, retry_after: int = 0, causes: list[Mapping[str, Any]] | None = None) -> StatusError:
    """429, as an eviction that a budget forbids."""
    details: dict[str, Any] = {"causes": causes} if causes else {}
    if retry_after:
        details["retryAfterSeconds"] = retry_after
    return StatusError(429, "TooManyRequests", message, details)


def internal(message: str) -> StatusError:
    """500."""
    return StatusError(500, "InternalError", f"Internal error occurred: {message}", {"causes": [{"message": message}]})


def not_implemented(what: str) -> StatusError:
    """501 for what the twin does not simulate."""
    return StatusError(501, "NotImplemented", f"{what} is not simulated by this cluster")


def aggregate(errors: Iterable[FieldError]) -> str:
    """Several errors as one text, without repetitions."""
    texts = list(dict.fromkeys(str(error) for error in errors))
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def invalid_object(group: str, kind: str, name: str, errors: list[FieldError]) -> StatusError:
    """422 with one cause per field error."""
    subject = f"{kind}.{group}" if group else kind
    details = _details(group, kind, name)
    details["causes"] = [{"reason": e.reason, "message": e.body, "field": e.field} for e in errors]
    return StatusError(422, "Invalid", f"{subject} {quoted(name)} is invalid: {aggregate(errors)}", details)
