"""Metadata: names, namespaces, system fields."""

import random
import uuid
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.clock import Clock

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_MAX_GENERATED = 58


class Identities:
    """Makes uids and name suffixes, the same ones for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - names, not secrets

    def uid(self) -> str:
        """A version 4 UUID."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def suffix(self, length: int = 5) -> str:
        """Letters and digits as `generateName` appends them."""
        return "".join(self._random.choices(_LETTERS, k=length))

    def snapshot(self) -> tuple[Any, ...]:
        """Where the sequence stands, for a copy that continues it."""
        return self._random.getstate()

    def restore(self, state: tuple[Any, ...]) -> None:
        """Continue a sequence from where `snapshot` was taken."""
        self._random.setstate(state)


def fill_new(obj: Obj, clock: Clock, identities: Identities) -> None:
    """System fields of a new object, in place; whatever the client sent for them is dropped."""
    metadata = obj["metadata"]
    for name in ("resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        metadata.pop(name, None)
    metadata["uid"] = identities.uid()
    metadata["creationTimestamp"] = clock.timestamp()


def ensure_name(obj: Obj, identities: Identities) -> None:
    """Generate the name, where the client asks for it, in place."""
    metadata = obj["metadata"]
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"][:_MAX_GENERATED] + identities.suffix()
