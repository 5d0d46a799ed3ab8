"""Checks that many kinds share: metadata, selectors, numbers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.server.errors import FieldError, forbidden_field, invalid, not_supported, required, too_long
from cloudwright.twin.server.validation import names

Errors = Iterator[FieldError]
NOT_NEGATIVE = "must be greater than or equal to 0"
IMMUTABLE = "field is immutable"
_ANNOTATIONS = 256 * 1024
_STANDARD_FINALIZERS = {"kubernetes", "orphan", "foregroundDeletion"}
Check = Callable[[str], list[str]]


def each(check: Check, value: str, path: str) -> Errors:
    """One error per sentence of a format check."""
    for sentence in check(value):
        yield invalid(path, value, sentence)


def labels(values: Mapping[str, str], path: str) -> Errors:
    """Label keys and values."""
    for key, value in values.items():
        yield from each(names.qualified_name, key, path)
        yield from each(names.label_value, value, path)


def metadata(meta: Mapping[str, Any], *, namespaced: bool, name_check: Check, path: str = "metadata") -> Errors:
    """Object metadata."""
    generate = meta.get("generateName")
    if generate:
        masked = generate[:-1] + "a" if generate.endswith("-") else generate
        for sentence in name_check(masked):
            yield invalid(f"{path}.generateName", generate, sentence)
    name = meta.get("name", "")
    if not name:
        yield required(f"{path}.name", "name or generateName is required")
    else:
        yield from each(name_check, name, f"{path}.name")
    if namespaced and not meta.get("namespace"):
        yield required(f"{path}.namespace")
    elif not namespaced and meta.get("namespace"):
        yield forbidden_field(f"{path}.namespace", "not allowed on this type")
    if meta.get("generation", 0) < 0:
        yield invalid(f"{path}.generation", meta["generation"], NOT_NEGATIVE)
    yield from labels(meta.get("labels") or {}, f"{path}.labels")
    yield from annotations(meta.get("annotations") or {}, f"{path}.annotations")
    yield from _owners(meta.get("ownerReferences") or (), f"{path}.ownerReferences")
    yield from _finalizers(meta.get("finalizers") or (), f"{path}.finalizers")


def annotations(values: Mapping[str, str], path: str) -> Errors:
    """Annotation keys and total size."""
    for key in values:
        yield from each(names.qualified_name, key.lower(), path) if names.qualified_name(key.lower()) else iter(())
    if sum(len(key) + len(value) for key, value in values.items()) > _ANNOTATIONS:
        yield too_long(path, _ANNOTATIONS)


def _owners(owners: Iterable[Mapping[str, Any]], path: str) -> Errors:
    controllers = []
    for owner in owners:
        version = owner.get("apiVersion", "")
        if not version.rpartition("/")[2]:
            yield invalid(f"{path}.apiVersion", version, "version must not be empty")
        for name in ("kind", "name", "uid"):
            if not owner.get(name):
                yield invalid(f"{path}.{name}", owner.get(name, ""), "must not be empty")
        if version == "v1" and owner.get("kind") == "Event":
            yield invalid(path, dict(owner), "/v1, Kind=Event is disallowed from being an owner")
        if owner.get("controller"):
            controllers.append(owner)
    if len(controllers) > 1:
        first, second = (f"{c.get('name', '')}" for c in controllers[:2])
        yield invalid(
            path,
            list(owners),
            f'Only one reference can have Controller set to true. Found "true" in references for {first} and {second}',
        )


def _finalizers(finalizers: Iterable[str], path: str) -> Errors:
    given = list(finalizers)
    for index, name in enumerate(given):
        problems = names.qualified_name(name)
        if problems:
            for sentence in problems:
                yield invalid(f"{path}[{index}]", name, sentence)
        elif "/" not in name and name not in _STANDARD_FINALIZERS:
            sentence = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid(f"{path}[{index}]", name, sentence)
    if {"orphan", "foregroundDeletion"} <= set(given):
        yield invalid(path, given, "finalizer orphan and foregroundDeletion cannot be both set")


def metadata_update(meta: Mapping[str, Any], old: Mapping[str, Any], path: str = "metadata") -> Errors:
    """What of metadata never changes."""
    if old.get("deletionTimestamp"):
        added = sorted(set(meta.get("finalizers") or ()) - set(old.get("finalizers") or ()))
        if added:
            sentence = (
                f"no new finalizers can be added if the object is being deleted, found new finalizers {_go(added)}"
            )
            yield forbidden_field(f"{path}.finalizers", sentence)
    if not meta.get("resourceVersion") and "resourceVersion" in meta:
        yield invalid(f"{path}.resourceVersion", "", "must be specified for an update")
    for name in ("name", "namespace", "uid", "creationTimestamp"):
        if meta.get(name) != old.get(name):
            yield invalid(f"{path}.{name}", meta.get(name), IMMUTABLE)


def _go(values: list[str]) -> str:
    return "[]string{" + ", ".join(f'"{value}"' for value in values) + "}"


def not_negative(obj: Mapping[str, Any], path: str, *fields: str) -> Errors:
    """Numbers that may not be below zero."""
    for name in fields:
        value = obj.get(name)
        if isinstance(value, int) and value < 0:
            yield invalid(f"{path}.{name}", value, NOT_NEGATIVE)


def one_of(value: Any, allowed: Iterable[str], path: str, *, need: bool = True) -> Errors:
    """A value of a closed set."""
    if value in (None, ""):
        if need:
            yield required(path)
    elif value not in (options := list(allowed)):
        yield not_supported(path, value, options)


_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def selector(value: Mapping[str, Any] | None, path: str) -> Errors:
    """A `LabelSelector`."""
    if not value:
        return
    for key, wanted in (value.get("matchLabels") or {}).items():
        yield from each(names.qualified_name, key, f"{path}.matchLabels")
        for sentence in names.label_value(wanted):
            yield invalid(f"{path}.matchLabels", wanted, sentence)
    for index, expression in enumerate(value.get("matchExpressions") or ()):
        yield from _expression(expression, f"{path}.matchExpressions[{index}]")


def _expression(expression: Mapping[str, Any], path: str) -> Errors:
    operator, values = expression.get("operator", ""), expression.get("values") or ()
    if operator in ("In", "NotIn"):
        if not values:
            yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            yield forbidden_field(
                f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            )
    else:
        yield invalid(f"{path}.operator", operator, "not a valid selector operator")
    yield from each(names.qualified_name, expression.get("key", ""), f"{path}.key")
    for index, value in enumerate(values):
        yield from each(names.label_value, value, f"{path}.values[{index}]")


def valid_operators(value: Mapping[str, Any] | None) -> bool:
    """Whether a selector can be evaluated."""
    return all(e.get("operator") in _OPERATORS for e in (value or {}).get("matchExpressions") or ())


def int_or_percent(value: Any, path: str) -> Errors:
    """A count or a percentage."""
    if isinstance(value, str):
        yield from each(names.percent, value, path)
    elif isinstance(value, int) and value < 0:
        yield invalid(path, value, NOT_NEGATIVE)


def percent_of(value: Any) -> int | None:
    """The number before the % sign."""
    return int(value[:-1]) if isinstance(value, str) and not names.percent(value) else None


def at_most_hundred(value: Any, path: str) -> Errors:
    """No percentage above 100."""
    number = percent_of(value)
    if number is not None and number > 100:
        yield invalid(path, value, "must not be greater than 100%")


def immutable(obj: Obj, old: Obj, path: str, *fields: str) -> Errors:
    """Fields that stay as they were made."""
    for name in fields:
        if obj.get(name) != old.get(name):
            yield invalid(f"{path}.{name}" if path else name, obj.get(name), IMMUTABLE)
