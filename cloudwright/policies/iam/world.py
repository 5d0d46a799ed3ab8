"""The finite world of some policies: for each field the values that they can tell apart. No solver here.

A context key is one variable (absent or one value), or, when a set operator is used on it, a set of values. Policy
variables tie
two fields together: a test on the pattern is spelled out once for each value of the variable's key that can matter
(`residual`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

from cloudwright.policies.iam import patterns, variables
from cloudwright.policies.iam.automaton import Machine, machine
from cloudwright.policies.iam.cells import Cell, KeyCells, key_cells
from cloudwright.policies.iam.classes import overlap, residual, word_classes
from cloudwright.policies.iam.conditions import ValueTest, text_pattern
from cloudwright.policies.iam.document import Clause, Policy, PrincipalElement
from cloudwright.policies.iam.errors import TooComplex
from cloudwright.policies.iam.operators import OPERATORS, TEXT_FAMILIES, VARIABLE_FAMILIES, Family
from cloudwright.policies.iam.patterns import Pattern
from cloudwright.policies.iam.principals import caller, element_matches
from cloudwright.policies.iam.request import ANONYMOUS

RESOURCE = "resource"
ASSIGNMENT_CAP = 4096
ACTION_DOMAIN = patterns.Pattern("service:Name", (
    patterns.Wild.ANY_IN_PART, patterns.Wild.STAR_IN_PART, ":", patterns.Wild.ANY_IN_PART, patterns.Wild.STAR_IN_PART,
))  # fmt: skip
RESOURCE_DOMAIN = patterns.glob("?*")


@dataclass(frozen=True)
class Template:
    """A test on the resource or on a key as written, before variables have values.

    `family` None is a Resource element.
    """

    field: str
    values: tuple[str, ...]
    family: Family | None
    compare: str = "="
    substitutes: bool = False

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The context keys that it depends on."""
        if not self.substitutes:
            return ()
        return tuple(sorted({key for value in self.values for key in variables.keys(value)}))

    def ground(self, assignment: dict[str, str | None]) -> "Ground":
        """The test under given values of its keys."""
        if not self.substitutes:
            return Ground(self.field, self.values, self.family, self.compare)
        replaced = [variables.substitute(value, assignment.get) for value in self.values]
        return Ground(self.field, tuple(value for value in replaced if value is not None), self.family, self.compare)


@dataclass(frozen=True)
class Ground:
    """A test without variables."""

    field: str
    values: tuple[str, ...]
    family: Family | None
    compare: str = "="

    def value_test(self) -> ValueTest:
        """As a test on a key's value."""
        return ValueTest(self.family or Family.STRING, self.compare, self.values)  # type: ignore[arg-type]


def element_pattern(family: Family | None, text: str) -> Pattern:
    """A text of a Resource element or of a text operator as a pattern."""
    return patterns.resource(text) if family is None else text_pattern(family, text)


def resource_template(values: tuple[str, ...], *, substitutes: bool) -> Template:
    """The template of a Resource element."""
    return Template(RESOURCE, values, None, substitutes=substitutes and any("${" in value for value in values))


def clause_template(clause: Clause, *, substitutes: bool) -> Template:
    """The template of a clause (not of Null)."""
    operator = OPERATORS[clause.operator]
    variable = substitutes and operator.family in VARIABLE_FAMILIES and any("${" in value for value in clause.values)
    return Template(clause.key.lower(), clause.values, operator.family, operator.compare, variable)


