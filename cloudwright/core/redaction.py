"""Masking of secrets at the tool boundary: the contract. `core.masking` implements it."""

from collections.abc import Callable, Mapping
from typing import Protocol

from pydantic import JsonValue

from cloudwright.core.refs import Frozen, ObjectRef


class Origin(Frozen):
    """Where a masked value came from: an object and the path of the field in it, as a tuple of keys and indexes."""

    ref: ObjectRef
    path: tuple[str | int, ...]


Origins = Mapping[str, Origin]
"""Placeholder → where its original can be read again."""


class Redactor(Protocol):
    """Replaces secrets by placeholders; the same secret gives the same placeholder within a session.

    Masking is idempotent. Originals are never written to disk.
    """

    def text(self, text: str) -> str:
        """`text` with every secret in it replaced."""
        ...

    def value(self, value: JsonValue) -> JsonValue:
        """A JSON value with secrets replaced: by key names, by shape, and by what Kubernetes objects hold.

        For a Kubernetes object (or a list of them) each placeholder remembers its object and path.
        """
        ...

    def learn(self, secret: str) -> str:
        """Treat this exact string (and its usual encodings) as a secret from now on; returns its placeholder."""
        ...

    def origins(self, value: JsonValue) -> Origins:
        """Where the placeholders in `value` came from; those that a person typed are not in it."""
        ...

    def restore(self, value: JsonValue, origins: Origins, read: Callable[[Origin], str | None]) -> JsonValue:
        """`value` with placeholders replaced by originals, from memory or read again from their origins.

        Raises:
            Refused: a placeholder is another session's, was typed into another process, or its original changed.
        """
        ...
