"""What the kinds of the corpus are made of."""

from dataclasses import dataclass, field
from typing import Any

Obj = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind. `bad` are (name, merge patch over the manifest) pairs that the server refuses (or nearly so)."""

    api: str
    plural: str
    kind: str
    manifest: Obj
    change: Obj
    bad: dict[str, Obj] = field(default_factory=dict)
    namespaced: bool = True
    status: Obj | None = None
    bad_changes: dict[str, Obj] = field(default_factory=dict)

    @property
    def api_version(self) -> str:
        """apiVersion of its objects."""
        return self.api.removeprefix("apis/").removeprefix("api/")


POD: Obj = {"containers": [{"name": "app", "image": "registry.local/app:1"}]}
LABELS: dict[str, str] = {"app": "web"}
TEMPLATE: Obj = {"metadata": {"labels": LABELS}, "spec": POD}


def workload(**more: Any) -> Obj:
    """A spec with selector and template."""
    return {"spec": {"selector": {"matchLabels": LABELS}, "template": TEMPLATE, **more}}


def containers(*items: Obj) -> Obj:
    """A pod spec's patch of containers."""
    return {"spec": {"containers": [{"name": "app", "image": "registry.local/app:1", **each} for each in items]}}


def volumes(*items: Obj) -> Obj:
    """A pod spec's patch of volumes."""
    return {"spec": {"volumes": list(items)}}
