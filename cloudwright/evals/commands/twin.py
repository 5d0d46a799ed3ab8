"""`twin`: serve a simulated cluster, keep and copy its state."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloudwright.core.errors import CloudwrightError

if TYPE_CHECKING:
    from cloudwright.twin.remote import HttpApi

app = typer.Typer(help="A simulated Kubernetes cluster that kubectl and other clients accept.", no_args_is_help=True)

Topology = Annotated[Path | None, typer.Option(help="A topology file (default: the shop).")]
Port = Annotated[int, typer.Option(help="Port of the API server (0: any free one).")]
Kubeconfig = Annotated[Path, typer.Option(help="The kubeconfig that `serve` wrote.")]
Target = Annotated[Path, typer.Argument(help="The snapshot file.")]


@app.command()
def serve(
    topology: Topology = None,
    port: Port = 0,
    limits: Annotated[bool, typer.Option("--limits", help="Print what is not simulated, and stop.")] = False,
    kubeconfig: Annotated[Path | None, typer.Option(help="Where to write the kubeconfig (default: print it).")] = None,
    database: Annotated[Path | None, typer.Option(help="A SQLite file that keeps the API state.")] = None,
) -> None:
    """Serve a simulated cluster until Ctrl-C, and print a kubeconfig for it."""
    if limits:
        from cloudwright.twin.limits import described

        typer.echo(described())
        return
    from cloudwright.evals.serving import run_served

    run_served(topology, port=port, database=database, announce=lambda text, url: _announce(text, url, kubeconfig))


def _announce(text: str, prometheus: str, path: Path | None) -> None:
    if path is None:
        typer.echo(text)
    else:
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        typer.echo(f"kubeconfig written to {path}; stop with Ctrl-C")
    typer.echo(f"Prometheus at {prometheus}", err=path is None)


def _connected(kubeconfig: Path) -> "HttpApi":
    from cloudwright.twin.remote import HttpApi

    try:
        return HttpApi.from_kubeconfig(kubeconfig)
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise CloudwrightError(
            f"{kubeconfig} is no usable kubeconfig: {error}", hint="`twin serve` writes one."
        ) from error


def _admin(kubeconfig: Path, method: str, action: str, body: object = None) -> dict[str, object]:
    from cloudwright.twin.api import ApiStatusError

    api = _connected(kubeconfig)
    try:
        return api.raw(method, f"/twin/{action}", body)
    except ApiStatusError as error:
        raise CloudwrightError(
            f"The twin refused: {error.message}", hint="Is it a twin that `twin serve` runs?"
        ) from error
    finally:
        api.close()


@app.command()
def snapshot(target: Target, kubeconfig: Kubeconfig) -> None:
    """Write the API state of a served twin to a file."""
    import json

    document = _admin(kubeconfig, "GET", "snapshot")
    target.touch(mode=0o600)
    target.write_text(json.dumps(document), encoding="utf-8")
    objects = document["objects"]
    typer.echo(f"{len(objects) if isinstance(objects, list) else 0} objects written to {target}")


@app.command()
def restore(target: Target, kubeconfig: Kubeconfig) -> None:
    """Take a served twin back to a snapshot; containers start anew from its objects."""
    import json

    try:
        document = json.loads(target.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CloudwrightError(f"{target} cannot be read as a snapshot: {error}") from error
    _admin(kubeconfig, "POST", "restore", document)
    typer.echo(f"restored from {target}")


@app.command()
def fork(kubeconfig: Kubeconfig) -> None:
    """Start an independent copy of a served twin beside it, and print a kubeconfig for the copy."""
    typer.echo(str(_admin(kubeconfig, "POST", "fork")["kubeconfig"]))
