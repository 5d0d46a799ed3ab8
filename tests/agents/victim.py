"""A process that asks for a change, approves it, and is killed at a given step of the gate."""

import os
import signal
import sys
from pathlib import Path

from cloudwright.agents.graph import build
from cloudwright.agents.sessions import Conversation, checkpointer
from tests.agents.desk import Desk
from tests.core.fakes import World


class FileWorld(World):
    """A world whose writes outlive the process."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._path = directory / "writes"
        for line in self._path.read_text().split() if self._path.exists() else ():
            name, value = line.split("=")
            self.writes.append((name, int(value)))
            self.values[name] = int(value)

    def write(self, name: str, value: int) -> None:
        """Durable before anything else happens."""
        with self._path.open("a") as file:
            file.write(f"{name}={value}\n")
            file.flush()
            os.fsync(file.fileno())
        super().write(name, value)


def desk(directory: Path, die_at: str = "") -> Desk:
    """The assistant on the files of this directory."""
    found = Desk(directory)
    found.bench.world = FileWorld(directory)

    def step(name: str) -> None:
        if name == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    found.bench.on_step = step
    return found


if __name__ == "__main__":
    place = Path(sys.argv[1])
    with checkpointer("", place) as saver:
        talk = Conversation(build(desk(place, sys.argv[2]).kit(), saver), "s1")
        talk.ask("set cart to 3")
        talk.answer({"decision": "approve"})
