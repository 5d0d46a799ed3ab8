"""A catalogue of tools: one explicit list, looked up by name."""

import difflib
import threading
from collections.abc import Iterable, Iterator

from cloudwright.core.errors import NotFound
from cloudwright.core.tool import AnyTool


class Catalog:
    """Tools by name, in the order they were listed.

    The listing is consumed no further than a name needs, so that it may import its rooms as it goes. Of two tools of
    the same name the second raises `ValueError` when the listing reaches it.
    """

    def __init__(self, tools: Iterable[AnyTool]) -> None:
        self._listing = iter(tools)
        self._tools: dict[str, AnyTool] = {}
        self._reading = threading.Lock()

    def get(self, name: str) -> AnyTool:
        """The tool of this name.

        Raises:
            NotFound: there is none; near misses are suggested.
        """
        found = self._find(name)
        if found is None:
            near = difflib.get_close_matches(name, self._tools, n=3)
            raise NotFound(
                f"There is no tool {name!r}.", suggestions=near, hint="" if near else "`cloudwright tools` lists them."
            )
        return found

    def __iter__(self) -> Iterator[AnyTool]:
        self._find(None)
        return iter(self._tools.values())

    def __len__(self) -> int:
        self._find(None)
        return len(self._tools)

    def __contains__(self, name: object) -> bool:
        return self._find(name) is not None

    def _find(self, name: object) -> AnyTool | None:
        with self._reading:
            while name not in self._tools and (tool := next(self._listing, None)) is not None:
                if tool.name in self._tools:
                    raise ValueError(f"Two tools are called {tool.name}.")
                self._tools[tool.name] = tool
            return self._tools.get(name) if isinstance(name, str) else None

    def only(self, names: Iterable[str]) -> "Catalog":
        """A catalogue of these tools alone.

        Raises:
            NotFound: one of them does not exist.
        """
        return Catalog(self.get(name) for name in names)
