"""The same formulas in z3's theory of strings: the cross-check of the class engine, and its fallback above the caps.

Actions, resources and text keys are string variables; other keys keep their cells. A policy variable stands for one
reserved
literal text, which is right when both documents use it alike.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloudwright.policies.iam import patterns, variables
from cloudwright.policies.iam.cells import Cell, key_cells
from cloudwright.policies.iam.conditions import absent_holds
from cloudwright.policies.iam.document import Clause, Effect, Policy, PrincipalElement, Statement
from cloudwright.policies.iam.errors import TooComplex
from cloudwright.policies.iam.lazy import join, solver_context, z3
from cloudwright.policies.iam.operators import OPERATORS, TEXT_FAMILIES, Family
from cloudwright.policies.iam.patterns import Pattern, Token, Wild
from cloudwright.policies.iam.principals import element_matches
from cloudwright.policies.iam.request import Request
from cloudwright.policies.iam.world import (
    ACTION_DOMAIN,
    RESOURCE_DOMAIN,
    clause_template,
    element_pattern,
    principal_cells,
)

Formula = Any


@dataclass
class StringEncoder:
    """Formulas over string variables. Set operators are not covered (TooComplex)."""

    policies: Sequence[Policy]
    timeout_ms: int
    pinned: Sequence[str] = ()
    context: Any = field(default_factory=solver_context)

    def __post_init__(self) -> None:
        ctx = self.context
        self.sort = z3.ReSort(z3.StringSort(ctx))
        self.action = z3.String("action", ctx)
        self.resource = z3.String("resource", ctx)
        elements = [s.principals for policy in self.policies for s in policy.statements if s.principals is not None]
        bare = {PrincipalElement(element.values): i for i, element in enumerate(elements)}
        self.principals = [cell.value for cell in principal_cells(bare, self.pinned, has_principals=bool(elements))]
        self.chosen = [z3.Bool(f"principal#{i}", ctx) for i in range(len(self.principals))]
        self.present: dict[str, Formula] = {}
        self.texts: dict[str, Formula] = {}
        self.spelling: dict[str, str] = {}
        self.finite: dict[str, tuple[list[Cell], list[Formula]]] = {}
        self.index: dict[str, dict[object, int]] = {}
        self._declare()

    def _declare(self) -> None:
        clauses = [
            (clause, policy.substitutes)
            for policy in self.policies
            for s in policy.statements
            for clause in s.conditions
        ]
        for clause, _ in clauses:
            if clause.quantifier:
                raise TooComplex("set operators are not encoded as strings")
            self.spelling.setdefault(clause.key.lower(), clause.key)
        for key in self.spelling:
            self.present[key] = z3.Bool(f"present {key}", self.context)
            tests = {
                clause_template(c, substitutes=False).ground({}): c
                for c, _ in clauses
                if c.key.lower() == key and OPERATORS[c.operator].family is not Family.NULL
            }
            families = {test.family for test in tests}
            if families <= TEXT_FAMILIES:
                self.texts[key] = z3.String(f"value {key}", self.context)
            else:
                cells = list(key_cells([test.value_test() for test in tests]).cells)
                self.index[key] = {test: i for i, test in enumerate(tests)}
                self.finite[key] = (cells, [z3.Bool(f"{key}#{i}", self.context) for i in range(len(cells))])

    def regex(self, pattern: Pattern) -> Formula:
        """A pattern as a regular expression of z3."""
        parts: list[Formula] = []
        run = ""
        for token in (*pattern.tokens, None):
            if isinstance(token, str) and len(token) == 1:
                run += token
                continue
            if run:
                parts.append(z3.Re(z3.StringVal(run, self.context)))
                run = ""
            if token is not None:
                parts.append(self._token(token))
        if not parts:
            return z3.Re(z3.StringVal("", self.context))
        return z3.Concat(*parts) if len(parts) > 1 else parts[0]

    def _token(self, token: Token) -> Formula:
        if isinstance(token, str):
            return z3.Union(*(z3.Re(z3.StringVal(letter, self.context)) for letter in token))
        letter = z3.AllChar(self.sort)
        if token in (Wild.ANY_IN_PART, Wild.STAR_IN_PART):
            letter = z3.Intersect(letter, z3.Complement(z3.Re(z3.StringVal(":", self.context))))
        return z3.Star(letter) if token in patterns.STARS else letter

    def _matches(self, variable: Formula, compiled: Iterable[Pattern]) -> Formula:
        return self.any(
            [
                variable == z3.StringVal(p.literal, self.context)
                if p.literal is not None
                else z3.InRe(variable, self.regex(p))
                for p in compiled
            ]
        )

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

    def caller(self, principal: str) -> Formula:
        """The request comes from this principal."""
        return self.chosen[self.principals.index(principal)]

    def statement(self, policy: Policy, statement: Statement) -> Formula:
        """The statement applies."""
        parts = [self._matches(self.action, [patterns.action(value) for value in statement.actions.values])]
        parts[0] = z3.Not(parts[0]) if statement.actions.negated else parts[0]
        if statement.principals is not None:
            parts.append(
                self.any(
                    [
                        item
                        for text, item in zip(self.principals, self.chosen, strict=True)
                        if element_matches(statement.principals, text)
                    ]
                )
            )
        if statement.resources is not None:
            found = self._matches(self.resource, self._compiled(None, statement.resources.values, policy.substitutes))
            parts.append(z3.Not(found) if statement.resources.negated else found)
        return z3.And(*parts, *(self.clause(policy, clause) for clause in statement.conditions))

    def _compiled(self, family: Family | None, values: Iterable[str], substitutes: bool) -> list[Pattern]:
        texts = (
            variables.substitute(value, lambda key: f"<{key}>") or "" if substitutes else value for value in values
        )
        return [element_pattern(family, text) for text in texts]

    def clause(self, policy: Policy, clause: Clause) -> Formula:
        """One condition clause."""
        key, operator = clause.key.lower(), OPERATORS[clause.operator]
        present = self.present[key]
        if operator.family is Family.NULL:
            return self.any([z3.Not(present) if value.lower() == "true" else present for value in clause.values])
        if key in self.texts:
            matched = self._matches(self.texts[key], self._compiled(operator.family, clause.values, policy.substitutes))
        else:
            cells, chosen = self.finite[key]
            bit = self.index[key][clause_template(clause, substitutes=False).ground({})]
            matched = self.any([item for cell, item in zip(cells, chosen, strict=True) if cell.mask >> bit & 1])
        matched = z3.Not(matched) if operator.negated else matched
        absent = z3.BoolVal(absent_holds(clause, operator), self.context)
        return z3.If(present, matched, absent)

    def allows(self, policy: Policy) -> Formula:
        """The document alone allows."""
        by_effect = {
            effect: self.any([self.statement(policy, s) for s in policy.statements if s.effect is effect])
            for effect in Effect
        }
        return z3.And(by_effect[Effect.ALLOW], z3.Not(by_effect[Effect.DENY]))

    def find(self, formula: Formula) -> Request | bool | None:
        """As `encode.Encoder.find`."""
        solver = z3.Solver(ctx=self.context)
        solver.set("timeout", self.timeout_ms)
        solver.add(z3.InRe(self.action, self.regex(ACTION_DOMAIN)), z3.InRe(self.resource, self.regex(RESOURCE_DOMAIN)))
        for chosen in [self.chosen, *(items for _, items in self.finite.values())]:
            solver.add(z3.Or(*chosen))
            if len(chosen) > 1:
                solver.add(z3.AtMost(*chosen, 1))
        solver.add(*(z3.Length(text) > 0 for text in self.texts.values()), formula)
        answer = solver.check()
        if answer != z3.sat:
            return False if answer == z3.unsat else None
        return self._read(solver.model())

    def _read(self, model: Any) -> Request:
        def text(variable: Formula) -> str:
            return str(model.eval(variable, model_completion=True).as_string())

        context = {}
        for key, present in self.present.items():
            if not z3.is_true(model[present]):
                continue
            if key in self.texts:
                context[self.spelling[key]] = text(self.texts[key])
            else:
                cells, chosen = self.finite[key]
                context[self.spelling[key]] = next(
                    cell.value or "" for cell, item in zip(cells, chosen, strict=True) if z3.is_true(model[item])
                )
        principal = next(
            name for name, item in zip(self.principals, self.chosen, strict=True) if z3.is_true(model[item])
        )
        named = bool(self.pinned) or any(policy.has_principals for policy in self.policies)
        return Request(text(self.action), text(self.resource), principal if named else None, context)
