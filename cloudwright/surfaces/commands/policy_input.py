"""What the policy commands read: documents, requests, probes. Nothing heavy is imported before it is needed."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cloudwright.core.errors import UsageError

if TYPE_CHECKING:
    from cloudwright.policies.iam.access import Probe
    from cloudwright.policies.iam.authorize import PolicySet
    from cloudwright.policies.iam.document import Policy, PolicyKind
    from cloudwright.policies.iam.request import Request


def read_file(name: str) -> str:
    """Text of a file, or of standard input for `-`. Raises UsageError."""
    if name == "-":
        text = sys.stdin.read()
        if not text.strip():
            raise UsageError("Standard input is empty.", hint="Pipe one document in; - can be given once.")
        return text
    try:
        with open(name, encoding="utf-8") as file:  # noqa: PTH123 (pathlib is not imported at start)
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"{name} cannot be read: {reason}.") from None


def load(name: str, kind: str | None = None) -> "Policy":
    """A policy from a file. Raises UsageError with the file, the statement and the reason."""
    from cloudwright.policies.iam.errors import PolicyError
    from cloudwright.policies.iam.parse import load_policy

    try:
        return load_policy(read_file(name), kind_of(kind), "standard input" if name == "-" else name)
    except PolicyError as error:
        raise UsageError(f"{'standard input' if name == '-' else name}: {error}.") from None


def kind_of(name: str | None) -> "PolicyKind | None":
    """The policy type that --kind names. Raises UsageError."""
    from cloudwright.policies.iam.document import PolicyKind

    if name is not None and name not in list(PolicyKind):
        raise UsageError(f"--kind {name} is not known.", hint=f"Use one of {', '.join(PolicyKind)}.")
    return PolicyKind(name) if name else None


def policy_set(
    policies: Sequence["Policy"],
    boundary: str | None,
    session: Sequence[str] | None,
    scp: Sequence[str] | None,
    rcp: Sequence[str] | None,
    resource_account: str,
) -> "PolicySet":
    """The policies that decide together: those given, by type, and the files of the other types. Raises UsageError."""
    from cloudwright.policies.iam.authorize import PolicySet
    from cloudwright.policies.iam.document import PolicyKind

    return PolicySet(
        identity=tuple(item for item in policies if not item.has_principals),
        resource=tuple(item for item in policies if item.has_principals),
        boundary=load(boundary, PolicyKind.BOUNDARY) if boundary else None,
        session=tuple(load(name, PolicyKind.SESSION) for name in session or ()),
        scps=tuple((load(name, PolicyKind.SCP),) for name in scp or ()),
        rcps=tuple((load(name, PolicyKind.RCP),) for name in rcp or ()),
        resource_account=resource_account,
    )


def one_request(action: str, resource: str, principal: str | None, context: Sequence[str] | None) -> "Request":
    """The request of the options. Raises UsageError."""
    from cloudwright.policies.iam.request import parse_request

    values: dict[str, list[str]] = {}
    for item in context or ():
        key, found, value = item.partition("=")
        if not found:
            raise UsageError(f"--context {item} is not KEY=VALUE.")
        values.setdefault(key, []).append(value)
    plain = {key: listed[0] if len(listed) == 1 else listed for key, listed in values.items()}
    return parse_request({"action": action, "resource": resource, "principal": principal, "context": plain})


def read_requests(
    source: str | None, action: str | None, resource: str | None, principal: str | None, context: Sequence[str] | None
) -> list[tuple["Request", bool | None]]:
    """Requests of a file, or the one of the options; with what is expected of them, if that is said."""
    from cloudwright.policies.iam.request import parse_expectation, parse_request, read_objects

    if source is not None:
        found: list[tuple[Request, bool | None]] = []
        for where, raw in read_objects(read_file(source), source):
            if isinstance(raw, dict) and "expect" in raw:
                wanted = parse_expectation(raw, where)
                found.append((wanted.request, wanted.allow))
            else:
                found.append((parse_request(raw, where), None))
        return found
    if action is None or resource is None:
        raise UsageError("A request needs --action and --resource, or --requests FILE.")
    return [(one_request(action, resource, principal, context), None)]


def probe(text: str) -> "Probe":
    """ACTION RESOURCE, both patterns. Raises UsageError."""
    parts = text.split()
    if not 1 <= len(parts) <= 2:
        raise UsageError(f'{text!r} is not "ACTION RESOURCE".')
    return probe_of(parts[0], parts[1] if len(parts) == 2 else "*")


def probe_of(action: str, resource: str) -> "Probe":
    """Everything that fits the patterns. Raises UsageError for an action of which no request can be."""
    from cloudwright.policies.iam.access import Probe

    if ":" not in action and action != "*":
        raise UsageError(f"{action!r} is no action.", hint="Write SERVICE:NAME such as s3:GetObject, or *.")
    return Probe((action,), (resource,))


def write_file(name: str, text: str) -> None:
    """Write a text file. Raises UsageError."""
    try:
        with open(name, "w", encoding="utf-8") as file:  # noqa: PTH123 (pathlib is not imported at start)
            file.write(text)
    except OSError as error:
        raise UsageError(f"{name} cannot be written: {error.strerror}.") from None
