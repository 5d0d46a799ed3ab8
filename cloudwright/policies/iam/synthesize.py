"""Write policies: from rows, from observed calls, or from prose through a model that may only propose rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cloudwright.policies.iam import services
from cloudwright.policies.iam.access import Document
from cloudwright.policies.iam.document import MODERN, Effect, Patterns, Policy, PolicyKind, Statement
from cloudwright.policies.iam.errors import RequestError
from cloudwright.policies.iam.evaluate import outcome
from cloudwright.policies.iam.parse import shown
from cloudwright.policies.iam.questions import Comparison, Relation, compare
from cloudwright.policies.iam.request import Request
from cloudwright.policies.iam.rows import Row, load_rows, policy_rows
from cloudwright.policies.iam.simplify import simplify

# CloudTrail names that are not the name of the permission (S3 API calls checked under another action).
_EVENT_ACTIONS = {
    "s3:listobjects": "s3:ListBucket",
    "s3:listobjectsv2": "s3:ListBucket",
    "s3:headbucket": "s3:ListBucket",
    "s3:headobject": "s3:GetObject",
    "s3:uploadpart": "s3:PutObject",
    "s3:createmultipartupload": "s3:PutObject",
    "s3:completemultipartupload": "s3:PutObject",
    "s3:copyobject": "s3:PutObject",
    "s3:deleteobjects": "s3:DeleteObject",
    "s3:listbuckets": "s3:ListAllMyBuckets",
    "lambda:invoke": "lambda:InvokeFunction",
}
_EVENT_SERVICES = {"monitoring": "cloudwatch", "email": "ses", "apigateway": "apigateway"}


@dataclass(frozen=True)
class Written:
    """A policy with its reading and the proof that they say the same.

    `questions` come first: answer them, then write.
    """

    policy: Policy | None
    rows: tuple[Row, ...]
    proof: Comparison | None
    notes: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    rounds: int = 0

    @property
    def proved(self) -> bool:
        """Whether policy and reading are proved equivalent."""
        return self.proof is not None and self.proof.relation is Relation.EQUIVALENT


@dataclass(frozen=True)
class Reading:
    """A model's reading of an intent: rows in the YAML form, or the questions that must be answered first."""

    rows_yaml: str
    questions: tuple[str, ...] = ()


class Reader(Protocol):
    """The model seam: prose, what was wrong with the last reading, and the round."""

    def __call__(self, intent: str, problems: Sequence[str], round: int) -> Reading:
        """One reading."""


def write_from_rows(text: str) -> Written:
    """YAML rows to a short policy, proved equivalent to the rows. Raises RequestError."""
    return _written(load_rows(text))


def write_from_intent(
    intent: str, read: Reader, examples: Sequence[tuple[Request, bool]] = (), *, rounds: int = 3
) -> Written:
    """Prose to rows by the model, rows to a proved policy. `examples` are requests with the answer that they must get.

    An ambiguous intent comes back as questions, an unusable reading after `rounds` as notes; never as a guess.
    """
    problems: list[str] = []
    for number in range(1, rounds + 1):
        reading = read(intent, problems, number)
        if reading.questions:
            return Written(None, (), None, questions=reading.questions, rounds=number)
        try:
            direct = load_rows(reading.rows_yaml)
        except RequestError as error:
            problems = [str(error)]
            continue
        problems = [
            f"{'allowed' if not allow else 'denied'}, but must not be: {request}"
            for request, allow in examples
            if outcome(direct, request).allowed != allow
        ]
        if not problems:
            found = _written(direct)
            return Written(found.policy, found.rows, found.proof, found.notes, rounds=number)
    return Written(None, (), None, notes=tuple(problems), rounds=rounds)


def _written(direct: Policy) -> Written:
    short, _ = simplify(direct)
    proof = compare(Document(direct), Document(short))
    return Written(short, policy_rows(direct), proof)


def write_from_events(events: Iterable[Any]) -> Written:
    """The least policy for observed CloudTrail events; what cannot be mapped is in the notes. Raises RequestError."""
    notes: dict[str, None] = {}
    needed: dict[str, dict[str, None]] = {}
    for number, event in enumerate(_records(events), 1):
        action, resources = _observed(event, number, notes)
        if action is not None:
            needed.setdefault(action.name, {}).update(dict.fromkeys(resources))
    if not needed:
        raise RequestError("no event could be turned into a permission.")
    by_resources: dict[tuple[str, ...], list[str]] = {}
    for name, used in sorted(needed.items()):
        by_resources.setdefault(tuple(sorted(used)), []).append(name)
    statements = tuple(
        Statement(i, Effect.ALLOW, Patterns(tuple(actions)), Patterns(resources))
        for i, (resources, actions) in enumerate(by_resources.items())
    )
    found = _written(Policy(statements, PolicyKind.IDENTITY, MODERN))
    return Written(found.policy, found.rows, found.proof, tuple(notes))


def _records(events: Iterable[Any]) -> Iterable[Any]:
    for item in events:
        if isinstance(item, Mapping) and isinstance(item.get("Records"), list):
            yield from item["Records"]
        else:
            yield item


def _observed(event: Any, number: int, notes: dict[str, None]) -> tuple[services.Action | None, list[str]]:
    if (
        not isinstance(event, Mapping)
        or not isinstance(event.get("eventSource"), str)
        or not isinstance(event.get("eventName"), str)
    ):
        raise RequestError(f"event {number}: it needs the strings eventSource and eventName, not {shown(event)}.")
    action = event_action(event["eventSource"], event["eventName"])
    if action is None:
        notes[f"{event['eventSource']} {event['eventName']}: no such permission; left out"] = None
        return None, []
    if event.get("errorCode") in (
        "AccessDenied",
        "Client.UnauthorizedOperation",
        "UnauthorizedOperation",
        "AccessDeniedException",
    ):
        notes[f"{action.name} was denied when it was observed; it is granted here"] = None
    return action, event_resources(event, action, notes)


def event_action(source: str, name: str) -> services.Action | None:
    """The permission behind a CloudTrail event name."""
    service = source.partition(".")[0]
    service = _EVENT_SERVICES.get(service, service)
    full = f"{service}:{name}"
    candidates = [_EVENT_ACTIONS.get(full.lower(), full), full.rstrip("0123456789_v")]
    return next((found for text in candidates if (found := services.known_action(text))), None)


def event_resources(event: Mapping[str, Any], action: services.Action, notes: dict[str, None]) -> list[str]:
    """The resources that an event names, or the narrowest pattern that the event allows."""
    listed = event.get("resources")
    arns = (
        [str(item.get("ARN")) for item in listed if isinstance(item, Mapping) and item.get("ARN")]
        if isinstance(listed, list)
        else []
    )
    fitting = [arn for arn in arns if services.resource_fits(action, arn)]
    if fitting:
        return fitting
    parameters = event.get("requestParameters")
    bucket = parameters.get("bucketName") if isinstance(parameters, Mapping) else None
    if isinstance(bucket, str) and isinstance(parameters, Mapping):
        key = parameters.get("key")
        arn = f"arn:aws:s3:::{bucket}/{key}" if isinstance(key, str) else f"arn:aws:s3:::{bucket}"
        if services.resource_fits(action, arn):
            return [arn]
    if action.needs_star:
        return ["*"]
    notes[f"{action.name}: the event names no resource; narrow the pattern by hand"] = None
    region, account = str(event.get("awsRegion") or "*"), str(event.get("recipientAccountId") or "*")
    known = {"Partition": "aws", "Region": region, "Account": account}
    return [services.fill_format(arn_format, known) for _, arn_format in action.resources]
