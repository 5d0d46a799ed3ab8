"""From an AccessDenied message to the policy that decided it, and to the smallest grant that is proved to help.

Formats: IAM User Guide, "Troubleshoot access denied error messages" (with and without reason, with and without policy
ARN), the
wrapping of botocore, encoded EC2 messages, and the JSON that sts:DecodeAuthorizationMessage returns.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cloudwright.policies.iam import services
from cloudwright.policies.iam.access import Document, Probe
from cloudwright.policies.iam.authorize import Authorization, PolicySet, authorize
from cloudwright.policies.iam.document import Effect, Patterns, Policy, PolicyKind, PrincipalElement, Statement
from cloudwright.policies.iam.errors import RequestError
from cloudwright.policies.iam.questions import Answer, DiffRow, difference_rows, implies
from cloudwright.policies.iam.repair.edits import principal_pair
from cloudwright.policies.iam.repair.enumerate import exact_text
from cloudwright.policies.iam.request import ContextValue, Outcome, Request
from cloudwright.policies.iam.simplify import simplify

_KINDS = {
    "identity-based policy": PolicyKind.IDENTITY, "resource-based policy": PolicyKind.RESOURCE,
    "permissions boundary": PolicyKind.BOUNDARY, "session policy": PolicyKind.SESSION,
    "service control policy": PolicyKind.SCP, "resource control policy": PolicyKind.RCP,
    "role trust policy": PolicyKind.TRUST,
}  # fmt: skip
ENDPOINT = "VPC endpoint policy"
_TYPE = rf"(?P<type>{'|'.join([*_KINDS, ENDPOINT])})"
_SUBJECT = re.compile(
    r"(?:User|Principal|Service|Anonymous)?:?\s*(?P<who>arn:\S+|[\w.-]+\.amazonaws\.com|anonymous)"
    r"\s+is not authorized to perform:?\s+(?P<action>[\w-]+:[\w*]+)",
    re.IGNORECASE,
)
_BARE = re.compile(r"(?:User|Principal):\s*(?P<who>\S+)\s+is not authorized to access this resource", re.IGNORECASE)
_RESOURCE = re.compile(r"\bon (?:the )?resource:?\s+\"?(?P<resource>\*|[^\s\"]+?)\"?(?=\s|\.?$|[.,;]\s)", re.IGNORECASE)
_UNKNOWN_RESOURCE = re.compile(r"on the resource associated with this ciphertext", re.IGNORECASE)
_NO_ALLOW = re.compile(rf"because no {_TYPE} allows", re.IGNORECASE)
_EXPLICIT = re.compile(rf"with an explicit deny(?: in an? {_TYPE})?(?::\s*(?P<arn>arn:\S+))?", re.IGNORECASE)
_ENCODED = re.compile(r"Encoded authorization failure message:\s*(?P<encoded>\S+)", re.IGNORECASE)
_OPERATION = re.compile(
    r"An error occurred \((?P<code>[\w.]+)\) when calling the (?P<operation>\w+) operation", re.IGNORECASE
)


@dataclass(frozen=True)
class Denial:
    """What a message says. Unknown parts are None; `explicit` None means that the message gives no reason.

    `encoded` is the text for sts:DecodeAuthorizationMessage. `candidates` are actions that the named API operation may
    mean.
    """

    principal: str | None = None
    action: str | None = None
    resource: str | None = None
    explicit: bool | None = None
    policy_type: PolicyKind | None = None
    endpoint_policy: bool = False
    policy_arn: str = ""
    encoded: str = ""
    candidates: tuple[str, ...] = ()
    context: Mapping[str, ContextValue] = field(default_factory=dict)

    def request(self) -> Request:
        """The denied request. Raises RequestError when the message does not name the action or the resource."""
        if self.action is None or self.resource is None:
            missing = "the action" if self.action is None else "the resource"
            raise RequestError(f"The message does not name {missing}.", hint="Give it, or decode the encoded message.")
        return Request(self.action, self.resource, self.principal, self.context)


def parse_denial(text: str, *, service: str | None = None) -> Denial:
    """Read a message or a decoded authorization message. `service` ("s3") helps where only an API operation is named.

    Raises RequestError when the text is no denial.
    """
    stripped = text.strip()
    if stripped.startswith("{"):
        return _decoded(stripped)
    text = " ".join(text.split())
    subject, bare, operation = _SUBJECT.search(text), _BARE.search(text), _OPERATION.search(text)
    encoded, explicit, no_allow = _ENCODED.search(text), _EXPLICIT.search(text), _NO_ALLOW.search(text)
    denied_code = operation is not None and (
        "denied" in operation["code"].lower() or "unauthorized" in operation["code"].lower()
    )
    if not (
        subject or bare or encoded or denied_code or "access denied" in text.lower() or "not authorized" in text.lower()
    ):
        raise RequestError(
            "This text is no access-denied message.",
            hint='One begins with "User: arn:… is not authorized to perform: …".',
        )
    resource = None if _UNKNOWN_RESOURCE.search(text) else _RESOURCE.search(text)
    reason = explicit or no_allow
    kind = reason["type"].lower() if reason and reason["type"] else ""
    action = subject["action"] if subject else None
    candidates = _operation_actions(operation["operation"], service) if operation and action is None else ()
    if len(candidates) == 1:
        action = candidates[0]
    named = subject or bare
    return Denial(
        principal=named["who"].rstrip(",.") if named else None,
        action=_canonical(action) if action else None,
        resource=_resource_text(resource["resource"]) if resource else None,
        explicit=True if explicit else False if no_allow else None,
        policy_type=_KINDS.get(kind),
        endpoint_policy=kind == ENDPOINT.lower(),
        policy_arn=(explicit["arn"] or "").rstrip(".,") if explicit else "",
        encoded=encoded["encoded"] if encoded else "",
        candidates=candidates,
    )


def _canonical(action: str) -> str:
    known = services.known_action(action)
    return known.name if known else action


def _resource_text(text: str) -> str:
    return text.rstrip(".,") if text != "*" else text


def _operation_actions(operation: str, service: str | None) -> tuple[str, ...]:
    names = [service] if service else sorted(services.service_names())
    return tuple(found.name for name in names if (found := services.known_action(f"{name}:{operation}")))


def _decoded(text: str) -> Denial:
    try:
        raw: Any = json.loads(text)
        if isinstance(raw.get("DecodedMessage"), str):
            raw = json.loads(raw["DecodedMessage"])
        context = raw["context"]
        conditions = {item["key"]: tuple(value["value"] for value in item["values"]["items"])
                      for item in context.get("conditions", {}).get("items", [])}  # fmt: skip
        return Denial(
            principal=context["principal"].get("arn"),
            action=_canonical(context["action"]),
            resource=context["resource"],
            explicit=bool(raw.get("explicitDeny")),
            context={key: values[0] if len(values) == 1 else values for key, values in conditions.items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise RequestError("This JSON is no decoded authorization message.") from None


@dataclass(frozen=True)
class Diagnosis:
    """What the policies at hand say about the denied request, and whether that agrees with the message."""

    request: Request
    authorization: Authorization
    agrees: bool
    explanation: str


def diagnose(denial: Denial, held: PolicySet) -> Diagnosis:
    """Find the deciding statements, or the layer that lacks a grant. Raises RequestError without action or resource."""
    request = denial.request()
    answer = authorize(held, request)
    agrees = not answer.outcome.allowed and (
        denial.explicit is None or denial.explicit == (answer.outcome is Outcome.EXPLICIT_DENY)
    )
    if answer.outcome is Outcome.EXPLICIT_DENY:
        names = [f"{statement.name} of {policy.name or policy.kind}" for policy, statement in answer.by]
        text = f"Explicitly denied by {', '.join(names)}."
    elif answer.outcome is Outcome.IMPLICIT_DENY:
        text = f"Nothing denies it; {'; '.join(answer.missing)}."
    else:
        text = "The policies at hand allow it: another policy decided, or the message is older than they are."
    return Diagnosis(request, answer, agrees, text)


@dataclass(frozen=True)
class Grant:
    """The smallest change of one document that lets the request pass.

    `helps` False says in `reason` what else stands in the way.
    """

    before: Policy
    after: Policy
    helps: bool
    reason: str
    gained: tuple[DiffRow, ...] = ()
    proof: tuple[str, ...] = ()


def smallest_grant(held: PolicySet, document: Policy, request: Request) -> Grant:
    """Allow just this request in `document` (one of the set), proved to add nothing else.

    An explicit denial anywhere, or another layer that does not allow the request, is reported instead of worked around.
    """
    answer = authorize(held, request)
    if answer.outcome is Outcome.EXPLICIT_DENY:
        names = ", ".join(f"{statement.name} of {policy.name or policy.kind}" for policy, statement in answer.by)
        return Grant(document, document, helps=False, reason=f"No grant helps: {names} denies it.")
    after = _with_grant(document, request)
    changed = swapped(held, document, after)
    if not authorize(changed, request).outcome.allowed:
        missing = "; ".join(authorize(changed, request).missing)
        return Grant(document, after, helps=False, reason=f"The grant alone is not enough: {missing}.")
    short, _ = simplify(after)
    bounded = _bounded(document, short, request)
    final = short if bounded else after
    proof = ["proved: the request is allowed by all policies together afterwards"]
    if bounded or _bounded(document, after, request):
        proof.append(f"proved: nothing is allowed in addition but {request.action} on {request.resource}")
    return Grant(
        document, final, helps=True, reason="", gained=tuple(difference_rows(final, document)), proof=tuple(proof)
    )


def _with_grant(document: Policy, request: Request) -> Policy:
    resource = exact_text(request.resource) if document.substitutes and request.resource != "*" else request.resource
    statement = Statement(
        index=len(document.statements),
        effect=Effect.ALLOW,
        actions=Patterns((_canonical(request.action),)),
        resources=None if document.kind is PolicyKind.TRUST else Patterns((resource,)),
        principals=PrincipalElement((principal_pair(request.principal or "*"),))
        if document.kind.has_principal
        else None,
    )
    return replace(document, statements=(*document.statements, statement))


def _bounded(before: Policy, after: Policy, request: Request) -> bool:
    """Whether `after` is proved to allow nothing beyond `before` and requests of this action on this resource."""
    resource = exact_text(request.resource) if before.substitutes and request.resource != "*" else request.resource
    probe = Probe((request.action,), (resource,)).policy
    limit = replace(before, statements=(*before.statements, *_renumbered(probe, before)))
    return implies(Document(after), Document(limit)).answer is Answer.YES


def _renumbered(extra: Policy, before: Policy) -> tuple[Statement, ...]:
    everybody = PrincipalElement((("*", "*"),)) if before.kind.has_principal else None
    return tuple(
        replace(item, index=len(before.statements) + i, principals=everybody) for i, item in enumerate(extra.statements)
    )


def swapped(held: PolicySet, old: Policy, new: Policy) -> PolicySet:
    """The set with one document replaced."""

    def swap(items: tuple[Policy, ...]) -> tuple[Policy, ...]:
        return tuple(new if item == old else item for item in items)

    return replace(
        held,
        identity=swap(held.identity),
        resource=swap(held.resource),
        session=swap(held.session),
        boundary=new if held.boundary == old else held.boundary,
    )
