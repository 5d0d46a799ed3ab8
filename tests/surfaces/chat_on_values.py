"""The real chat on the world of named values, for driving in a pseudo-terminal."""

import sys
from pathlib import Path

from cloudwright import settings
from cloudwright.agents.graph import build
from cloudwright.agents.sessions import Conversation, checkpointer
from cloudwright.surfaces.assistant import Assistant
from cloudwright.surfaces.terminal.chat import Room
from cloudwright.surfaces.terminal.painting import Painter
from cloudwright.surfaces.terminal.progress import Progress
from tests.agents.victim import desk

if __name__ == "__main__":
    place = Path(sys.argv[1])
    kit = desk(place).kit()
    effective = settings.load({"state_dir": str(place)}, environment={})
    painter = Painter()
    with checkpointer("", place) as saver:
        graph = build(kit, saver)
        assistant = Assistant(kit, graph, saver, Conversation(graph, "s1"))
        Room(assistant, painter, Progress(painter.console), effective).run("")
