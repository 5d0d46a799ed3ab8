"""Playing scripts, and the recorded answers of the real control plane.

`python -m tests.twin.differential.play [NAME …]` plays scripts on a real control plane (KUBEBUILDER_ASSETS) and
writes what came out into `recorded/`.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.servers.apiserver import ControlPlane, assets
from tests.twin.differential import scripts_corners, scripts_jobs, scripts_placement, scripts_workloads
from tests.twin.differential.normal import normalise, ordered
from tests.twin.differential.real_server import RealServer
from tests.twin.differential.server import Server
from tests.twin.differential.stage import Stage
from tests.twin.differential.twin_server import TwinServer

Script = Callable[[Stage], None]
SCRIPTS: dict[str, Script] = {
    script.__name__: script
    for script in (
        *scripts_workloads.SCRIPTS,
        *scripts_jobs.SCRIPTS,
        *scripts_placement.SCRIPTS,
        *scripts_corners.SCRIPTS,
    )
}
RECORDED = Path(__file__).parent / "recorded"


def play(script: Script, server: Server, *, clean: bool = True) -> dict[str, list[Any]]:
    """The normalised scenes of a script."""
    stage = Stage(server, script.__name__.replace("_", "-"))
    try:
        script(stage)
    finally:
        if clean:
            stage.close()
    return {name: normalise(objects) for name, objects in stage.scenes}


def play_on_twin(script: Script) -> dict[str, list[Any]]:
    """Play on a new twin."""
    return play(script, TwinServer(), clean=False)


def recorded(name: str) -> dict[str, list[Any]]:
    """What the real control plane answered."""
    kept = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    return {scene: ordered([kept["objects"][each] for each in places]) for scene, places in kept["scenes"].items()}


def keep(name: str, scenes: dict[str, list[Any]]) -> None:
    """Write answers down, each object once."""
    lines: dict[str, int] = {}
    places = {
        scene: [lines.setdefault(json.dumps(each, sort_keys=True), len(lines)) for each in objects]
        for scene, objects in scenes.items()
    }
    text = '{"scenes": {\n' + ",\n".join(f"{json.dumps(each)}: {where}" for each, where in places.items())
    text += '\n},\n"objects": [\n' + ",\n".join(lines) + "\n]}\n"
    (RECORDED / f"{name}.json").write_text(text, encoding="utf-8")


def record(names: list[str], plane: ControlPlane) -> None:
    """Play on a real control plane and keep the answers."""
    for name in names:
        scenes = play(SCRIPTS[name], RealServer(plane))
        keep(name, scenes)
        print(name, {scene: len(objects) for scene, objects in scenes.items()}, flush=True)


def main() -> None:
    """Record the named scripts, or all."""
    programs = assets()
    if programs is None:
        raise SystemExit("KUBEBUILDER_ASSETS names no folder with the control plane programs")
    with tempfile.TemporaryDirectory() as folder, ControlPlane(programs, Path(folder) / "plane") as plane:
        record(sys.argv[1:] or list(SCRIPTS), plane)


if __name__ == "__main__":
    main()
