"""`investigate`, `graph`, `snapshot`: what is wrong, what hangs together, and a copy of the cluster for later."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloudwright.core.errors import ExitCode, UsageError
from cloudwright.surfaces.commands.options import AsUser, ContextName, Flags, Kubeconfig, Namespace, Timeout

if TYPE_CHECKING:
    from datetime import timedelta

    from cloudwright.diagnosis.model import Investigation
    from cloudwright.diagnosis.view import ClusterView

From = Annotated[
    Path | None,
    typer.Option("--from", help="Folder of kubectl dumps, must-gather, or snapshot file, instead of a cluster."),
]
AllNamespaces = Annotated[
    bool, typer.Option("--all-namespaces", "-A", help="Look at the whole cluster (the default without --namespace).")
]
FORMATS = ("text", "json", "markdown", "html")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(investigate)
    app.command()(graph)
    app.command()(snapshot)


def investigate(
    source: From = None,
    kubeconfig: Kubeconfig = None,
    context: ContextName = None,
    namespace: Namespace = None,
    all_namespaces: AllNamespaces = False,
    as_user: AsUser = None,
    timeout: Timeout = None,
    output: Annotated[str, typer.Option("--output", "-o", help="text, json, markdown or html.")] = "text",
    since: Annotated[str, typer.Option(help="Length of the timeline, such as 30m or 6h.")] = "",
    watch: Annotated[
        float, typer.Option(help="Look again every so many seconds and print when the answer changes.")
    ] = 0.0,
    logs: Annotated[bool, typer.Option(help="Read logs of suspicious containers.")] = True,
    fix: Annotated[
        int, typer.Option(min=0, help="Propose the first remedy of the cause with this number; 0 proposes nothing.")
    ] = 0,
) -> int:
    """Say what is wrong with the cluster, why, and what would fix it. Exits with 3 when something is wrong."""
    import time

    if output not in FORMATS:
        raise UsageError(f"--output {output} is not known.", hint=f"Use one of {', '.join(FORMATS)}.")
    window = _duration(since)
    flags = Flags(kubeconfig, context, namespace, as_user, timeout, output=output if fix else None)
    spaces = [namespace] if namespace and not all_namespaces else []
    if fix:
        if source is not None or watch or output not in ("text", "json"):
            raise UsageError(
                "--fix changes a live cluster and prints text or json.", hint="Leave out --from, --watch and --output."
            )
        return _fix(flags, spaces, logs, fix)
    last = ""
    while True:
        view = _view(source, flags, logs)
        result = _investigate(view, spaces, window)
        mark = "|".join(f"{item.kind} {item.object}" for item in result.causes)
        if mark != last or not last:
            typer.echo(_render(view, result, output))
        last = mark or "-"
        if not watch or source is not None:
            return int(ExitCode.PROBLEMS if result.verdict == "fault" else ExitCode.OK)
        time.sleep(max(watch, 1.0))


def graph(
    source: From = None,
    kubeconfig: Kubeconfig = None,
    context: ContextName = None,
    namespace: Namespace = None,
    as_user: AsUser = None,
    timeout: Timeout = None,
    output: Annotated[str, typer.Option("--output", "-o", help="text, mermaid or svg.")] = "text",
    around: Annotated[str, typer.Option(help="Only what is near one object, such as Deployment/web.")] = "",
    hops: Annotated[int, typer.Option(min=0, max=6, help="How near.")] = 1,
) -> None:
    """Draw who owns, selects, uses, routes to, runs on and calls whom."""
    from cloudwright.diagnosis.graph.graph import graph_of
    from cloudwright.diagnosis.render import drawing

    writers = {"text": drawing.text, "mermaid": drawing.mermaid, "svg": drawing.svg}
    if output not in writers:
        raise UsageError(f"--output {output} is not known.", hint=f"Use one of {', '.join(writers)}.")
    view = _view(source, Flags(kubeconfig, context, namespace, as_user, timeout), logs=False)
    found = graph_of(view)
    seeds = []
    if around:
        kind, slash, name = around.partition("/")
        everything = {edge.source for edge in found.edges} | {edge.target for edge in found.edges}
        seeds = [
            node
            for node in everything
            if node[0].lower() == kind.lower() and node[2] == name and (not namespace or node[1] in ("", namespace))
        ]
        if not slash or not seeds:
            raise UsageError(f"There is no {around} in the graph.", hint="Write KIND/NAME, such as Deployment/web.")
    nodes = drawing.chosen(found, seeds, [namespace] if namespace else [], hops)
    typer.echo(writers[output](found, nodes))


def snapshot(
    file: Annotated[Path, typer.Argument(help="File to write; .gz is compressed.")],
    source: From = None,
    kubeconfig: Kubeconfig = None,
    context: ContextName = None,
    namespace: Namespace = None,
    as_user: AsUser = None,
    timeout: Timeout = None,
) -> None:
    """Save what an investigation would read, without secret values, for `investigate --from`."""
    import secrets

    from cloudwright.core.masking import SessionRedactor
    from cloudwright.diagnosis.load.save import save

    view = _view(source, Flags(kubeconfig, context, namespace, as_user, timeout), logs=True)
    count = save(view, file, SessionRedactor(secrets.token_bytes(16)))
    typer.echo(f"{count} objects saved to {file}.")


def _view(source: Path | None, flags: Flags, logs: bool) -> "ClusterView":
    if source is not None:
        from cloudwright.diagnosis.load import folder

        return folder.load(source)
    from cloudwright import settings
    from cloudwright.diagnosis.load import live
    from cloudwright.surfaces.session import open_session

    session = open_session(settings.load(flags.given()))
    return live.load(session.context, logs=logs)


def _fix(flags: Flags, namespaces: list[str], logs: bool, number: int) -> int:
    """Propose what the diagnosis would do about one cause; the gate asks, shows and journals as for any change."""
    from cloudwright import settings
    from cloudwright.core.finding import Severity
    from cloudwright.core.proposal import Source
    from cloudwright.diagnosis.load import live
    from cloudwright.surfaces.changes import run_call
    from cloudwright.surfaces.session import open_session

    session = open_session(settings.load(flags.given()))
    result = _investigate(live.load(session.context, logs=logs), namespaces, None)
    if not any(cause.severity is not Severity.INFO for cause in result.causes):
        typer.echo(result.summary, err=True)
        return int(ExitCode.OK)
    if number > len(result.causes):
        raise UsageError(f"There is no cause {number}; {len(result.causes)} were found.", hint="Run `investigate`.")
    cause = result.causes[number - 1]
    if not cause.remedies:
        raise UsageError(
            f"No fix is known for cause {number}: {cause.claim}.", hint="`investigate` shows what to edit."
        )
    calls = cause.remedies[0].calls
    if not calls:
        raise UsageError(f"Cause {number} needs a person: {cause.remedies[0].title}.", hint=cause.claim)
    why = session.context.redactor.text(cause.claim)
    for done, call in enumerate(calls, 1):
        code = run_call(session, call, Source.DIAGNOSIS, why)
        if code is not ExitCode.OK:
            if done < len(calls):
                typer.echo(f"{len(calls) - done} more steps follow it; run the command again for the next.", err=True)
            return int(code)
    return int(ExitCode.OK)


def _investigate(view: "ClusterView", namespaces: list[str], window: "timedelta | None") -> "Investigation":
    from cloudwright.diagnosis.investigate import investigate as run

    return run(view, namespaces=namespaces, since=window)


def _render(view: "ClusterView", result: "Investigation", output: str) -> str:
    from cloudwright.diagnosis.render import page, text

    result = _masked(result)
    match output:
        case "json":
            from cloudwright.diagnosis.answer import InvestigationAnswer

            return InvestigationAnswer.of(result).model_dump_json(indent=2)
        case "markdown":
            return text.markdown(result)
        case "html":
            return page.page(view, result)
    return text.text(result)


def _masked(result: "Investigation") -> "Investigation":
    """The same with secrets replaced; marks are equal within one print alone."""
    import secrets

    from cloudwright.core.masking import SessionRedactor
    from cloudwright.diagnosis.model import Investigation

    redactor = SessionRedactor(secrets.token_bytes(16))
    return Investigation.model_validate(redactor.value(result.model_dump(mode="json")))


def _duration(value: str) -> "timedelta | None":
    import re
    from datetime import timedelta

    if not value:
        return None
    match = re.fullmatch(r"(\d+)([smhd])", value)
    if match is None:
        raise UsageError(f"--since {value} is no duration.", hint="Write it as 30m, 6h or 2d.")
    return (
        int(match[1])
        * {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}[
            match[2]
        ]
    )
