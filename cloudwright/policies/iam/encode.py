"""Policies as Boolean formulas over the cells of a world, and requests read back from models."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudwright.policies.iam.cells import Cell
from cloudwright.policies.iam.conditions import absent_holds
from cloudwright.policies.iam.document import Clause, Effect, Policy, PrincipalElement, Statement
from cloudwright.policies.iam.lazy import join, solver_context, z3
from cloudwright.policies.iam.operators import OPERATORS, Family
from cloudwright.policies.iam.request import ContextValue, Request
from cloudwright.policies.iam.world import RESOURCE, Template, World, clause_template, resource_template

Formula = Any  # z3 has no types


@dataclass
class Encoder:
    """Formulas over one world, in the z3 context of the thread that makes it.

    `timeout_ms` bounds every solver call; a call that runs out is "undecided".
    """

    world: World
    timeout_ms: int = 10_000
    context: Any = field(default_factory=solver_context)
    _cells: dict[tuple[str, int], Formula] = field(default_factory=dict)
    _domains: dict[str, list[Formula]] = field(default_factory=dict)
    _tests: dict[tuple[str, object], Formula] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)
    _solver: Any = None

    def constant(self, value: bool) -> Formula:
        """True or False as a formula of this context."""
        return z3.BoolVal(value, self.context)

    def any(self, formulas: Iterable[Formula]) -> Formula:
        """Disjunction."""
        return join(self.context, formulas, every=False)

    def all(self, formulas: Iterable[Formula]) -> Formula:
        """Conjunction."""
        return join(self.context, formulas, every=True)

    def no(self, formula: Formula) -> Formula:
        """Negation."""
        return z3.Not(formula)

    def cells(self, name: str) -> list[Cell]:
        """The cells of "action", "principal", "resource" or a lower-case key."""
        fixed = {
            "action": self.world.action_cells,
            "principal": self.world.principal_cells,
            RESOURCE: self.world.resource_cells,
        }
        return fixed[name] if name in fixed else self.world.key_cells[name.removeprefix("key ")]

    def chosen(self, name: str) -> list[Formula]:
        """One Boolean a cell: the request's value lies in it (for set keys: the list holds such a value)."""
        if name not in self._domains:
            self._domains[name] = [z3.Bool(f"{name}#{i}", self.context) for i in range(len(self.cells(name)))]
        return self._domains[name]

    def _holds(self, name: str, bit: int) -> Formula:
        if (name, bit) not in self._tests:
            pairs = zip(self.cells(name), self.chosen(name), strict=True)
            self._tests[name, bit] = self.any(chosen for cell, chosen in pairs if cell.mask >> bit & 1)
        return self._tests[name, bit]

    def _selected(self, key: str, cell: Cell) -> Formula:
        cells, chosen = self.cells(f"key {key}"), self.chosen(f"key {key}")
        position = cells.index(cell)
        if key not in self.world.set_keys:
            return chosen[position]
        return self.all([item if i == position else z3.Not(item) for i, item in enumerate(chosen)])

    def _template(self, template: Template, holds: Callable[[int], Formula]) -> Formula:
        name = template.field
        index = self.world.ground_index[name]
        if not template.keys:
            return holds(index[template.ground({})])
        by_ground: dict[int, list[Formula]] = {}
        for cells, ground in self.world.assignments(template):
            selected = self.all(self._selected(key, cell) for key, cell in zip(template.keys, cells, strict=True))
            by_ground.setdefault(index[ground], []).append(selected)
        return self.any(self.all([self.any(ways), holds(bit)]) for bit, ways in by_ground.items())

    def action(self, statement: Statement) -> Formula:
        """The statement's Action element."""
        held = self._holds("action", self.world.actions[statement.actions.values])
        return z3.Not(held) if statement.actions.negated else held

    def principal(self, element: PrincipalElement | None) -> Formula:
        """The statement's Principal element."""
        if element is None:
            return self.chosen("principal")[-1] if self.world.mixed else self.constant(True)
        held = self._holds("principal", self.world.principals[PrincipalElement(element.values)])
        return z3.Not(held) if element.negated else held

    def resource(self, policy: Policy, statement: Statement) -> Formula:
        """The statement's Resource element."""
        if statement.resources is None:
            return self.constant(True)
        template = resource_template(statement.resources.values, substitutes=policy.substitutes)
        held = self._template(template, lambda bit: self._holds(RESOURCE, bit))
        return z3.Not(held) if statement.resources.negated else held

    def present(self, key: str) -> Formula:
        """The key has a value."""
        cells, chosen = self.cells(f"key {key}"), self.chosen(f"key {key}")
        return self.any(item for cell, item in zip(cells, chosen, strict=True) if cell.value is not None)

    def clause(self, policy: Policy, clause: Clause) -> Formula:
        """One condition clause, in the cases of `conditions.clause_holds`."""
        key, operator = clause.key.lower(), OPERATORS[clause.operator]
        present = self.present(key)
        if operator.family is Family.NULL:
            return self.any(z3.Not(present) if value.lower() == "true" else present for value in clause.values)
        template = clause_template(clause, substitutes=policy.substitutes)
        when_present = self._when_present(clause, template, key, operator.negated)
        return self.any(
            [
                self.all([present, when_present]),
                self.all([z3.Not(present), self.constant(absent_holds(clause, operator))]),
            ]
        )

    def _when_present(self, clause: Clause, template: Template, key: str, negated: bool) -> Formula:
        some_match = self._template(template, lambda bit: self._holds(f"key {key}", bit))
        if clause.quantifier == "" or (clause.quantifier == "ForAnyValue") != negated:
            wanted = clause.quantifier == "ForAnyValue" or not negated
            if clause.quantifier == "ForAllValues":
                wanted = False
            return some_match if wanted else z3.Not(some_match)
        pairs = list(zip(self.cells(f"key {key}"), self.chosen(f"key {key}"), strict=True))

        def misses(bit: int) -> Formula:
            return self.any(chosen for cell, chosen in pairs if not cell.mask >> bit & 1)

        some_miss = self._template(template, misses)
        return z3.Not(some_miss) if clause.quantifier == "ForAllValues" else some_miss

    def caller(self, principal: str) -> Formula:
        """The request comes from this principal, which was given to `build_world`."""
        cells = self.cells("principal")
        return self.chosen("principal")[next(i for i, cell in enumerate(cells) if cell.value == principal)]

    def statement(self, policy: Policy, statement: Statement) -> Formula:
        """The statement applies."""
        parts = [self.action(statement), self.principal(statement.principals), self.resource(policy, statement)]
        return self.all([*parts, *(self.clause(policy, clause) for clause in statement.conditions)])

    def granted(self, policy: Policy) -> Formula:
        """Some Allow statement applies."""
        return self._effect(policy, Effect.ALLOW)

    def denied(self, policy: Policy) -> Formula:
        """Some Deny statement applies."""
        return self._effect(policy, Effect.DENY)

    def _effect(self, policy: Policy, effect: Effect) -> Formula:
        return self.any(self.statement(policy, item) for item in policy.statements if item.effect is effect)

    def allows(self, policy: Policy) -> Formula:
        """The document alone allows."""
        return self.all([self.granted(policy), z3.Not(self.denied(policy))])

    def solver(self) -> Any:
        """A solver that holds the domains; use push and pop around each question."""
        if self._solver is None:
            self._solver = z3.SolverFor("QF_FD", ctx=self.context)
            self._solver.set("timeout", self.timeout_ms)
        return self._solver

    def _assert_domains(self) -> None:
        solver = self.solver()
        for name in ["action", "principal", RESOURCE, *(f"key {key}" for key in self.world.key_cells)]:
            if name in self._done:
                continue
            self._done.add(name)
            chosen = self.chosen(name)
            if name.removeprefix("key ") in self.world.set_keys and name.startswith("key "):
                continue
            solver.add(z3.Or(*chosen))
            if len(chosen) > 1:
                solver.add(z3.AtMost(*chosen, 1))

    def find(self, formula: Formula) -> Request | bool | None:
        """A request that makes the formula true; False when there is none; None when the solver ran out of time."""
        self._assert_domains()
        solver = self.solver()
        solver.push()
        try:
            solver.add(formula)
            answer = solver.check()
            if answer == z3.sat:
                return self._read(solver.model())
            return False if answer == z3.unsat else None
        finally:
            solver.pop()

    def _read(self, model: Any) -> Request:
        def picked(name: str) -> list[str]:
            pairs = zip(self.cells(name), self.chosen(name), strict=True)
            return [cell.value for cell, item in pairs if cell.value is not None and z3.is_true(model[item])]

        context: dict[str, ContextValue] = {}
        for key in self.world.key_cells:
            values = picked(f"key {key}")
            if values:
                context[self.world.spelling[key]] = tuple(values) if key in self.world.set_keys else values[0]
        named = picked("principal") if self.world.has_principals else []
        principal = named[0] if named else None
        return Request(picked("action")[0], picked(RESOURCE)[0], principal, context)


def domain_sizes(world: World) -> Mapping[str, int]:
    """Number of cells a field, for reports."""
    sizes = {
        "action": len(world.action_cells),
        "principal": len(world.principal_cells),
        RESOURCE: len(world.resource_cells),
    }
    return sizes | {world.spelling[key]: len(cells) for key, cells in world.key_cells.items()}
