"""From text or JSON values to policies, with one clear sentence about what is wrong."""

import json
from collections.abc import Mapping
from typing import Any, get_args

from cloudwright.policies.iam.document import (
    LEGACY,
    MODERN,
    Clause,
    Effect,
    Patterns,
    Policy,
    PolicyKind,
    PrincipalElement,
    PrincipalType,
    Statement,
)
from cloudwright.policies.iam.errors import PolicyError
from cloudwright.policies.iam.operators import BY_LOWER_NAME, OPERATORS, Family

MAX_TEXT = 4_000_000
TOP_LEVEL = {"Version", "Id", "Statement"}
ELEMENTS = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
}  # fmt: skip
PRINCIPAL_TYPES = tuple(kind for kind in get_args(PrincipalType) if kind != "*")
TRUST_ACTIONS = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity", "sts:setcontext")


def load_policy(text: str, kind: PolicyKind | None = None, name: str = "") -> Policy:
    """Parse JSON text. Raises PolicyError, never anything else."""
    return parse_policy(load_json(text), kind, name)


def load_json(text: str) -> Any:
    """JSON without duplicate keys, unpaired surrogates or more than MAX_TEXT characters. Raises PolicyError."""
    if len(text) > MAX_TEXT:
        raise PolicyError(f"it has {len(text)} characters; more than {MAX_TEXT} are not read")
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise PolicyError(f"not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise PolicyError("not a policy: JSON nested too deeply") from None
    except UnicodeEncodeError:
        raise PolicyError("not JSON: half of a surrogate pair stands alone") from None
    except ValueError as error:
        raise PolicyError(f"not JSON: {error}") from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise PolicyError(f"the key {shown(key)} appears twice in one object; keep one")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise PolicyError(f"not JSON: {name} is not a JSON value")


def shown(value: Any) -> str:
    """A value for an error message, cut to one short line."""
    try:
        text = json.dumps(value, ensure_ascii=True)
    except (TypeError, ValueError, RecursionError):
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def parse_policy(raw: Any, kind: PolicyKind | None = None, name: str = "") -> Policy:
    """Read a decoded document. Without `kind`, a document with Principal is a resource policy (or a trust policy),
    others identity.

    Raises PolicyError with statement, element and reason.
    """
    if not isinstance(raw, Mapping):
        raise PolicyError(f"it must be a JSON object, not {shown(raw)}")
    _known(raw, TOP_LEVEL, None, "top level")
    version = raw.get("Version", LEGACY)
    if version not in (LEGACY, MODERN):
        raise PolicyError(f"it must be {MODERN!r} or {LEGACY!r}, not {shown(version)}", element="Version")
    identifier = raw.get("Id", "")
    if not isinstance(identifier, str):
        raise PolicyError(f"it must be a string, not {shown(identifier)}", element="Id")
    listed = raw.get("Statement")
    if isinstance(listed, Mapping):
        listed = [listed]
    if not isinstance(listed, list) or not listed:
        raise PolicyError("a policy needs at least one statement", element="Statement")
    statements = tuple(_statement(item, index) for index, item in enumerate(listed))
    kind = kind or guess_kind(statements)
    policy = Policy(statements, kind, version, identifier, name)
    _check_kind(policy)
    return policy


def guess_kind(statements: tuple[Statement, ...]) -> PolicyKind:
    """Trust when there is a Principal and no Resource and only role assumption; resource with a Principal; else
    identity.
    """
    if not any(statement.principals for statement in statements):
        return PolicyKind.IDENTITY
    if all(statement.resources is None and _assumes(statement) for statement in statements):
        return PolicyKind.TRUST
    return PolicyKind.RESOURCE


def _assumes(statement: Statement) -> bool:
    return all(value.lower().startswith(TRUST_ACTIONS) for value in statement.actions.values)


def _check_kind(policy: Policy) -> None:
    sids = [statement.sid for statement in policy.statements if statement.sid]
    for statement in policy.statements:
        at = {"statement": statement.index}
        if statement.principals is None and policy.kind.has_principal:
            raise PolicyError(f"a {policy.kind} policy needs Principal or NotPrincipal", element="Principal", **at)
        if statement.principals is not None and not policy.kind.has_principal:
            raise PolicyError(f"a policy of kind {policy.kind} must not name a principal", element="Principal", **at)
        if statement.resources is None and policy.kind is not PolicyKind.TRUST:
            raise PolicyError("Resource or NotResource is missing", element="Resource", **at)
        if statement.resources is not None and policy.kind is PolicyKind.TRUST:
            raise PolicyError("a trust policy has no Resource: it is about its own role", element="Resource", **at)
        if statement.sid and sids.count(statement.sid) > 1:
            raise PolicyError(f"the Sid {shown(statement.sid)} is used more than once", element="Sid", **at)
        _check_organization(policy, statement)


def _check_organization(policy: Policy, statement: Statement) -> None:
    at = {"statement": statement.index}
    if policy.kind is PolicyKind.RCP and statement.principals not in (PrincipalElement((("*", "*"),)), None):
        raise PolicyError('a resource control policy takes only "Principal": "*"', element="Principal", **at)
    everything = statement.actions.values == ("*",) and not statement.actions.negated
    if policy.kind is PolicyKind.RCP and statement.effect is Effect.ALLOW and not everything:
        raise PolicyError(
            "only the default full-access policy allows in a resource control policy; use Deny", element="Effect", **at
        )


def _statement(raw: Any, index: int) -> Statement:
    if not isinstance(raw, Mapping):
        raise PolicyError(f"it must be a JSON object, not {shown(raw)}", statement=index)
    _known(raw, ELEMENTS, index, "")
    sid = raw.get("Sid", "")
    if not isinstance(sid, str):
        raise PolicyError(f"it must be a string, not {shown(sid)}", statement=index, element="Sid")
    effect = raw.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f'it must be "Allow" or "Deny", not {shown(effect)}', statement=index, element="Effect")
    actions = _patterns(raw, "Action", index)
    if actions is None:
        raise PolicyError("Action or NotAction is missing", statement=index, element="Action")
    for value in actions.values:
        if value != "*" and ":" not in value:
            raise PolicyError(
                f'{shown(value)} is not an action: write "service:Name", or "*" for all',
                statement=index,
                element="Action",
            )
    return Statement(
        index=index,
        effect=Effect(effect),
        actions=actions,
        resources=_patterns(raw, "Resource", index),
        principals=_principals(raw, index),
        conditions=_conditions(raw.get("Condition", {}), index),
        sid=sid,
    )


