"""Reading manifests as the field reads them: JSON in YAML's clothes.

Times and numbers to base 60 stay text, a key may stand in a map only once, and aliases may not unfold without bounds.
"""

import json
import math
import re
from typing import Any

import yaml

from cloudwright.core.errors import InvalidArguments

_LARGEST = 8 * 1024 * 1024
_MOST_VALUES = 500_000
_UNWANTED = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class _Loader(yaml.SafeLoader):
    """The safe loader without what Kubernetes' own reader does not know."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A map whose keys are text and different."""
        self.flatten_mapping(node)
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(self.construct_object(key_node, deep=True))
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return {str(key): value for key, value in super().construct_mapping(node, deep).items()}


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _UNWANTED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(0|[1-9][0-9]*|0o?[0-7]+|0x[0-9a-fA-F]+)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)  # fmt: skip


def read_documents(text: str) -> list[Any]:
    """The documents of a YAML or JSON text as plain JSON values.

    Raises:
        InvalidArguments: it cannot be read; the sentence has line and column.
    """
    if len(text) > _LARGEST:
        raise InvalidArguments(f"The manifest is larger than {_LARGEST >> 20} MB.")
    found = _as_json(text)
    if found is not None:
        return found
    try:
        documents = list(yaml.load_all(text, Loader=_Loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        reason = getattr(error, "problem", None) or "it cannot be read"
        raise InvalidArguments(f"The manifest is no valid YAML{where}: {reason}.") from None
    except (ValueError, RecursionError, OverflowError):
        raise InvalidArguments("The manifest is no valid YAML: it cannot be read.") from None
    _check(documents)
    return documents


def _as_json(text: str) -> list[Any] | None:
    """The one document of a JSON text (the YAML library gets its surrogate pairs wrong), or None."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        return [json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)]
    except (ValueError, RecursionError):
        return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")  # the YAML reader says where
    return dict(pairs)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _check(documents: list[Any]) -> None:
    """Only JSON values, unfolded not more than is sensible."""
    count = 0
    stack: list[Any] = [*documents]
    while stack:
        value = stack.pop()
        count += 1
        if count > _MOST_VALUES:
            raise InvalidArguments(f"The manifest unfolds to more than {_MOST_VALUES} values.")
        if isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
        elif not _is_plain(value):
            raise InvalidArguments(f"The manifest holds a {type(value).__name__}, which JSON does not know.")


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value))
