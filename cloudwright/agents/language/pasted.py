"""A pasted piece of a manifest, said in words: "put this on it:\\nresources:\\n  limits:\\n    memory: 1Gi" is "memory limit 1Gi"."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

_KEY = re.compile(r"\s*(?:- )?[A-Za-z][\w.-]*:(?:\s|$)")
_POINTING = re.compile(r"\b(?:this|these|that|the following)\b(?! \w+ (?:is|are)\b)")
_GROUPS = {"limits": "limit", "requests": "request"}


def in_words(request: str) -> str:
    """The request with what it holds of a manifest's fields in words; as it is where it holds none, or a whole manifest."""
    lines = request.splitlines()
    start = next((at for at in range(1, len(lines)) if _KEY.match(lines[at])), 0)
    block = "\n".join(lines[start:])
    if not start or re.search(r"^\s*(?:apiVersion|kind):", block, re.MULTILINE):
        return request
    try:
        found = yaml.safe_load(block)
    except yaml.YAMLError:
        return request
    said = list(_said(found)) if isinstance(found, Mapping) else []
    head, whole = " ".join(lines[:start]).rstrip(" :"), " and ".join(said)
    pointed = _POINTING.sub(lambda _: whole, head, count=1)
    return request if not said else pointed if pointed != head else f"{head} {whole}"


def _said(value: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    if isinstance(value, Mapping) and {"name", "value"} <= value.keys():
        yield f"{value['name']}={value['value']}"
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _said(inner, (*path, str(key)))
    elif isinstance(value, list):
        for inner in value:
            yield from _said(inner, path)
    elif path:
        group = next((word for key, word in _GROUPS.items() if key in path), "")
        yield f"{path[-1]} {group} {value}" if group else f"{path[-1]} {value}"
