"""Pages of lists."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

PAGE = 500
"""Objects per page of a list."""


@dataclass(frozen=True)
class Page:
    """One page of a list: raw items (with `apiVersion` and `kind` filled in) and what the server says remains."""

    items: list[Json]
    resource_version: str
    remaining: int
    consistent: bool = True


def typed_items(answer: Json) -> list[Json]:
    """The items of a list; items of built-in kinds come without `kind`, which later readers need."""
    items: list[Json] = answer.get("items") or []
    kind, version = str(answer.get("kind") or ""), answer.get("apiVersion")
    if kind.endswith("List"):
        for item in items:
            item.setdefault("apiVersion", version)
            item.setdefault("kind", kind[:-4])
    return items
