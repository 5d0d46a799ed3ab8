"""What is going on while a request is worked on: running tools with elapsed time, and text as it arrives."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from cloudwright.agents.kit import Event

_TAIL = 3
_FRAMES = "|/-\\"


class Progress:
    """Collects events and shows them until the work is done, then leaves no trace. Silent without a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._running: dict[str, float] = {}
        self._text = ""
        self._started = time.monotonic()

    def __rich__(self) -> Text:
        now = time.monotonic()
        with self._lock:
            frame = _FRAMES[int(now * 6) % len(_FRAMES)]
            lines = [f"{frame} {name}  {now - since:.1f} s" for name, since in self._running.items()]
            lines = lines or [f"{frame} working  {now - self._started:.1f} s"]
            lines += self._text.splitlines()[-_TAIL:]
        width = max(20, self._console.width - 1)
        return Text("\n".join(line[:width] for line in lines), style="dim")

    def tell(self, event: Event) -> None:
        """Take an event from any thread."""
        with self._lock:
            if event.kind == "text":
                self._text += event.text
            elif event.kind == "tool" and event.done:
                self._running = {name: at for name, at in self._running.items() if not name.startswith(event.tool)}
            elif event.kind == "tool":
                self._running[event.text] = time.monotonic()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the work while the block runs."""
        with self._lock:
            self._running, self._text, self._started = {}, "", time.monotonic()
        if not self._console.is_terminal:
            yield
            return
        with Live(self, console=self._console, refresh_per_second=6, transient=True):
            yield
