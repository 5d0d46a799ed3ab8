"""The formulas and the evaluator say the same, on tens of thousands of random policies and requests."""

import random

import pytest

from cloudwright.policies.iam import patterns
from cloudwright.policies.iam.document import Policy
from cloudwright.policies.iam.encode import Encoder
from cloudwright.policies.iam.errors import TooComplex
from cloudwright.policies.iam.evaluate import outcome
from cloudwright.policies.iam.request import ContextValue, Request
from cloudwright.policies.iam.world import World, build_world
from tests.policies.iam.documents import random_policy

CHUNKS = 20
SLICE = 3
POLICIES = 100
REQUESTS = 10


def random_cells(rng: random.Random, world: World) -> tuple[Request, dict[str, set[int]]]:
    """A request made of one cell for each field, and the chosen cells by field."""
    chosen: dict[str, set[int]] = {}

    def pick(name: str, values: list[str | None]) -> str | None:
        position = rng.randrange(len(values))
        chosen[name] = {position}
        return values[position]

    action = pick("action", [cell.value for cell in world.action_cells])
    resource = pick("resource", [cell.value for cell in world.resource_cells])
    principal = pick("principal", [cell.value for cell in world.principal_cells])
    context: dict[str, ContextValue] = {}
    for key, cells in world.key_cells.items():
        if key in world.set_keys:
            members = {i for i in range(len(cells)) if rng.random() < 0.4}
            chosen[f"key {key}"] = members
            if members:
                context[key] = tuple(str(cells[i].value) for i in sorted(members))
        else:
            value = pick(f"key {key}", [cell.value for cell in cells])
            if value is not None:
                context[key] = value
    return Request(str(action), str(resource), principal if world.has_principals else None, context), chosen


def formula_allows(encoder: Encoder, policy: Policy, chosen: dict[str, set[int]]) -> bool:
    """The formula's value under the chosen cells."""
    pins = [
        item if i in picked else encoder.no(item)
        for name, picked in chosen.items()
        for i, item in enumerate(encoder.chosen(name))
    ]
    return encoder.find(encoder.all([*pins, encoder.allows(policy)])) is not False


@pytest.mark.parametrize("chunk", [pytest.param(i, marks=pytest.mark.full) if i >= SLICE else i for i in range(CHUNKS)])
def test_formula_and_evaluator_agree(chunk: int) -> None:
    rng = random.Random(chunk)
    pairs = 0
    while pairs < POLICIES * REQUESTS:
        policy = random_policy(rng)
        try:
            world = build_world([policy])
        except TooComplex:
            continue
        encoder = Encoder(world)
        for _ in range(REQUESTS):
            request, chosen = random_cells(rng, world)
            assert formula_allows(encoder, policy, chosen) == outcome(policy, request).allowed, (policy, request)
            pairs += 1


@pytest.mark.parametrize("seed", range(3))
def test_every_request_falls_into_a_cell(seed: int) -> None:
    """Random texts, not made from cells, have the tests of some cell: the classes are complete."""
    rng = random.Random(seed)
    for _ in range(120):
        policy = random_policy(rng, variables=False)
        world = build_world([policy])
        tests = list(world.ground_index["resource"])
        masks = {cell.mask for cell in world.resource_cells}
        for _ in range(40):
            text = "".join(
                rng.choice(["arn:aws:s3:::", "arn:aws:iam::", "b", "/", "*", "k", "1", "2", ":", "role/x"])
                for _ in range(rng.randint(1, 6))
            )
            request = Request("s3:GetObject", text)
            mask = sum(1 << i for i, test in enumerate(tests) if any(_matches(value, request) for value in test.values))
            assert mask in masks, (policy, text)


def _matches(value: str, request: Request) -> bool:
    return patterns.resource(value).matches(request.resource)
