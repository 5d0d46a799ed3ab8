"""`demo`: a cluster in the box with three things broken in it, and somebody who helps."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cloudwright.evals.beside import Address
    from cloudwright.evals.hosting import Hosted

Chat = Callable[[Callable[[], "Address"]], int]
"""Opens a conversation about a cluster, whose address it waits for once all else is ready; returns an exit code."""

Healthy = Annotated[bool, typer.Option("--healthy", help="Nothing is broken.")]
Seed = Annotated[int, typer.Option(help="Another number breaks other things.")]
Faults = Annotated[str, typer.Option(help="Break just these, by id: F001,F080. `list` shows them.")]
Port = Annotated[int, typer.Option(help="Port of the API server (0: any free one).")]


def register(app: typer.Typer, chat: Chat | None = None) -> None:
    """Add the command; `chat` takes the user into a conversation (without it, a tour is printed)."""

    def demo(healthy: Healthy = False, seed: Seed = 0, faults: Faults = "", port: Port = 0) -> int:
        """Open a simulated shop on Kubernetes in which something is wrong. Needs no cluster and no network."""
        return run_demo(healthy=healthy, seed=seed, faults=faults, port=port, chat=chat)

    app.command(name="demo")(demo)


def run_demo(*, healthy: bool, seed: int, faults: str, port: int, chat: Chat | None) -> int:
    """Prepare, host, and hand over; returns an exit code."""
    if faults == "list":
        return _list()
    from cloudwright.evals.beside import Beside, Wanted, host

    wanted = Wanted(seed, healthy, tuple(part.strip() for part in faults.split(",") if part.strip()), port)
    if chat is None:
        with host(wanted) as hosted:
            return _tour(hosted)
    if sys.stderr.isatty():
        typer.echo("Starting a shop in a simulated cluster …", err=True)
    with Beside(wanted) as other:
        return chat(other.address)


def _list() -> int:
    from cloudwright.evals.faults.model import load_faults

    for fault in load_faults().values():
        typer.echo(f"{fault.id:<6} {fault.nature:<8} {fault.title}")
    return 0


def _tour(hosted: "Hosted") -> int:
    import threading

    typer.echo(
        f"A shop runs in a simulated cluster: namespaces shop, staging, monitoring, kube-system.\n"
        f"Users complain. Find out why, and repair it.\n\n"
        f"  export KUBECONFIG={hosted.kubeconfig}\n"
        f"  export PROMETHEUS_URL={hosted.prometheus_url}\n\n"
        "Some first steps:\n"
        "  kubectl get pods -A\n"
        "  kubectl -n shop get events --sort-by=.lastTimestamp\n"
        "  kubectl -n shop logs deploy/frontend --tail=20\n"
        "  kubectl top pods -n shop\n"
        '  cloudwright ask "what is wrong in namespace shop?"\n'
    )
    for line in _glance(hosted):
        typer.echo(line)
    typer.echo("\nCtrl-C ends it.")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        typer.echo("")
    return 0


def _glance(hosted: "Hosted") -> list[str]:
    """What is plain to see: pods that are not ready, and the alerts."""
    from cloudwright.twin.api import PODS
    from cloudwright.twin.objects import is_finished, is_ready
    from cloudwright.twin.telemetry.promql import Engine
    from cloudwright.twin.telemetry.rules import alerts

    world, estate = hosted.cluster.world, hosted.cluster.estate
    with world.lock:
        pods = [pod for pod in world.api.cached(PODS) if not is_finished(pod) and not is_ready(pod)]
        firing = [alert for alert in alerts(Engine(estate.series), world.clock.now()) if alert.firing]
    lines = [f"Pods that are not ready: {len(pods)}"]
    lines += [f"  {pod['metadata']['namespace']}/{pod['metadata']['name']}" for pod in pods]
    lines.append(f"Alerts that fire: {len(firing)}")
    for alert in firing:
        labels = ", ".join(f"{key}={value}" for key, value in sorted(alert.labels.items()))
        lines.append(f"  {alert.rule.name} ({labels})")
    return lines
