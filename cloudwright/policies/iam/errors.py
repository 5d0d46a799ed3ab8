"""What can be wrong with the input of the IAM engine."""

from cloudwright.core.errors import UsageError


class PolicyError(UsageError):
    """A document that AWS would reject.

    `statement` counts from 0 (None: the whole document), `element` names the part.
    """

    def __init__(self, reason: str, *, statement: int | None = None, element: str = "") -> None:
        self.reason = reason
        self.statement = statement
        self.element = element
        where = "the policy document" if statement is None else f"statement {statement + 1}"
        if element:
            where += f", {element}"
        super().__init__(f"{where}: {reason}")


class RequestError(UsageError):
    """A request, a row or a file of them that cannot be read."""


class TooComplex(Exception):
    """The exact method would need more than its cap; the caller answers "undecided" or takes another method."""
