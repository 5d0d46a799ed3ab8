"""Nothing that a client sends makes the server fail or hang."""

import json
import re
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudwright.twin.clock import Clock
from cloudwright.twin.schema.kinds import builtin
from cloudwright.twin.server.exchange import Call
from cloudwright.twin.server.gateway import Gateway
from cloudwright.twin.server.pipeline import ApiServer
from cloudwright.twin.server.request import User
from cloudwright.twin.store import Store
from tests.twin.conformance import corpus
from tests.twin.conformance.corpus import requests

REQUESTS = 50
MEDIA = (
    "application/json",
    requests.MERGE,
    requests.STRATEGIC,
    requests.JSON_PATCH,
    requests.APPLY,
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
)
QUERIES = (
    "",
    "dryRun=All",
    "fieldManager=f",
    "fieldManager=f&force=true",
    "fieldValidation=Strict",
    "watch=1",
    "limit=1",
    "labelSelector=a%3Db",
    "fieldSelector=metadata.name%3Dx",
    "continue=x",
    "resourceVersion=-1",
    "propagationPolicy=Foreground",
    "gracePeriodSeconds=abc",
)
ODD: tuple[Any, ...] = (
    None,
    "",
    "x",
    0,
    -1,
    1.5,
    2**70,
    True,
    [],
    {},
    [None],
    {"a": None},
    "\u00e9\u0000",
    [[]],
    {"": {}},
)
SAMPLES = [step for step in corpus.steps() if isinstance(step.body, dict | list)]
PATHS = sorted({step.path.partition("?")[0] for step in corpus.steps() if "$" not in step.path})
AS_REAL = re.compile("declared merge key|target.(name|kind): ")
"""What a real server answers with 500, too."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SUBRESOURCES = ("", "/x", "/x/status", "/x/scale", "/x/log", "/x/nope", "/x/token", "/x/eviction", "/x/binding")


def mangled(chance: Random, value: Any, depth: int = 0) -> Any:
    """A copy of a body in which something is wrong."""
    if chance.randrange(12) == 0:
        return chance.choice(ODD)
    if isinstance(value, dict) and depth < 8:
        result = {
            name: mangled(chance, each, depth + 1) if chance.randrange(2) else each for name, each in value.items()
        }
        if result and chance.randrange(6) == 0:
            result.pop(chance.choice(sorted(result)))
        return result
    if isinstance(value, list) and depth < 8:
        return [mangled(chance, each, depth + 1) for each in value]
    return value


def call(chance: Random) -> Call:
    """One request, near to a sensible one."""
    step = chance.choice(SAMPLES)
    path = step.path.partition("?")[0] if chance.randrange(4) else chance.choice(PATHS)
    if chance.randrange(10) == 0:
        info = chance.choice(builtin())
        root = f"/apis/{info.resource.group}/v1" if info.resource.group else "/api/v1"
        path = f"{root}/namespaces/conf/{info.resource.plural}{chance.choice(SUBRESOURCES)}"
    body = json.dumps(mangled(chance, step.body)).encode()
    if chance.randrange(20) == 0:
        body = chance.randbytes(chance.randrange(60))
    method = step.method if chance.randrange(4) else chance.choice(METHODS)
    media = step.content_type if chance.randrange(4) else chance.choice(MEDIA)
    headers = (("authorization", "Bearer admin"), ("content-type", media), ("user-agent", "fuzz"))
    return Call(method, path, chance.choice(QUERIES), headers, body)


def gateway() -> Gateway:
    """A fresh server with the corpus's namespace."""
    server = ApiServer(Store(), Clock(1_767_225_600.0))
    made = Gateway(server, users={"admin": User("admin", ("system:masters", "system:authenticated"))})
    for step in corpus.setup():
        headers = (("authorization", "Bearer admin"), ("content-type", "application/json"))
        assert made.respond(Call("POST", step.path, "", headers, json.dumps(step.body).encode())).code == 201
    return made


def survives(seed: int) -> None:
    """Every call of a batch is answered, and none with a failure of the server itself."""
    chance, served = Random(seed), gateway()
    for _ in range(REQUESTS):
        sent = call(chance)
        answer = served.respond(sent)
        if answer.watch is not None:
            list(answer.watch.take())
            answer.watch.close()
        elif answer.stream is None:
            answer.encoded()
            assert answer.code != 500 or AS_REAL.search(str(answer.obj)), (sent, answer.obj)


COMMON: Any = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}


@settings(max_examples=20, **COMMON)
@given(st.integers(0, 2**32))
def test_a_thousand_odd_requests_are_all_answered(seed: int) -> None:
    survives(seed)


@pytest.mark.full
@settings(max_examples=400, **COMMON)
@given(st.integers(0, 2**32))
def test_twenty_thousand_odd_requests_are_all_answered(seed: int) -> None:
    survives(seed)
