"""What `cloudwright demo` opens on its cluster: the chat in a terminal, a guided tour in a pipe."""

import sys

_TOUR = (
    "what is wrong?",
    "why is {cause} failing?",
    "fix it",
    "scale frontend to 3",
    "undo that",
)


def open_on(kubeconfig: str, prometheus_url: str) -> int:
    """Talk about the cluster of this kubeconfig; what is done there is journalled in a place of its own."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="cloudwright-demo-") as state:
        flags = {
            "kubeconfig": kubeconfig,
            "context": "",
            "namespace": "shop",
            "prometheus_url": prometheus_url,
            "state_dir": state,
            "journal": "",
        }
        if sys.stdin.isatty() and sys.stdout.isatty():
            from cloudwright.surfaces.commands.chat import open_chat

            open_chat(flags, "", False, "A shop in a simulated cluster, and three things are wrong with it.")
        else:
            from cloudwright.surfaces.tour import tour

            tour({**flags, "model": ""}, _TOUR)
    return 0
