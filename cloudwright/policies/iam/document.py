"""Policy documents as typed values. Nothing here reads files and nothing is guessed: what AWS rejects is rejected."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

MODERN = "2012-10-17"
LEGACY = "2008-10-17"


class Effect(StrEnum):
    """What a statement does when it matches."""

    ALLOW = "Allow"
    DENY = "Deny"


class PolicyKind(StrEnum):
    """Where a document is attached; it decides which elements it may and must have."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"
    BOUNDARY = "boundary"
    SESSION = "session"
    SCP = "scp"
    RCP = "rcp"

    @property
    def has_principal(self) -> bool:
        """Whether statements of this kind name who they are about."""
        return self in (PolicyKind.RESOURCE, PolicyKind.TRUST, PolicyKind.RCP)


PrincipalType = Literal["AWS", "Service", "Federated", "CanonicalUser", "*"]


@dataclass(frozen=True)
class PrincipalElement:
    """Principal or NotPrincipal: (type, value) pairs. `"*"` alone has the type `*`."""

    values: tuple[tuple[PrincipalType, str], ...]
    negated: bool = False


@dataclass(frozen=True)
class Patterns:
    """Action, NotAction, Resource or NotResource: the texts as written."""

    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Clause:
    """One key of one operator block.

    `operator` is the base name, without set prefix and IfExists, in canonical case.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: Literal["", "ForAllValues", "ForAnyValue"] = ""
    if_exists: bool = False

    @property
    def label(self) -> str:
        """The operator as one writes it."""
        prefix = f"{self.quantifier}:" if self.quantifier else ""
        return f"{prefix}{self.operator}{'IfExists' if self.if_exists else ''}"


@dataclass(frozen=True)
class Statement:
    """One statement. `index` counts from 0 in the document."""

    index: int
    effect: Effect
    actions: Patterns
    resources: Patterns | None
    principals: PrincipalElement | None = None
    conditions: tuple[Clause, ...] = ()
    sid: str = ""

    @property
    def name(self) -> str:
        """How to call it in a sentence."""
        return f"statement {self.index + 1}" + (f" ({self.sid})" if self.sid else "")


@dataclass(frozen=True)
class Policy:
    """A document. `version` is "2008-10-17" when the document gives none, as AWS reads it."""

    statements: tuple[Statement, ...]
    kind: PolicyKind
    version: str = LEGACY
    id: str = ""
    name: str = ""

    @property
    def substitutes(self) -> bool:
        """Whether `${…}` is a variable here."""
        return self.version == MODERN

    @property
    def has_principals(self) -> bool:
        """Whether any statement names principals."""
        return any(statement.principals is not None for statement in self.statements)


def statement_to_json(statement: Statement) -> dict[str, Any]:
    """The statement as a JSON object, single-element lists as plain strings."""
    out: dict[str, Any] = {}
    if statement.sid:
        out["Sid"] = statement.sid
    out["Effect"] = statement.effect.value
    if statement.principals is not None:
        key = "NotPrincipal" if statement.principals.negated else "Principal"
        out[key] = _principals_to_json(statement.principals)
    out["NotAction" if statement.actions.negated else "Action"] = one_or_list(statement.actions.values)
    if statement.resources is not None:
        out["NotResource" if statement.resources.negated else "Resource"] = one_or_list(statement.resources.values)
    if statement.conditions:
        conditions: dict[str, dict[str, Any]] = {}
        for clause in statement.conditions:
            conditions.setdefault(clause.label, {})[clause.key] = one_or_list(clause.values)
        out["Condition"] = conditions
    return out


def policy_to_json(policy: Policy) -> dict[str, Any]:
    """The document as a JSON object, with an explicit Version."""
    out: dict[str, Any] = {"Version": policy.version}
    if policy.id:
        out["Id"] = policy.id
    out["Statement"] = [statement_to_json(statement) for statement in policy.statements]
    return out


def one_or_list(values: tuple[str, ...]) -> str | list[str]:
    """A single text as itself, more as a list."""
    return values[0] if len(values) == 1 else list(values)


def _principals_to_json(element: PrincipalElement) -> str | Mapping[str, Any]:
    if element.values == (("*", "*"),):
        return "*"
    grouped: dict[str, list[str]] = {}
    for kind, value in element.values:
        grouped.setdefault("AWS" if kind == "*" else kind, []).append(value)
    return {kind: one_or_list(tuple(values)) for kind, values in grouped.items()}
