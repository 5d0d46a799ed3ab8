"""Field-by-field comparison of Kubernetes objects, with readable paths.

A path names map keys by dots and list elements by the value of the key that tells them apart:
`spec.template.spec.containers[api].image`, `metadata.labels[app.kubernetes.io/name]`, `spec.ports[80/TCP].targetPort`.
A keyed list whose order matters for restoring it has a change of its own at `…env[]`, whose values are the keys in
order. Lists of scalars and lists without such a key are compared as a whole.
"""

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from pydantic import JsonValue

from cloudwright.core.change import ABSENT, FieldChange
from cloudwright.core.errors import InvalidArguments

_LIST_KEYS: tuple[tuple[str, ...], ...] = (
    ("kind", "namespace", "name"),
    ("name",),
    ("mountPath",),
    ("devicePath",),
    ("containerPort", "protocol"),
    ("port", "protocol"),
    ("key", "effect"),
    ("key",),
    ("type",),
    ("uid",),
    ("ip",),
    ("topologyKey", "whenUnsatisfiable"),
    ("host",),
    ("path", "pathType"),
)
_OPTIONAL_KEYS = {"protocol": "TCP", "namespace": "", "effect": ""}
_PLAIN = re.compile(r"[A-Za-z0-9_$-]+")
_TOKEN = re.compile(r'\.?([A-Za-z0-9_$-]+)|\[("(?:[^"\\]|\\.)*")\]|\[([^\[\]"]*)\]')
_SERVER_METADATA = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink")
_SERVER_ANNOTATIONS = ("deprecated.daemonset.template.generation",)
_RANDOM_LABELS = ("controller-uid", "batch.kubernetes.io/controller-uid")
_ALWAYS_SHOWN = ("labels", "annotations")
_INJECTED_VOLUME = "kube-api-access-"
ORDER = ""
"""The last token of a path that speaks of the order of a keyed list."""

Tokens = tuple[str, ...]


class Element(str):
    """A token that names a list element; it equals the plain string and is written in brackets."""

    __slots__ = ()


def join(tokens: Iterable[str]) -> str:
    """The written form of a path."""
    text = ""
    for token in tokens:
        if _PLAIN.fullmatch(token) and not isinstance(token, Element):
            text += f".{token}" if text else token
        elif any(letter in token for letter in '[]"'):
            text += f"[{json.dumps(token, ensure_ascii=False)}]"
        else:
            text += f"[{token}]"
    return text


def split(path: str) -> Tokens:
    """The tokens of a written path; the inverse of `join` up to which keys needed brackets.

    Raises:
        InvalidArguments: the path is not well formed.
    """
    tokens: list[str] = []
    position = 0
    while position < len(path):
        match = _TOKEN.match(path, position)
        if match is None:
            raise InvalidArguments(f"{path!r} is no path of a field: it breaks at {path[position:][:20]!r}.")
        plain, quoted, bracketed = match.groups()
        tokens.append(plain if plain is not None else json.loads(quoted) if quoted is not None else bracketed)
        position = match.end()
    return tuple(tokens)


def spec_of(obj: Mapping[str, Any], *, status: bool = False) -> dict[str, Any]:
    """What people set of an object: without what the server keeps (managed fields, versions, status)."""
    kept = {key: value for key, value in obj.items() if status or key != "status"}
    metadata = kept.get("metadata")
    if isinstance(metadata, Mapping):
        kept["metadata"] = {key: _kept(key, value) for key, value in metadata.items() if key not in _SERVER_METADATA}
    return kept


def _kept(key: str, value: Any) -> Any:
    if key != "annotations" or not isinstance(value, Mapping):
        return value
    return {name: text for name, text in value.items() if name not in _SERVER_ANNOTATIONS}


