"""Malformed and hostile documents."""

import copy
import json
import random
import time
from collections import Counter
from typing import Any

from cloudwright.policies.iam.errors import PolicyError
from cloudwright.policies.iam.evaluate import evaluate
from cloudwright.policies.iam.lint import lint
from cloudwright.policies.iam.parse import load_policy
from cloudwright.policies.iam.request import Request

SLOW_S = 1.0
BASE = {
    "Version": "2012-10-17",
    "Id": "x",
    "Statement": [
        {
            "Sid": "A",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:Put*"],
            "Resource": "arn:aws:s3:::b/${aws:username}/*",
            "Condition": {
                "StringLike": {"aws:PrincipalTag/x": ["a*", "b?"]},
                "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
            },
        },
        {
            "Effect": "Deny",
            "NotAction": "iam:*",
            "NotResource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": False}},
        },
    ],
}
JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    1e308,
    10**400,
    "",
    "*",
    "**",
    "?" * 50,
    "a" * 5000,
    "${",
    "${}",
    "${a",
    "${aws:username",
    "$" * 30,
    "${aws:x, 'd'}",
    "\x00",
    "\ud800",
    "arn:",
    ":" * 40,
    "*" * 2000,
    ("*a" * 300),
    ("?*" * 200),
    "s3:" + "*?" * 200,
    [],
    {},
    [[]],
    [None],
    {"AWS": "*"},
    {"AWS": []},
    {"X": "y"},
    {"StringEquals": {}},
    {"Null": {"a": "maybe"}},
    "0.0.0.0/0",
    "::/0",
    "1/2/3",
    {"NumericEquals": {"k": "1e999999"}},
    {"DateEquals": {"k": "99999-99-99"}},
    {"IpAddress": {"k": "300.1.1.1"}},
    "Allow",
    "Deny",
    {"ForAllValues:ForAnyValue:StringEquals": {"k": "v"}},
    {"StringEqualsIfExists": {"": "v"}},
    "2012-10-17",
    "\u202e",
    "\U0001f600",
]
REQUEST = Request(
    "s3:GetObject",
    "arn:aws:s3:::b/" + "a" * 200,
    "arn:aws:iam::123456789012:user/alice",
    {"aws:username": "a" * 50, "aws:SourceIp": "10.1.1.1", "k": "1"},
)


def mutated(rng: random.Random) -> str:
    """One document text: a good one with parts replaced, doubled or dropped, or with its text damaged."""
    document = json.loads(json.dumps(BASE))
    for _ in range(rng.randint(1, 4)):
        _mutate(rng, document)
    text = json.dumps(document)
    kind = rng.random()
    if kind < 0.12:
        at = rng.randrange(len(text))
        text = (
            text[:at]
            + rng.choice(["", "{", "}", "[", '"', "\\", "\x00", ",", "NaN", "1e999"])
            + text[at + rng.randint(0, 3) :]
        )
    elif kind < 0.14:
        text = rng.choice(
            [
                "[" * 20_000,
                '{"a":' * 5_000,
                "",
                " ",
                "null",
                "[]",
                '"x"',
                "1" * 5_000,
                '{"Statement":{"Statement":' * 400,
            ]
        )
    return text


def _mutate(rng: random.Random, node: Any) -> None:
    while True:
        if isinstance(node, dict) and node:
            key = rng.choice(list(node))
        elif isinstance(node, list) and node:
            key = rng.randrange(len(node))
        else:
            return
        if rng.random() < 0.45 or not isinstance(node[key], dict | list):
            break
        node = node[key]
    action = rng.random()
    if action < 0.6:
        node[key] = copy.deepcopy(rng.choice(JUNK))
    elif action < 0.75 and isinstance(node, dict):
        node[
            rng.choice(
                ["Principal", "NotPrincipal", "Action", "NotAction", "Resource", "Sid", "Effect", "Condition", "zz"]
            )
        ] = copy.deepcopy(rng.choice(JUNK))
    elif action < 0.9:
        del node[key]
    else:
        node[key] = [node[key], node[key]]


def fuzz(number: int, seed: int, *, deep_every: int = 50) -> str:
    """Parse `number` documents; what parses is evaluated, and every `deep_every`-th of those is linted with proofs.

    Raises AssertionError for an exception other than PolicyError, for a sentence that is none, or for a slow document.
    """
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    slowest = 0.0
    lint(load_policy(json.dumps(BASE)))
    for _ in range(number):
        text = mutated(rng)
        start = time.process_time()
        try:
            policy = load_policy(text)
        except PolicyError as error:
            message = str(error)
            assert message
            assert "\n" not in message
            assert len(message) < 400
            counts["rejected"] += 1
        else:
            counts["accepted"] += 1
            evaluate(policy, REQUEST)
            if counts["accepted"] % deep_every == 0:
                lint(policy)
                counts["linted with proofs"] += 1
        taken = time.process_time() - start
        slowest = max(slowest, taken)
        assert taken < SLOW_S, f"{taken:.2f} s for {text[:300]}"
    return f"n={number}, seed {seed}: {dict(counts)}, slowest {slowest * 1000:.0f} ms"