@dataclass
class World:
    """Cells of every field that the policies mention. Build with `build_world`. Raises TooComplex there."""

    actions: dict[tuple[str, ...], int] = field(default_factory=dict)
    principals: dict[PrincipalElement, int] = field(default_factory=dict)
    templates: set[Template] = field(default_factory=set)
    null_keys: set[str] = field(default_factory=set)
    set_keys: set[str] = field(default_factory=set)
    spelling: dict[str, str] = field(default_factory=dict)
    action_cells: list[Cell] = field(default_factory=list)
    principal_cells: list[Cell] = field(default_factory=list)
    resource_cells: list[Cell] = field(default_factory=list)
    key_cells: dict[str, list[Cell]] = field(default_factory=dict)
    ground_index: dict[str, dict[Ground, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    has_principals: bool = False
    mixed: bool = False

    def assignments(self, template: Template) -> Iterator[tuple[tuple[Cell, ...], Ground]]:
        """Every combination of cells of the template's keys, with the test under it."""
        cells = [self.key_cells[key] for key in template.keys]
        size = 1
        for options in cells:
            size *= len(options)
        if size > ASSIGNMENT_CAP:
            raise TooComplex(f"{size} combinations of policy variables in {template.values[0]!r}")
        for chosen in product(*cells):
            values = {key: cell.value for key, cell in zip(template.keys, chosen, strict=True)}
            yield chosen, template.ground(values)


def build_world(policies: Sequence[Policy], extra_principals: Iterable[str] = (), *, mixed: bool = False) -> World:
    """Collect what the policies test and compute the cells. Raises TooComplex.

    In a `mixed` world identity policies speak only about the identity that they are attached to, whom no resource
    policy can
    name: a caller without a name.
    """
    pinned = list(extra_principals)
    world = World(has_principals=bool(pinned) or any(policy.has_principals for policy in policies), mixed=mixed)
    for policy in policies:
        _collect(world, policy)
    groups = [[machine(patterns.action(value)) for value in values] for values in world.actions]
    world.action_cells = [Cell(found.mask, found.witness) for found in word_classes(groups, ACTION_DOMAIN)]
    world.principal_cells = list(principal_cells(world.principals, pinned, has_principals=world.has_principals))
    if mixed:
        nobody = sum(1 << i for element, i in world.principals.items() if element_matches(element, ANONYMOUS))
        world.principal_cells.append(Cell(nobody, None))
    _key_and_resource_cells(world)
    return world


def _collect(world: World, policy: Policy) -> None:
    for statement in policy.statements:
        world.actions.setdefault(statement.actions.values, len(world.actions))
        if statement.principals is not None:
            bare = PrincipalElement(statement.principals.values)
            world.principals.setdefault(bare, len(world.principals))
        if statement.resources is not None:
            world.templates.add(resource_template(statement.resources.values, substitutes=policy.substitutes))
        for clause in statement.conditions:
            key = clause.key.lower()
            world.spelling.setdefault(key, clause.key)
            if clause.quantifier:
                world.set_keys.add(key)
            if OPERATORS[clause.operator].family is Family.NULL:
                world.null_keys.add(key)
            else:
                world.templates.add(clause_template(clause, substitutes=policy.substitutes))


def principal_cells(
    elements: Mapping[PrincipalElement, int], extra: Iterable[str] = (), *, has_principals: bool = True
) -> Iterator[Cell]:
    """One principal for every way to be covered by the elements; those in `extra` always have a cell of their own."""
    seen: set[int] = set()
    pinned = list(extra)
    candidates = list(_callers(elements)) if has_principals else []
    for text in dict.fromkeys([*pinned, *candidates, ANONYMOUS]):
        mask = sum(1 << i for element, i in elements.items() if element_matches(element, text))
        if mask not in seen or text in pinned:
            seen.add(mask)
            yield Cell(mask, text)


def _callers(elements: Iterable[PrincipalElement]) -> Iterator[str]:
    listed = sorted({pair for element in elements for pair in element.values if pair[1] != "*"})
    accounts: dict[str, str] = {}
    for _, value in listed:
        who = caller(value)
        if who.kind != "account":
            yield value
        if who.kind == "role":
            yield f"arn:{who.partition}:sts::{who.account}:assumed-role/{who.role}/session"
        if who.kind == "session":
            yield f"arn:{who.partition}:iam::{who.account}:role/{who.role}"
            yield f"arn:{who.partition}:sts::{who.account}:assumed-role/{who.role}/other-session"
        if who.account:
            accounts[who.account] = who.partition
    for account, partition in accounts.items():
        users = (f"arn:{partition}:iam::{account}:user/{name}" for name in ("alice", "bob", "carol", "somebody-else"))
        yield next(
            (user for user in users if all(user != value for _, value in listed)),
            f"arn:{partition}:iam::{account}:user/x",
        )
    outside = next(account for account in ("999988887777", "888877776666", "777766665555") if account not in accounts)
    yield f"arn:aws:iam::{outside}:user/outsider"
    yield "unlisted.amazonaws.com"


def _key_and_resource_cells(world: World) -> None:
    variable_keys = sorted({key for template in world.templates for key in template.keys})
    by_field: dict[str, list[Template]] = {}
    for template in sorted(world.templates, key=lambda item: (item.field, item.values)):
        by_field.setdefault(template.field, []).append(template)
    for key in variable_keys:
        world.spelling.setdefault(key, key)
    in_progress: set[str] = set()

    def finish(key: str) -> None:
        if key in world.key_cells:
            return
        if key in in_progress:
            raise TooComplex(f"policy variables depend on each other in a circle ({key})")
        in_progress.add(key)
        for template in by_field.get(key, []):
            for needed in template.keys:
                finish(needed)
        residuals = _residuals(world, key, by_field) if key in variable_keys else []
        world.key_cells[key] = _cells_of(world, key, by_field.get(key, []), residuals)

    fields = sorted({template.field for template in world.templates if template.family is not None} | world.null_keys)
    for key in [*variable_keys, *fields]:
        finish(key)
    tests = _index(world, RESOURCE, by_field.get(RESOURCE, []))
    groups = [[machine(patterns.resource(value)) for value in test.values] for test in tests]
    world.resource_cells = [Cell(found.mask, found.witness) for found in word_classes(groups, RESOURCE_DOMAIN)]


def _index(world: World, name: str, templates: Iterable[Template]) -> list[Ground]:
    index: dict[Ground, int] = {}
    for template in templates:
        for _, ground in world.assignments(template):
            index.setdefault(ground, len(index))
    world.ground_index[name] = index
    return list(index)


def _cells_of(world: World, key: str, templates: Sequence[Template], residuals: Sequence[Machine]) -> list[Cell]:
    tests = [ground.value_test() for ground in _index(world, key, templates)]
    found: KeyCells = key_cells(tests, residuals)
    if not found.exact:
        world.notes.append(
            f"{world.spelling[key]}: comparisons of different kinds on one key, combinations are sampled"
        )
    cells = list(found.cells)
    return cells if key in world.set_keys else [Cell(0, None), *cells]


def _residuals(world: World, key: str, by_field: dict[str, list[Template]]) -> list[Machine]:
    out: dict[Machine, None] = {}
    for name, templates in by_field.items():
        texts = {
            (t.family, value, t.substitutes)
            for t in templates
            for value in t.values
            if t.family is None or t.family in TEXT_FAMILIES
        }
        for family, text, substitutes in sorted(texts, key=str):
            if not substitutes or key not in variables.keys(text):
                continue
            for before, after in _around(text, key, family):
                for other in _others(world, name, text, family, texts):
                    found = residual(other, before, after)
                    if found.starts and found.ends:
                        out[found] = None
    return list(out)


def _others(
    world: World, name: str, text: str, family: Family | None, texts: Iterable[tuple[Family | None, str, bool]]
) -> Iterator[Pattern]:
    own = element_pattern(family, _with_stars(text))
    for other_family, other, substitutes in sorted(texts, key=str):
        if other == text:
            continue
        pattern = element_pattern(other_family, _with_stars(other) if substitutes else other)
        if not overlap(own, pattern):
            continue
        if substitutes and variables.keys(other):
            note = f"{name}: variables in overlapping patterns ({text} and {other}) are compared by sample values"
            if note not in world.notes:
                world.notes.append(note)
        yield pattern


def _with_stars(text: str) -> str:
    return "".join(piece if isinstance(piece, str) else "*" for piece in variables.split(text))


def _around(text: str, key: str, family: Family | None) -> Iterator[tuple[Pattern, Pattern]]:
    pieces = variables.split(text)
    for i, piece in enumerate(pieces):
        if isinstance(piece, variables.Variable) and piece.key == key:
            sides = [
                "".join(part if isinstance(part, str) else "*" for part in side)
                for side in (pieces[:i], pieces[i + 1 :])
            ]
            yield element_pattern(family, sides[0]), element_pattern(family, sides[1])
