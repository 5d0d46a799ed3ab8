"""Query parameters and bodies of HTTP requests."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from cloudwright.twin.api import PatchType
from cloudwright.twin.schema.types import Struct
from cloudwright.twin.server import protobuf
from cloudwright.twin.server.errors import StatusError, bad_request, quoted
from cloudwright.twin.server.request import Options

KindOf = Callable[[str, str], Struct | None]
_JSON_TYPES = ("application/json", "", "text/plain", "application/x-www-form-urlencoded")
_YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml")
_PATCH_TYPES = [kind.value for kind in (PatchType.JSON, PatchType.MERGE, PatchType.STRATEGIC, PatchType.APPLY)]
_LONGEST_MANAGER = 128
_PROPAGATIONS = ("Orphan", "Background", "Foreground")


def _integer(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text in (None, ""):
        return None
    try:
        return int(text or "")
    except ValueError:
        raise bad_request(f"strconv.ParseInt: parsing {quoted(str(text))}: invalid syntax") from None


def truth(text: str | None) -> bool:
    """A boolean parameter: present and not "false" or "0"."""
    return text is not None and text.lower() not in ("false", "0")


def _invalid(kind: str, field: str, reason: str, body: str) -> StatusError:
    details = {"group": "meta.k8s.io", "kind": kind, "causes": [{"reason": reason, "message": body, "field": field}]}
    return StatusError(422, "Invalid", f'{kind}.meta.k8s.io "" is invalid: {field}: {body}', details)


_KINDS = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}


def options_of(verb: str, query: Mapping[str, str], dry_runs: list[str]) -> Options:
    """The options of a request.

    Raises:
        StatusError: 400 or 422 for values that are not allowed.
    """
    kind = _KINDS.get(verb, "DeleteOptions")
    for value in dry_runs:
        if value != "All":
            body = f'Unsupported value: {_shown(dry_runs)}: supported values: "All"'
            raise _invalid(kind, "dryRun", "FieldValueNotSupported", body)
    manager = query.get("fieldManager", "")
    if verb in _KINDS and len(manager) > _LONGEST_MANAGER:
        body = f"Too long: may not be more than {_LONGEST_MANAGER} bytes"
        raise _invalid(kind, "fieldManager", "FieldValueTooLong", body)
    validation = query.get("fieldValidation", "") or "Warn"
    if verb in _KINDS and validation not in ("Ignore", "Warn", "Strict"):
        body = f'Unsupported value: {quoted(validation)}: supported values: "", "Ignore", "Strict", "Warn"'
        raise _invalid(kind, "fieldValidation", "FieldValueNotSupported", body)
    return Options(
        dry_run=bool(dry_runs),
        field_manager=manager,
        field_validation=validation,
        force=truth(query.get("force")),
        label_selector=query.get("labelSelector", ""),
        field_selector=query.get("fieldSelector", ""),
        limit=_integer(query, "limit") or 0,
        continue_token=query.get("continue", ""),
        resource_version=query.get("resourceVersion"),
        resource_version_match=query.get("resourceVersionMatch", ""),
        propagation=query.get("propagationPolicy") or None,
        grace_period=_integer(query, "gracePeriodSeconds"),
    )


def _shown(values: list[str]) -> str:
    return json.dumps(values, separators=(",", ":"))


def add_delete_options(options: Options, body: Any) -> None:
    """Take over a `DeleteOptions` body, in place.

    Raises:
        StatusError: 422 for a propagation policy that there is not.
    """
    if isinstance(body, Mapping):
        preconditions = body.get("preconditions")
        preconditions = preconditions if isinstance(preconditions, Mapping) else {}
        options.precondition_uid = preconditions.get("uid")
        options.precondition_version = preconditions.get("resourceVersion")
        grace = body.get("gracePeriodSeconds")
        if isinstance(grace, int):
            options.grace_period = grace
        options.propagation = body.get("propagationPolicy") or options.propagation
        if body.get("orphanDependents") is not None:
            options.orphan_dependents = bool(body["orphanDependents"])
        if body.get("dryRun"):
            options.dry_run = True
    if options.propagation is not None and options.propagation not in _PROPAGATIONS:
        words = '"Foreground", "Background", "Orphan", "nil"'
        text = f"Unsupported value: {quoted(str(options.propagation))}: supported values: {words}"
        raise _invalid("DeleteOptions", "propagationPolicy", "FieldValueNotSupported", text)


class _Duplicates:
    """Reads JSON and remembers keys that came twice."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """One decoded object."""
        result = dict(pairs)
        if len(result) != len(pairs):
            seen: set[str] = set()
            for name, _ in pairs:
                if name in seen:
                    self.found.append(name)
                seen.add(name)
        return result


def decode_body(raw: bytes, content_type: str, kind_of: KindOf, wanted: str = "") -> tuple[Any, list[str]]:
    """A JSON, YAML or protobuf body and the keys that it repeats.

    Raises:
        StatusError: 400 for a body that does not parse, 415 for a form that is not spoken.
    """
    media = content_type.partition(";")[0].strip().lower()
    if media in _YAML_TYPES or media == PatchType.APPLY:
        try:
            return yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), []  # noqa: S506 - SafeLoader, or the same in C
        except (yaml.YAMLError, ValueError, UnicodeDecodeError) as error:
            raise bad_request(f"error decoding YAML: {str(error).splitlines()[0]}") from None
    if media == protobuf.MEDIA_TYPE:
        return (protobuf.decode(raw, kind_of) if raw else None), []
    if media not in _JSON_TYPES and not media.endswith("+json"):
        accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
        message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
        raise StatusError(415, "UnsupportedMediaType", message)
    if not raw.strip():
        return None, []
    duplicates = _Duplicates()
    try:
        return json.loads(raw, object_pairs_hook=duplicates.pairs), duplicates.found
    except (ValueError, RecursionError) as error:
        if media.endswith("-patch+json"):
            raise bad_request(f"error decoding patch: {_go_words(raw, error)}") from None
        raise unrecognized(wanted, _go_words(raw, error), raw.decode("utf-8", "replace")) from None


def unrecognized(kind: str, why: str, shown: str) -> StatusError:
    """400 for a body from which the kind cannot be told."""
    head = f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind"
    return bad_request(f"{head}; json parse error: {why} ({shown})")


def _go_words(raw: bytes, error: Exception) -> str:
    """A JSON error in the words of Go's decoder, as far as they can be told from Python's."""
    text = raw.decode("utf-8", "replace")
    position = getattr(error, "pos", len(text))
    if position >= len(text.rstrip()):
        return "unexpected end of JSON input"
    expected = "object key string" if "property name" in str(error) else "value"
    return f"invalid character {text[position]!r} looking for beginning of {expected}"


def patch_type(content_type: str, *, custom: bool) -> PatchType:
    """The patch form by media type.

    Raises:
        StatusError: 415.
    """
    media = content_type.partition(";")[0].strip()
    allowed = [kind for kind in _PATCH_TYPES if not (custom and kind == PatchType.STRATEGIC)]
    if media not in allowed:
        message = "the body of the request was in an unknown format - accepted media types include: " + ", ".join(
            allowed
        )
        raise StatusError(415, "UnsupportedMediaType", message)
    return PatchType(media)
