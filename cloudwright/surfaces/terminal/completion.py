"""Completion of slash commands and of the names of live objects."""

from collections.abc import Callable, Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from cloudwright.surfaces.terminal.slash import SLASHES


class ChatCompleter(Completer):
    """Commands after a slash, names anywhere else (from two letters on)."""

    def __init__(self, names: Callable[[], Iterable[str]]) -> None:
        self._names = names

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """The completions of the word before the cursor."""
        line = document.text_before_cursor
        if line.startswith("/") and " " not in line:
            for item in SLASHES:
                if item.name.startswith(line[1:]):
                    yield Completion(f"/{item.name}", start_position=-len(line), display_meta=item.help)
            return
        word = document.get_word_before_cursor(WORD=True)
        if len(word) < 2:
            return
        for name in sorted(set(self._names())):
            if name.startswith(word):
                yield Completion(name, start_position=-len(word))
