"""Make a counterexample readable: known actions, plausible ARNs, only the context it needs; and say when AWS cannot
produce it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from cloudwright.policies.iam import patterns, services, variables
from cloudwright.policies.iam.document import Policy
from cloudwright.policies.iam.principals import caller
from cloudwright.policies.iam.request import Request

TRIES = 160
_COMMON = ("s3", "ec2", "iam", "lambda", "dynamodb", "kms", "sns", "sqs", "logs", "secretsmanager")
_VALUES = {
    "aws:username": "alice",
    "aws:userid": "AIDAEXAMPLEID:alice",
    "aws:sourceip": "198.51.100.77",
    "aws:securetransport": "true",
    "aws:requestedregion": services.REGION,
    "aws:principalaccount": services.ACCOUNT,
    "aws:sourceaccount": services.ACCOUNT,
    "aws:principalorgid": "o-example1234",
    "aws:currenttime": "2026-01-15T12:00:00Z",
    "aws:referer": "https://example.com/",
}


@dataclass(frozen=True)
class Witness:
    """A concrete request that proves an answer. `obstacles` says why AWS could not produce it; empty when it could."""

    request: Request
    obstacles: tuple[str, ...] = ()

    @property
    def realistic(self) -> bool:
        """Whether nothing known speaks against such a request."""
        return not self.obstacles

    def __str__(self) -> str:
        return str(self.request) + (f"  [cannot exist in AWS: {'; '.join(self.obstacles)}]" if self.obstacles else "")


def dress(request: Request, holds: Callable[[Request], bool], policies: Sequence[Policy]) -> Witness:
    """The nicest request found that still satisfies `holds`; the given one satisfies it."""
    known = services.known_action(request.action)
    request = minimal(replace(request, action=known.name) if known else request, holds)
    if obstacles_of(request) or _odd(request.resource):
        request = next(_better(request, holds, policies), request)
    request = _plain_values(request, holds)
    return Witness(request, obstacles_of(request))


def minimal(request: Request, holds: Callable[[Request], bool]) -> Request:
    """Drop context keys one by one as long as the request still satisfies `holds`."""
    for key in list(request.context):
        smaller = request.without(key)
        if holds(smaller):
            request = smaller
    return request


def obstacles_of(request: Request) -> tuple[str, ...]:
    """Why AWS would never evaluate this request."""
    out = []
    action = services.known_action(request.action)
    if action is None:
        out.append(f"no known action {request.action!r}")
    elif not services.resource_fits(action, request.resource):
        out.append(f"{action.name} is never about {request.resource!r}")
    if request.principal:
        out += _principal_obstacles(request)
    return tuple(out)


def _principal_obstacles(request: Request) -> Iterator[str]:
    who = caller(request.principal or "")
    account = request.single("aws:PrincipalAccount")
    if account is not None and who.account and account != who.account:
        yield f"aws:PrincipalAccount is not the account of {who.text}"
    arn = request.single("aws:PrincipalArn")
    if arn is not None and who.account and who.kind in ("user", "role", "account") and arn != who.text:
        yield f"aws:PrincipalArn is not {who.text}"
    if who.kind in ("user", "role", "session") and request.value("aws:PrincipalServiceName") is not None:
        yield "aws:PrincipalServiceName is only there when a service calls"


def _odd(resource: str) -> bool:
    parts = resource.split(":", patterns.ARN_COLONS)
    return resource != "*" and (len(parts) < 6 or not parts[5] or resource.endswith("/"))


def _better(request: Request, holds: Callable[[Request], bool], policies: Sequence[Policy]) -> Iterator[Request]:
    """Realistic requests that satisfy `holds`, those that change one field at a time first."""
    names = list(islice(_actions(request, policies), 60))
    samples = _samples(request, policies)
    same = [name for name in names if holds(replace(request, action=name))]
    own = [request.resource, *(text for text in samples if holds(replace(request, resource=text)))]
    yield from islice(_joined(request, holds, same, own), 1)
    yield from islice(_joined(request, holds, [*same, *names], samples), 1)
    plain = [name for name in same if _fits(name, request.resource)]
    yield from (replace(request, action=name) for name in plain[:1])


def _joined(
    request: Request, holds: Callable[[Request], bool], names: Sequence[str], samples: Sequence[str]
) -> Iterator[Request]:
    tries = 0
    for name in names:
        action = services.known_action(name)
        if action is None:
            continue
        generic = [services.sample_arn(arn_format) for _, arn_format in action.resources] or ["*"]
        for resource in (text for text in [*samples, *generic] if _fits(name, text) and not _odd(text)):
            tries += 1
            candidate = replace(request, action=name, resource=resource)
            if holds(candidate) and not obstacles_of(candidate):
                yield candidate
            if tries >= TRIES:
                return


def _actions(request: Request, policies: Sequence[Policy]) -> Iterator[str]:
    known = services.known_action(request.action)
    if known:
        yield known.name
    lowered = request.action.lower()
    fitting: dict[str, None] = {}
    for value in _element_values(policies, "actions"):
        if value != "*" and patterns.action(value).matches(lowered):
            fitting.update(dict.fromkeys(services.expand(value)))
    yield from sorted(fitting, key=lambda name: not _fits(name, request.resource))
    service = request.resource.split(":")[2] if request.resource.count(":") >= 2 else ""
    named = {value.partition(":")[0].lower() for value in _element_values(policies, "actions")}
    for prefix in dict.fromkeys([service, *sorted(named), *_COMMON]):
        yield from islice(services.actions_of(prefix), 12)


@lru_cache(maxsize=16384)
def _fits(name: str, resource: str) -> bool:
    action = services.known_action(name)
    return action is not None and services.resource_fits(action, resource)


def _element_values(policies: Iterable[Policy], element: str) -> Iterator[str]:
    for policy in policies:
        for statement in policy.statements:
            found = getattr(statement, element)
            if found is not None:
                yield from found.values


def _samples(request: Request, policies: Sequence[Policy]) -> list[str]:
    texts = dict.fromkeys(_element_values(policies, "resources"))
    found = dict.fromkeys(sample for text in texts if (sample := sample_of(text, request)) is not None)
    return list(islice(found, 24))


def sample_of(text: str, request: Request) -> str | None:
    """A plausible resource that a Resource pattern matches, None when a variable has no value in the request."""
    replaced = variables.substitute(text, request.single)
    if replaced is None:
        return None
    parts = replaced.split(":", patterns.ARN_COLONS)
    if len(parts) == patterns.ARN_COLONS + 1:
        fills = ["arn", "aws", parts[2].replace("*", "s3"), services.REGION, services.ACCOUNT, "example"]
        parts = [fill if part == "*" else part for part, fill in zip(parts, fills, strict=True)]
    joined = ":".join(parts)
    return patterns.unescape(joined.replace("*", "example").replace("?", "x"))


def _plain_values(request: Request, holds: Callable[[Request], bool]) -> Request:
    for key, value in list(request.context.items()):
        nicer = _VALUES.get(key.lower(), "example")
        if isinstance(value, tuple) or value == nicer or len(value) > 2:
            continue
        candidate = replace(request, context={**request.context, key: nicer})
        if holds(candidate):
            request = candidate
    return request
