"""Short ways to write policies and requests in tests, and a generator of random ones."""

import random
from typing import Any

from cloudwright.policies.iam.document import Policy, PolicyKind
from cloudwright.policies.iam.parse import parse_policy
from cloudwright.policies.iam.request import Request

ALICE = "arn:aws:iam::123456789012:user/alice"
APP = "arn:aws:iam::123456789012:role/app"
SESSION = "arn:aws:sts::123456789012:assumed-role/app/one"
OUTSIDER = "arn:aws:iam::999988887777:user/outsider"


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    """An Allow statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    """A Deny statement."""
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def policy(*statements: dict[str, Any], version: str | None = "2012-10-17", kind: PolicyKind | None = None) -> Policy:
    """A document."""
    raw: dict[str, Any] = {"Statement": list(statements)}
    if version:
        raw["Version"] = version
    return parse_policy(raw, kind)


def request(
    action: str = "s3:GetObject", resource: str = "arn:aws:s3:::b/k", principal: str | None = None, **context: Any
) -> Request:
    """A request; `aws__username` stands for the key aws:username."""
    return Request(action, resource, principal, {key.replace("__", ":"): value for key, value in context.items()})


ACTIONS = [
    "*",
    "s3:*",
    "s3:Get*",
    "s3:GetObject",
    "s3:?utObject",
    "S3:putobject",
    "iam:PassRole",
    "*:Get*",
    "s3:*Object",
]
RESOURCES = [
    "*",
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::b/?",
    "arn:*:s3:::b*",
    "arn:aws:iam::*:role/x",
    "arn:aws:iam::1*2:role/*",
    "arn:aws:s3:::${aws:username}/*",
    "arn:aws:s3:::b/${aws:username}",
    "${k}",
    "b*k",
    "${k, 'b'}*",
]
PRINCIPALS: list[Any] = [
    "*",
    {"AWS": "*"},
    {"AWS": "123456789012"},
    {"AWS": ALICE},
    {"AWS": [APP, ALICE]},
    {"AWS": SESSION},
    {"Service": "lambda.amazonaws.com"},
    {"AWS": "arn:aws:iam::123456789012:root"},
    {"AWS": OUTSIDER},
]
CLAUSES: list[tuple[str, str, list[Any]]] = [
    ("StringEquals", "k", ["a", "b*", "${aws:username}"]),
    ("StringNotEquals", "k", ["a", "b"]),
    ("StringLike", "k", ["a*", "*b", "?", "${aws:username}*"]),
    ("StringNotLike", "K", ["a*", "ab*"]),
    ("StringEqualsIgnoreCase", "k", ["A", "aB"]),
    ("StringNotEqualsIgnoreCase", "k", ["AB"]),
    ("NumericLessThan", "n", [3, 10, "x"]),
    ("NumericGreaterThanEquals", "n", [3, 2.5]),
    ("NumericNotEquals", "n", [3]),
    ("DateLessThan", "d", ["2026-01-01T00:00:00Z", "1700000000"]),
    ("DateGreaterThan", "d", ["2025-06-01"]),
    ("Bool", "t", ["true", False]),
    ("IpAddress", "ip", ["10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32"]),
    ("NotIpAddress", "ip", ["10.1.2.3", "0.0.0.0/0"]),
    ("ArnLike", "arn", ["arn:aws:s3:::b*", "arn:aws:*:*:1:x"]),
    ("ArnNotEquals", "arn", ["arn:aws:s3:::b"]),
    ("Null", "k", ["true"]),
    ("Null", "n", ["false"]),
    ("BinaryEquals", "bin", ["QUJD"]),
    ("StringEquals", "s", ["a", "b"]),
    ("StringLike", "s", ["b*", "c"]),
]
PREFIXES = ["", "", "", "ForAllValues:", "ForAnyValue:"]


def random_policy(rng: random.Random, *, variables: bool = True, kind: str | None = None) -> Policy:
    """A small random document."""
    named = (kind or rng.choice(["identity", "resource"])) == "resource"
    statements = []
    for _ in range(rng.randint(1, 3)):
        item: dict[str, Any] = {"Effect": rng.choice(["Allow", "Allow", "Deny"])}
        item[rng.choice(["Action", "Action", "Action", "NotAction"])] = rng.sample(ACTIONS, rng.randint(1, 2))
        pool = RESOURCES if variables else [text for text in RESOURCES if "${" not in text]
        item[rng.choice(["Resource", "Resource", "Resource", "NotResource"])] = rng.sample(pool, rng.randint(1, 2))
        if named:
            item[rng.choice(["Principal", "Principal", "Principal", "NotPrincipal"])] = rng.choice(PRINCIPALS)
        if rng.random() < 0.6:
            item["Condition"] = _conditions(rng, variables)
        statements.append(item)
    return parse_policy({"Version": rng.choice(["2012-10-17", "2012-10-17", "2008-10-17"]), "Statement": statements})


def _conditions(rng: random.Random, variables: bool) -> dict[str, dict[str, Any]]:
    block: dict[str, dict[str, Any]] = {}
    for _ in range(rng.randint(1, 3)):
        operator, key, values = rng.choice(CLAUSES)
        if not variables:
            values = [value for value in values if "${" not in str(value)]
        if operator != "Null":
            operator = (rng.choice(PREFIXES) if key == "s" else "") + operator + rng.choice(["", "", "", "IfExists"])
        block.setdefault(operator, {})[key] = rng.sample(values, rng.randint(1, min(2, len(values))))
    return block
