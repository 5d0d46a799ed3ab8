"""`twin from-cluster`: try a change in a twin of a live cluster."""

from pathlib import Path
from typing import Annotated

import typer

Namespaces = Annotated[list[str] | None, typer.Option("--namespace", "-n", help="Namespaces to take (default: all).")]
Change = Annotated[Path | None, typer.Option("--change", "-f", help="Manifests of the change (YAML).")]
Kubeconfig = Annotated[str | None, typer.Option(help="Kubeconfig file.")]
ContextName = Annotated[str | None, typer.Option("--context", help="Kubeconfig context.")]


def register(app: typer.Typer) -> None:
    """Add the command to the group `twin`."""
    app.command(name="from-cluster")(from_cluster)


def from_cluster(
    namespace: Namespaces = None, change: Change = None, kubeconfig: Kubeconfig = None, context: ContextName = None
) -> int:
    """Rehearse a change: what roll-out, scheduling, quota, admission and endpoints would do with it."""
    import secrets

    import yaml

    from cloudwright.core.errors import UsageError
    from cloudwright.core.masking import SessionRedactor
    from cloudwright.core.store import MemoryResultStore
    from cloudwright.evals.rehearsal import NOT_MODELLED, capture, rehearse
    from cloudwright.tools.kubernetes.session import connect

    wanted = []
    if change is not None:
        try:
            wanted = [obj for obj in yaml.safe_load_all(change.read_text()) if obj]
        except (OSError, yaml.YAMLError) as error:
            raise UsageError(
                f"Cannot read {change}: {error}.", hint="Give a file with Kubernetes manifests."
            ) from error
    session = connect(
        kubeconfig,
        context,
        redactor=SessionRedactor(secrets.token_bytes(32)),
        results=MemoryResultStore(),
        read_only=True,
    )
    objects, gaps = capture(session, tuple(namespace or ()))
    report = rehearse(objects, wanted)
    typer.echo(f"Taken over: {len(objects)} objects.")
    for line in (*gaps, *report.skipped):
        typer.echo(f"  not taken: {line}")
    for line in report.lines():
        typer.echo(line)
    typer.echo("Not modelled:")
    for line in NOT_MODELLED:
        typer.echo(f"  - {line}")
    return 0