def _known(raw: Mapping[Any, Any], allowed: set[str], index: int | None, element: str) -> None:
    for key in raw:
        if key not in allowed:
            raise PolicyError(
                f"unknown element {shown(key)}; allowed are {', '.join(sorted(allowed))}",
                statement=index,
                element=element,
            )


def _either(raw: Mapping[str, Any], name: str, index: int) -> tuple[Any, bool] | None:
    negative = f"Not{name}"
    if name in raw and negative in raw:
        raise PolicyError(f"{name} and {negative} exclude each other", statement=index, element=name)
    if name in raw:
        return raw[name], False
    return (raw[negative], True) if negative in raw else None


def _patterns(raw: Mapping[str, Any], name: str, index: int) -> Patterns | None:
    found = _either(raw, name, index)
    if found is None:
        return None
    value, negated = found
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values or not all(isinstance(item, str) and item for item in values):
        raise PolicyError(
            f"it must be a non-empty string or a list of them, not {shown(value)}",
            statement=index,
            element=f"Not{name}" if negated else name,
        )
    return Patterns(tuple(values), negated)


def _principals(raw: Mapping[str, Any], index: int) -> PrincipalElement | None:
    found = _either(raw, "Principal", index)
    if found is None:
        return None
    value, negated = found
    element = "NotPrincipal" if negated else "Principal"
    if value == "*":
        return PrincipalElement((("*", "*"),), negated)
    if not isinstance(value, Mapping) or not value:
        raise PolicyError(
            f'it must be "*" or an object such as {{"AWS": "arn:…"}}, not {shown(value)}',
            statement=index,
            element=element,
        )
    pairs: list[tuple[PrincipalType, str]] = []
    for kind, listed in value.items():
        if kind not in PRINCIPAL_TYPES:
            raise PolicyError(
                f"unknown principal type {shown(kind)}; allowed are {', '.join(PRINCIPAL_TYPES)}",
                statement=index,
                element=element,
            )
        items = [listed] if isinstance(listed, str) else listed
        if not isinstance(items, list) or not items or not all(isinstance(item, str) and item for item in items):
            raise PolicyError(
                f"{kind} must be a non-empty string or a list of them, not {shown(listed)}",
                statement=index,
                element=element,
            )
        pairs.extend((kind, item) for item in items)
    return PrincipalElement(tuple(pairs), negated)


def _conditions(raw: Any, index: int) -> tuple[Clause, ...]:
    if not isinstance(raw, Mapping):
        raise PolicyError(f"it must be an object of operators, not {shown(raw)}", statement=index, element="Condition")
    clauses = []
    for label, block in raw.items():
        quantifier, operator, if_exists = parse_operator(label, index)
        if not isinstance(block, Mapping) or not block:
            raise PolicyError(
                f"{label} must hold an object of keys and values, not {shown(block)}",
                statement=index,
                element="Condition",
            )
        for key, value in block.items():
            values = _values(label, key, value, index)
            if OPERATORS[operator].family is Family.NULL and not all(v.lower() in ("true", "false") for v in values):
                raise PolicyError(
                    f'Null takes "true" or "false", not {shown(value)}', statement=index, element="Condition"
                )
            clauses.append(Clause(operator, key, values, quantifier, if_exists))
    return tuple(clauses)


def parse_operator(label: str, index: int | None = None) -> tuple[Any, str, bool]:
    """Split an operator as written into (quantifier, base name, IfExists). Raises PolicyError."""
    rest, quantifier, if_exists = label, "", False
    for prefix in ("ForAllValues", "ForAnyValue"):
        if rest.lower().startswith(f"{prefix.lower()}:"):
            quantifier, rest = prefix, rest[len(prefix) + 1 :]
    if rest.lower().endswith("ifexists"):
        if_exists, rest = True, rest[: -len("IfExists")]
    name = BY_LOWER_NAME.get(rest.lower())
    if name is None or (name == "Null" and (if_exists or quantifier)):
        raise PolicyError(f"unknown condition operator {shown(label)}", statement=index, element="Condition")
    return quantifier, name, if_exists


def _values(label: str, key: str, value: Any, index: int) -> tuple[str, ...]:
    if not key:
        raise PolicyError(f"{label} has an empty condition key", statement=index, element="Condition")
    listed = value if isinstance(value, list) else [value]
    out = []
    for item in listed:
        if not isinstance(item, str | bool | int | float):
            raise PolicyError(
                f"{label} {shown(key)} must be a string, number, boolean or a list of them, not {shown(item)}",
                statement=index,
                element="Condition",
            )
        out.append(text_of(item))
    return tuple(out)


def text_of(item: str | bool | int | float) -> str:
    """A JSON scalar as the text that IAM compares."""
    if isinstance(item, bool):
        return "true" if item else "false"
    return item if isinstance(item, str) else repr(item) if isinstance(item, float) else str(item)