def diff(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    intent: Mapping[str, Any] | None = None,
    *,
    status: bool = False,
) -> tuple[FieldChange, ...]:
    """The fields that differ between two states of one object, what is gone before what is new.

    `intent` is what was asked for (a manifest, a patch, or the wanted object). Inside what is new, fields that it
    does not mention are defaults and left out; None keeps them all.
    """
    return tuple(_maps((), spec_of(before, status=status), spec_of(after, status=status), intent))


def creation(after: Mapping[str, Any], manifest: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """The fields of an object that is new, one a leaf, as far as the manifest (or an admission plug-in) set them."""
    kept = _prune(spec_of(after), spec_of(manifest))
    leaves = list(_leaves((), {key: value for key, value in kept.items() if key not in ("apiVersion", "kind")}))
    named = [
        (tokens, value) for tokens, value in leaves if tokens not in (("metadata", "name"), ("metadata", "namespace"))
    ]
    return tuple(
        FieldChange(path=join(tokens), after=value) for tokens, value in sorted(named, key=lambda leaf: join(leaf[0]))
    )


def _maps(path: Tokens, before: Mapping[str, Any], after: Mapping[str, Any], intent: Any) -> Iterator[FieldChange]:
    for key in [*before, *(key for key in after if key not in before)]:
        wanted = intent.get(key) if isinstance(intent, Mapping) else None
        yield from _values((*path, key), before.get(key, ABSENT), after.get(key, ABSENT), wanted)


def _values(path: Tokens, before: Any, after: Any, intent: Any) -> Iterator[FieldChange]:
    if before == after and type(before) is type(after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _maps(path, before, after, intent)
        return
    if isinstance(before, list) and isinstance(after, list):
        keys = list_keys([before, after])
        if keys:
            yield from _keyed(path, before, after, intent, keys)
            return
    if before == ABSENT and intent is not None:
        after = _prune(after, intent)
    yield FieldChange(path=join(path), before=before, after=after)


def _keyed(path: Tokens, before: list[Any], after: list[Any], intent: Any, keys: Tokens) -> Iterator[FieldChange]:
    old = {element_key(item, keys): item for item in before}
    new = {element_key(item, keys): item for item in after}
    wanted = (
        {element_key(item, keys): item for item in intent if isinstance(item, Mapping)}
        if isinstance(intent, list)
        else {}
    )
    for key in [*old, *(key for key in new if key not in old)]:
        yield from _values((*path, Element(key)), old.get(key, ABSENT), new.get(key, ABSENT), wanted.get(key))
    restored = [key for key in new if key in old] + [key for key in old if key not in new]
    if restored != list(old):
        yield FieldChange(path=join(path) + "[]", before=list(old), after=list(new))


def list_keys(lists: Iterable[Sequence[Any]]) -> Tokens:
    """The fields that tell the elements of these lists apart; () where there are none."""
    held = list(lists)
    items = [item for each in held for item in each]
    if not items or not all(isinstance(item, Mapping) for item in items):
        return ()
    for keys in _LIST_KEYS:
        if all(_has(item, keys) for item in items) and all(
            len({element_key(item, keys) for item in each}) == len(each) for each in held
        ):
            return keys
    return ()


def _has(item: Mapping[str, Any], keys: Tokens) -> bool:
    return all(isinstance(item.get(key, _OPTIONAL_KEYS.get(key)), str | int) for key in keys)


def element_key(item: Mapping[str, Any], keys: Tokens) -> str:
    """What a path calls an element of a keyed list."""
    return "/".join(str(item.get(key, _OPTIONAL_KEYS.get(key, ""))) for key in keys)


def _prune(after: Any, intent: Any) -> Any:
    """`after` without defaults: map keys that the intent does not have, but labels, annotations and list elements."""
    if isinstance(after, Mapping) and isinstance(intent, Mapping):
        return {
            key: _marks(value) if key in _ALWAYS_SHOWN else _prune(value, intent[key])
            for key, value in after.items()
            if key in intent or (key in _ALWAYS_SHOWN and value)
        }
    if isinstance(after, list) and isinstance(intent, list):
        keys = list_keys([after])
        wanted = {element_key(item, keys): item for item in intent if isinstance(item, Mapping)} if keys else {}
        if wanted:
            return [_prune(item, wanted.get(element_key(item, keys), item)) for item in after if not _injected(item)]
    return after


def _marks(value: Any) -> Any:
    """Labels or annotations without those that the server draws anew for every new object."""
    return (
        {key: text for key, text in value.items() if key not in _RANDOM_LABELS} if isinstance(value, Mapping) else value
    )


def _injected(item: Mapping[str, Any]) -> bool:
    return str(item.get("name", "")).startswith(_INJECTED_VOLUME)


def _leaves(path: Tokens, value: Any) -> Iterator[tuple[Tokens, JsonValue]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves((*path, key), item)
        return
    keys = list_keys([value]) if isinstance(value, list) else ()
    if keys:
        for item in value:
            yield from _leaves((*path, Element(element_key(item, keys))), item)
        return
    yield path, value


def read(obj: Any, tokens: Tokens) -> Any:
    """The value at a path, `ABSENT` where there is none."""
    for index, token in enumerate(tokens):
        if isinstance(obj, list):
            keys = list_keys([obj])
            if token == ORDER and index == len(tokens) - 1:
                return [element_key(item, keys) for item in obj] if keys else ABSENT
            at = _index(obj, token)
            obj = ABSENT if at is None else obj[at]
        elif isinstance(obj, Mapping) and token in obj:
            obj = obj[token]
        else:
            return ABSENT
    return obj


def holds(present: Any, expected: JsonValue) -> bool:
    """Whether a value in the world is the expected one; the world may have defaults besides."""
    if isinstance(expected, Mapping) and isinstance(present, Mapping):
        return all(key in present and holds(present[key], value) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(present, list):
        return len(expected) == len(present) and all(map(holds, present, expected))
    return bool(present == expected)


def write(obj: dict[str, Any], changes: Iterable[tuple[str, JsonValue]]) -> dict[str, Any]:
    """A copy of the object with these values at these paths; `ABSENT` removes. Orders are set last.

    Raises:
        InvalidArguments: the parent of a path is gone.
    """
    result = copy.deepcopy(obj)
    pairs = [(split(path), value) for path, value in changes]
    for tokens, value in sorted(pairs, key=lambda pair: (pair[0][-1] == ORDER, len(pair[0]))):
        _write(result, tokens, value)
    return result


def _write(obj: dict[str, Any], tokens: Tokens, value: JsonValue) -> None:
    parent = read(obj, tokens[:-1])
    last = tokens[-1]
    if isinstance(parent, Mapping):
        target = cast(dict[str, Any], parent)
        if value == ABSENT:
            target.pop(last, None)
        else:
            target[last] = copy.deepcopy(value)
    elif isinstance(parent, list) and last == ORDER and isinstance(value, list):
        keys = list_keys([parent])
        rank = {key: index for index, key in enumerate(value)}
        parent.sort(key=lambda item: rank.get(element_key(item, keys), len(rank)))
    elif isinstance(parent, list):
        _write_element(parent, last, value)
    elif value != ABSENT:
        raise InvalidArguments(f"{join(tokens)}: what it belongs to ({join(tokens[:-1])}) is gone.")


def _index(items: Sequence[Any], token: str) -> int | None:
    """Where the element of this key is, whichever key of the list it was named by."""
    if not all(isinstance(item, Mapping) for item in items):
        return None
    for keys in _LIST_KEYS:
        found = [at for at, item in enumerate(items) if _has(item, keys) and element_key(item, keys) == token]
        if len(found) == 1:
            return found[0]
    return None


def _write_element(parent: list[Any], key: str, value: JsonValue) -> None:
    index = _index(parent, key)
    if value == ABSENT:
        if index is not None:
            del parent[index]
    elif index is None:
        parent.append(copy.deepcopy(value))
    else:
        parent[index] = copy.deepcopy(value)
