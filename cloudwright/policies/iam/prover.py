"""Search for a request among many: by classes first, by z3 strings above the caps, confirmed by the evaluator
always.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cloudwright.policies.iam.access import Access, Encoding, Formula
from cloudwright.policies.iam.document import Policy
from cloudwright.policies.iam.encode import Encoder
from cloudwright.policies.iam.errors import TooComplex
from cloudwright.policies.iam.request import Request
from cloudwright.policies.iam.strings import StringEncoder
from cloudwright.policies.iam.witness import Witness, dress
from cloudwright.policies.iam.world import World, build_world

TIMEOUT_MS = 10_000


class Method(StrEnum):
    """How an answer was found."""

    CLASSES = "string classes and finite domains"
    STRINGS = "z3 strings"
    NONE = "none"


@dataclass(frozen=True)
class Found:
    """The end of a search. With `decided` and no witness, a proof that no such request exists."""

    witness: Witness | None
    decided: bool
    method: Method
    notes: tuple[str, ...] = ()

    @property
    def none_exists(self) -> bool:
        """Proved empty."""
        return self.decided and self.witness is None


class Prover:
    """Searches over a fixed group of documents; the classes are computed once.

    `timeout_ms` bounds each solver call. With `strings_only` the class engine is left out (for cross-checks). `mixed`:
    see
    `world.build_world`.
    """

    def __init__(
        self, accesses: Sequence[Access], *, extra: Sequence[Policy] = (), timeout_ms: int = TIMEOUT_MS,
        strings_only: bool = False, mixed: bool = False,
    ) -> None:  # fmt: skip
        self.policies = tuple(dict.fromkeys([*(policy for access in accesses for policy in access.policies), *extra]))
        self.subject = tuple(policy for access in accesses for policy in access.policies)
        self.pinned = tuple(dict.fromkeys(name for access in accesses for name in access.principals))
        self.notes: tuple[str, ...] = ()
        self.world: World | None = None
        self.encoding: Encoding | None = None
        self.method = Method.CLASSES
        try:
            if not strings_only:
                self.world = build_world(self.policies, self.pinned, mixed=mixed)
                self.encoding = Encoder(self.world, timeout_ms)
                self.notes = tuple(self.world.notes)
                return
        except TooComplex as error:
            self.notes = (f"too many string classes ({error}); z3 strings with a limit of {timeout_ms} ms instead",)
        self.method = Method.STRINGS
        try:
            self.encoding = StringEncoder(self.policies, timeout_ms, self.pinned)
        except TooComplex as error:
            self.method = Method.NONE
            self.notes += (str(error),)

    @property
    def callers(self) -> list[str]:
        """One caller for every way in which the documents tell callers apart, and every pinned one."""
        if isinstance(self.encoding, StringEncoder):
            return [name for name in self.encoding.principals if name]
        if self.world is not None:
            return [cell.value for cell in self.world.principal_cells if cell.value]
        return list(self.pinned)

    def search(
        self, build: Callable[[Encoding], Formula], confirm: Callable[[Request], bool], *, readable: bool = True
    ) -> Found:
        """A request that satisfies the formula, confirmed and made readable.

        Without `readable` the solver's own request comes back, unpolished and faster.
        """
        if self.encoding is None:
            return Found(None, decided=False, method=Method.NONE, notes=self.notes)
        answer = self.encoding.find(build(self.encoding))
        if isinstance(answer, Request):
            if not confirm(answer):
                note = f"the solver's request is not confirmed by the evaluator: {answer}"
                return Found(None, decided=False, method=self.method, notes=(*self.notes, note))
            witness = dress(answer, confirm, self.subject) if readable else Witness(answer)
            return Found(witness, decided=True, method=self.method, notes=self.notes)
        if answer is None:
            return Found(None, decided=False, method=self.method, notes=(*self.notes, "the solver ran out of time"))
        return Found(None, decided=True, method=self.method, notes=self.notes)
