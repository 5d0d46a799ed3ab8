"""Masking of secrets at the tool boundary; see `Redactor`."""

from collections.abc import Callable, Mapping
from typing import Protocol

from pydantic import JsonValue

from cloudwright.core.refs import Frozen


class Origin(Frozen):
    """Where a masked value came from: an object's uid and the path of the field."""

    uid: str
    path: str


class Redactor(Protocol):
    """Replaces secrets by placeholders; the same secret gives the same placeholder within a session.

    Masking is idempotent, and what is masked never grows by masking again.
    """

    def text(self, text: str) -> str:
        """`text` with every secret in it replaced."""
        ...

    def value(self, value: JsonValue, *, uid: str = "") -> JsonValue:
        """A JSON value with secrets replaced, by key names, by shape, and by what Kubernetes objects hold.

        `uid` is that of the object, so that a placeholder remembers its origin.
        """
        ...

    def learn(self, secret: str, origin: Origin | None = None) -> str:
        """Treat this exact string as a secret from now on; returns its placeholder."""
        ...

    def origins(self, value: JsonValue) -> Mapping[str, Origin | None]:
        """The placeholders in `value`, with where their originals came from (None: typed by a person)."""
        ...

    def restore(self, value: JsonValue, read: Callable[[Origin], str | None]) -> JsonValue:
        """`value` with placeholders replaced by originals, read again from their origins.

        Raises:
            Refused: a placeholder is another session's, or its original changed or is gone.
        """
        ...
