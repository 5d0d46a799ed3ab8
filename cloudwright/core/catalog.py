"""A catalogue of tools: one explicit list, looked up by name."""

import difflib
from collections.abc import Iterable, Iterator

from cloudwright.core.errors import NotFound
from cloudwright.core.tool import AnyTool


class Catalog:
    """Tools by name, in the order they were listed.

    Raises:
        ValueError: two tools have the same name.
    """

    def __init__(self, tools: Iterable[AnyTool]) -> None:
        self._tools: dict[str, AnyTool] = {}
        for tool in tools:
            if tool.name in self._tools:
                raise ValueError(f"Two tools are called {tool.name}.")
            self._tools[tool.name] = tool

    def get(self, name: str) -> AnyTool:
        """The tool of this name.

        Raises:
            NotFound: there is none; near misses are suggested.
        """
        found = self._tools.get(name)
        if found is None:
            near = difflib.get_close_matches(name, self._tools, n=3)
            raise NotFound(
                f"There is no tool {name!r}.", suggestions=near, hint="" if near else "`cloudwright tools` lists them."
            )
        return found

    def __iter__(self) -> Iterator[AnyTool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def only(self, names: Iterable[str]) -> "Catalog":
        """A catalogue of these tools alone.

        Raises:
            NotFound: one of them does not exist.
        """
        return Catalog(self.get(name) for name in names)
