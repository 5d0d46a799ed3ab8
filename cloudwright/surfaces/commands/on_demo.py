"""What `cloudwright demo` opens on its cluster: the chat in a terminal, a guided tour in a pipe."""

import sys
from collections.abc import Callable

_TOUR = (
    "what is wrong?",
    "why is {cause} failing?",
    "fix it",
    "scale frontend to 3",
    "undo that",
)


def open_on(address: Callable[[], dict[str, str]]) -> int:
    """Talk about a cluster; what is done there is journalled in a place of its own.

    `address` waits until the cluster is up and gives the settings that lead to it; all else is loaded meanwhile.
    """
    import shutil

    from cloudwright.core.scratch import scratch_folder
    from cloudwright.surfaces.commands.chat import open_chat
    from cloudwright.tools.kubernetes.connecting import load_library

    people = sys.stdin.isatty() and sys.stdout.isatty()
    if people:
        import cloudwright.surfaces.terminal.chat  # noqa: F401 (loaded while the cluster starts)
    else:
        from cloudwright.surfaces.tour import tour
    load_library()
    state = scratch_folder("demo")
    try:
        flags = {**address(), "context": "", "namespace": "shop", "state_dir": str(state), "journal": ""}
        if people:
            open_chat(flags, "", False, "A shop in a simulated cluster; something is wrong with it.")
        else:
            tour({**flags, "model": ""}, _TOUR)
    finally:
        shutil.rmtree(state, ignore_errors=True)
    return 0
