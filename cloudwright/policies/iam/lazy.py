"""Libraries that are loaded when they are first used, so that listing tools and `--help` stay fast."""

import importlib
from typing import Any


class Lazy:
    """Stands for a module; any attribute loads it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)
