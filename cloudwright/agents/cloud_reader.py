"""Requests about an AWS account: recognised by what stands in them, before words are read against the cluster."""

import re
from collections.abc import Sequence

from cloudwright.agents.kit import Reader
from cloudwright.agents.language import refusals
from cloudwright.agents.language.understanding import Goal, Intent, Memory, Understanding, Vocabulary
from cloudwright.agents.language.vocabulary import Words
from cloudwright.core.context import Context
from cloudwright.core.tool import ToolCall
from cloudwright.policies.iam.denied import parse_denial
from cloudwright.policies.iam.errors import RequestError
from cloudwright.policies.iam.principals import caller

_ARN = re.compile(r"\barn:aws[\w-]*:[\w-]+:[\w-]*:\w*:[^\s\"'<>|]+")
_ACTION = re.compile(r"(?<![\w:/.-])[a-z][a-z0-9-]*:(?:[A-Z][a-z]+[A-Za-z0-9]*\*?|\*)(?![\w:/])")
_DENIED = re.compile(
    r"is not authorized to (?:perform|access)|Encoded authorization failure message|\"?explicitDeny\"?\s*:"
    r"|An error occurred \((?:AccessDenied\w*|[\w.]*UnauthorizedOperation)\)",
    re.IGNORECASE,
)
_WORDS = re.compile(
    r"(?<![\w.-])IAM(?![\w.-])|\bbucket polic(?:y|ies)\b|\btrust polic(?:y|ies)\b|\bAccessDenied\w*\b|\bS3 bucket\b"
    r"|\bAWS (?:account|polic(?:y|ies)|roles?|users?|permissions?)\b",
    re.IGNORECASE,
)
_WHO = re.compile(r"\b(?:who|which (?:users?|roles?|principals?|identit\w+)|everybody who|anyone who)\b", re.IGNORECASE)
_MAY = re.compile(r"\b(?:can|may|could|would|allowed|permitted|have|has|is|does)\b", re.IGNORECASE)
_POLICIES = re.compile(r"\b(?:polic(?:y|ies)|permissions?|rights|allowed to do|attached)\b", re.IGNORECASE)
_REASON = re.compile(r"\bbecause no [\w -]{1,40}polic(?:y|ies) allows?\b", re.IGNORECASE)
"""The part of a denial that sounds like a wish to go without a policy."""
_ENDS = ".,;:?!)]}»”’"
_HOW = (
    "About AWS I can say why a call was denied (paste the whole AccessDenied message), who may do an action (who can"
    " s3:GetObject on ARN), whether a principal may (can ARN call s3:GetObject on ARN), and which policies an ARN has."
)

_NO_CLUSTER = "This session is on an AWS account alone: give a cluster with --kubeconfig or KUBECONFIG to ask about it."
_WITHOUT_CLUSTER = (Goal.UNDO, Goal.APPROVE, Goal.DENY, Goal.EXPLAIN_SELF, Goal.CHATTER, Goal.REFUSE)


class NoWords(Words):
    """The vocabulary of a session without a cluster: no names at all, and nobody is asked."""

    def get(self, context: Context, changes: tuple[str, ...] = ()) -> Vocabulary:
        """No words."""
        return Vocabulary(namespace=context.place.namespace)


def about_cloud(text: str) -> bool:
    """Whether a text is about an AWS account: a denial, an ARN, an IAM action, or the words for policies there."""
    return any(pattern.search(text) for pattern in (_DENIED, _ARN, _ACTION, _WORDS))


class CloudReader:
    """Reads what is about an AWS account itself and hands everything else to another reader.

    A request that the other reader understands stays with it, although an ARN or IAM word stands in it (an annotation
    of a service account, say).

    Args:
        other: reads everything else.
        alone: whether the session is on an account without a cluster; then the other reader serves for decisions only.
    """

    def __init__(self, other: Reader, *, alone: bool = False) -> None:
        self._other = other
        self._alone = alone

    def names(self, context: Context) -> Sequence[str]:
        """The other reader's."""
        return self._other.names(context)

    def understand(self, request: str, memory: Memory, context: Context) -> Understanding:
        """What the request asks for."""
        call = None if memory.question is not None or refusals.refusal(_REASON.sub(" ", request)) else call_of(request)
        if call is not None:
            intent = Intent(goal=Goal.CALLS, text=request, confidence=1, calls=(call,))
            return Understanding(request=request, intents=(intent,))
        found = self._other.understand(request, memory, context)
        if self._alone:
            kept = all(intent.goal in _WITHOUT_CLUSTER for intent in found.intents)
        else:
            kept = not about_cloud(request) or any(_settled(intent) for intent in found.intents)
        if kept:
            return found
        say = f"{_NO_CLUSTER} {_HOW}" if self._alone else _HOW
        lost = Intent(goal=Goal.UNKNOWN, text=request, confidence=0, say=say)
        return Understanding(request=request, intents=(lost,))


def _settled(intent: Intent) -> bool:
    if intent.goal in (Goal.UNKNOWN, Goal.CHATTER):
        return False
    return intent.goal is not Goal.DIAGNOSE or bool(intent.about)


def call_of(text: str) -> ToolCall | None:
    """The read that a request about an AWS account asks for; None when it asks for nothing that is known here."""
    if _DENIED.search(text):
        return _denied(text)
    arns = [found.rstrip(_ENDS) for found in _ARN.findall(text)]
    principal = next((arn for arn in arns if caller(arn).kind in ("user", "role", "session")), None)
    action = _ACTION.search(text)
    if action is not None and _WHO.search(text):
        return ToolCall(tool="who_can_call", arguments={"action": action[0], "resource": arns[0] if arns else "*"})
    if action is not None and principal is not None and _MAY.search(text):
        resource = next((arn for arn in arns if arn != principal), "*")
        arguments = {"principal": principal, "action": action[0], "resource": resource}
        return ToolCall(tool="can_principal", arguments=dict(arguments))
    if action is None and principal is not None and len(arns) == 1 and _POLICIES.search(text):
        return ToolCall(tool="principal_policies", arguments={"principal": principal})
    return None


def _denied(text: str) -> ToolCall | None:
    """An explanation of a denial; what the message leaves out is taken from the rest of the request."""
    try:
        denial = parse_denial(text)
    except RequestError:
        return None
    arns = [found.rstrip(_ENDS) for found in _ARN.findall(text)]
    principal = next((arn for arn in arns if caller(arn).kind in ("user", "role", "session")), "")
    others = [arn for arn in arns if arn != principal]
    arguments = {"message": text}
    if denial.principal is None and principal:
        arguments["principal"] = principal
    if denial.resource is None and others:
        arguments["resource"] = others[0]
    if denial.action is None and others:
        service = others[0].split(":")[2]
        named = next((item for item in denial.candidates if item.startswith(f"{service}:")), "")
        arguments |= {"action": named} if named else {}
    return ToolCall(tool="explain_denied", arguments=dict(arguments))
