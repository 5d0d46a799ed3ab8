"""Libraries that are loaded when they are first used, so that listing tools and `--help` stay fast."""

import importlib
import threading
from collections.abc import Iterable
from typing import Any


class Lazy:
    """Stands for a module; any attribute loads it, once."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(importlib.import_module(self._name), attribute)
        setattr(self, attribute, value)
        return value


z3: Any = Lazy("z3")
_own = threading.local()


def solver_context() -> Any:
    """The z3 context of this thread. Formulas of different contexts never meet, and making one costs a millisecond."""
    if not hasattr(_own, "context"):
        _own.context = z3.Context()
    return _own.context


def join(context: Any, formulas: Iterable[Any], *, every: bool) -> Any:
    """Conjunction (`every`) or disjunction of Boolean formulas of the context.

    z3's own `And` and `Or` check the sort of each argument again, which takes longer than deciding small questions.
    """
    items = list(formulas)
    if len(items) == 1:
        return items[0]
    if not items:
        return z3.BoolVal(every, context)
    array = (z3.Ast * len(items))(*(item.as_ast() for item in items))
    make = z3.Z3_mk_and if every else z3.Z3_mk_or
    return z3.BoolRef(make(context.ref(), len(items), array), context)
