"""The format of the fault catalogue."""

from collections.abc import Mapping
from importlib import resources
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

Action = Mapping[str, Any]
"""One step: an API request (`patch`, `create`, `delete`, `exec`, `restart`, `scale`, `apply`) or a change of the world
outside the API (`node`, `network`, `external`). See `Site.do`."""

Check = Mapping[str, Any]
"""One observation that is true or false. See `Site.holds`."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Truth(_Data):
    """The root cause: which field of which object."""

    kind: str
    name: str
    field: str
    namespace: str = "shop"


class Remedy(_Data):
    """A named sequence of actions."""

    name: str
    do: tuple[dict[str, Any], ...]


class Fault(_Data):
    """One fault: `id` follows the catalogue of fault classes; `nature` is how it shows.

    The checks of `symptom` all hold while the fault lasts (at the latest `within` seconds after injection).
    """

    id: str
    title: str
    kind: Literal["K", "P", "A", "N", "D"]
    nature: Literal["loud", "quiet", "rollout"]
    truth: Truth
    inject: tuple[dict[str, Any], ...]
    symptom: tuple[dict[str, Any], ...]
    fixes: tuple[Remedy, ...]
    wrong: Remedy
    within: float = 240.0
    recovers_in: float = 420.0
    touches: tuple[str, ...] = ()


def load_faults() -> dict[str, Fault]:
    """All faults by id, in the order of the catalogue."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    faults: dict[str, Fault] = {}
    folder = resources.files("cloudwright.evals.faults")
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.name.endswith(".yaml"):
            for data in yaml.load(entry.read_text(), Loader=loader):  # noqa: S506 - SafeLoader, in C
                fault = Fault.model_validate(data)
                faults[fault.id] = fault
    return faults
